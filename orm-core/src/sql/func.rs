//! PostgreSQL's functions, by their names: `func::lower(Course::name)`.
//!
//! `use orm_core::prelude::*` brings this module in scope, and with it [`func`](super::func()), the function of the same
//! name that calls any other. Arguments are values, columns and expressions of the type that the function wants; the result
//! is an `Option` where one of them may be NULL.
//!
//! ```
//! # use orm_core::prelude::*;
//! # #[derive(Model, Debug, Clone)]
//! # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
//! let query = query::<Course>()
//!     .filter(func::lower(Course::name).eq("python"))
//!     .order_by(func::length(Course::name).desc())
//!     .select((Course::id, func::coalesce((Course::note, Course::name)), func::upper(Course::note)));
//! assert_eq!(
//!     query.to_sql(),
//!     concat!(
//!         r#"SELECT "course"."id", coalesce("course"."note", "course"."name"), upper("course"."note") FROM "course" "#,
//!         r#"WHERE lower("course"."name") = $1 ORDER BY length("course"."name") DESC"#,
//!     ),
//! );
//! ```
//!
//! A row of that query is an `(i32, String, Option<String>)`.

use std::marker::PhantomData;

use super::argument::{Alternatives, Arguments, OrNull};
use super::arithmetic::{FractionSql, NumericSql};
use super::assign::IntoValue;
use super::expr::{Expr, Expression, IntoExpr, SqlOf};
use super::node::{Args, Call, FunctionName, Node, QualifiedName};
use super::scope::NeverNull;
use super::temporal::ExtractSql;
pub use super::temporal::{age, justify_interval, make_interval};
use super::text::IntoText;
use crate::types::{Field, NotNull, Nullability, PointInTime, TypeDef, sql};

/// Names any function, to be called by [`args`](Function::args). The name is quoted, and so taken as it is written; with a
/// schema it is a pair.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let near = func::<f32>(("extensions", "similarity")).args((Course::name, "Pyton"));
/// let query = query::<Course>().filter(near.gt(0.5));
/// assert!(query.to_sql().ends_with(r#"WHERE "extensions"."similarity"("course"."name", $1) > $2"#));
/// ```
///
/// The type of the result is the caller's word: an `Option` if the function may give NULL. The engine compares it with what
/// the server says before it reads a row.
///
/// # Errors
///
/// The query fails with [`Invalid`](crate::ErrorKind::Invalid), before it is sent, if the name is empty, longer than 63
/// bytes or has a NUL byte in it; with the server's error if there is no such function.
pub fn func<T: Field<Read = T>>(name: impl Into<QualifiedName>) -> Function<T> {
    Function { name: name.into(), types: PhantomData }
}

/// A function by name, which gives a `T`.
#[derive(Debug, Clone)]
#[must_use = "a function is called by `.args((…))`"]
pub struct Function<T> {
    name: QualifiedName,
    types: PhantomData<fn() -> T>,
}

impl<T: Field> Function<T> {
    /// Calls it: with a tuple of values, columns and expressions, which may be empty.
    pub fn args<A: Arguments>(self, args: A) -> Expr<T, A::Uses> {
        let name = FunctionName::Named { schema: self.name.schema, name: self.name.name };
        Expr::new(Node::Call(Box::new(Call::of(name, Args::List(args.into_nodes())))))
    }
}

fn known<T, U>(name: &'static str, args: Vec<Node>) -> Expr<T, U> {
    Expr::new(Node::Function { name, args })
}

type Or<A, B> = <A as Nullability>::Or<B>;
type TextOf<A, B, C> = OrNull<String, Or<A, Or<B, C>>>;
type NullOf<E> = <<E as Expression>::Type as Field>::Null;

// What takes any type.

/// `coalesce(a, b, …)`: the first that is not NULL. It is not NULL itself, and so no `Option`, if the last one is not.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, note: Option<String> }
/// let query = query::<Course>().select(func::coalesce((Course::note, "none")));
/// assert_eq!(query.to_sql(), r#"SELECT coalesce("course"."note", $1) FROM "course""#);
/// ```
///
/// A row of that query is a `String`.
pub fn coalesce<A: Alternatives>(alternatives: A) -> Expr<A::Type, A::Uses> {
    known("coalesce", alternatives.into_nodes())
}

