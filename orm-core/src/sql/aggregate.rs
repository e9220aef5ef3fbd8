//! [`Aggregate`]: a function over the rows of a group, with the clauses that only such functions have.
//!
//! The result types are those of PostgreSQL: a sum or an average of integers is of a wider type than they are, and all but
//! `count` are NULL where there are no rows.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Sub};

use super::arithmetic::NumericSql;
use super::expr::{Expr, Expression, IntoExpr, OrderTerm, SqlOf, TextSql};
use super::group::GroupKeys;
use super::node::{Args, Call, FunctionName, Node};
use super::over::IntoOver;
use super::scope::NeverNull;
use super::select::OrderBy;
use crate::types::{ArrayElement, Condition, Field, NotNull, SameAs, TypeDef, Value, sql};

/// An aggregate of type `T` that reads the tables of `U`. It is an [`Expression`], to be selected, compared and ordered by.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Order { #[model(primary_key)] id: Auto<i32>, status: String, total: i32 }
/// let paid = Order::total.sum().filter(Order::status.eq("paid"));
/// let query = query::<Order>().select((count(), paid));
/// assert_eq!(
///     query.to_sql(),
///     r#"SELECT count(*), sum("order"."total") FILTER (WHERE "order"."status" = $1) FROM "order""#,
/// );
/// ```
///
/// An aggregate stands in `select`, `having` and `order_by`; in a `filter` the server refuses it.
#[must_use = "an aggregate does nothing until it is used in a query"]
pub struct Aggregate<T, U> {
    call: Call,
    cast: Option<&'static TypeDef>,
    types: PhantomData<fn() -> (T, U)>,
}

impl<T, U> Aggregate<T, U> {
    pub(super) fn new(name: &'static str, args: Args) -> Self {
        Self { call: Call::of(FunctionName::Known(name), args), cast: None, types: PhantomData }
    }

    fn of(name: &'static str, arg: impl Expression) -> Self {
        Self::new(name, Args::List(vec![arg.into_node()]))
    }

    fn retyped<V, W>(self) -> Aggregate<V, W> {
        Aggregate { call: self.call, cast: self.cast, types: PhantomData }
    }

    /// Takes only the rows for which the condition is true (`FILTER (WHERE …)`); conditions of several calls must all hold.
    pub fn filter<C: Expression>(mut self, condition: C) -> Aggregate<T, (U, NeverNull<C::Uses>)>
    where
        C::Type: Condition,
    {
        let condition = condition.into_node();
        self.call.filter = Some(match self.call.filter.take() {
            Some(before) => before.and(condition),
            None => condition,
        });
        self.retyped()
    }

    /// The order in which the rows are taken, which matters to `array_agg`, `string_agg` and `json_agg`; the first call
    /// weighs most.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Line { #[model(primary_key)] id: Auto<i32>, product: String }
    /// let products = Line::product.string_agg(", ").order_by(Line::id.desc());
    /// assert_eq!(
    ///     query::<Line>().select(products).to_sql(),
    ///     r#"SELECT string_agg("line"."product", $1 ORDER BY "line"."id" DESC) FROM "line""#,
    /// );
    /// ```
    pub fn order_by<O: OrderTerm>(mut self, order: O) -> Aggregate<T, (U, NeverNull<O::Uses>)> {
        self.call.order_by.push(order.into_order());
        self.retyped()
    }

    /// Takes equal values once (`sum(DISTINCT …)`). The server wants an order of these to be one of the values.
    pub fn distinct(mut self) -> Self {
        self.call.distinct = true;
        self
    }

