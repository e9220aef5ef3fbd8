//! [`Projection`]: structs of the user's own, filled from columns, expressions and relationships.
//!
//! A projection is planned once for a query ([`Plan`]): what its statement selects, and which relationships are to be
//! loaded by which columns. Its rows are read as drafts, in which the fields of relationships are still empty; then each
//! relationship is loaded for all of them at once, and the drafts become structs.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;

use super::conditions::named_column;
use super::edge::{Choice, Sorting, edge_select, missing_target};
use super::executor::{Executor, Takes, Unbound};
use super::fetch::{Boxed, Fetch, Job, Ready};
use super::near_keys::{KeyPlaces, NearKeys, Share, Shares};
use super::nested::Part;
use super::select::Query;
use super::stream::RowStream;
use crate::compile::{Compile, Compiled, Matching, ResultColumn};
use crate::engine::{Engine, placed};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, Edge, Embed, Kind, Many, MaybeOne, Model, Relation, Source, SourceRef, ToOne};
use crate::sql::scope::Nullable;
use crate::sql::{Condition, Expression, InScope, Node, OrderTerm, Projection as Item, Select, select_embedded};
use crate::types::{Auto, Field, NotNull, Nullability, RowReader, SameAs, TypeDef};

/// A struct that is filled from the columns, expressions and relationships of a model. Implemented by
/// `#[derive(Projection)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "put `#[derive(Projection)]` and `#[projection(model = …)]` on the struct"
)]
pub trait Projection: Sized + Send + 'static {
    /// The model whose rows it is made of.
    type Model: Model;
    /// The tables that it reads, as a query's scope.
    type Scope;
    /// Where each field comes from.
    #[doc(hidden)]
    type Slots: Send + Sync;
    /// The fields, while those of relationships are still empty.
    #[doc(hidden)]
    type Draft: Send;
    /// The name of the struct.
    #[doc(hidden)]
    const NAME: &'static str;

    /// Says where each field comes from.
    #[doc(hidden)]
    fn slots(planner: &mut Planner<Self::Model, Self::Scope>) -> Self::Slots;

    /// Reads a row.
    #[doc(hidden)]
    fn read(slots: &Self::Slots, row: &mut RowReader<'_>) -> Result<Self::Draft>;

    /// Loads the relationships.
    #[doc(hidden)]
    fn load<'l>(slots: &'l Self::Slots, loading: Loading<'l>, drafts: &'l mut [Self::Draft]) -> Boxed<'l, ()>;

    /// The struct; `None` if a field is still empty.
    #[doc(hidden)]
    fn finish(draft: Self::Draft) -> Option<Self>;
}

/// A projection of the model `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection of `{M}`",
    label = "not made of the rows of `{M}`",
    note = "put `#[derive(Projection)]` and `#[projection(model = {M})]` on the struct"
)]
pub trait ProjectionOf<M>: Projection {}

// For every `M`, and then `SameAs`: otherwise the compiler speaks of associated types and not of a projection.
#[diagnostic::do_not_recommend]
impl<M, P: Projection> ProjectionOf<M> for P where P::Model: SameAs<M> {}

/// A projection that fills a relationship which leads to `M`: of `M` alone, and `Clone`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fill a relationship that leads to `{M}`",
    label = "not a projection of `{M}` alone, or not `Clone`",
    note = "put `#[derive(Projection, Clone)]` and `#[projection(model = {M})]` on `{Self}`"
)]
pub trait NestedIn<M>: Projection + Clone {}

#[diagnostic::do_not_recommend]
impl<M, P: Projection + Clone> NestedIn<M> for P
where
    P::Model: SameAs<M>,
    P::Scope: SameAs<(M, ())>,
{
}

/// The tables of a projection are all in the scope `S` of a query. `I` is found by inference.
#[diagnostic::on_unimplemented(
    message = "this projection reads tables that the query does not have",
    label = "a table of the projection is not in this query",
    note = "join what the projection names in `join(…)` and `left_join(…)`"
)]
pub trait ProvidedBy<S, I> {}

#[diagnostic::do_not_recommend]
impl<S> ProvidedBy<S, ()> for () {}

impl<S, T, R, I, J> ProvidedBy<S, (I, J)> for (T, R)
where
    T: Source + InScope<S, I>,
    T::Null: AlwaysThere,
    R: ProvidedBy<S, J>,
{
}

