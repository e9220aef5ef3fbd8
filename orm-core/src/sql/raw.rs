//! SQL that the user writes: statements of [`sql!`](crate::__sql) and expressions of [`raw_expr`].
//!
//! Its text is known when the program is compiled, and values are parameters in it as everywhere. The compile layer copies
//! the text; nothing is looked for in it at run time.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::expr::{Expr, Expression};
use super::node::Node;
use crate::types::{ArrayElement, EncodeError, Field, Value};

/// A statement as text, with its parameters between the pieces. Made by [`sql!`](crate::__sql).
#[derive(Clone)]
pub struct RawSql {
    /// The text before the first parameter, between each two, and behind the last.
    pub(crate) pieces: &'static [&'static str],
    /// Which value stands between the pieces.
    pub(crate) places: &'static [usize],
    pub(crate) values: Arc<[Value]>,
}

impl RawSql {
    /// The statement of these parts; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub fn new(pieces: &'static [&'static str], places: &'static [usize], values: Vec<Value>) -> Self {
        Self { pieces, places, values: values.into() }
    }
}

impl fmt::Debug for RawSql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawSql").field(&self.pieces).finish()
    }
}

/// What may stand in the braces of [`sql!`](crate::__sql): a value of a column's type, or a reference to text, a list or
/// a number.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a statement",
    label = "not a value that can stand in a column",
    note = "parameters are what columns can hold: numbers, text, bytes, `Vec` and `Option` of them, types with `#[derive(Enum)]` or `#[derive(Newtype)]`",
    note = "what a reference leads to is passed by `{{*reference}}`"
)]
pub trait SqlParam {
    /// The value.
    fn into_value(self) -> Value;
}

#[diagnostic::do_not_recommend]
impl<T: Field> SqlParam for &T {
    fn into_value(self) -> Value {
        let value = Value::of(self);
        if T::AUTO && value.is_null() {
            return Value::refused(T::TYPE, EncodeError::new("it is pending: the server has not made it yet"));
        }
        value
    }
}

#[diagnostic::do_not_recommend]
impl SqlParam for &&str {
    fn into_value(self) -> Value {
        Value::text(self)
    }
}

