//! Series of dates and times, for a FROM clause.

use super::derived::SetFunction;
use crate::schema::Source;
use crate::sql::{Column, Expr, Expression, IntoExpr, Node, Tabular};
use crate::types::{Field, Moment, PointInTime, TypeDef, Value, sql};

/// `generate_series(start, stop, step)` of points in time, both included. Of dates, the rows are timestamps at midnight.
///
/// ```
/// # #[cfg(feature = "chrono")]
/// # fn main() {
/// # use chrono::NaiveDate;
/// # use orm_core::prelude::*;
/// # use orm_core::types::Interval;
/// # use orm_core::{generate_times, query_from};
/// let (first, last) = (NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(), NaiveDate::from_ymd_opt(2026, 12, 31).unwrap());
/// let months = generate_times(first, last, Interval::months(1)).subquery();
/// assert_eq!(
///     query_from(&months).select(months.c.0).to_sql(),
///     concat!(
///         r#"SELECT "subquery"."c0" FROM generate_series(CAST($1 AS timestamp), CAST($2 AS timestamp), $3) "#,
///         r#"AS "subquery" ("c0")"#,
///     ),
/// );
/// # }
/// # #[cfg(not(feature = "chrono"))]
/// # fn main() {}
/// ```
///
/// A row of that query is a `NaiveDateTime`. The server refuses a step of no length.
pub fn generate_times<A, B, C>(start: A, stop: B, step: C) -> SetFunction<A::Time, (A::Uses, (B::Uses, C::Uses<()>))>
where
    A: TimeBound,
    B: TimeBound<Time = A::Time>,
    C: IntoExpr<sql::Interval>,
{
    SetFunction::call("generate_series", vec![start.into_node(), stop.into_node(), step.into_node()])
}

/// A bound of [`generate_times`]: a date or a timestamp, or a column or an expression of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no bound of a series of times",
    label = "neither a date, a timestamp, nor a column or an expression of one"
)]
pub trait TimeBound {
    /// The type of the rows.
    type Time: Tabular + Field;
    /// The tables that it reads.
    type Uses;

    /// The bound.
    #[doc(hidden)]
    fn into_node(self) -> Node;
}

static TIMESTAMP: TypeDef = TypeDef::named("timestamp");

/// PostgreSQL would take dates for timestamps with a time zone.
fn bound<T: Moment>(node: Node) -> Node {
    if T::TYPE.name() == "date" {
        return Node::Cast { operand: Box::new(node), ty: &TIMESTAMP };
    }
    node
}

#[diagnostic::do_not_recommend]
impl<T: Moment<Sql: PointInTime>> TimeBound for T {
    type Time = T::Shifted;
    type Uses = ();

    fn into_node(self) -> Node {
        bound::<T>(Node::Param(Value::of(&self)))
    }
}

#[diagnostic::do_not_recommend]
impl<S: Source, T: Field<Read: Moment<Sql: PointInTime>>> TimeBound for Column<S, T> {
    type Time = <T::Read as Moment>::Shifted;
    type Uses = S;

    fn into_node(self) -> Node {
        bound::<T::Read>(Expression::into_node(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Moment<Sql: PointInTime>, U> TimeBound for Expr<T, U> {
    type Time = T::Shifted;
    type Uses = U;

    fn into_node(self) -> Node {
        bound::<T>(Expression::into_node(self))
    }
}