#[diagnostic::do_not_recommend]
impl<S, T, R, I, J> ProvidedBy<S, (I, J)> for (Nullable<T>, R)
where
    T: Source + InScope<S, I>,
    R: ProvidedBy<S, J>,
{
}

/// Rows that an outer join does not leave out.
#[diagnostic::on_unimplemented(
    message = "a table that this projection takes to be there may be missing in the rows of the query",
    label = "the query has an outer join with a table of the projection",
    note = "name the table in `left_join(…)` of the projection; its fields are then `Option`s"
)]
pub trait AlwaysThere {}

#[diagnostic::do_not_recommend]
impl AlwaysThere for NotNull {}

/// What a field of a projection of `M` over the tables of `S` can come from: a column, an expression, a relationship or a
/// part of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fill a field of a projection of `{M}`",
    label = "neither an expression nor a relationship of `{M}`"
)]
pub trait Fills<M, S, I> {
    /// What it gives: the type of a value, or [`Ends`].
    type Reads;

    /// Without its types.
    #[doc(hidden)]
    fn into_source(self) -> FieldSource;
}

/// What a relationship gives: the objects of `B` at its end.
#[derive(Debug)]
pub struct Ends<B, K>(PhantomData<fn() -> (B, K)>);

/// Where a field comes from.
#[doc(hidden)]
#[derive(Debug)]
pub enum FieldSource {
    /// An expression, and its type.
    Value(Node, &'static TypeDef),
    /// The columns of an embedded struct.
    Embedded(SourceRef, &'static [ColumnDef]),
    /// The ends of a relationship, or some of them.
    Ends(Edge, Choice),
}

#[diagnostic::do_not_recommend]
impl<M, S, E, I> Fills<M, S, (I,)> for E
where
    E: Expression,
    E::Uses: InScope<S, I>,
{
    type Reads = <<E::Uses as InScope<S, I>>::Null as Nullability>::If<<E::Type as Field>::Nullable, E::Type>;

    fn into_source(self) -> FieldSource {
        FieldSource::Value(self.into_node(), E::Type::TYPE)
    }
}

#[diagnostic::do_not_recommend]
impl<M: Model, S, B: Model, K> Fills<M, S, ()> for Relation<M, B, K> {
    type Reads = Ends<B, K>;

    fn into_source(self) -> FieldSource {
        FieldSource::Ends(self.edge(), Choice::default())
    }
}

#[diagnostic::do_not_recommend]
impl<M: Model, S, B: Model, K: Kind> Fills<M, S, ()> for Part<Relation<M, B, K>> {
    type Reads = Ends<B, K::Part>;

    fn into_source(self) -> FieldSource {
        let (relation, choice) = self.into_choice();
        FieldSource::Ends(relation.edge(), choice)
    }
}

/// What a column, an expression or a relationship reads as fills a field of type `V`.
#[diagnostic::on_unimplemented(
    message = "what reads as `{Self}` does not fill a field of type `{V}`",
    label = "not a field for `{Self}`",
    note = "what may be NULL needs an `Option`; a relationship a `Vec`, an `Option` or one of a struct that has `#[derive(Projection, Clone)]`, as it leads to many, perhaps none, or one"
)]
pub trait FillsField<V> {
    /// How it is read.
    #[doc(hidden)]
    fn slot(parts: &mut Parts, name: &'static str, source: FieldSource) -> Slot<V>;
}

#[diagnostic::do_not_recommend]
impl<T: Field> FillsField<T> for T {
    fn slot(parts: &mut Parts, name: &'static str, source: FieldSource) -> Slot<T> {
        parts.value(name, source)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> FillsField<Option<T>> for T {
    fn slot(parts: &mut Parts, name: &'static str, source: FieldSource) -> Slot<Option<T>> {
        parts.value(name, source)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> FillsField<Auto<T>> for T {
    fn slot(parts: &mut Parts, name: &'static str, source: FieldSource) -> Slot<Auto<T>> {
        parts.value(name, source)
    }
}

/// What the columns of an embedded struct read as: `E`.
#[derive(Debug)]
pub struct Together<E>(PhantomData<fn() -> E>);

#[diagnostic::do_not_recommend]
impl<E: Embed> FillsField<E> for Together<E> {
    fn slot(parts: &mut Parts, _: &'static str, source: FieldSource) -> Slot<E> {
        parts.embedded::<E>(&source)
    }
}

#[diagnostic::do_not_recommend]
impl<B: Model, const VIA: u64, P: NestedIn<B>> FillsField<Vec<P>> for Ends<B, Many<VIA>> {
    fn slot(parts: &mut Parts, _: &'static str, source: FieldSource) -> Slot<Vec<P>> {
        parts.ends(source, Some)
    }
}

#[diagnostic::do_not_recommend]
impl<B: Model, const VIA: u64, P: NestedIn<B>> FillsField<Option<P>> for Ends<B, MaybeOne<VIA>> {
    fn slot(parts: &mut Parts, _: &'static str, source: FieldSource) -> Slot<Option<P>> {
        parts.ends(source, |ends| Some(ends.into_iter().next()))
    }
}

#[diagnostic::do_not_recommend]
impl<B: Model, P: NestedIn<B>> FillsField<Option<P>> for Ends<B, ToOne> {
    fn slot(parts: &mut Parts, _: &'static str, source: FieldSource) -> Slot<Option<P>> {
        parts.ends(source, |ends| Some(ends.into_iter().next()))
    }
}

#[diagnostic::do_not_recommend]
impl<B: Model, P: NestedIn<B>> FillsField<P> for Ends<B, ToOne> {
    fn slot(parts: &mut Parts, _: &'static str, source: FieldSource) -> Slot<P> {
        parts.ends(source, |ends| ends.into_iter().next())
    }
}

/// Plans a projection of `M` over the tables of `S`; for generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Planner<M, S> {
    parts: Parts,
    types: PhantomData<fn() -> (M, S)>,
}

impl<M, S> Planner<M, S> {
    /// The next field.
    pub fn field<V, E, I>(&mut self, name: &'static str, source: E) -> Slot<V>
    where
        E: Fills<M, S, I>,
        E::Reads: FillsField<V>,
    {
        E::Reads::slot(&mut self.parts, name, source.into_source())
    }
}

/// What was planned of a projection so far.
#[doc(hidden)]
#[derive(Debug)]
pub struct Parts {
    root: SourceRef,
    items: Vec<Item>,
    /// The names of the items, where they are found by name.
    names: Vec<&'static str>,
    edges: Vec<Edge>,
    /// The projections around this one, and itself.
    path: Vec<(TypeId, &'static str)>,
    error: Option<Error>,
}

impl Parts {
    fn value<V: Field>(&mut self, name: &'static str, source: FieldSource) -> Slot<V> {
        if let FieldSource::Value(node, ty) = source {
            self.items.push(Item::Expr { node, ty });
            self.names.push(name);
        }
        Slot(Kept::Value(|row| row.read()))
    }

    fn embedded<E: Embed>(&mut self, source: &FieldSource) -> Slot<E> {
        if let FieldSource::Embedded(source, columns) = source {
            select_embedded(*source, columns, &mut self.items);
            self.names.extend(columns.iter().map(|column| column.name));
        }
        Slot(Kept::Value(|row| E::read(row)))
    }

    fn ends<P: Projection + Clone, V: Send + 'static>(
        &mut self,
        source: FieldSource,
        make: fn(Vec<P>) -> Option<V>,
    ) -> Slot<V> {
        let FieldSource::Ends(edge, choice) = source else { return Slot(Kept::Nothing) };
        let plan = match Plan::<P>::below(&self.path) {
            Ok(plan) => plan,
            Err(error) => {
                self.error.get_or_insert(error);
                return Slot(Kept::Nothing);
            }
        };
        let number = self.edges.len();
        self.edges.push(edge);
        Slot(Kept::Ends { number, load: Box::new(EdgeLoad { edge, choice, plan, make }) })
    }
}

/// Where a field of type `V` comes from.
#[doc(hidden)]
pub struct Slot<V>(Kept<V>);

enum Kept<V> {
    Value(fn(&mut RowReader<'_>) -> Result<V>),
    Ends {
        /// Which of the projection's relationships it is.
        number: usize,
        load: Box<dyn LoadEnds<V>>,
    },
    /// What could not be planned; the plan has the error.
    Nothing,
}

impl<V> fmt::Debug for Slot<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl<V> Slot<V> {
    /// Reads the value, if it is in the row.
    ///
    /// # Errors
    ///
    /// A decode error with the column's name.
    pub fn read(&self, row: &mut RowReader<'_>) -> Result<Option<V>> {
        match &self.0 {
            Kept::Value(read) => read(row).map(Some),
            Kept::Ends { .. } | Kept::Nothing => Ok(None),
        }
    }

    /// Loads it for all the drafts, if it is a relationship.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection.
    pub async fn load<D: Send>(
        &self,
        loading: &mut Loading<'_>,
        drafts: &mut [D],
        place: fn(&mut D) -> &mut Option<V>,
    ) -> Result<()>
    where
        V: Send,
    {
        let Kept::Ends { number, load } = &self.0 else { return Ok(()) };
        let Some(near) = loading.near.get(*number) else { return Ok(()) };
        let values = load.load(near, &mut *loading.fetch).await?;
        for (draft, value) in drafts.iter_mut().zip(values) {
            *place(draft) = Some(value);
        }
        Ok(())
    }
}

/// The relationships of some rows on their way; for generated code.
#[doc(hidden)]
pub struct Loading<'l> {
    near: &'l [Near],
    fetch: &'l mut dyn Fetch,
}

impl fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading").field("relationships", &self.near.len()).finish()
    }
}

/// The keys of the near ends of a relationship.
struct Near {
    keys: NearKeys,
    /// For each row, which of the keys it has.
    numbers: Vec<Option<u32>>,
}

/// Loads what is at the ends of a relationship.
trait LoadEnds<V>: Send + Sync {
    /// For each of the rows, in their order.
    fn load<'l>(&'l self, near: &'l Near, fetch: &'l mut dyn Fetch) -> Boxed<'l, Vec<V>>;
}

struct EdgeLoad<P: Projection, V> {
    edge: Edge,
    choice: Choice,
    plan: Plan<P>,
    make: fn(Vec<P>) -> Option<V>,
}

impl<P: Projection + Clone, V: Send> LoadEnds<V> for EdgeLoad<P, V> {
    fn load<'l>(&'l self, near: &'l Near, fetch: &'l mut dyn Fetch) -> Boxed<'l, Vec<V>> {
        Box::pin(async move {
            let mut shares = self.fetch(near, fetch).await?;
            let of = |number: &Option<u32>| {
                let found = match shares.next(*number) {
                    Share::Last(found) => found,
                    Share::Shared(found) => found.to_vec(),
                };
                (self.make)(found).ok_or_else(|| missing_target(self.edge))
            };
            near.numbers.iter().map(of).collect()
        })
    }
}

impl<P: Projection, V> EdgeLoad<P, V> {
    /// The ends for each of the keys.
    async fn fetch(&self, near: &Near, fetch: &mut dyn Fetch) -> Result<Shares<P>> {
        if near.keys.is_empty() {
            return Ok(Shares::new(0, Vec::new(), Vec::new(), &[]));
        }
        let sorting = match Sorting::of(self.edge, &self.choice) {
            // A projection may not select the key.
            Sorting::Reader(_) => Sorting::Server,
            other => other,
        };
        let mut select = edge_select(self.edge, &self.choice, sorting, near.keys.arrays());
        let columns = self.edge.columns();
        let mut items = self.plan.items.clone();
        let (before, places) = match columns.link {
            Some(link) => {
                let keys = link.local.len();
                items.splice(..0, select.projection.drain(..).filter(|item| !matches!(item, Item::Model(_))));
                (keys, (0..keys).collect())
            }
            None => (0, places(&mut items, select.root, columns.remote)),
        };
        select.projection = items;
        let compiled = select.compile_with(&fetch.filters())?;
        let (mut columns, mut places) = (KeyPlaces::new(before, places), Vec::new());
        let place = |row: &mut RowReader<'_>| {
            places.push(columns.read(row, &near.keys)?);
            Ok(())
        };
        let found = self.plan.rows(fetch, compiled, before, place).await?;
        Ok(Shares::new(near.keys.len(), found, places, &near.numbers))
    }
}

