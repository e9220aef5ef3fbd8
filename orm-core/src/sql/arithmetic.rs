//! `+`, `-`, `*`, `/` and `%` of columns and expressions: Rust's own operators make SQL of them. The operators on bits have
//! names.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use super::column::Column;
use super::expr::{Expr, Expression, IntoExpr, SqlOf};
use super::node::{BinaryOp, Node, UnaryOp};
use super::temporal::{Divided, Minus, Operation, Plus, Times};
use crate::schema::Source;
use crate::types::{Field, Nullability, Value, sql};

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
        impl<S: Source, T: Field, R> $operator<R> for Column<S, T>
        where
            T::Sql: Operation<$op, T::Read, S, R>,
        {
            type Output = <T::Sql as Operation<$op, T::Read, S, R>>::Output;

            fn $method(self, other: R) -> Self::Output {
                T::Sql::make(Expression::into_node(self), other)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Field, U, R> $operator<R> for Expr<T, U>
        where
            T::Sql: Operation<$op, T, U, R>,
        {
            type Output = <T::Sql as Operation<$op, T, U, R>>::Output;

            fn $method(self, other: R) -> Self::Output {
                T::Sql::make(Expression::into_node(self), other)
            }
        }
    };
}
operator!(Add add Plus);
operator!(Sub sub Minus);
operator!(Mul mul Times);
operator!(Div div Divided);

/// A SQL type whose division has a remainder.
#[diagnostic::on_unimplemented(
    message = "SQL type `{Self}` has no remainder",
    label = "neither an integer nor a `numeric`"
)]
pub trait ModuloSql {}

/// A SQL type that is a whole number.
#[diagnostic::on_unimplemented(
    message = "this needs an integer, and SQL type `{Self}` is none",
    label = "not an integer"
)]
pub trait IntegerSql {}

/// A SQL type with digits behind the point that PostgreSQL rounds to its own type: `double precision` and `numeric`.
#[diagnostic::on_unimplemented(
    message = "this needs a `double precision` or a `numeric`, and SQL type `{Self}` is neither",
    label = "cast it first, `.cast::<f64>()`"
)]
pub trait FractionSql {}

macro_rules! are {
    ($marker:ident: $($tag:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl $marker for sql::$tag {}
    )* };
}
are!(ModuloSql: Int2, Int4, Int8, Numeric);
are!(IntegerSql: Int2, Int4, Int8);
are!(FractionSql: Float8, Numeric);

