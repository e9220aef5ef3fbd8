//! Assignments of a bulk update: `Course::name.set("…")`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::column::Column;
use super::expr::{Expr, Expression};
use super::node::Node;
use super::scope::InScope;
use crate::schema::{ColumnDef, Source};
use crate::types::{Auto, Field, NotNull, Value};

/// What may be assigned to a column whose field has the type `T`: by Rust type, so that NULL never gets into a column
/// that cannot hold it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be assigned to a column of type `{T}`",
    label = "not a `{T}`"
)]
pub trait IntoValue<T> {
    /// The tables that it reads.
    type Uses;

    /// The value as an expression.
    fn into_node(self) -> Node;
}

#[diagnostic::do_not_recommend]
impl<T: Field> IntoValue<T> for T {
    type Uses = ();

    fn into_node(self) -> Node {
        Node::Param(Value::of(&self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field> IntoValue<Option<T>> for T {
    type Uses = ();

    fn into_node(self) -> Node {
        Node::Param(Value::of(&self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field> IntoValue<Auto<T>> for T {
    type Uses = ();

    fn into_node(self) -> Node {
        Node::Param(Value::of(&self))
    }
}

macro_rules! text_value {
    ($($from:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl IntoValue<String> for $from {
            type Uses = ();

            fn into_node(self) -> Node {
                Node::Param(Value::text(&self))
            }
        }

        #[diagnostic::do_not_recommend]
        impl IntoValue<Option<String>> for $from {
            type Uses = ();

            fn into_node(self) -> Node {
                Node::Param(Value::text(&self))
            }
        }

        #[diagnostic::do_not_recommend]
        impl IntoValue<Auto<String>> for $from {
            type Uses = ();

            fn into_node(self) -> Node {
                Node::Param(Value::text(&self))
            }
        }
    )* };
}
text_value!(&str, &String, Cow<'_, str>, Box<str>);

macro_rules! expression_value {
    ([$($generics:tt)*] $expression:ty => $target:ty, $uses:ty) => {
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> IntoValue<$target> for $expression {
            type Uses = $uses;

            fn into_node(self) -> Node {
                Expression::into_node(self)
            }
        }
    };
}
expression_value!([S: Source, T: Field] Column<S, T> => T, S);
expression_value!([S: Source, T: Field<Null = NotNull>] Column<S, T> => Option<T>, S);
expression_value!([S: Source, T: Field<Null = NotNull, Read = T>] Column<S, Auto<T>> => T, S);
expression_value!([S: Source, T: Field<Null = NotNull, Read = T>] Column<S, Auto<T>> => Option<T>, S);
expression_value!([T: Field, U] Expr<T, U> => T, U);
expression_value!([T: Field<Null = NotNull>, U] Expr<T, U> => Option<T>, U);
expression_value!([T: Field<Null = NotNull, Read = T>, U] Expr<T, U> => Auto<T>, U);

/// A column of `S` and what it is set to, which reads the tables of `U`.
#[must_use = "an assignment does nothing until it is passed to `update`"]
pub struct Assign<S, U = ()> {
    column: &'static ColumnDef,
    value: Node,
    types: PhantomData<fn() -> (S, U)>,
}

impl<S, U> Assign<S, U> {
    pub(super) fn new(column: &'static ColumnDef, value: Node) -> Self {
        let value = if column.sql_type.is_some() { value.undeclared() } else { value };
        Self { column, value, types: PhantomData }
    }
}

impl<S, U> Clone for Assign<S, U> {
    fn clone(&self) -> Self {
        Self { column: self.column, value: self.value.clone(), types: PhantomData }
    }
}

impl<S, U> fmt::Debug for Assign<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assign({})", self.column.name)
    }
}

/// One assignment, or a tuple of them, to columns of `M` in the scope `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not update `{M}`",
    label = "not an assignment to a column of `{M}`",
    note = "write `{M}::column.set(value)`, or a tuple of such"
)]
pub trait Assignments<M, S, I> {
    /// The columns and their values.
    fn into_assignments(self, out: &mut Vec<(&'static ColumnDef, Node)>);
}

impl<M, S, U, I> Assignments<M, S, I> for Assign<M, U>
where
    U: InScope<S, I>,
{
    fn into_assignments(self, out: &mut Vec<(&'static ColumnDef, Node)>) {
        out.push((self.column, self.value));
    }
}

macro_rules! assignments {
    ($($assign:ident $index:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<M, S, $($assign, $index),*> Assignments<M, S, ($($index,)*)> for ($($assign,)*)
        where
            $($assign: Assignments<M, S, $index>),*
        {
            #[allow(non_snake_case, reason = "the values are named after their types")]
            fn into_assignments(self, out: &mut Vec<(&'static ColumnDef, Node)>) {
                let ($($assign,)*) = self;
                $($assign.into_assignments(out);)*
            }
        }
    };
}
assignments!(A IA);
assignments!(A IA, B IB);
assignments!(A IA, B IB, C IC);
assignments!(A IA, B IB, C IC, D ID);
assignments!(A IA, B IB, C IC, D ID, E IE);
assignments!(A IA, B IB, C IC, D ID, E IE, F IF);
assignments!(A IA, B IB, C IC, D ID, E IE, F IF, G IG);
assignments!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH);
