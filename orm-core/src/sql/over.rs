//! [`Window`] and the functions that need one.

use std::fmt;
use std::marker::PhantomData;

use super::expr::{Expr, Expression, IntoExpr, OrderTerm, SqlOf};
use super::group::GroupKeys;
use super::node::{Args, Call, FunctionName, Node};
use super::scope::NeverNull;
use super::window::{Frame, FrameBound, FrameExclude, FrameUnit, Over, WindowDef};
use crate::types::{Field, Nullability, Value};

/// What a window function looks at: rows of the same partition, in an order. It reads the tables of `U`.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Order { #[model(primary_key)] id: Auto<i32>, customer_id: i32, total: i32 }
/// let running = window().partition_by(Order::customer_id).order_by(Order::id.asc());
/// let query = query::<Order>().select((Order::id, Order::total.sum().over(running)));
/// assert_eq!(
///     query.to_sql(),
///     concat!(
///         r#"SELECT "order"."id", sum("order"."total") OVER (PARTITION BY "order"."customer_id" ORDER BY "order"."id") "#,
///         r#"FROM "order""#,
///     ),
/// );
/// ```
///
/// Windows are worked out behind `WHERE`, `GROUP BY` and `HAVING`: the server refuses a window function there. To choose rows
/// by one, number them inside and choose outside; for the first rows of each group [`limit_per`](crate::Query::limit_per) does
/// that, and for the very first [`distinct_on`](crate::Query::distinct_on).
#[must_use = "a window does nothing until a function looks through it, by `over`"]
pub struct Window<U = ()> {
    def: WindowDef,
    types: PhantomData<fn() -> U>,
}

/// A window over all rows; its methods say more.
pub fn window() -> Window {
    Window { def: WindowDef::default(), types: PhantomData }
}

impl<U> Window<U> {
    fn retyped<V>(self) -> Window<V> {
        Window { def: self.def, types: PhantomData }
    }

    /// Only rows that are equal in these are looked at together (`PARTITION BY`).
    pub fn partition_by<K: GroupKeys>(mut self, keys: K) -> Window<(U, K::Uses)> {
        keys.into_keys(&mut self.def.partition_by);
        self.retyped()
    }

    /// The order in the partition; the first call weighs most. With one, an aggregate goes up to the row at hand and its
    /// equals, unless a frame says otherwise.
    pub fn order_by<O: OrderTerm>(mut self, order: O) -> Window<(U, O::Uses)> {
        self.def.order_by.push(order.into_order());
        self.retyped()
    }

    /// The rows that are looked at, counted one by one (`ROWS BETWEEN start AND end`).
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::sql::{current_row, preceding};
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Day { #[model(primary_key)] id: Auto<i32>, sold: i32 }
    /// let week = window().order_by(Day::id.asc()).rows(preceding(6), current_row());
    /// let query = query::<Day>().select(Day::sold.sum().over(week));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT sum("day"."sold") OVER (ORDER BY "day"."id" ROWS BETWEEN $1 PRECEDING AND CURRENT ROW) FROM "day""#,
    /// );
    /// ```
    pub fn rows<A: CountedBound, B: CountedBound>(self, start: Bound<A>, end: Bound<B>) -> Self {
        self.frame(FrameUnit::Rows, start.bound, end.bound)
    }

    /// The rows that are looked at, counted by groups of equals (`GROUPS BETWEEN start AND end`).
    pub fn groups<A: CountedBound, B: CountedBound>(self, start: Bound<A>, end: Bound<B>) -> Self {
        self.frame(FrameUnit::Groups, start.bound, end.bound)
    }

    /// The rows that are looked at, by how far they are from the row at hand in the one column of the order
    /// (`RANGE BETWEEN start AND end`). The server says which distances a type has: those of a number are numbers.
    pub fn range<A, B>(self, start: Bound<A>, end: Bound<B>) -> Self {
        self.frame(FrameUnit::Range, start.bound, end.bound)
    }

    /// Leaves the row at hand out of the frame.
    pub fn exclude_current_row(self) -> Self {
        self.exclude(FrameExclude::CurrentRow)
    }

    /// Leaves the row at hand and its equals in the order out of the frame.
    pub fn exclude_group(self) -> Self {
        self.exclude(FrameExclude::Group)
    }

    /// Leaves the equals of the row at hand out of the frame, and not itself.
    pub fn exclude_ties(self) -> Self {
        self.exclude(FrameExclude::Ties)
    }

    /// Adds to a window that the query names by [`Query::window`](crate::Query::window): an order where that has none, or a
    /// frame.
    pub fn based_on(mut self, name: &'static str) -> Self {
        self.def.base = Some(name);
        self
    }

    fn frame(mut self, unit: FrameUnit, start: FrameBound, end: FrameBound) -> Self {
        let exclude = self.def.frame.map_or_else(FrameExclude::default, |frame| frame.exclude);
        self.def.frame = Some(Frame { unit, start, end, exclude });
        self
    }

    fn exclude(mut self, exclude: FrameExclude) -> Self {
        // What the frame is where none is given.
        let (start, end) = (FrameBound::UnboundedPreceding, FrameBound::CurrentRow);
        self.def.frame.get_or_insert(Frame { unit: FrameUnit::Range, start, end, exclude }).exclude = exclude;
        self
    }

    pub(crate) fn into_def(self) -> WindowDef {
        self.def
    }
}

impl<U> Clone for Window<U> {
    fn clone(&self) -> Self {
        Self { def: self.def.clone(), types: PhantomData }
    }
}

impl<U> fmt::Debug for Window<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Window").field(&self.def).finish()
    }
}