/// Where columns of a source are among the items; those that are not there are added.
fn places(items: &mut Vec<Item>, source: SourceRef, columns: &[&'static str]) -> Vec<usize> {
    let place = |name: &&'static str| {
        let node = named_column(source, name);
        let is_it = |item: &Item| matches!(item, Item::Expr { node: Node::Column { source: s, column }, .. } if *s == source && column.name == *name);
        items.iter().position(is_it).unwrap_or_else(|| {
            let Node::Column { column, .. } = &node else { unreachable!("a column by its name is a column") };
            let ty = column.ty;
            items.push(Item::Expr { node, ty });
            items.len() - 1
        })
    };
    columns.iter().map(place).collect()
}

/// What is selected for a projection, and how it is made of the rows.
pub(crate) struct Plan<P: Projection> {
    slots: P::Slots,
    items: Vec<Item>,
    names: Vec<&'static str>,
    keys: Vec<KeyColumns>,
}

/// The columns that relate a row to the ends of one relationship.
struct KeyColumns {
    places: Vec<usize>,
    types: Vec<&'static TypeDef>,
}

impl<P: Projection> Plan<P> {
    /// Plans the projection, and those that are nested in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if it is nested in itself: it would have no end.
    pub(crate) fn new() -> Result<Self> {
        Self::below(&[])
    }

