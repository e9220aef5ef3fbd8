//! What is done with text: patterns, parts, regular expressions, collations.

use std::borrow::Cow;

use super::argument::OrNull;
use super::expr::{Comparison, Expr, Expression, SqlOf, TextSql};
use super::node::{BinaryOp, Node, QualifiedName};
use crate::types::{Field, NotNull, Nullability, Value};

/// What is text: a value, or a column or an expression of text. A newtype over text says that it is text too:
///
/// ```
/// # use orm_core::Newtype;
/// # use orm_core::prelude::*;
/// #[derive(Newtype, Debug, Clone)]
/// struct Slug(String);
///
/// impl orm_core::sql::TextSql for Slug {}
///
/// # #[derive(Model, Debug, Clone)]
/// # struct Post { #[model(primary_key)] id: Auto<i32>, slug: Slug }
/// let query = query::<Post>().filter(Post::slug.starts_with("rust"));
/// assert!(query.to_sql().ends_with(r#"WHERE "post"."slug" LIKE $1"#));
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not text", label = "neither text nor a text column")]
pub trait IntoText {
    /// The tables that it reads.
    type Own;
    /// The tables that an expression of it reads, if its other side reads those of `S`.
    type Uses<S>;
    /// Whether it may be NULL.
    type Null: Nullability;

    /// The operand.
    fn into_node(self) -> Node;
}

#[diagnostic::do_not_recommend]
impl<E: Expression> IntoText for E
where
    SqlOf<E>: TextSql,
{
    type Own = E::Uses;
    type Uses<S> = (S, E::Uses);
    type Null = <E::Type as Field>::Null;

    fn into_node(self) -> Node {
        Expression::into_node(self)
    }
}

macro_rules! text {
    ($($ty:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl IntoText for $ty {
            type Own = ();
            type Uses<S> = S;
            type Null = NotNull;

            fn into_node(self) -> Node {
                Node::Param(Value::text(self.as_ref()))
            }
        }
    )* };
}
text!(&str, String, &String, Cow<'_, str>, &Cow<'_, str>, Box<str>, &Box<str>);

/// A pattern of `LIKE`, `ILIKE` or `SIMILAR TO`: text, or an [`escape`] of it.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a pattern", label = "neither text nor a text column")]
pub trait IntoPattern {
    /// The tables that an expression of it reads, if its other side reads those of `S`.
    type Uses<S>;
    /// Whether it may be NULL.
    type Null: Nullability;

    /// The operand.
    fn into_node(self) -> Node;
}

#[diagnostic::do_not_recommend]
impl<T: IntoText> IntoPattern for T {
    type Uses<S> = T::Uses<S>;
    type Null = T::Null;

    fn into_node(self) -> Node {
        IntoText::into_node(self)
    }
}

/// A pattern in which another character than the backslash makes the next one stand for itself; made by [`escape`].
#[derive(Debug, Clone)]
#[must_use = "a pattern does nothing until it is passed to `like`"]
pub struct Escaped<P> {
    pattern: P,
    by: char,
}

/// A pattern for `like` and its like, in which `by` makes the next character stand for itself (`LIKE … ESCAPE …`).
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::sql::escape;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let query = query::<Course>().filter(Course::name.like(escape("100!%%", '!')));
/// assert!(query.to_sql().ends_with(r#"WHERE "course"."name" LIKE $1 ESCAPE $2"#));
/// ```
///
/// To find a text that a user gave, write [`contains`](TextParts::contains), which escapes it.
pub fn escape<P: IntoText>(pattern: P, by: char) -> Escaped<P> {
    Escaped { pattern, by }
}

#[diagnostic::do_not_recommend]
impl<P: IntoText> IntoPattern for Escaped<P> {
    type Uses<S> = P::Uses<S>;
    type Null = P::Null;

    fn into_node(self) -> Node {
        let by = Node::Param(Value::text(self.by.encode_utf8(&mut [0; 4])));
        Node::binary(BinaryOp::Escape, self.pattern.into_node(), by)
    }
}

/// The condition that comparing the text `L` with the text or pattern `R` makes.
type Found<L, N, U> = Expr<Comparison<<L as Expression>::Type, N>, U>;