/// What `over` takes: a [`window`], or the name of one that the query has by [`Query::window`](crate::Query::window).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a window",
    label = "neither a window nor the name of one",
    note = "write for example `.over(window().partition_by(Order::customer_id).order_by(Order::id.asc()))`"
)]
pub trait IntoOver {
    /// The tables that it reads.
    type Uses;

    /// The clause.
    fn into_over(self) -> Over;
}

#[diagnostic::do_not_recommend]
impl<U> IntoOver for Window<U> {
    type Uses = U;

    fn into_over(self) -> Over {
        Over::Window(Box::new(self.def))
    }
}

#[diagnostic::do_not_recommend]
impl IntoOver for &'static str {
    type Uses = ();

    fn into_over(self) -> Over {
        Over::Named(self)
    }
}

/// A bound of a frame: [`preceding`], [`following`], [`current_row`] or one of the ends. `T` is what it counts in.
#[must_use = "a bound does nothing until it is passed to `rows`, `range` or `groups`"]
#[derive(Debug, Clone)]
pub struct Bound<T> {
    bound: FrameBound,
    counts: PhantomData<fn() -> T>,
}

impl<T> Bound<T> {
    fn new(bound: FrameBound) -> Self {
        Self { bound, counts: PhantomData }
    }
}

/// What rows and groups are counted in: an `i64`.
#[diagnostic::on_unimplemented(
    message = "rows and groups of a window are counted in `i64`, and not in `{Self}`",
    label = "not an `i64`"
)]
pub trait CountedBound {}
#[diagnostic::do_not_recommend]
impl CountedBound for () {}
#[diagnostic::do_not_recommend]
impl CountedBound for i64 {}

/// `UNBOUNDED PRECEDING`: from the first row of the partition.
pub fn unbounded_preceding() -> Bound<()> {
    Bound::new(FrameBound::UnboundedPreceding)
}

/// `… PRECEDING`: that many before the row at hand.
#[allow(clippy::needless_pass_by_value, reason = "a number, in nearly all cases")]
pub fn preceding<T: Field>(offset: T) -> Bound<T> {
    Bound::new(FrameBound::Preceding(Node::Param(Value::of(&offset))))
}

/// `CURRENT ROW`: the row at hand; of `range` and `groups`, with its equals.
pub fn current_row() -> Bound<()> {
    Bound::new(FrameBound::CurrentRow)
}

/// `… FOLLOWING`: that many behind the row at hand.
#[allow(clippy::needless_pass_by_value, reason = "a number, in nearly all cases")]
pub fn following<T: Field>(offset: T) -> Bound<T> {
    Bound::new(FrameBound::Following(Node::Param(Value::of(&offset))))
}

/// `UNBOUNDED FOLLOWING`: to the last row of the partition.
pub fn unbounded_following() -> Bound<()> {
    Bound::new(FrameBound::UnboundedFollowing)
}

/// A function that needs a window: it becomes an expression by [`over`](Self::over).
#[must_use = "a window function is no expression yet: say `.over(window())`"]
pub struct WindowFunction<T, U> {
    call: Call,
    types: PhantomData<fn() -> (T, U)>,
}

impl<T, U> WindowFunction<T, U> {
    fn new(name: &'static str, args: Vec<Node>) -> Self {
        Self { call: Call::of(FunctionName::Known(name), Args::List(args)), types: PhantomData }
    }

    /// The window that it looks through.
    pub fn over<W: IntoOver>(mut self, window: W) -> Expr<T, (U, NeverNull<W::Uses>)> {
        self.call.over = Some(window.into_over());
        Expr::new(Node::Call(Box::new(self.call)))
    }
}

impl<T, U> Clone for WindowFunction<T, U> {
    fn clone(&self) -> Self {
        Self { call: self.call.clone(), types: PhantomData }
    }
}

impl<T, U> fmt::Debug for WindowFunction<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WindowFunction").field(&self.call).finish()
    }
}

/// `row_number()`: the place in the partition, from 1.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i32 }
/// let place = row_number().over(window().order_by(Order::total.desc()));
/// assert_eq!(
///     query::<Order>().select((Order::id, place)).to_sql(),
///     r#"SELECT "order"."id", row_number() OVER (ORDER BY "order"."total" DESC) FROM "order""#,
/// );
/// ```
pub fn row_number() -> WindowFunction<i64, ()> {
    WindowFunction::new("row_number", Vec::new())
}