    fn below(path: &[(TypeId, &'static str)]) -> Result<Self> {
        let own = (TypeId::of::<P>(), P::NAME);
        if path.contains(&own) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("projection `{}` is nested in itself: use another struct below it", P::NAME),
            )
            .with_model(P::Model::table().model));
        }
        let root = P::Model::source();
        let path = path.iter().copied().chain([own]).collect();
        let parts = Parts { root, items: Vec::new(), names: Vec::new(), edges: Vec::new(), path, error: None };
        let mut planner = Planner { parts, types: PhantomData };
        let slots = P::slots(&mut planner);
        let Parts { root, mut items, mut names, edges, error, .. } = planner.parts;
        if let Some(error) = error {
            return Err(error);
        }
        let mut keys = Vec::with_capacity(edges.len());
        for edge in edges {
            let local = edge.columns().local;
            let places = places(&mut items, root, local);
            let types = places.iter().filter_map(|&place| item_type(&items[place])).collect();
            keys.push(KeyColumns { places, types });
        }
        names.extend(items[names.len()..].iter().filter_map(column_name));
        Ok(Self { slots, items, names, keys })
    }

    /// Whether its rows are whole as soon as they are there.
    fn is_in_row(&self) -> bool {
        self.keys.is_empty()
    }

    fn select(&self, mut select: Select) -> Select {
        select.projection.clone_from(&self.items);
        select.eager.clear();
        select
    }

    /// A statement of the user's own, which gives the fields by their names.
    pub(crate) fn by_name(&self, mut compiled: Compiled) -> Compiled {
        let column = |item: &Item| match item {
            Item::Expr { node: Node::Column { source, column }, ty } => {
                Some(ResultColumn { ty, of: Some((source.table(), column)) })
            }
            Item::Expr { ty, .. } => Some(ResultColumn { ty, of: None }),
            Item::Model(_) | Item::One => None,
        };
        compiled.columns = self.items.iter().filter_map(column).collect();
        compiled.table = Some(P::Model::table());
        compiled.matching = Matching::Names { of: P::NAME, names: self.names.clone() };
        compiled
    }

    /// Runs the statement, and those of the relationships.
    pub(crate) async fn run(&self, fetch: &mut dyn Fetch, compiled: Compiled) -> Result<Vec<P>> {
        self.rows(fetch, compiled, 0, |_| Ok(())).await
    }

    /// The rows of a statement that has so many columns before those of the plan, which `ahead` reads.
    async fn rows(
        &self,
        fetch: &mut dyn Fetch,
        compiled: Compiled,
        before: usize,
        mut ahead: impl FnMut(&mut RowReader<'_>) -> Result<()> + Send,
    ) -> Result<Vec<P>> {
        let mut drafts = Vec::new();
        let of = |columns: &KeyColumns| Near { keys: NearKeys::new(columns.types.clone()), numbers: Vec::new() };
        let mut near: Vec<Near> = self.keys.iter().map(of).collect();
        let mut read = |row: &mut RowReader<'_>| {
            ahead(row)?;
            for (near, columns) in near.iter_mut().zip(&self.keys) {
                let number = near.keys.add(|part| row.raw_at(before + columns.places[part]))?;
                near.numbers.push(number);
            }
            drafts.push(P::read(&self.slots, row)?);
            Ok(())
        };
        fetch.fetch(Ready(compiled), &mut read).await?;
        if !near.is_empty() && !drafts.is_empty() {
            P::load(&self.slots, Loading { near: &near, fetch }, &mut drafts).await?;
        }
        drafts.into_iter().map(|draft| P::finish(draft).ok_or_else(empty::<P>)).collect()
    }
}