/// The operators of text, beside [`like`](Expression::like) and [`ilike`](Expression::ilike). On columns and expressions of
/// text alone.
pub trait TextExpression: Expression {
    /// `self NOT ILIKE pattern`: like [`not_like`](Expression::not_like), whatever the case of the letters.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let query = query::<Course>().filter(Course::name.not_ilike("py%"));
    /// assert!(query.to_sql().ends_with(r#"WHERE "course"."name" NOT ILIKE $1"#));
    /// ```
    fn not_ilike<P: IntoPattern>(self, pattern: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_pattern(BinaryOp::NotIlike, self, pattern)
    }

    /// `self SIMILAR TO pattern`: the regular expressions of the SQL standard, which must fit the whole text.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let query = query::<Course>().filter(Course::name.similar_to("(Py|Ja)%"));
    /// assert!(query.to_sql().ends_with(r#"WHERE "course"."name" SIMILAR TO $1"#));
    /// ```
    fn similar_to<P: IntoPattern>(self, pattern: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_pattern(BinaryOp::SimilarTo, self, pattern)
    }

    /// `self NOT SIMILAR TO pattern`: the negation of [`similar_to`](Self::similar_to).
    fn not_similar_to<P: IntoPattern>(self, pattern: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_pattern(BinaryOp::NotSimilarTo, self, pattern)
    }

    /// `self ~ pattern`: some part fits the POSIX regular expression. The server refuses a pattern that is none.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let query = query::<Course>().filter(Course::name.regex("^[A-Z]").and(Course::name.not_iregex("script$")));
    /// assert!(query.to_sql().ends_with(r#"WHERE "course"."name" ~ $1 AND "course"."name" !~* $2"#));
    /// ```
    #[doc(alias = "~")]
    fn regex<P: IntoText>(self, pattern: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_text(BinaryOp::Regex, self, pattern)
    }

    /// `self ~* pattern`: like [`regex`](Self::regex), whatever the case of the letters.
    #[doc(alias = "~*")]
    fn iregex<P: IntoText>(self, pattern: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_text(BinaryOp::RegexIgnoreCase, self, pattern)
    }

    /// `self !~ pattern`: no part fits.
    #[doc(alias = "!~")]
    fn not_regex<P: IntoText>(self, pattern: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_text(BinaryOp::NotRegex, self, pattern)
    }

    /// `self !~* pattern`: like [`not_regex`](Self::not_regex), whatever the case of the letters.
    #[doc(alias = "!~*")]
    fn not_iregex<P: IntoText>(self, pattern: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_text(BinaryOp::NotRegexIgnoreCase, self, pattern)
    }

    /// `self LIKE …`: begins with the text, in which `%`, `_` and `\` stand for themselves.
    ///
    /// Of a value this is done before it is sent, so that an index over `text_pattern_ops` serves; of a column or an
    /// expression the server does the same.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let query = query::<Course>().filter(Course::name.starts_with("100%"));
    /// assert!(query.to_sql().ends_with(r#"WHERE "course"."name" LIKE $1"#)); // 100\%%
    /// ```
    fn starts_with<P: IntoText>(self, text: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_part(BinaryOp::Like, self, text, "", "%")
    }

    /// `self LIKE …`: ends with the text, in which `%`, `_` and `\` stand for themselves.
    fn ends_with<P: IntoText>(self, text: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_part(BinaryOp::Like, self, text, "%", "")
    }

    /// `self ILIKE …`: has the text in it whatever the case of the letters; `%`, `_` and `\` stand for themselves.
    fn icontains<P: IntoText>(self, text: P) -> Found<Self, P::Null, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_part(BinaryOp::Ilike, self, text, "%", "%")
    }

    /// `self COLLATE "name"`: the text, to be compared and ordered by the rules of that collation. The name is quoted; with
    /// a schema it is a pair.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let query = query::<Course>().order_by(Course::name.collate("C").asc());
    /// assert!(query.to_sql().ends_with(r#"ORDER BY "course"."name" COLLATE "C""#));
    /// ```
    ///
    /// # Errors
    ///
    /// The query fails with [`Invalid`](crate::ErrorKind::Invalid), before it is sent, if the name is empty, longer than 63
    /// bytes or has a NUL byte in it; with the server's error if there is no such collation.
    fn collate(self, collation: impl Into<QualifiedName>) -> Expr<Self::Type, Self::Uses>
    where
        SqlOf<Self>: TextSql,
    {
        Expr::new(Node::Collate { operand: Box::new(self.into_node()), collation: collation.into() })
    }
}

