//! Queries as parts of queries: subqueries of columns, single values, common table expressions, values and functions in
//! the FROM clause.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::bulk::{Delete, Update};
use super::executor::Unbound;
use super::rows::Rows;
use super::select::Query;
use crate::engine::Engine;
use crate::schema::{Model, Source};
use crate::sql::scope::Outers;
use crate::sql::{
    AliasTag, Aliased, Anonymous, Args, Body, BodyKind, Call, CteBody, Expr, FromItem, FunctionName, IntoExpr, Node,
    Projection, Select, Selected, Shape, Subquery, Tabular, Uncorrelated,
};
use crate::types::{ArrayElement, Field, MaybeNull, SameAs, Value};

/// A query of a subquery, an alias or a common table expression: its rows come from there.
///
/// Of a subquery of models it is a query of models, which a session reads as its objects. Of selected columns it selects
/// again.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::query_from;
/// # #[derive(Model, Debug, Clone)]
/// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, course_id: i32 }
/// let numbers = query::<Homework>().select((Homework::course_id, Homework::number)).distinct().subquery();
/// let query = query_from(&numbers).filter(numbers.c.1.gt(3)).select(numbers.c.0);
/// assert_eq!(
///     query.to_sql(),
///     concat!(
///         r#"SELECT "subquery"."c0" FROM (SELECT DISTINCT "homework"."course_id", "homework"."number" "#,
///         r#"FROM "homework") AS "subquery" ("c0", "c1") WHERE "subquery"."c1" > $1"#,
///     ),
/// );
/// ```
pub fn query_from<M: Shape, Tag: AliasTag>(from: &Subquery<M, Tag>) -> Query<Unbound, M, (Aliased<M, Tag>, ())> {
    let source = Aliased::<M, Tag>::source();
    let whole = if M::names().is_empty() { Projection::Model(source) } else { Projection::One };
    Query::from_parts(Unbound, Box::new(Select::of(source, whole, from.item())), ())
}

impl Engine {
    /// Like [`query_from`], bound to this engine.
    pub fn query_from<M: Shape, Tag: AliasTag>(
        &self,
        from: &Subquery<M, Tag>,
    ) -> Query<&Self, M, (Aliased<M, Tag>, ())> {
        query_from(from).on(self)
    }
}

impl<X, R, O> Rows<X, R, O> {
    /// The rows as something to join or to ask by [`query_from`], whose columns are in `.c`: `c.0`, `c.1`, in the order in
    /// which they were selected and of the types that a row has.
    ///
    /// A query that uses several of these needs [`subquery!`](crate::subquery), which tells them apart.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, course_id: i32 }
    /// let given = query::<Homework>().select((Homework::course_id, Homework::number)).distinct().subquery();
    /// let query = query::<Course>().join_on(&given, given.c.0.eq(Course::id)).select((Course::name, given.c.1));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."name", "subquery"."c1" FROM "course" JOIN (SELECT DISTINCT "homework"."course_id", "#,
    ///         r#""homework"."number" FROM "homework") AS "subquery" ("c0", "c1") ON "subquery"."c0" = "course"."id""#,
    ///     ),
    /// );
    /// ```
    #[must_use]
    pub fn subquery(self) -> Subquery<Selected<R>, Anonymous, O>
    where
        R: Tabular,
    {
        self.subquery_as()
    }

    /// Like [`subquery`](Self::subquery), under a tag of its own; written by [`subquery!`](crate::subquery).
    #[must_use]
    pub fn subquery_as<Tag: AliasTag>(self) -> Subquery<Selected<R>, Tag, O>
    where
        R: Tabular,
    {
        rows_of(BodyKind::select(*self.into_parts().1))
    }
}

/// Rows of selected columns as an item of a FROM clause.
fn rows_of<R: Tabular, Tag: AliasTag, O>(body: BodyKind) -> Subquery<Selected<R>, Tag, O> {
    let source = Aliased::<Selected<R>, Tag>::source();
    Subquery::of(FromItem::Rows { source, columns: R::NAMES, body: Arc::new(Body(body)), lateral: false })
}