#[diagnostic::do_not_recommend]
impl SqlParam for &Option<&str> {
    fn into_value(self) -> Value {
        self.map_or_else(|| Value::of(&None::<String>), Value::text)
    }
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> SqlParam for &&[T]
where
    Vec<T>: Field,
{
    fn into_value(self) -> Value {
        Value::of(&self.to_vec())
    }
}

#[diagnostic::do_not_recommend]
impl SqlParam for &&[&str] {
    fn into_value(self) -> Value {
        let texts: Vec<Value> = self.iter().map(|text| Value::text(text)).collect();
        Value::array(String::TYPE, &texts)
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> SqlParam for &[&str; N] {
    fn into_value(self) -> Value {
        (&self.as_slice()).into_value()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement, const N: usize> SqlParam for &[T; N]
where
    Vec<T>: Field,
{
    fn into_value(self) -> Value {
        Value::of(&self.to_vec())
    }
}

macro_rules! by_reference {
    ($([$($generics:tt)*] $ty:ty),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> SqlParam for &&$ty
        where
            $ty: Field,
        {
            fn into_value(self) -> Value {
                (*self).into_value()
            }
        }
    )* };
}
by_reference!(
    [] bool, [] i16, [] i32, [] i64, [] f32, [] f64, [] String,
    [T: ArrayElement] Vec<T>,
    [T] Option<T>,
    [T] crate::types::Auto<T>,
);

/// A part of a raw expression.
#[derive(Debug, Clone)]
pub enum RawPart {
    /// SQL as it stands.
    Text(&'static str),
    /// An expression, or a value.
    Node(Node),
}

/// An expression of which a part is SQL as the user writes it; made by [`raw_expr`].
#[must_use = "an expression does nothing until it is used in a query"]
pub struct RawExpr<T, U> {
    parts: Vec<RawPart>,
    types: PhantomData<fn() -> (T, U)>,
}

/// An expression of type `T` in SQL, for what this crate does not say, that reads the tables of `U`.
///
/// The text is copied into the statement as it stands, in parentheses, so it is the program's own: a `&'static str`. What
/// comes from outside is a value ([`param`](RawExpr::param)). Columns are best given as such ([`expr`](RawExpr::expr)),
/// which names them as the query does, under an alias too. That the SQL gives a `T`, and reads no more than `U`, is taken
/// at your word; the type of what is selected is compared with `T` before the first row is read.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::sql::raw_expr;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let distance = raw_expr::<i32, ()>("levenshtein(").expr(Course::name).raw(", ").param("Pyton").raw(")");
/// let query = query::<Course>().filter(distance.lt(3));
/// assert!(query.to_sql().ends_with(r#"WHERE (levenshtein("course"."name", $1)) < $2"#));
/// ```
///
/// `U` names the tables whose columns are in the text itself, as in a signature: `Course`, `(Course, Homework)`, or `()`.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::sql::raw_expr;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let even = raw_expr::<bool, Course>(r#""course"."id" & 1 = 0"#);
/// let query = query::<Course>().filter(even).filter(Course::name.like("P%"));
/// assert!(query.to_sql().ends_with(r#"WHERE ("course"."id" & 1 = 0) AND "course"."name" LIKE $1"#));
/// ```
pub fn raw_expr<T: Field, U>(sql: &'static str) -> RawExpr<T, U> {
    RawExpr { parts: vec![RawPart::Text(sql)], types: PhantomData }
}

impl<T: Field, U> RawExpr<T, U> {
    /// Appends SQL as it stands.
    pub fn raw(mut self, sql: &'static str) -> Self {
        self.parts.push(RawPart::Text(sql));
        self
    }

    /// Appends a value, as a parameter.
    #[allow(clippy::needless_pass_by_value, reason = "a value is given away, as to every other expression")]
    pub fn param<V>(mut self, value: V) -> Self
    where
        for<'v> &'v V: SqlParam,
    {
        self.parts.push(RawPart::Node(Node::Param((&value).into_value())));
        self
    }

    /// Appends a column or an expression; the whole reads its tables, too.
    pub fn expr<E: Expression>(mut self, expr: E) -> RawExpr<T, (U, E::Uses)> {
        self.parts.push(RawPart::Node(expr.into_node()));
        RawExpr { parts: self.parts, types: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, U> Expression for RawExpr<T, U> {
    type Type = T;
    type Uses = U;

    fn into_node(self) -> Node {
        Node::Raw(self.parts)
    }
}

impl<T: Field, U> RawExpr<T, U> {
    /// The expression without its parts: what a signature names as `Expr<T, U>`.
    pub fn done(self) -> Expr<T, U> {
        Expr::new(self.into_node())
    }
}

impl<T, U> Clone for RawExpr<T, U> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), types: PhantomData }
    }
}

impl<T, U> fmt::Debug for RawExpr<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawExpr").field(&self.parts).finish()
    }
}

/// A statement of your own: [`Sql`](crate::Sql).
///
/// What stands in braces is a Rust expression, and becomes a parameter; the same name twice is one parameter. Values are
/// those that can stand in a column, and references to them.
///
/// ```
/// use orm_core::prelude::*;
///
/// let (id, tags) = (7, vec!["new".to_owned()]);
/// let statement = sql!("select * from course where id > {id} and tag = any({tags}) and id < {id + 10} or id = {id}");
/// assert_eq!(
///     statement.to_sql(),
///     "select * from course where id > $1 and tag = any($2) and id < $3 or id = $1",
/// );
/// ```
///
/// The text is a literal and nothing else, so that nothing from outside becomes SQL. Braces in SQL's own strings, quoted
/// names, dollar quotes and comments are part of these and no parameters, `'{1,2}'` as well as `'it''s {id}'`. Elsewhere
/// `{{` and `}}` are braces. One literal is one statement; a `;` at its end is left away. `$1` is refused, because the
/// numbers are given here.
///
/// It runs by [`on`](crate::Sql::on) an engine or a session:
///
/// ```no_run
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// # async fn demo(engine: Engine, name: &str) -> orm_core::Result<()> {
/// let courses: Vec<Course> = sql!("select * from course where name = {name}").on(&engine).all::<Course>().await?;
/// let renamed = sql!("update course set name = upper(name) where name = {name}").on(&engine).execute().await?;
/// # Ok(())
/// # }
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __sql {
    ($($statement:tt)*) => {
        $crate::__private::sql_of!($crate, $($statement)*)
    };
}
