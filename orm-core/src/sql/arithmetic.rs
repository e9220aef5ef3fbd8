//! `+`, `-`, `*` and `/` of columns and expressions: Rust's own operators make SQL of them.

use std::ops::{Add, Div, Mul, Sub};

use super::column::Column;
use super::expr::{Expr, Expression, IntoExpr};
use super::node::{BinaryOp, Node};
use crate::schema::Source;
use crate::types::{Field, Nullability, sql};

/// A SQL type that is a number.
#[diagnostic::on_unimplemented(message = "this needs a number, and SQL type `{Self}` is none", label = "not a number")]
pub trait NumericSql {}

macro_rules! numeric {
    ($($tag:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl NumericSql for sql::$tag {}
    )* };
}
numeric!(Int2, Int4, Int8, Float4, Float8, Numeric);

/// What arithmetic of a `T` gives with an operand that is `N`: NULL if one of them may be.
pub type Arithmetic<T, N> = <N as Nullability>::If<<T as Field>::Nullable, T>;

macro_rules! operator {
    ($operator:ident $method:ident $op:ident) => {
        #[diagnostic::do_not_recommend]
        impl<S: Source, T: Field, R: IntoExpr<T::Sql>> $operator<R> for Column<S, T>
        where
            T::Sql: NumericSql,
        {
            type Output = Expr<Arithmetic<T::Read, R::Null>, R::Uses<S>>;

            fn $method(self, other: R) -> Self::Output {
                Expr::new(Node::binary(BinaryOp::$op, Expression::into_node(self), other.into_node()))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Field, U, R: IntoExpr<T::Sql>> $operator<R> for Expr<T, U>
        where
            T::Sql: NumericSql,
        {
            type Output = Expr<Arithmetic<T, R::Null>, R::Uses<U>>;

            fn $method(self, other: R) -> Self::Output {
                Expr::new(Node::binary(BinaryOp::$op, Expression::into_node(self), other.into_node()))
            }
        }
    };
}
operator!(Add add Add);
operator!(Sub sub Sub);
operator!(Mul mul Mul);
operator!(Div div Div);