impl<R, O> Rows<Unbound, R, O> {
    /// The only value of the query, as an expression of the query around it: `(SELECT …)`. It is NULL where there is no
    /// row, and the server refuses several.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, course_id: i32 }
    /// let given = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id)).select(count());
    /// let query = query::<Course>().select((Course::name, given.scalar_in()));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."name", (SELECT count(*) FROM "homework" "#,
    ///         r#"WHERE "homework"."course_id" = "course"."id") FROM "course""#,
    ///     ),
    /// );
    /// ```
    #[doc(alias = "scalar_subquery")]
    pub fn scalar_in<T>(self) -> Expr<T, O>
    where
        R: OneColumn<Value = T>,
    {
        Expr::new(Node::Scalar(Arc::new(*self.into_parts().1)))
    }

    /// `ANY (SELECT …)`, for the right side of a comparison: whether it holds for one of the query's values.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, course_id: i32 }
    /// let of_first = query::<Homework>().filter(Homework::course_id.eq(1)).select(Homework::number);
    /// let query = query::<Homework>().filter(Homework::number.gt(of_first.any_in()));
    /// assert!(query.to_sql().ends_with(
    ///     r#""homework"."number" > ANY (SELECT "homework"."number" FROM "homework" WHERE "homework"."course_id" = $1)"#,
    /// ));
    /// ```
    pub fn any_in(self) -> Quantified<R, O> {
        Quantified { all: false, select: Arc::new(*self.into_parts().1), types: PhantomData }
    }

    /// `ALL (SELECT …)`, for the right side of a comparison: whether it holds for each of the query's values.
    pub fn all_in(self) -> Quantified<R, O> {
        Quantified { all: true, select: Arc::new(*self.into_parts().1), types: PhantomData }
    }

    /// `EXISTS (…)`, as a condition of the query around this one.
    pub fn exists_in(self) -> Expr<bool, O> {
        Expr::new(Node::Exists(Arc::new(self.into_parts().1.into_exists_of_rows())))
    }

    /// `NOT EXISTS (…)`, as a condition of the query around this one.
    pub fn not_exists_in(self) -> Expr<bool, O> {
        Expr::new(Node::Not(Box::new(Node::Exists(Arc::new(self.into_parts().1.into_exists_of_rows())))))
    }
}

/// The row of a query of one column.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are not a single value",
    label = "this query does not select one column",
    note = "select one column or expression: `query::<Homework>().select(Homework::number).scalar_in()`"
)]
pub trait OneColumn {
    /// The value, which is NULL where there is no row.
    type Value: Field;
}

#[diagnostic::do_not_recommend]
impl<T: Field> OneColumn for T {
    type Value = T::Nullable;
}

/// Any or all of the values of a query, on the right side of a comparison; made by [`Rows::any_in`] and [`Rows::all_in`].
#[must_use = "it does nothing until something is compared with it"]
pub struct Quantified<R, O> {
    all: bool,
    select: Arc<Select>,
    types: PhantomData<fn() -> (R, O)>,
}

impl<R, O> fmt::Debug for Quantified<R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quantified").field("all", &self.all).field("select", &self.select).finish()
    }
}

#[diagnostic::do_not_recommend]
impl<R: Field, O, K> IntoExpr<K> for Quantified<R, O>
where
    R::Sql: SameAs<K>,
{
    type Uses<S> = (S, O);
    type Null = MaybeNull;

    fn into_node(self) -> Node {
        Node::Quantified { all: self.all, operand: Box::new(Node::Scalar(self.select)) }
    }
}

