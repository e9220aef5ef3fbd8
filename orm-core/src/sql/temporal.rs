//! Arithmetic on dates, times and intervals: Rust's operators, and the functions that make intervals.

use std::ops::{Add, Div, Mul, Sub};

use super::aggregate::Aggregate;
use super::argument::{Bare, OrNull};
use super::arithmetic::NumericSql;
use super::column::Column;
use super::expr::{Expr, Expression, IntoExpr, SqlOf};
use super::func::{ServerTime, Unit};
use super::node::{BinaryOp, Node};
use super::operators::{Follows, FollowsBoth, call};
use crate::schema::Source;
use crate::types::{Field, Interval, Moment, NotNull, Nullability, PointInTime, Value, sql};

/// An operator as a type, by which [`Operation`] tells one from another.
pub trait Operator {
    /// The operator.
    const OP: BinaryOp;
}

macro_rules! symbols {
    ($($(#[$doc:meta])* $name:ident $op:ident),*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Operator for $name {
            const OP: BinaryOp = BinaryOp::$op;
        }
    )* };
}
symbols! {
    /// `+`
    Plus Add,
    /// `-`
    Minus Sub,
    /// `*`
    Times Mul,
    /// `/`
    Divided Div
}

/// What the operator `O` makes of an expression of this SQL type, which is a `T` and reads the tables of `U`, and of an `R`.
#[diagnostic::on_unimplemented(
    message = "`{R}` is no operand of `{O}` beside SQL type `{Self}`",
    label = "not an operand of this",
    note = "numbers are of one type, which `.cast::<i64>()` and the like make of another; a date takes days as an `i32` or an `Interval`, a time and a timestamp an `Interval`, and an interval an `Interval`",
    note = "what is subtracted may also be of the type that it is subtracted from; an interval is multiplied by an `i32` or an `f64`"
)]
pub trait Operation<O, T, U, R> {
    /// The expression.
    type Output;

    /// Makes it.
    #[doc(hidden)]
    fn make(lhs: Node, rhs: R) -> Self::Output;
}

#[diagnostic::do_not_recommend]
impl<K: NumericSql, O: Operator, T: Field, U, R: IntoExpr<K>> Operation<O, T, U, R> for K {
    type Output = Expr<OrNull<T, R::Null>, R::Uses<U>>;

    fn make(lhs: Node, rhs: R) -> Self::Output {
        Expr::new(Node::binary(O::OP, lhs, rhs.into_node()))
    }
}

/// What may stand on the right side of an operator on dates and times, whatever its type: a value, a column or an
/// expression.
pub trait TemporalOperand {
    /// The type of its value.
    type Type: Bare;
    /// The tables that are read, if the other side reads those of `S`.
    type Uses<S>;

    /// The operand.
    #[doc(hidden)]
    fn into_node(self) -> Node;
}

macro_rules! expression_operand {
    ($([$($generics:tt)*] $ty:ty, $of:ty, $uses:ty);*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> TemporalOperand for $ty
        where
            $of: Bare,
        {
            type Type = $of;
            type Uses<X> = (X, $uses);

            fn into_node(self) -> Node {
                Expression::into_node(self)
            }
        }
    )* };
}
expression_operand! {
    [S: Source, T: Field] Column<S, T>, T::Read, S;
    [T: Field, U] Expr<T, U>, T, U;
    [T: Field, U] Aggregate<T, U>, T, U
}

macro_rules! value_operand {
    ($($ty:ty),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl TemporalOperand for $ty {
            type Type = Self;
            type Uses<X> = X;

            fn into_node(self) -> Node {
                Node::Param(Value::of(&self))
            }
        }
    )* };
}
// One integer and one fraction alone, so that a literal is that one.
value_operand!(i32, f64, Interval);

/// What the operator `O` makes of this SQL type and of `K`.
#[diagnostic::on_unimplemented(
    message = "SQL type `{K}` is no operand of `{O}` beside SQL type `{Self}`",
    label = "not an operand of this",
    note = "a date takes days as an `i32` or an `Interval`, a time and a timestamp an `Interval`, and an interval an `Interval`; what is subtracted may also be of the type that it is subtracted from"
)]
pub trait TemporalSql<O, K> {
    /// The type of the result, of an `L` and an `R` that are not NULL.
    type Result<L: Moment, R: Field>: Field<Null = NotNull>;
}