    /// The aggregate over a window, beside each row instead of one for each group: see [`window`](super::window()).
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, status: String, total: i32 }
    /// let share = Order::total.sum().over(window().partition_by(Order::status));
    /// assert_eq!(
    ///     query::<Order>().select((Order::id, share)).to_sql(),
    ///     r#"SELECT "order"."id", sum("order"."total") OVER (PARTITION BY "order"."status") FROM "order""#,
    /// );
    /// ```
    pub fn over<W: IntoOver>(mut self, window: W) -> Expr<T, (U, NeverNull<W::Uses>)> {
        self.call.over = Some(window.into_over());
        Expr::new(self.into_untyped())
    }

    /// The aggregate as an expression like any other, without the words that only aggregates have.
    pub fn expr(self) -> Expr<T, U> {
        Expr::new(self.into_untyped())
    }

    fn into_untyped(self) -> Node {
        let call = Node::Call(Box::new(self.call));
        match self.cast {
            Some(ty) => Node::Cast { operand: Box::new(call), ty },
            None => call,
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, U> Expression for Aggregate<T, U> {
    type Type = T;
    type Uses = U;

    fn into_node(self) -> Node {
        self.into_untyped()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, U, K> IntoExpr<K> for Aggregate<T, U>
where
    T::Sql: SameAs<K>,
{
    type Uses<X> = (X, U);
    type Null = T::Null;

    fn into_node(self) -> Node {
        self.into_untyped()
    }
}

macro_rules! operator {
    ($($operator:ident $method:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<T, U, R> $operator<R> for Aggregate<T, U>
        where
            Expr<T, U>: $operator<R>,
        {
            type Output = <Expr<T, U> as $operator<R>>::Output;

            fn $method(self, other: R) -> Self::Output {
                $operator::$method(self.expr(), other)
            }
        }
    )* };
}
operator!(Add add, Sub sub, Mul mul, Div div);

impl<T, U> Clone for Aggregate<T, U> {
    fn clone(&self) -> Self {
        Self { call: self.call.clone(), cast: self.cast, types: PhantomData }
    }
}

impl<T, U> fmt::Debug for Aggregate<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Aggregate").field(&self.call).finish()
    }
}

/// A SQL type that can be summed.
#[diagnostic::on_unimplemented(
    message = "SQL type `{Self}` has no `sum` here",
    label = "not a number, or a `bigint` or `numeric`, whose sum is `numeric`",
    note = "a sum of `bigint` or `numeric` is read as `Decimal`, behind the feature `decimal`; `.sum_as::<i64>()` reads it as another type",
    note = "a newtype is a SQL type of its own: use the number that it wraps"
)]
pub trait SumSql {
    /// What a sum of it is.
    type Sum: Field<Null = NotNull, Read = Self::Sum>;
}

/// A SQL type that has an average.
#[diagnostic::on_unimplemented(
    message = "SQL type `{Self}` has no `avg` here",
    label = "not a number, or one whose average is `numeric`",
    note = "an average of integers is read as `Decimal`, behind the feature `decimal`; `.avg_as::<f64>()` reads it as another type",
    note = "a newtype is a SQL type of its own: use the number that it wraps"
)]
pub trait AvgSql {
    /// What an average of it is.
    type Avg: Field<Null = NotNull, Read = Self::Avg>;
}

macro_rules! sums {
    ($($tag:ident => $sum:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl SumSql for sql::$tag {
            type Sum = $sum;
        }
    )* };
}
sums!(Int2 => i64, Int4 => i64, Float4 => f32, Float8 => f64, Interval => crate::types::Interval);
#[cfg(feature = "decimal")]
sums!(Int8 => rust_decimal::Decimal, Numeric => rust_decimal::Decimal);

macro_rules! averages {
    ($($tag:ident => $average:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl AvgSql for sql::$tag {
            type Avg = $average;
        }
    )* };
}
averages!(Float4 => f64, Float8 => f64, Interval => crate::types::Interval);
#[cfg(feature = "decimal")]
averages!(
    Int2 => rust_decimal::Decimal,
    Int4 => rust_decimal::Decimal,
    Int8 => rust_decimal::Decimal,
    Numeric => rust_decimal::Decimal
);