/// `greatest(a, b, …)`: the greatest of those that are not NULL. It is not NULL itself if the last one is not.
pub fn greatest<A: Alternatives>(alternatives: A) -> Expr<A::Type, A::Uses> {
    known("greatest", alternatives.into_nodes())
}

/// `least(a, b, …)`: the least of those that are not NULL. It is not NULL itself if the last one is not.
pub fn least<A: Alternatives>(alternatives: A) -> Expr<A::Type, A::Uses> {
    known("least", alternatives.into_nodes())
}

/// `nullif(a, b)`: `a`, or NULL where both are equal.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i32, count: i32 }
/// let query = query::<Order>().select(Order::total / func::nullif(Order::count, 0));
/// assert_eq!(query.to_sql(), r#"SELECT "order"."total" / nullif("order"."count", $1) FROM "order""#);
/// ```
pub fn nullif<A: Expression, B: IntoExpr<SqlOf<A>>>(
    a: A,
    b: B,
) -> Expr<<A::Type as Field>::Nullable, B::Uses<A::Uses>> {
    known("nullif", vec![a.into_node(), b.into_node()])
}

// Text.

/// `lower(text)`: in small letters.
pub fn lower<T: IntoText>(text: T) -> Expr<OrNull<String, T::Null>, T::Own> {
    known("lower", vec![text.into_node()])
}

/// `upper(text)`: in capital letters.
pub fn upper<T: IntoText>(text: T) -> Expr<OrNull<String, T::Null>, T::Own> {
    known("upper", vec![text.into_node()])
}

/// `length(text)`: how many characters.
pub fn length<T: IntoText>(text: T) -> Expr<OrNull<i32, T::Null>, T::Own> {
    known("length", vec![text.into_node()])
}

/// `btrim(text)`: without the spaces at both ends.
pub fn trim<T: IntoText>(text: T) -> Expr<OrNull<String, T::Null>, T::Own> {
    known("btrim", vec![text.into_node()])
}

/// `ltrim(text)`: without the spaces before it.
pub fn ltrim<T: IntoText>(text: T) -> Expr<OrNull<String, T::Null>, T::Own> {
    known("ltrim", vec![text.into_node()])
}

/// `rtrim(text)`: without the spaces behind it.
pub fn rtrim<T: IntoText>(text: T) -> Expr<OrNull<String, T::Null>, T::Own> {
    known("rtrim", vec![text.into_node()])
}

/// `reverse(text)`: the other way round.
pub fn reverse<T: IntoText>(text: T) -> Expr<OrNull<String, T::Null>, T::Own> {
    known("reverse", vec![text.into_node()])
}

/// `concat(a, b, …)`: the texts of all that are not NULL, one behind the other; empty if there are none, and never NULL.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
/// let query = query::<Course>().select(func::concat((Course::id, ": ", Course::note)));
/// assert_eq!(query.to_sql(), r#"SELECT concat("course"."id", $1, "course"."note") FROM "course""#);
/// ```
pub fn concat<A: Arguments>(args: A) -> Expr<String, NeverNull<A::Uses>> {
    known("concat", args.into_nodes())
}

/// `substr(text, start, count)`: so many characters from the one at `start`, which counts from 1. The server refuses a
/// negative count.
pub fn substring<T: IntoText, S: IntoExpr<sql::Int4>, C: IntoExpr<sql::Int4>>(
    text: T,
    start: S,
    count: C,
) -> Expr<TextOf<T::Null, S::Null, C::Null>, C::Uses<S::Uses<T::Own>>> {
    known("substr", vec![text.into_node(), start.into_node(), count.into_node()])
}

/// `left(text, count)`: the first characters; all but the last ones if the count is negative.
pub fn left<T: IntoText, C: IntoExpr<sql::Int4>>(
    text: T,
    count: C,
) -> Expr<OrNull<String, Or<T::Null, C::Null>>, C::Uses<T::Own>> {
    known("left", vec![text.into_node(), count.into_node()])
}

/// `right(text, count)`: the last characters; all but the first ones if the count is negative.
pub fn right<T: IntoText, C: IntoExpr<sql::Int4>>(
    text: T,
    count: C,
) -> Expr<OrNull<String, Or<T::Null, C::Null>>, C::Uses<T::Own>> {
    known("right", vec![text.into_node(), count.into_node()])
}