#[diagnostic::do_not_recommend]
impl<M: Model, S: Outers, L> CteBody for Query<Unbound, M, S, L>
where
    S::Outers: Uncorrelated,
{
    type Shape = M;

    fn into_body(self) -> (Body, Option<bool>) {
        (Body(BodyKind::operand(self.into_select().without_eager())), None)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Tabular, O: Uncorrelated> CteBody for Rows<Unbound, R, O> {
    type Shape = Selected<R>;

    fn into_body(self) -> (Body, Option<bool>) {
        (Body(BodyKind::operand(*self.into_parts().1)), None)
    }
}

#[diagnostic::do_not_recommend]
impl<M: Model> CteBody for Delete<Unbound, M> {
    type Shape = M;

    fn into_body(self) -> (Body, Option<bool>) {
        let body = match self.into_returning() {
            Ok(delete) => BodyKind::Delete(Box::new(delete)),
            Err(reason) => BodyKind::Refused(reason.to_string()),
        };
        (Body(body), None)
    }
}

#[diagnostic::do_not_recommend]
impl<M: Model> CteBody for Update<Unbound, M> {
    type Shape = M;

    fn into_body(self) -> (Body, Option<bool>) {
        let body = match self.into_returning() {
            Ok(update) => BodyKind::Update(Box::new(update)),
            Err(reason) => BodyKind::Refused(reason.to_string()),
        };
        (Body(body), None)
    }
}

/// Rows of values as something to join or to ask; made by [`values`].
#[must_use = "values do nothing until they are made a subquery"]
pub struct Values<R> {
    arrays: Vec<Value>,
    row: PhantomData<fn() -> R>,
}

/// Rows of values, for a FROM clause: any number of them, sent as one array a column.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::values;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let prices = values([("Python".to_owned(), 100), ("Java".to_owned(), 90)]).subquery();
/// let query = query::<Course>().join_on(&prices, prices.c.0.eq(Course::name)).select((Course::id, prices.c.1));
/// assert_eq!(
///     query.to_sql(),
///     concat!(
///         r#"SELECT "course"."id", "subquery"."c1" FROM "course" "#,
///         r#"JOIN UNNEST ($1, $2) AS "subquery" ("c0", "c1") ON "subquery"."c0" = "course"."name""#,
///     ),
/// );
/// ```
///
/// Texts may be borrowed, as in `values([("Python", 100)])`.
pub fn values<R: ValuesRow>(rows: impl IntoIterator<Item = R>) -> Values<R::Row> {
    let mut columns: Vec<Vec<Value>> = R::TYPES.iter().map(|_| Vec::new()).collect();
    for row in rows {
        row.spread(&mut columns);
    }
    let arrays = R::TYPES.iter().zip(&columns).map(|(ty, column)| Value::array(ty, column)).collect();
    Values { arrays, row: PhantomData }
}

/// A row of [`values`]: a value, or a tuple of up to eight, of types that arrays can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row of values",
    label = "neither a value nor a tuple of up to eight",
    note = "the columns are sent as arrays: numbers, text, dates and the like, and `Option` of these"
)]
pub trait ValuesRow {
    /// What a row is when it is read: a borrowed text is a `String`.
    type Row: Tabular;
    /// The types of its columns.
    #[doc(hidden)]
    const TYPES: &'static [&'static crate::types::TypeDef];

    /// Adds its values to the columns.
    #[doc(hidden)]
    fn spread(self, columns: &mut [Vec<Value>]);
}

#[diagnostic::do_not_recommend]
impl<T: ValuesPart> ValuesRow for T {
    type Row = T::Field;
    const TYPES: &'static [&'static crate::types::TypeDef] = &[<T::Field as Field>::TYPE];

    fn spread(self, columns: &mut [Vec<Value>]) {
        columns[0].push(self.into_value());
    }
}

/// A value in a row of [`values`]: of a type that arrays can have, or a text or bytes that are borrowed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a row of values",
    label = "arrays cannot have it",
    note = "the columns are sent as arrays: numbers, text, dates and the like, and `Option` of these"
)]
pub trait ValuesPart {
    /// The type of the column.
    type Field: ArrayElement;

    /// The value.
    #[doc(hidden)]
    fn into_value(self) -> Value;
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> ValuesPart for T {
    type Field = T;

    fn into_value(self) -> Value {
        Value::of(&self)
    }
}

macro_rules! borrowed {
    ($($ty:ty => $field:ty),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl ValuesPart for $ty {
            type Field = $field;

            fn into_value(self) -> Value {
                Value::of(&<$field>::from(self))
            }
        }

        #[diagnostic::do_not_recommend]
        impl ValuesPart for Option<$ty> {
            type Field = Option<$field>;

            fn into_value(self) -> Value {
                Value::of(&self.map(<$field>::from))
            }
        }
    )* };
}
borrowed! {
    &str => String,
    &String => String,
    std::borrow::Cow<'_, str> => String,
    Box<str> => String,
    &[u8] => Vec<u8>,
}