type Sum<E> = Option<<SqlOf<E> as SumSql>::Sum>;
type Avg<E> = Option<<SqlOf<E> as AvgSql>::Avg>;
type Nullable<E> = <<E as Expression>::Type as Field>::Nullable;

/// The aggregates of PostgreSQL, as methods of columns and expressions.
///
/// All leave NULL out but [`array_agg`](Self::array_agg) and `json_agg`. All but [`count`](Expression::count) are NULL, and
/// so an `Option`, where there are no rows.
pub trait Aggregates: Expression {
    /// `count(DISTINCT self)`: how many different values there are.
    fn count_distinct(self) -> Aggregate<i64, NeverNull<Self::Uses>> {
        self.count().distinct()
    }

    /// `sum(self)`. Of `smallint` and `integer` it is a `bigint`, of `bigint` and `numeric` a `numeric`, which needs the
    /// feature `decimal`; [`sum_as`](Self::sum_as) does without.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Line { #[model(primary_key)] id: Auto<i32>, order_id: i32, quantity: i32 }
    /// let query = query::<Line>()
    ///     .group_by(Line::order_id)
    ///     .having(Line::quantity.sum().gt(10_i64))
    ///     .select((Line::order_id, Line::quantity.sum()));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "line"."order_id", sum("line"."quantity") FROM "line" "#,
    ///         r#"GROUP BY "line"."order_id" HAVING sum("line"."quantity") > $1"#,
    ///     ),
    /// );
    /// ```
    fn sum(self) -> Aggregate<Sum<Self>, Self::Uses>
    where
        SqlOf<Self>: SumSql,
    {
        Aggregate::of("sum", self)
    }

    /// `CAST(sum(self) AS …)`: a sum as the number that it is wanted as. One that does not fit is an error of the server.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i64 }
    /// let cents = query::<Order>().select(Order::total.sum_as::<i64>());
    /// assert_eq!(cents.to_sql(), r#"SELECT CAST(sum("order"."total") AS bigint) FROM "order""#);
    /// ```
    fn sum_as<T>(self) -> Aggregate<Option<T>, Self::Uses>
    where
        SqlOf<Self>: NumericSql,
        T: Field<Null = NotNull, Read = T>,
        T::Sql: NumericSql,
    {
        Aggregate { cast: Some(T::TYPE), ..Aggregate::of("sum", self) }
    }

    /// `avg(self)`. Of integers and `numeric` it is a `numeric`, which needs the feature `decimal`;
    /// [`avg_as`](Self::avg_as) does without. Of `real` and `double precision` it is a `double precision`.
    fn avg(self) -> Aggregate<Avg<Self>, Self::Uses>
    where
        SqlOf<Self>: AvgSql,
    {
        Aggregate::of("avg", self)
    }

    /// `CAST(avg(self) AS …)`: an average as the number that it is wanted as.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i64 }
    /// let average = query::<Order>().select(Order::total.avg_as::<f64>());
    /// assert_eq!(average.to_sql(), r#"SELECT CAST(avg("order"."total") AS double precision) FROM "order""#);
    /// ```
    fn avg_as<T>(self) -> Aggregate<Option<T>, Self::Uses>
    where
        SqlOf<Self>: NumericSql,
        T: Field<Null = NotNull, Read = T>,
        T::Sql: NumericSql,
    {
        Aggregate { cast: Some(T::TYPE), ..Aggregate::of("avg", self) }
    }

    /// `min(self)`, of a type that the server has a `min` of: numbers, text, times and native enums, and not `boolean`.
    fn min(self) -> Aggregate<Nullable<Self>, Self::Uses> {
        Aggregate::of("min", self)
    }

    /// `max(self)`, of a type that the server has a `max` of: numbers, text, times and native enums, and not `boolean`.
    fn max(self) -> Aggregate<Nullable<Self>, Self::Uses> {
        Aggregate::of("max", self)
    }