macro_rules! pairs {
    ($($lhs:ident $op:ident $rhs:ident => $result:ty;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl TemporalSql<$op, sql::$rhs> for sql::$lhs {
            type Result<L: Moment, R: Field> = $result;
        }
    )* };
}
pairs! {
    Date Minus Date => i32;
    Date Plus Int4 => L;
    Date Minus Int4 => L;
    Date Plus Interval => L::Shifted;
    Date Minus Interval => L::Shifted;
    Date Plus Time => L::Shifted;
    Time Minus Time => Interval;
    Time Plus Interval => L;
    Time Minus Interval => L;
    Timestamp Minus Timestamp => Interval;
    Timestamp Plus Interval => L;
    Timestamp Minus Interval => L;
    Timestamptz Minus Timestamptz => Interval;
    Timestamptz Plus Interval => L;
    Timestamptz Minus Interval => L;
    Interval Plus Interval => L;
    Interval Minus Interval => L;
    Interval Times Int4 => L;
    Interval Times Float8 => L;
    Interval Divided Int4 => L;
    Interval Divided Float8 => L;
}

type BareOf<T> = <T as Bare>::Value;
type NullOf<T> = <T as Field>::Null;

macro_rules! operations {
    ($($tag:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<O: Operator, T: Bare, U, R: TemporalOperand> Operation<O, T, U, R> for sql::$tag
        where
            T::Value: Moment,
            Self: TemporalSql<O, <R::Type as Field>::Sql>,
        {
            type Output = Expr<
                OrNull<
                    <Self as TemporalSql<O, <R::Type as Field>::Sql>>::Result<T::Value, BareOf<R::Type>>,
                    <NullOf<T> as Nullability>::Or<NullOf<R::Type>>,
                >,
                R::Uses<U>,
            >;

            fn make(lhs: Node, rhs: R) -> Self::Output {
                // A value's type is said even beside a column with a SQL type of its own: the server would take it for
                // one of the column's.
                Expr::new(Node::Binary { op: O::OP, operands: Box::new([lhs, rhs.into_node()]) })
            }
        }
    )* };
}
operations!(Date, Time, Timestamp, Timestamptz, Interval);