macro_rules! values_row {
    ($($part:ident $place:literal),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($part: ValuesPart),*> ValuesRow for ($($part,)*) {
            type Row = ($($part::Field,)*);
            const TYPES: &'static [&'static crate::types::TypeDef] = &[$(<$part::Field as Field>::TYPE),*];

            #[allow(non_snake_case, reason = "the values are named after their types")]
            fn spread(self, columns: &mut [Vec<Value>]) {
                let ($($part,)*) = self;
                $(columns[$place].push($part.into_value());)*
            }
        }
    };
}
values_row!(A 0);
values_row!(A 0, B 1);
values_row!(A 0, B 1, C 2);
values_row!(A 0, B 1, C 2, D 3);
values_row!(A 0, B 1, C 2, D 3, E 4);
values_row!(A 0, B 1, C 2, D 3, E 4, F 5);
values_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
values_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl<R: Tabular> Values<R> {
    /// The rows as something to join or to ask by [`query_from`], whose columns are in `.c`.
    #[must_use]
    pub fn subquery(self) -> Subquery<Selected<R>> {
        self.subquery_as()
    }

    /// Like [`subquery`](Self::subquery), under a tag of its own; written by [`subquery!`](crate::subquery).
    #[must_use]
    pub fn subquery_as<Tag: AliasTag>(self) -> Subquery<Selected<R>, Tag> {
        rows_of(BodyKind::Arrays(self.arrays))
    }
}

impl<R> fmt::Debug for Values<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Values").field(&self.arrays).finish()
    }
}

#[diagnostic::do_not_recommend]
impl<R: Tabular> CteBody for Values<R> {
    type Shape = Selected<R>;

    fn into_body(self) -> (Body, Option<bool>) {
        (Body(BodyKind::Arrays(self.arrays)), None)
    }
}

/// A function that gives rows, as something to join or to ask: `R` is a row, `Uses` are the tables that its arguments
/// read.
#[must_use = "a function does nothing until it is made a subquery"]
pub struct SetFunction<R, Uses = ()> {
    call: Node,
    types: PhantomData<fn() -> (R, Uses)>,
}

/// `generate_series(start, stop)`: the whole numbers from one to the other, both included. A bound is a number, a column or
/// an expression; what reads columns is joined by [`join_lateral`](Query::join_lateral).
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::{generate_series, query_from};
/// let numbers = generate_series(1, 10).subquery();
/// let even = query_from(&numbers).filter(numbers.c.0.in_([2, 4])).select(numbers.c.0);
/// assert_eq!(
///     even.to_sql(),
///     concat!(
///         r#"SELECT "subquery"."c0" FROM generate_series($1, $2) AS "subquery" ("c0") "#,
///         r#"WHERE "subquery"."c0" = ANY ($3)"#,
///     ),
/// );
/// ```
pub fn generate_series<A, B>(start: A, stop: B) -> SetFunction<A::Number, (A::Uses, B::Uses)>
where
    A: SeriesBound,
    B: SeriesBound<Number = A::Number>,
{
    SetFunction::call("generate_series", vec![start.into_node(), stop.into_node()])
}

/// Like [`generate_series`], in steps of that size.
pub fn generate_series_by<A, B, C>(start: A, stop: B, step: C) -> SetFunction<A::Number, (A::Uses, (B::Uses, C::Uses))>
where
    A: SeriesBound,
    B: SeriesBound<Number = A::Number>,
    C: SeriesBound<Number = A::Number>,
{
    SetFunction::call("generate_series", vec![start.into_node(), stop.into_node(), step.into_node()])
}

/// `unnest(array)`: a row for each element of an array. Of a column it is joined by
/// [`join_lateral`](Query::join_lateral).
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::unnest;
/// # #[derive(Model, Debug, Clone)]
/// # struct Order { #[model(primary_key)] id: Auto<i32>, tags: Vec<String> }
/// let tags = unnest(Order::tags).subquery();
/// let query = query::<Order>().join_lateral(&tags).select((Order::id, tags.c.0));
/// assert_eq!(
///     query.to_sql(),
///     concat!(
///         r#"SELECT "order"."id", "subquery"."c0" FROM "order" "#,
///         r#"CROSS JOIN LATERAL unnest("order"."tags") AS "subquery" ("c0")"#,
///     ),
/// );
/// ```
pub fn unnest<E>(array: E) -> SetFunction<<E::Type as ArrayOf>::Element, E::Uses>
where
    E: crate::sql::Expression,
    E::Type: ArrayOf,
{
    SetFunction::call("unnest", vec![array.into_node()])
}