/// `replace(text, from, to)`: every `from` in the text becomes a `to`.
pub fn replace<T: IntoText, F: IntoText, B: IntoText>(
    text: T,
    from: F,
    to: B,
) -> Expr<TextOf<T::Null, F::Null, B::Null>, B::Uses<F::Uses<T::Own>>> {
    known("replace", vec![text.into_node(), from.into_node(), to.into_node()])
}

/// `lpad(text, length, fill)`: filled up before it to so many characters, or cut to them.
pub fn lpad<T: IntoText, L: IntoExpr<sql::Int4>, F: IntoText>(
    text: T,
    length: L,
    fill: F,
) -> Expr<TextOf<T::Null, L::Null, F::Null>, F::Uses<L::Uses<T::Own>>> {
    known("lpad", vec![text.into_node(), length.into_node(), fill.into_node()])
}

/// `rpad(text, length, fill)`: filled up behind it to so many characters, or cut to them.
pub fn rpad<T: IntoText, L: IntoExpr<sql::Int4>, F: IntoText>(
    text: T,
    length: L,
    fill: F,
) -> Expr<TextOf<T::Null, L::Null, F::Null>, F::Uses<L::Uses<T::Own>>> {
    known("rpad", vec![text.into_node(), length.into_node(), fill.into_node()])
}

/// `strpos(text, part)`: where the part begins in the text, counted from 1; 0 if it is not in it.
pub fn position<T: IntoText, P: IntoText>(
    text: T,
    part: P,
) -> Expr<OrNull<i32, Or<T::Null, P::Null>>, P::Uses<T::Own>> {
    known("strpos", vec![text.into_node(), part.into_node()])
}

/// `split_part(text, delimiter, n)`: the part of that number, counted from 1; empty if there is none.
pub fn split_part<T: IntoText, D: IntoText, N: IntoExpr<sql::Int4>>(
    text: T,
    delimiter: D,
    n: N,
) -> Expr<TextOf<T::Null, D::Null, N::Null>, N::Uses<D::Uses<T::Own>>> {
    known("split_part", vec![text.into_node(), delimiter.into_node(), n.into_node()])
}

/// `string_to_array(text, separator)`: the parts between the separators; without any of an empty text.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let query = query::<Course>().select(func::string_to_array(Course::name, " "));
/// assert_eq!(query.to_sql(), r#"SELECT string_to_array("course"."name", $1) FROM "course""#);
/// ```
pub fn string_to_array<T: IntoText, D: IntoText<Null = NotNull>>(
    text: T,
    separator: D,
) -> Expr<OrNull<Vec<String>, T::Null>, D::Uses<T::Own>> {
    known("string_to_array", vec![text.into_node(), separator.into_node()])
}

// Numbers.

/// `abs(number)`: without its sign.
pub fn abs<E: Expression>(number: E) -> Expr<E::Type, E::Uses>
where
    SqlOf<E>: NumericSql,
{
    known("abs", vec![number.into_node()])
}

/// `round(number)`: the nearest whole number. What lies between two goes away from zero in a `numeric`, and to the even
/// one in a `double precision`.
///
/// Of a `double precision` or a `numeric`; another number is [`cast`](Expression::cast) first.
pub fn round<E: Expression>(number: E) -> Expr<E::Type, E::Uses>
where
    SqlOf<E>: FractionSql,
{
    known("round", vec![number.into_node()])
}

/// `floor(number)`: the next whole number below.
///
/// Of a `double precision` or a `numeric`; another number is [`cast`](Expression::cast) first.
pub fn floor<E: Expression>(number: E) -> Expr<E::Type, E::Uses>
where
    SqlOf<E>: FractionSql,
{
    known("floor", vec![number.into_node()])
}

/// `ceil(number)`: the next whole number above.
///
/// Of a `double precision` or a `numeric`; another number is [`cast`](Expression::cast) first.
pub fn ceil<E: Expression>(number: E) -> Expr<E::Type, E::Uses>
where
    SqlOf<E>: FractionSql,
{
    known("ceil", vec![number.into_node()])
}

