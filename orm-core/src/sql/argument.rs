//! What a function takes where any type may stand: [`Argument`], and tuples of them.

use std::borrow::Cow;

use super::expr::{Expr, Expression, IntoExpr, SqlOf};
use super::node::Node;
use super::scope::NeverNull;
use crate::types::{ArrayElement, Auto, EncodeError, Field, NotNull, Nullability, Value};

/// A value, a column or an expression, whose type is its own: what [`value`], [`func`](super::func()) and
/// [`case`](super::case()) take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a value nor an expression",
    label = "not something that SQL can take"
)]
pub trait Argument {
    /// The type of its value.
    type Type: Field;
    /// The tables that it reads.
    type Uses;

    /// The operand.
    fn into_node(self) -> Node;
}

#[diagnostic::do_not_recommend]
impl<E: Expression> Argument for E {
    type Type = E::Type;
    type Uses = E::Uses;

    fn into_node(self) -> Node {
        Expression::into_node(self)
    }
}

macro_rules! text_argument {
    ($($ty:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl Argument for $ty {
            type Type = String;
            type Uses = ();

            fn into_node(self) -> Node {
                Node::Param(Value::text(self.as_ref()))
            }
        }
    )* };
}
text_argument!(&str, &String, Cow<'_, str>, Box<str>);

#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> Argument for Option<T> {
    type Type = Self;
    type Uses = ();

    fn into_node(self) -> Node {
        Node::typed(Value::of(&self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> Argument for Vec<T> {
    type Type = Self;
    type Uses = ();

    fn into_node(self) -> Node {
        Node::typed(Value::of(&self))
    }
}

/// A pending value is refused before the statement is sent.
#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> Argument for Auto<T> {
    type Type = T;
    type Uses = ();

    fn into_node(self) -> Node {
        match self {
            Self::Value(value) => Node::typed(Value::of(&value)),
            Self::Pending => {
                Node::Param(Value::refused(T::TYPE, EncodeError::new("it is pending: the server has not made it yet")))
            }
        }
    }
}

#[cfg(feature = "json")]
#[diagnostic::do_not_recommend]
impl<T> Argument for crate::types::Json<T>
where
    Self: Field,
{
    type Type = Self;
    type Uses = ();

    fn into_node(self) -> Node {
        Node::typed(Value::of(&self))
    }
}

impl Node {
    /// A value whose type nothing beside it tells.
    #[doc(hidden)]
    #[must_use]
    pub fn typed(value: Value) -> Self {
        let ty = value.type_def();
        if value.has_known_type() {
            return Self::Param(value);
        }
        Self::Cast { operand: Box::new(Self::Param(value)), ty }
    }
}

/// A value as an expression: to be selected, or to begin an expression with. It is sent as a parameter of its type.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let query = query::<Course>().select((Course::id, value("a course"), value(None::<i64>)));
/// assert_eq!(query.to_sql(), r#"SELECT "course"."id", $1, $2 FROM "course""#);
/// ```
///
/// A row of that query is an `(i32, String, Option<i64>)`.
pub fn value<A: Argument>(value: A) -> Expr<A::Type, A::Uses> {
    Expr::new(value.into_node())
}

/// The type `T`, or an `Option` of it if `N` says that it may be NULL.
pub type OrNull<T, N> = <N as Nullability>::If<<T as Field>::Nullable, T>;

/// A type without its `Option`: `String` for both `String` and `Option<String>`.
pub trait Bare: Field {
    /// The type of a value that is there.
    type Value: Field;
}

#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull>> Bare for T {
    type Value = T;
}

#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> Bare for Option<T> {
    type Value = T;
}

/// The arguments of a function: a tuple of up to twelve, or `()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arguments",
    label = "not a tuple of arguments",
    note = "write a tuple of values, columns and expressions; of a single one `(one,)`"
)]
pub trait Arguments {
    /// The tables that they read.
    type Uses;

    /// The arguments.
    fn into_nodes(self) -> Vec<Node>;
}

#[diagnostic::do_not_recommend]
impl Arguments for () {
    type Uses = ();

    fn into_nodes(self) -> Vec<Node> {
        Vec::new()
    }
}

macro_rules! arguments {
    ($($arg:ident)*; $uses:ty) => {
        #[diagnostic::do_not_recommend]
        impl<$($arg: Argument),*> Arguments for ($($arg,)*) {
            type Uses = $uses;

            #[allow(non_snake_case, reason = "the arguments are named after their types")]
            fn into_nodes(self) -> Vec<Node> {
                let ($($arg,)*) = self;
                vec![$($arg.into_node()),*]
            }
        }
    };
}

/// `(((A, B), C), D)`: the tables of several expressions.
macro_rules! nested {
    ($head:ident) => { $head::Uses };
    ($head:ident $next:ident $($rest:ident)*) => { nested!(@ ($head::Uses, $next::Uses); $($rest)*) };
    (@ $done:ty;) => { $done };
    (@ $done:ty; $next:ident $($rest:ident)*) => { nested!(@ ($done, $next::Uses); $($rest)*) };
}
arguments!(A; nested!(A));
arguments!(A B; nested!(A B));
arguments!(A B C; nested!(A B C));
arguments!(A B C D; nested!(A B C D));
arguments!(A B C D E; nested!(A B C D E));
arguments!(A B C D E F; nested!(A B C D E F));
arguments!(A B C D E F G; nested!(A B C D E F G));
arguments!(A B C D E F G H; nested!(A B C D E F G H));
arguments!(A B C D E F G H J; nested!(A B C D E F G H J));
arguments!(A B C D E F G H J K; nested!(A B C D E F G H J K));
arguments!(A B C D E F G H J K L; nested!(A B C D E F G H J K L));
arguments!(A B C D E F G H J K L M; nested!(A B C D E F G H J K L M));

/// Expressions of which one is taken, the first of them a column or an expression: a tuple of two to six.
///
/// The last one decides whether there may be none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of alternatives of one SQL type",
    label = "not alternatives of which one can be taken",
    note = "write two to six of one SQL type, first a column or an expression, for example `(Course::note, \"none\")`"
)]
pub trait Alternatives {
    /// The type of what is taken.
    type Type: Field;
    /// The tables that they read.
    type Uses;

    /// The alternatives.
    fn into_nodes(self) -> Vec<Node>;
}

macro_rules! alternatives {
    ($first:ident $($middle:ident)*; $last:ident; $uses:ty) => {
        #[diagnostic::do_not_recommend]
        impl<$first: Expression, $($middle: IntoExpr<SqlOf<$first>>,)* $last: IntoExpr<SqlOf<$first>>> Alternatives
            for ($first, $($middle,)* $last)
        where
            $first::Type: Bare,
        {
            type Type = <$last::Null as Nullability>::If<<$first::Type as Field>::Nullable, <$first::Type as Bare>::Value>;
            type Uses = $last::Uses<NeverNull<$uses>>;

            #[allow(non_snake_case, reason = "the alternatives are named after their types")]
            fn into_nodes(self) -> Vec<Node> {
                let ($first, $($middle,)* $last) = self;
                vec![$first.into_node(), $($middle.into_node(),)* $last.into_node()]
            }
        }
    };
}
alternatives!(A; Z; A::Uses);
alternatives!(A B; Z; B::Uses<A::Uses>);
alternatives!(A B C; Z; C::Uses<B::Uses<A::Uses>>);
alternatives!(A B C D; Z; D::Uses<C::Uses<B::Uses<A::Uses>>>);
alternatives!(A B C D E; Z; E::Uses<D::Uses<C::Uses<B::Uses<A::Uses>>>>);