fn empty<P: Projection>() -> Error {
    Error::new(ErrorKind::NotLoaded, format!("a relationship of projection `{}` was not loaded", P::NAME))
        .with_model(P::Model::table().model)
}

fn item_type(item: &Item) -> Option<&'static TypeDef> {
    match item {
        Item::Expr { ty, .. } => Some(ty),
        Item::Model(_) | Item::One => None,
    }
}

fn column_name(item: &Item) -> Option<&'static str> {
    match item {
        Item::Expr { node: Node::Column { column, .. }, .. } => Some(column.name),
        _ => None,
    }
}

/// A query whose rows are read as the projection `P`: what [`Query::project`] makes.
#[must_use = "a query does nothing until it is run, for example by `.all().await`"]
pub struct Projected<X, M, S, P> {
    query: Query<X, M, S>,
    projection: PhantomData<fn() -> P>,
}

impl<X, M: Model, S> Query<X, M, S> {
    /// Reads the rows as structs of your own (see [`Projection`](macro@crate::Projection)): only the columns are fetched
    /// that their fields need, and each relationship in them is one more statement, whatever the number of rows.
    ///
    /// From an engine and from a session these are plain values; a session flushes first.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, text: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     number: i32,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// #[derive(Projection, Debug)]
    /// #[projection(model = Course)]
    /// struct CourseView {
    ///     name: String,
    ///     #[projection(expr = Course::id.gt(10))]
    ///     is_new: bool,
    ///     homeworks: Vec<HomeworkView>,
    /// }
    ///
    /// #[derive(Projection, Debug, Clone)]
    /// #[projection(model = Homework)]
    /// struct HomeworkView {
    ///     number: i32,
    /// }
    ///
    /// let query = query::<Course>().filter(Course::name.like("P%")).project::<CourseView>();
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "course"."name", "course"."id" > $1, "course"."id" FROM "course" WHERE "course"."name" LIKE $2"#,
    /// );
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let views: Vec<CourseView> = engine.query::<Course>().project::<CourseView>().all().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The key of the course is selected because it relates the homeworks, whose statement is
    ///
    /// ```sql
    /// SELECT "homework"."number", "homework"."course_id" FROM "homework"
    /// WHERE "homework"."course_id" = ANY ($1) ORDER BY "homework"."id"
    /// ```
    ///
    /// A projection that reads more tables than the model's names them in its attribute; the query joins them.
    pub fn project<P: ProjectionOf<M>>(self) -> Projected<X, M, S, P> {
        Projected { query: self, projection: PhantomData }
    }
}