/// `trunc(number)`: without what is behind the point.
///
/// Of a `double precision` or a `numeric`; another number is [`cast`](Expression::cast) first.
pub fn trunc<E: Expression>(number: E) -> Expr<E::Type, E::Uses>
where
    SqlOf<E>: FractionSql,
{
    known("trunc", vec![number.into_node()])
}

/// `sqrt(number)`: the square root. The server refuses a negative number.
///
/// Of a `double precision` or a `numeric`; another number is [`cast`](Expression::cast) first.
pub fn sqrt<E: Expression>(number: E) -> Expr<E::Type, E::Uses>
where
    SqlOf<E>: FractionSql,
{
    known("sqrt", vec![number.into_node()])
}

/// `round(number, digits)`: of a `numeric`, with so many digits behind the point.
pub fn round_to<E: Expression, D: IntoExpr<sql::Int4>>(
    number: E,
    digits: D,
) -> Expr<OrNull<E::Type, D::Null>, D::Uses<E::Uses>>
where
    E::Type: Field<Sql = sql::Numeric>,
{
    known("round", vec![number.into_node(), digits.into_node()])
}

/// `power(base, exponent)`, of a `double precision` or a `numeric`.
pub fn power<E: Expression, X: IntoExpr<SqlOf<E>>>(
    base: E,
    exponent: X,
) -> Expr<OrNull<E::Type, X::Null>, X::Uses<E::Uses>>
where
    SqlOf<E>: FractionSql,
{
    known("power", vec![base.into_node(), exponent.into_node()])
}

/// `random()`: at least 0 and less than 1, another one for each row.
pub fn random() -> Expr<f64, ()> {
    known("random", Vec::new())
}

// Dates and times.

/// The time of the server, without a Rust type: it is compared with and assigned to columns of any type for `K`.
///
/// ```
/// # #[cfg(feature = "chrono")]
/// # fn main() {
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Event { #[model(primary_key)] id: Auto<i32>, at: chrono::DateTime<chrono::Utc> }
/// let query = query::<Event>().filter(Event::at.lt(func::now()));
/// assert!(query.to_sql().ends_with(r#"WHERE "event"."at" < now()"#));
/// # }
/// # #[cfg(not(feature = "chrono"))]
/// # fn main() {}
/// ```
#[must_use = "an expression does nothing until it is used in a query"]
pub struct ServerTime<K> {
    node: Node,
    types: PhantomData<fn() -> K>,
}

impl<K> ServerTime<K> {
    /// The time as an expression of a Rust type, to be selected or to begin an expression with.
    pub fn read_as<T: Field<Sql = K, Read = T>>(self) -> Expr<T, ()> {
        Expr::new(self.node)
    }
}

impl<K> ServerTime<K> {
    pub(super) fn shifted(self, op: super::node::BinaryOp, by: Node) -> Self {
        let node = Node::Binary { op, operands: Box::new([self.node, by]) };
        Self { node, types: PhantomData }
    }

    pub(super) fn into_tree(self) -> Node {
        self.node
    }
}

impl<K> Clone for ServerTime<K> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), types: PhantomData }
    }
}

impl<K> std::fmt::Debug for ServerTime<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServerTime").field(&self.node).finish()
    }
}

#[diagnostic::do_not_recommend]
impl<K> IntoExpr<K> for ServerTime<K> {
    type Uses<S> = S;
    type Null = NotNull;