impl<E: Expression> TextExpression for E {}

/// Words that other types than text have too. On columns and expressions of text.
pub trait TextParts: Expression {
    /// `self LIKE …`: has the text in it; `%`, `_` and `\` in the text stand for themselves.
    ///
    /// Of a value this is done before it is sent, so that a trigram index serves; of a column or an expression the server
    /// does the same.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: String }
    /// let named = query::<Course>().filter(Course::name.contains("100%"));
    /// assert!(named.to_sql().ends_with(r#"WHERE "course"."name" LIKE $1"#)); // %100\%%
    /// let noted = query::<Course>().filter(Course::note.contains(Course::name));
    /// assert!(noted.to_sql().ends_with(concat!(
    ///     r#"WHERE "course"."note" LIKE (('%' || "#,
    ///     r#"replace(replace(replace("course"."name", E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_')) || '%')"#,
    /// )));
    /// ```
    fn contains<P: IntoText>(self, text: P) -> Found<Self, P::Null, P::Uses<Self::Uses>> {
        of_part(BinaryOp::Like, self, text, "%", "%")
    }

    /// `self || other`: one text behind the other. NULL if one of them is; [`func::concat`](super::func::concat) leaves out
    /// what is NULL.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Person { #[model(primary_key)] id: Auto<i32>, first: String, last: String }
    /// let name = Person::first.concat(" ").concat(Person::last);
    /// assert_eq!(
    ///     query::<Person>().select(name).to_sql(),
    ///     r#"SELECT ("person"."first" || $1) || "person"."last" FROM "person""#,
    /// );
    /// ```
    #[doc(alias = "||")]
    #[allow(clippy::type_complexity, reason = "it is text that may be NULL if one side may")]
    fn concat<P: IntoText>(
        self,
        other: P,
    ) -> Expr<OrNull<String, <<Self::Type as Field>::Null as Nullability>::Or<P::Null>>, P::Uses<Self::Uses>> {
        of_text(BinaryOp::Concat, self, other)
    }
}

impl<E: Expression> TextParts for E where SqlOf<E>: TextSql {}

pub(super) fn of_pattern<L: Expression, P: IntoPattern, T>(op: BinaryOp, lhs: L, rhs: P) -> Expr<T, P::Uses<L::Uses>> {
    Expr::new(Node::binary(op, lhs.into_node(), rhs.into_node()))
}

fn of_text<L: Expression, P: IntoText, T>(op: BinaryOp, lhs: L, rhs: P) -> Expr<T, P::Uses<L::Uses>> {
    Expr::new(Node::binary(op, lhs.into_node(), rhs.into_node()))
}

/// A comparison with a pattern of the text itself between two constants.
fn of_part<L: Expression, P: IntoText, T>(
    op: BinaryOp,
    lhs: L,
    text: P,
    before: &'static str,
    after: &'static str,
) -> Expr<T, P::Uses<L::Uses>> {
    let pattern = match text.into_node() {
        Node::Param(value) => Node::Param(literally(value, before, after)),
        other => literally_there(other, before, after),
    };
    Expr::new(Node::binary(op, lhs.into_node(), pattern))
}

/// The pattern of a text that is here.
fn literally(value: Value, before: &str, after: &str) -> Value {
    let Some(text) = value.as_bytes() else { return value };
    let mut pattern = Vec::with_capacity(text.len() + 2);
    pattern.extend_from_slice(before.as_bytes());
    for &byte in text {
        if matches!(byte, b'%' | b'_' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.extend_from_slice(after.as_bytes());
    Value::from_raw(value.type_def(), Some(&pattern))
}

/// The pattern of a text that the server has.
fn literally_there(text: Node, before: &'static str, after: &'static str) -> Node {
    let escaped = [("\\", "\\\\"), ("%", "\\%"), ("_", "\\_")].into_iter().fold(text, |text, (from, to)| {
        Node::Function { name: "replace", args: vec![text, Node::Word(from), Node::Word(to)] }
    });
    let with_before = match before {
        "" => escaped,
        _ => Node::binary(BinaryOp::Concat, Node::Word(before), escaped),
    };
    match after {
        "" => with_before,
        _ => Node::binary(BinaryOp::Concat, with_before, Node::Word(after)),
    }
}