impl<M: Model, S, P> Projected<Unbound, M, S, P> {
    /// Binds the query to who runs it.
    pub fn on<X: Executor + Takes<()>>(self, executor: X) -> Projected<X, M, S, P> {
        Projected { query: self.query.on(executor), projection: PhantomData }
    }
}

impl<X, M: Model, S, P: ProjectionOf<M>> Projected<X, M, S, P> {
    /// The text of the query's own statement, with `$1`, `$2`, … for its values.
    #[must_use]
    pub fn to_sql(&self) -> String {
        let select = self.query.as_select();
        match Plan::<P>::new() {
            Ok(plan) => plan.select(select.clone()).to_text(),
            // It is refused when it is run.
            Err(_) => select.to_text(),
        }
    }

    /// Like [`Query::filter`].
    pub fn filter<E, I>(self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<S, I>,
    {
        Self { query: self.query.filter(condition), projection: PhantomData }
    }

    /// Like [`Query::order_by`].
    pub fn order_by<O, I>(self, order: O) -> Self
    where
        O: OrderTerm,
        O::Uses: InScope<S, I>,
    {
        Self { query: self.query.order_by(order), projection: PhantomData }
    }

    /// Like [`Query::limit`].
    pub fn limit(self, rows: u64) -> Self {
        Self { query: self.query.limit(rows), projection: PhantomData }
    }

    /// Like [`Query::offset`].
    pub fn offset(self, rows: u64) -> Self {
        Self { query: self.query.offset(rows), projection: PhantomData }
    }

    /// Runs the query: all its rows.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection; [`ErrorKind::Invalid`] before anything is sent if a projection is nested in
    /// itself; [`ErrorKind::NotFound`] if a relationship that leads to one object leads to no row.
    #[track_caller]
    pub fn all<'x, I>(self) -> Boxed<'x, Vec<P>>
    where
        X: Executor + 'x,
        P::Scope: ProvidedBy<S, I>,
    {
        self.limited(None)
    }

    /// Runs the query: its first row, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn first<'x, I>(self) -> Boxed<'x, Option<P>>
    where
        X: Executor + 'x,
        P::Scope: ProvidedBy<S, I>,
    {
        let found = self.limited(Some(1));
        Box::pin(async move { Ok(found.await?.into_iter().next()) })
    }

    /// Runs the query: its only row.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all); [`ErrorKind::NotFound`] if there is none, [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one<'x, I>(self) -> Boxed<'x, P>
    where
        X: Executor + 'x,
        P::Scope: ProvidedBy<S, I>,
    {
        let found = self.one_or_none();
        Box::pin(async move { found.await?.ok_or_else(no_row::<M>) })
    }

    /// Runs the query: its only row, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all); [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one_or_none<'x, I>(self) -> Boxed<'x, Option<P>>
    where
        X: Executor + 'x,
        P::Scope: ProvidedBy<S, I>,
    {
        let found = self.limited(Some(2));
        Box::pin(async move {
            let mut found = found.await?;
            if found.len() > 1 { Err(several_rows::<M>()) } else { Ok(found.pop()) }
        })
    }

    // In a box, and not an `async fn`: the compiler would repeat what it says of a query for each part of its future.
    #[track_caller]
    fn limited<'x>(self, rows: Option<u64>) -> Boxed<'x, Vec<P>>
    where
        X: Executor + 'x,
    {
        let (on, mut select, ()) = self.query.into_parts();
        if let Some(rows) = rows {
            select.limit = Some(select.limit.map_or(rows, |limit| limit.min(rows)));
        }
        Box::pin(placed(async move {
            let plan = Plan::<P>::new()?;
            let compiled = plan.select(*select).compile_with(&on.filters())?;
            on.run(Some(M::table()), Projecting { plan, compiled }).await
        }))
    }
}

fn no_row<M: Model>() -> Error {
    let model = M::table().model;
    Error::new(ErrorKind::NotFound, format!("no row of `{model}` was found where one was asked for")).with_model(model)
}

fn several_rows<M: Model>() -> Error {
    let model = M::table().model;
    Error::new(ErrorKind::MultipleRows, format!("several rows of `{model}` were found where one was asked for"))
        .with_model(model)
}

struct Projecting<P: Projection> {
    plan: Plan<P>,
    compiled: Compiled,
}

impl<P: Projection> Job for Projecting<P> {
    type Out = Vec<P>;
    const RAW: bool = false;