#[diagnostic::do_not_recommend]
impl<S: Source, T: Field, R: IntoExpr<T::Sql>> Rem<R> for Column<S, T>
where
    T::Sql: ModuloSql,
{
    type Output = Expr<Arithmetic<T::Read, R::Null>, R::Uses<S>>;

    fn rem(self, other: R) -> Self::Output {
        Expr::new(Node::binary(BinaryOp::Mod, Expression::into_node(self), other.into_node()))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, U, R: IntoExpr<T::Sql>> Rem<R> for Expr<T, U>
where
    T::Sql: ModuloSql,
{
    type Output = Expr<Arithmetic<T, R::Null>, R::Uses<U>>;

    fn rem(self, other: R) -> Self::Output {
        Expr::new(Node::binary(BinaryOp::Mod, Expression::into_node(self), other.into_node()))
    }
}

#[diagnostic::do_not_recommend]
impl<S: Source, T: Field> Neg for Column<S, T>
where
    T::Sql: NumericSql,
{
    type Output = Expr<T::Read, S>;

    fn neg(self) -> Self::Output {
        unary(UnaryOp::Neg, self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, U> Neg for Expr<T, U>
where
    T::Sql: NumericSql,
{
    type Output = Self;

    fn neg(self) -> Self {
        unary(UnaryOp::Neg, self)
    }
}

fn unary<E: Expression>(op: UnaryOp, operand: E) -> Expr<E::Type, E::Uses> {
    Expr::new(Node::Unary { op, operand: Box::new(operand.into_node()) })
}

/// A value on the left side: `1 + Homework::number`.
macro_rules! value_on_the_left {
    ($($operator:ident $method:ident $op:ident: $($value:ty),*;)*) => { $($(
        #[diagnostic::do_not_recommend]
        impl<S: Source, T: Field<Sql = <$value as Field>::Sql>> $operator<Column<S, T>> for $value {
            type Output = Expr<T::Read, S>;

            fn $method(self, other: Column<S, T>) -> Self::Output {
                Expr::new(Node::binary(BinaryOp::$op, Node::Param(Value::of(&self)), Expression::into_node(other)))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Field<Sql = <$value as Field>::Sql>, U> $operator<Expr<T, U>> for $value {
            type Output = Expr<T, U>;

            fn $method(self, other: Expr<T, U>) -> Self::Output {
                Expr::new(Node::binary(BinaryOp::$op, Node::Param(Value::of(&self)), Expression::into_node(other)))
            }
        }
    )*)* };
}
value_on_the_left! {
    Add add Add: i16, i32, i64, f32, f64;
    Sub sub Sub: i16, i32, i64, f32, f64;
    Mul mul Mul: i16, i32, i64, f32, f64;
    Div div Div: i16, i32, i64, f32, f64;
    Rem rem Mod: i16, i32, i64;
}
#[cfg(feature = "decimal")]
value_on_the_left! {
    Add add Add: rust_decimal::Decimal;
    Sub sub Sub: rust_decimal::Decimal;
    Mul mul Mul: rust_decimal::Decimal;
    Div div Div: rust_decimal::Decimal;
    Rem rem Mod: rust_decimal::Decimal;
}

/// The bits of integers, by name: Rust's `&` and `|` join conditions.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct File { #[model(primary_key)] id: Auto<i32>, mode: i32 }
/// let query = query::<File>().filter(File::mode.shift_right(6).bit_and(4).ne(0));
/// assert!(query.to_sql().ends_with(r#"WHERE (("file"."mode" >> $1) & $2) <> $3"#));
/// ```
pub trait IntegerExpression: Expression {
    /// `self & other`: the bits that both have.
    #[doc(alias = "&")]
    fn bit_and<R: IntoExpr<SqlOf<Self>>>(self, other: R) -> Bits<Self, R>
    where
        SqlOf<Self>: IntegerSql,
    {
        bits(BinaryOp::BitAnd, self, other)
    }

    /// `self | other`: the bits that one of them has.
    #[doc(alias = "|")]
    fn bit_or<R: IntoExpr<SqlOf<Self>>>(self, other: R) -> Bits<Self, R>
    where
        SqlOf<Self>: IntegerSql,
    {
        bits(BinaryOp::BitOr, self, other)
    }

    /// `self # other`: the bits that one of them has and not both.
    #[doc(alias = "#")]
    fn bit_xor<R: IntoExpr<SqlOf<Self>>>(self, other: R) -> Bits<Self, R>
    where
        SqlOf<Self>: IntegerSql,
    {
        bits(BinaryOp::BitXor, self, other)
    }

    /// `~ self`: the bits that it has not.
    #[doc(alias = "~")]
    fn bit_not(self) -> Expr<Self::Type, Self::Uses>
    where
        SqlOf<Self>: IntegerSql,
    {
        unary(UnaryOp::BitNot, self)
    }

    /// `self << places`.
    #[doc(alias = "<<")]
    fn shift_left<R: IntoExpr<sql::Int4>>(self, places: R) -> Expr<Arithmetic<Self::Type, R::Null>, R::Uses<Self::Uses>>
    where
        SqlOf<Self>: IntegerSql,
    {
        Expr::new(Node::binary(BinaryOp::ShiftLeft, self.into_node(), places.into_node()))
    }

    /// `self >> places`.
    #[doc(alias = ">>")]
    fn shift_right<R: IntoExpr<sql::Int4>>(
        self,
        places: R,
    ) -> Expr<Arithmetic<Self::Type, R::Null>, R::Uses<Self::Uses>>
    where
        SqlOf<Self>: IntegerSql,
    {
        Expr::new(Node::binary(BinaryOp::ShiftRight, self.into_node(), places.into_node()))
    }
}

impl<E: Expression> IntegerExpression for E {}

/// What an operator on the bits of `L` and `R` makes.
pub type Bits<L, R> = Expr<
    Arithmetic<<L as Expression>::Type, <R as IntoExpr<SqlOf<L>>>::Null>,
    <R as IntoExpr<SqlOf<L>>>::Uses<<L as Expression>::Uses>,
>;

fn bits<L: Expression, R: IntoExpr<SqlOf<L>>>(op: BinaryOp, lhs: L, rhs: R) -> Bits<L, R> {
    Expr::new(Node::binary(op, lhs.into_node(), rhs.into_node()))
}