/// `rank()`: the place, which equals share; the places that they take are left out behind them.
pub fn rank() -> WindowFunction<i64, ()> {
    WindowFunction::new("rank", Vec::new())
}

/// `dense_rank()`: the place, which equals share, without gaps.
pub fn dense_rank() -> WindowFunction<i64, ()> {
    WindowFunction::new("dense_rank", Vec::new())
}

/// `percent_rank()`: the rank as a part of the partition, from 0 to 1.
pub fn percent_rank() -> WindowFunction<f64, ()> {
    WindowFunction::new("percent_rank", Vec::new())
}

/// `cume_dist()`: which part of the partition is up to the row at hand and its equals.
pub fn cume_dist() -> WindowFunction<f64, ()> {
    WindowFunction::new("cume_dist", Vec::new())
}

/// `ntile(buckets)`: which of so many equal parts of the partition the row is in, from 1.
pub fn ntile(buckets: i32) -> WindowFunction<i32, ()> {
    WindowFunction::new("ntile", vec![Node::Param(Value::of(&buckets))])
}

/// `lag(value)`: the value of the row before; NULL, and so an `Option`, where there is none, unless
/// [`or`](Neighbour::or) says otherwise.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Day { #[model(primary_key)] id: Auto<i32>, sold: i32 }
/// let by_day = window().order_by(Day::id.asc());
/// let query = query::<Day>().select((lag(Day::sold).over(by_day.clone()), lag(Day::sold).by(7).or(0).over(by_day)));
/// assert_eq!(
///     query.to_sql(),
///     concat!(
///         r#"SELECT lag("day"."sold") OVER (ORDER BY "day"."id"), "#,
///         r#"lag("day"."sold", $1, $2) OVER (ORDER BY "day"."id") FROM "day""#,
///     ),
/// );
/// ```
pub fn lag<E: Expression>(value: E) -> Neighbour<E> {
    Neighbour { name: "lag", value, by: None }
}

/// `lead(value)`: the value of the row behind; NULL, and so an `Option`, where there is none, unless
/// [`or`](Neighbour::or) says otherwise.
pub fn lead<E: Expression>(value: E) -> Neighbour<E> {
    Neighbour { name: "lead", value, by: None }
}

/// The value of another row of the partition: what [`lag`] and [`lead`] make.
#[must_use = "a window function is no expression yet: say `.over(window())`"]
#[derive(Debug, Clone)]
pub struct Neighbour<E> {
    name: &'static str,
    value: E,
    by: Option<i32>,
}

/// What a neighbour is with a default `D`: NULL if the value or the default may be.
type Defaulted<E, D> = <<D as IntoExpr<SqlOf<E>>>::Null as Nullability>::If<
    <<E as Expression>::Type as Field>::Nullable,
    <E as Expression>::Type,
>;

impl<E: Expression> Neighbour<E> {
    /// So many rows away, and not one.
    pub fn by(mut self, rows: i32) -> Self {
        self.by = Some(rows);
        self
    }

    /// What it is where there is no such row: a value, a column or an expression of the same type.
    pub fn or<D: IntoExpr<SqlOf<E>>>(self, default: D) -> WindowFunction<Defaulted<E, D>, D::Uses<E::Uses>> {
        let by = Node::Param(Value::of(&self.by.unwrap_or(1)));
        WindowFunction::new(self.name, vec![self.value.into_node(), by, default.into_node()])
    }

    /// The window that it looks through.
    pub fn over<W: IntoOver>(self, window: W) -> Expr<<E::Type as Field>::Nullable, (E::Uses, NeverNull<W::Uses>)> {
        let by = self.by.map(|rows| Node::Param(Value::of(&rows)));
        let args = [self.value.into_node()].into_iter().chain(by).collect();
        WindowFunction::new(self.name, args).over(window)
    }
}

/// `first_value(value)`: the value of the first row of the frame; NULL, and so an `Option`, if the frame is empty.
pub fn first_value<E: Expression>(value: E) -> WindowFunction<<E::Type as Field>::Nullable, E::Uses> {
    WindowFunction::new("first_value", vec![value.into_node()])
}

/// `last_value(value)`: the value of the last row of the frame, which ends at the row at hand unless it says otherwise.
pub fn last_value<E: Expression>(value: E) -> WindowFunction<<E::Type as Field>::Nullable, E::Uses> {
    WindowFunction::new("last_value", vec![value.into_node()])
}

/// `nth_value(value, n)`: the value of the n-th row of the frame, from 1; NULL, and so an `Option`, where there is none.
pub fn nth_value<E: Expression>(value: E, n: i32) -> WindowFunction<<E::Type as Field>::Nullable, E::Uses> {
    WindowFunction::new("nth_value", vec![value.into_node(), Node::Param(Value::of(&n))])
}