    /// `bool_and(self)`: whether it is true of all rows.
    fn bool_and(self) -> Aggregate<Option<bool>, Self::Uses>
    where
        Self::Type: Condition,
    {
        Aggregate::of("bool_and", self)
    }

    /// `bool_or(self)`: whether it is true of one of the rows.
    fn bool_or(self) -> Aggregate<Option<bool>, Self::Uses>
    where
        Self::Type: Condition,
    {
        Aggregate::of("bool_or", self)
    }

    /// `every(self)`: the standard's word for [`bool_and`](Self::bool_and).
    fn every(self) -> Aggregate<Option<bool>, Self::Uses>
    where
        Self::Type: Condition,
    {
        Aggregate::of("every", self)
    }

    /// `array_agg(self)`: all values, NULL too, as an array.
    ///
    /// A column that is never NULL makes a `Vec` of values. Behind a left join the rows that are missing make NULL of it
    /// all the same, which such a `Vec` cannot hold, and which is then an error: leave them out by
    /// `.filter(Order::id.is_not_null())`, or say [`nullable`](Expression::nullable) first.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Line { #[model(primary_key)] id: Auto<i32>, product: String }
    /// let products = query::<Line>().select(Line::product.array_agg().distinct());
    /// assert_eq!(products.to_sql(), r#"SELECT array_agg(DISTINCT "line"."product") FROM "line""#);
    /// ```
    fn array_agg(self) -> Aggregate<Option<Vec<Self::Type>>, Self::Uses>
    where
        Self::Type: ArrayElement,
    {
        Aggregate::of("array_agg", self)
    }

    /// `string_agg(self, separator)`: all texts that are not NULL, as one.
    fn string_agg(self, separator: &str) -> Aggregate<Option<String>, Self::Uses>
    where
        SqlOf<Self>: TextSql,
    {
        Aggregate::new("string_agg", Args::List(vec![self.into_node(), Node::Param(Value::text(separator))]))
    }

    /// `jsonb_agg(self)`: all values, NULL as `null` too, as a JSON array. Needs the feature `json`.
    #[cfg(feature = "json")]
    fn json_agg(self) -> Aggregate<Option<serde_json::Value>, Self::Uses> {
        Aggregate::of("jsonb_agg", self)
    }

    /// `stddev(self)`: the standard deviation of a sample. Of integers and `numeric` it needs the feature `decimal`.
    fn stddev(self) -> Aggregate<Avg<Self>, Self::Uses>
    where
        SqlOf<Self>: AvgSql,
    {
        Aggregate::of("stddev_samp", self)
    }

    /// `stddev_pop(self)`: the standard deviation of the whole population.
    fn stddev_pop(self) -> Aggregate<Avg<Self>, Self::Uses>
    where
        SqlOf<Self>: AvgSql,
    {
        Aggregate::of("stddev_pop", self)
    }

    /// `variance(self)`: the variance of a sample. Of integers and `numeric` it needs the feature `decimal`.
    fn variance(self) -> Aggregate<Avg<Self>, Self::Uses>
    where
        SqlOf<Self>: AvgSql,
    {
        Aggregate::of("var_samp", self)
    }

    /// `var_pop(self)`: the variance of the whole population.
    fn var_pop(self) -> Aggregate<Avg<Self>, Self::Uses>
    where
        SqlOf<Self>: AvgSql,
    {
        Aggregate::of("var_pop", self)
    }
}

impl<E: Expression> Aggregates for E {}

/// `count(*)`: how many rows.
pub fn count() -> Aggregate<i64, ()> {
    Aggregate::new("count", Args::Star)
}