    fn into_node(self) -> Node {
        self.node
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field<Sql = K>, K> IntoValue<T> for ServerTime<K> {
    type Uses = ();

    fn into_node(self) -> Node {
        self.node
    }
}

/// `now()`: when the transaction began, as a `timestamp with time zone`.
pub fn now() -> ServerTime<sql::Timestamptz> {
    ServerTime { node: Node::Function { name: "now", args: Vec::new() }, types: PhantomData }
}

/// `CAST(now() AS timestamp)`: when the transaction began, in the time zone of the connection.
pub fn local_now() -> ServerTime<sql::Timestamp> {
    now_as(&TIMESTAMP)
}

/// `CAST(now() AS date)`: the day on which the transaction began, in the time zone of the connection; what
/// `current_date` is.
pub fn current_date() -> ServerTime<sql::Date> {
    now_as(&DATE)
}

static TIMESTAMP: TypeDef = TypeDef::named("timestamp");
static DATE: TypeDef = TypeDef::named("date");

fn now_as<K>(ty: &'static TypeDef) -> ServerTime<K> {
    ServerTime { node: Node::Cast { operand: Box::new(now().node), ty }, types: PhantomData }
}

/// A part of a date or time, which is a `T`: what [`extract`] takes.
#[derive(Debug)]
pub struct DatePart<T> {
    name: &'static str,
    types: PhantomData<fn() -> T>,
}

impl<T> Clone for DatePart<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for DatePart<T> {}

macro_rules! parts {
    ($($(#[$doc:meta])* $part:ident $ty:ty, $name:literal;)*) => { $(
        $(#[$doc])*
        pub const $part: DatePart<$ty> = DatePart { name: $name, types: PhantomData };
    )* };
}

/// The parts of dates and times.
pub mod part {
    use super::{DatePart, PhantomData};

    parts! {
        /// The year.
        YEAR i32, "year";
        /// The quarter of the year, from 1.
        QUARTER i32, "quarter";
        /// The month, from 1.
        MONTH i32, "month";
        /// The week of the ISO year, from 1.
        WEEK i32, "week";
        /// The year to which the ISO week belongs.
        ISO_YEAR i32, "isoyear";
        /// The day of the month, from 1.
        DAY i32, "day";
        /// The day of the year, from 1.
        DAY_OF_YEAR i32, "doy";
        /// The day of the week, from 1 for Monday to 7 for Sunday.
        ISO_DAY_OF_WEEK i32, "isodow";
        /// The hour.
        HOUR i32, "hour";
        /// The minute.
        MINUTE i32, "minute";
        /// The second, with its fractions.
        SECOND f64, "second";
        /// Seconds since the beginning of 1970, with their fractions.
        EPOCH f64, "epoch";
    }
}

/// A part of a date, a time or an interval (`date_part`, which is `EXTRACT` in every version of PostgreSQL).
///
/// ```
/// # #[cfg(feature = "chrono")]
/// # fn main() {
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Event { #[model(primary_key)] id: Auto<i32>, at: chrono::DateTime<chrono::Utc> }
/// let query = query::<Event>().filter(func::extract(func::part::YEAR, Event::at).eq(2026));
/// assert!(query.to_sql().ends_with(r#"WHERE CAST(date_part('year', "event"."at") AS integer) = $1"#));
/// # }
/// # #[cfg(not(feature = "chrono"))]
/// # fn main() {}
/// ```
///
/// Of a `timestamp with time zone` it is the part in the time zone of the connection.
pub fn extract<T: Field, E: Expression>(part: DatePart<T>, of: E) -> Expr<OrNull<T, NullOf<E>>, E::Uses>
where
    SqlOf<E>: ExtractSql,
{
    let part = Node::Function { name: "date_part", args: vec![Node::Word(part.name), of.into_node()] };
    if T::TYPE.oid() == f64::TYPE.oid() {
        return Expr::new(part);
    }
    Expr::new(Node::Cast { operand: Box::new(part), ty: T::TYPE })
}

/// What a point in time is cut to by [`date_trunc`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week, which begins on Monday.
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

impl Unit {
    const fn word(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// `date_trunc('month', of)`: the beginning of the month, or of another unit, in which a point in time lies. It is of the
/// same type.
///
/// ```
/// # #[cfg(feature = "chrono")]
/// # fn main() {
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Event { #[model(primary_key)] id: Auto<i32>, at: chrono::DateTime<chrono::Utc> }
/// let query = query::<Event>().select(func::date_trunc(func::Unit::Month, Event::at));
/// assert_eq!(query.to_sql(), r#"SELECT date_trunc('month', "event"."at") FROM "event""#);
/// # }
/// # #[cfg(not(feature = "chrono"))]
/// # fn main() {}
/// ```
pub fn date_trunc<E: Expression>(unit: Unit, of: E) -> Expr<E::Type, E::Uses>
where
    SqlOf<E>: PointInTime,
{
    let ty = <E::Type as Field>::TYPE;
    let cut = Node::Function { name: "date_trunc", args: vec![Node::Word(unit.word()), of.into_node()] };
    if ty.name() == DATE.name() {
        // Of a date, PostgreSQL gives a timestamp with time zone.
        return Expr::new(Node::Cast { operand: Box::new(cut), ty });
    }
    Expr::new(cut)
}