/// An array, which may be NULL.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an array", label = "`unnest` takes arrays apart")]
pub trait ArrayOf: Field {
    /// Its elements.
    type Element: Tabular;
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> ArrayOf for Vec<T> {
    type Element = T;
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> ArrayOf for Option<Vec<T>> {
    type Element = T;
}

/// A bound of [`generate_series`]: an `i32` or an `i64`, or a column or an expression of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no bound of a series of numbers",
    label = "neither an `i32`, an `i64`, nor a column or an expression of one"
)]
pub trait SeriesBound {
    /// The type of the numbers.
    type Number: Tabular + Field;
    /// The tables that it reads.
    type Uses;

    /// The bound.
    #[doc(hidden)]
    fn into_node(self) -> Node;
}

/// The types of which there are series.
pub trait WholeNumber: Field {}

#[diagnostic::do_not_recommend]
impl WholeNumber for i32 {}
#[diagnostic::do_not_recommend]
impl WholeNumber for i64 {}

#[diagnostic::do_not_recommend]
impl<T: WholeNumber> SeriesBound for T {
    type Number = T;
    type Uses = ();

    fn into_node(self) -> Node {
        Node::Param(Value::of(&self))
    }
}

#[diagnostic::do_not_recommend]
impl<S: Source, T: Field<Read: WholeNumber>> SeriesBound for crate::sql::Column<S, T> {
    type Number = T::Read;
    type Uses = S;

    fn into_node(self) -> Node {
        crate::sql::Expression::into_node(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: WholeNumber, U> SeriesBound for Expr<T, U> {
    type Number = T;
    type Uses = U;

    fn into_node(self) -> Node {
        crate::sql::Expression::into_node(self)
    }
}

impl<R, U> SetFunction<R, U> {
    pub(super) fn call(name: &'static str, args: Vec<Node>) -> Self {
        let call = Call::of(FunctionName::Known(name), Args::List(args));
        Self { call: Node::Call(Box::new(call)), types: PhantomData }
    }

    /// The rows as something to join or to ask by [`query_from`], whose column is `.c.0`.
    #[must_use]
    pub fn subquery(self) -> Subquery<Selected<R>, Anonymous, U::Outers>
    where
        R: Tabular,
        U: UsedTables,
    {
        self.subquery_as()
    }

    /// Like [`subquery`](Self::subquery), under a tag of its own; written by [`subquery!`](crate::subquery).
    #[must_use]
    pub fn subquery_as<Tag: AliasTag>(self) -> Subquery<Selected<R>, Tag, U::Outers>
    where
        R: Tabular,
        U: UsedTables,
    {
        rows_of(BodyKind::Function(self.call))
    }
}

impl<R, U> fmt::Debug for SetFunction<R, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SetFunction").field(&self.call).finish()
    }
}

/// The tables that arguments read, as those of a query around them; none if there are none.
pub trait UsedTables {
    /// The tables.
    type Outers;
}

#[diagnostic::do_not_recommend]
impl UsedTables for () {
    type Outers = ();
}

#[diagnostic::do_not_recommend]
impl<S: Source> UsedTables for S {
    type Outers = (S, ());
}

#[diagnostic::do_not_recommend]
impl<A: UsedTables, B: UsedTables> UsedTables for (A, B)
where
    A::Outers: crate::sql::scope::Append<B::Outers>,
{
    type Outers = <A::Outers as crate::sql::scope::Append<B::Outers>>::Out;
}

#[diagnostic::do_not_recommend]
impl<R: Tabular, U: UsedTables> CteBody for SetFunction<R, U>
where
    U::Outers: Uncorrelated,
{
    type Shape = Selected<R>;

    fn into_body(self) -> (Body, Option<bool>) {
        (Body(BodyKind::Function(self.call)), None)
    }
}