/// `percentile_cont(fraction) WITHIN GROUP (ORDER BY …)`: the value below which that part of the values lies, interpolated
/// between two of them; 0.5 is the median. A fraction that is not within 0 and 1 is an error of the server.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::sql::percentile_cont;
/// # #[derive(Model, Debug, Clone)]
/// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i64 }
/// let median = query::<Order>().select(percentile_cont(0.5).within_group(Order::total));
/// assert_eq!(
///     median.to_sql(),
///     r#"SELECT percentile_cont($1) WITHIN GROUP (ORDER BY "order"."total") FROM "order""#,
/// );
/// ```
pub fn percentile_cont(fraction: f64) -> Percentile {
    Percentile { fraction }
}

/// `percentile_disc(fraction) WITHIN GROUP (ORDER BY …)`: the first of the values at or behind that part of them.
pub fn percentile_disc(fraction: f64) -> OrderedSet {
    OrderedSet { name: "percentile_disc", args: vec![Node::Param(Value::of(&fraction))] }
}

/// `mode() WITHIN GROUP (ORDER BY …)`: the value that is most frequent; of several, the first.
pub fn mode() -> OrderedSet {
    OrderedSet { name: "mode", args: Vec::new() }
}

/// `percentile_cont` without its values.
#[must_use = "it lacks its values: say `.within_group(…)`"]
#[derive(Debug, Clone, Copy)]
pub struct Percentile {
    fraction: f64,
}

impl Percentile {
    /// The values, in ascending order.
    pub fn within_group<E: Expression>(self, values: E) -> Aggregate<Option<f64>, E::Uses>
    where
        SqlOf<E>: NumericSql,
    {
        let args = vec![Node::Param(Value::of(&self.fraction))];
        within_group("percentile_cont", args, values, false)
    }

    /// The values, in descending order.
    pub fn within_group_desc<E: Expression>(self, values: E) -> Aggregate<Option<f64>, E::Uses>
    where
        SqlOf<E>: NumericSql,
    {
        let args = vec![Node::Param(Value::of(&self.fraction))];
        within_group("percentile_cont", args, values, true)
    }
}

/// An aggregate that chooses one of its values by their order, without them.
#[must_use = "it lacks its values: say `.within_group(…)`"]
#[derive(Debug, Clone)]
pub struct OrderedSet {
    name: &'static str,
    args: Vec<Node>,
}

impl OrderedSet {
    /// The values, in ascending order.
    pub fn within_group<E: Expression>(self, values: E) -> Aggregate<Nullable<E>, E::Uses> {
        within_group(self.name, self.args, values, false)
    }

    /// The values, in descending order.
    pub fn within_group_desc<E: Expression>(self, values: E) -> Aggregate<Nullable<E>, E::Uses> {
        within_group(self.name, self.args, values, true)
    }
}

fn within_group<T, E: Expression>(
    name: &'static str,
    args: Vec<Node>,
    values: E,
    descending: bool,
) -> Aggregate<T, E::Uses> {
    let mut aggregate = Aggregate::new(name, Args::List(args));
    aggregate.call.within_group.push(OrderBy { node: values.into_node(), descending, nulls_first: None });
    aggregate
}

/// `GROUPING(…)`: which of these columns of a [`rollup`](crate::Query::rollup), a `cube` or `grouping_sets` a row is *not*
/// grouped by, one bit each, the last one lowest. 0 is a row of a group by all of them.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::sql::grouping;
/// # #[derive(Model, Debug, Clone)]
/// # struct Order { #[model(primary_key)] id: Auto<i32>, status: String }
/// let query = query::<Order>().rollup(Order::status).select((Order::status, grouping(Order::status), count()));
/// assert_eq!(
///     query.to_sql(),
///     concat!(
///         r#"SELECT "order"."status", GROUPING("order"."status"), count(*) FROM "order" "#,
///         r#"GROUP BY ROLLUP ("order"."status")"#,
///     ),
/// );
/// ```
pub fn grouping<K: GroupKeys>(keys: K) -> Expr<i32, NeverNull<K::Uses>> {
    let mut args = Vec::new();
    keys.into_keys(&mut args);
    Expr::new(Node::Function { name: "GROUPING", args })
}