    async fn run(self, fetch: &mut dyn Fetch) -> Result<Vec<P>> {
        self.plan.run(fetch, self.compiled).await
    }
}

impl<M: Model, S, P: ProjectionOf<M>> Projected<&Engine, M, S, P> {
    /// Runs the query, and gives its rows one by one, like [`Query::stream`].
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all); [`ErrorKind::Unsupported`] before anything is sent if the projection has relationships,
    /// which are loaded by statements of their own. Errors that come later are given by [`RowStream::next`].
    #[track_caller]
    pub fn stream<I>(self) -> impl Future<Output = Result<RowStream<P>>>
    where
        P::Scope: ProvidedBy<S, I>,
    {
        placed(async move {
            let (engine, select, ()) = self.query.into_parts();
            let plan = Plan::<P>::new()?;
            if !plan.is_in_row() {
                let name = P::NAME;
                let message =
                    format!("projection `{name}` has relationships, which a stream does not load: ask for it by `all`");
                return Err(Error::new(ErrorKind::Unsupported, message).with_model(M::table().model));
            }
            let select = plan.select(*select);
            let read = move |row: &mut RowReader<'_>| P::finish(P::read(&plan.slots, row)?).ok_or_else(empty::<P>);
            RowStream::open(engine, &select, Box::new(read)).await
        })
    }
}

impl<X: Clone, M, S, P> Clone for Projected<X, M, S, P> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone(), projection: PhantomData }
    }
}

/// Shows the SQL of the query without the projection.
impl<X, M, S, P> fmt::Debug for Projected<X, M, S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.query.fmt(f)
    }
}