/// A value on the left side: `Interval::days(1) * Line::quantity`, `today - Sale::sold_on`.
macro_rules! value_on_the_left {
    ($($operator:ident $method:ident $op:ident: $($value:ty),*;)*) => { $($(
        #[diagnostic::do_not_recommend]
        impl<S: Source, T: Field> $operator<Column<S, T>> for $value
        where
            <$value as Field>::Sql: Operation<$op, $value, (), Column<S, T>>,
        {
            type Output = <<$value as Field>::Sql as Operation<$op, $value, (), Column<S, T>>>::Output;

            fn $method(self, other: Column<S, T>) -> Self::Output {
                <<$value as Field>::Sql as Operation<$op, $value, (), Column<S, T>>>::make(Node::Param(Value::of(&self)), other)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Field, U> $operator<Expr<T, U>> for $value
        where
            <$value as Field>::Sql: Operation<$op, $value, (), Expr<T, U>>,
        {
            type Output = <<$value as Field>::Sql as Operation<$op, $value, (), Expr<T, U>>>::Output;

            fn $method(self, other: Expr<T, U>) -> Self::Output {
                <<$value as Field>::Sql as Operation<$op, $value, (), Expr<T, U>>>::make(Node::Param(Value::of(&self)), other)
            }
        }
    )*)* };
}
value_on_the_left! {
    Add add Plus: Interval;
    Sub sub Minus: Interval;
    Mul mul Times: Interval;
    Div div Divided: Interval;
}

#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
macro_rules! calendar {
    ($($ty:ty),* $(,)?) => {
        value_operand!($($ty),*);
        value_on_the_left! {
            Add add Plus: $($ty),*;
            Sub sub Minus: $($ty),*;
        }
    };
}
#[cfg(feature = "chrono")]
calendar!(
    chrono::NaiveDate,
    chrono::NaiveTime,
    chrono::NaiveDateTime,
    chrono::DateTime<chrono::Utc>,
    chrono::DateTime<chrono::FixedOffset>
);
#[cfg(feature = "time")]
calendar!(time::Date, time::Time, time::PrimitiveDateTime, time::OffsetDateTime);
#[cfg(feature = "jiff")]
calendar!(jiff::civil::Date, jiff::civil::Time, jiff::civil::DateTime, jiff::Timestamp);

/// The time of the server, shifted: `func::now() - Interval::days(7)`.
macro_rules! server_time {
    ($($tag:ident by $by:ty, $difference:ty);*) => { $(
        #[diagnostic::do_not_recommend]
        impl Add<$by> for ServerTime<sql::$tag> {
            type Output = Self;

            fn add(self, by: $by) -> Self {
                self.shifted(BinaryOp::Add, Node::Param(Value::of(&by)))
            }
        }

        #[diagnostic::do_not_recommend]
        impl Sub<$by> for ServerTime<sql::$tag> {
            type Output = Self;

            fn sub(self, by: $by) -> Self {
                self.shifted(BinaryOp::Sub, Node::Param(Value::of(&by)))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<S: Source, T: Field<Sql = sql::$tag>> Sub<Column<S, T>> for ServerTime<sql::$tag> {
            type Output = Expr<OrNull<$difference, NullOf<T::Read>>, S>;

            fn sub(self, other: Column<S, T>) -> Self::Output {
                Expr::new(self.shifted(BinaryOp::Sub, Expression::into_node(other)).into_tree())
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Field<Sql = sql::$tag>, U> Sub<Expr<T, U>> for ServerTime<sql::$tag> {
            type Output = Expr<OrNull<$difference, NullOf<T>>, U>;

            fn sub(self, other: Expr<T, U>) -> Self::Output {
                Expr::new(self.shifted(BinaryOp::Sub, Expression::into_node(other)).into_tree())
            }
        }
    )* };
}
server_time! {
    Date by i32, i32;
    Timestamp by Interval, Interval;
    Timestamptz by Interval, Interval
}

/// `age(later, earlier)`: the time between two points in years, months and days, as people count them. `later - earlier` counts
/// days and hours alone.
///
/// ```
/// # #[cfg(feature = "chrono")]
/// # fn main() {
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Stay { #[model(primary_key)] id: Auto<i32>, came: chrono::NaiveDate, left: Option<chrono::NaiveDate> }
/// let query = query::<Stay>().select(func::age(Stay::left, Stay::came));
/// assert_eq!(query.to_sql(), r#"SELECT age("stay"."left", "stay"."came") FROM "stay""#);
/// # }
/// # #[cfg(not(feature = "chrono"))]
/// # fn main() {}
/// ```
///
/// A row of that query is an `Option<Interval>`.
pub fn age<A: Expression, B: IntoExpr<SqlOf<A>>>(
    later: A,
    earlier: B,
) -> Expr<FollowsBoth<A, B::Null, Interval>, B::Uses<A::Uses>>
where
    SqlOf<A>: PointInTime,
{
    call("age", vec![later.into_node(), earlier.into_node()])
}

/// `make_interval(…)`: an interval of so many of a unit, where the number is a column or an expression. One that is known is an
/// [`Interval`].
///
/// ```
/// # #[cfg(feature = "chrono")]
/// # fn main() {
/// # use orm_core::prelude::*;
/// # use orm_core::sql::func::Unit;
/// # #[derive(Model, Debug, Clone)]
/// # struct Loan { #[model(primary_key)] id: Auto<i32>, since: chrono::DateTime<chrono::Utc>, days: i32 }
/// let due = Loan::since + func::make_interval(Unit::Day, Loan::days);
/// assert_eq!(
///     query::<Loan>().select(due).to_sql(),
///     r#"SELECT "loan"."since" + make_interval('0', '0', '0', "loan"."days") FROM "loan""#,
/// );
/// # }
/// # #[cfg(not(feature = "chrono"))]
/// # fn main() {}
/// ```
pub fn make_interval<N: IntoExpr<sql::Int4>>(unit: Unit, count: N) -> Expr<OrNull<Interval, N::Null>, N::Uses<()>> {
    // Years, months, weeks, days, hours, minutes, seconds.
    let place = match unit {
        Unit::Year => 0,
        Unit::Month | Unit::Quarter => 1,
        Unit::Week => 2,
        Unit::Day => 3,
        Unit::Hour => 4,
        Unit::Minute => 5,
        Unit::Second => 6,
    };
    let mut count = count.into_node();
    if unit == Unit::Quarter {
        count = Node::binary(BinaryOp::Mul, count, Node::Param(Value::of(&3_i32)));
    }
    let mut args = vec![Node::Word("0"); place];
    args.push(count);
    call("make_interval", args)
}

/// `justify_interval(interval)`: 24 hours become a day, and 30 days a month.
pub fn justify_interval<E: Expression>(interval: E) -> Expr<Follows<E, Interval>, E::Uses>
where
    E::Type: Field<Sql = sql::Interval>,
{
    call("justify_interval", vec![interval.into_node()])
}

/// A SQL type that has parts: a date, a time, a timestamp or an interval. What [`extract`](super::func::extract) takes.
#[diagnostic::on_unimplemented(
    message = "this needs a date, a time or an interval, and SQL type `{Self}` is none",
    label = "it has no such parts"
)]
pub trait ExtractSql {}

macro_rules! extracted {
    ($($tag:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl ExtractSql for sql::$tag {}
    )* };
}
extracted!(Date, Time, Timestamp, Timestamptz, Interval);
