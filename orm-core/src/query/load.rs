//! Loading relationships with a query: one more statement a relationship and level, whatever the number of rows.
//!
//! [`Load`] is one relationship, or a chain of them; [`Loads`] all those of a query. Both know two ways: beside plain
//! values, and into a session.

use std::collections::HashMap;

use super::conditions::{in_keys, link_columns, named_column};
use crate::compile::Compile;
use crate::engine::{self, Connection};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Dump, Edge, Handle, Kind, Model, Relation, SourceRef, TableDef};
use crate::sql::{FromItem, Join, JoinKind, LinkRef, Node, OrderBy, Projection, Select};
use crate::types::{RowReader, Value};

/// A relationship of `M` to load with a query, perhaps with relationships of what it leads to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relationship of `{M}`",
    label = "cannot be loaded with `{M}`"
)]
pub trait Load<M: Model>: Clone + Send + Sync + 'static {
    /// What is loaded for one `M`: a `Vec`, an `Option` or the object itself.
    type Values: Clone + Send;

    /// Loads it for each of the values, in their order.
    #[doc(hidden)]
    fn values(
        &self,
        connection: &mut Connection,
        parents: &[M],
    ) -> impl Future<Output = Result<Vec<Self::Values>>> + Send;

    /// Loads it for objects of a session.
    #[doc(hidden)]
    fn load_into<S: LoadInto>(&self, session: &mut S, parents: &[Handle<M>])
    -> impl Future<Output = Result<()>> + Send;
}

/// A session, as loading sees it.
#[doc(hidden)]
pub trait LoadInto: Send {
    /// Loads the other ends of a relationship; gives each of them once.
    fn load_edge<A: Model, B: Model>(
        &mut self,
        edge: Edge,
        parents: &[Handle<A>],
    ) -> impl Future<Output = Result<Vec<Handle<B>>>> + Send;
}

impl<A: Model, B: Model, K: Kind> Load<A> for Relation<A, B, K> {
    type Values = K::Of<B>;

    async fn values(&self, connection: &mut Connection, parents: &[A]) -> Result<Vec<K::Of<B>>> {
        let (targets, groups) = fetch_edge::<A, B>(connection, self.edge(), parents).await?;
        group::<K, B>(self.edge(), &targets, &groups)
    }

    async fn load_into<S: LoadInto>(&self, session: &mut S, parents: &[Handle<A>]) -> Result<()> {
        session.load_edge::<A, B>(self.edge(), parents).await.map(drop)
    }
}

/// A relationship with relationships of what it leads to; made by [`Relation::with`].
#[derive(Debug)]
pub struct Nested<R, L> {
    relation: R,
    load: L,
}

impl<R: Clone, L: Clone> Clone for Nested<R, L> {
    fn clone(&self) -> Self {
        Self { relation: self.relation.clone(), load: self.load.clone() }
    }
}

impl<A, B, K> Relation<A, B, K> {
    /// Loads a relationship of what this one leads to, too.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Submission {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Homework::id)] homework_id: i32,
    /// #     #[model(belongs_to = homework_id, backref = submissions)] homework: BelongsTo<Homework>,
    /// # }
    /// let query = query::<Course>().with(Course::homeworks.with(Homework::submissions));
    /// ```
    pub fn with<L: Load<B>>(self, load: L) -> Nested<Self, L>
    where
        B: Model,
    {
        Nested { relation: self, load }
    }
}

impl<A: Model, B: Model, K: Kind, L: Load<B>> Load<A> for Nested<Relation<A, B, K>, L> {
    type Values = K::Of<(B, L::Values)>;

    async fn values(&self, connection: &mut Connection, parents: &[A]) -> Result<Vec<Self::Values>> {
        let edge = self.relation.edge();
        let (targets, groups) = fetch_edge::<A, B>(connection, edge, parents).await?;
        let inner = self.load.values(connection, &targets).await?;
        let targets: Vec<(B, L::Values)> = targets.into_iter().zip(inner).collect();
        group::<K, _>(edge, &targets, &groups)
    }

    async fn load_into<S: LoadInto>(&self, session: &mut S, parents: &[Handle<A>]) -> Result<()> {
        let targets = session.load_edge::<A, B>(self.relation.edge(), parents).await?;
        self.load.load_into(session, &targets).await
    }
}

/// All relationships that a query loads.
#[diagnostic::on_unimplemented(
    message = "too many relationships loaded for `{M}` in one query",
    note = "eight can be loaded side by side; nest them, or call `session.load`"
)]
pub trait Loads<M: Model>: Clone + Send + Sync + 'static {
    /// What a row becomes: the model, or a tuple of it and what is loaded.
    type Value: Send;

    /// Loads them beside plain values.
    #[doc(hidden)]
    fn load(self, connection: &mut Connection, models: Vec<M>)
    -> impl Future<Output = Result<Vec<Self::Value>>> + Send;

    /// Loads them for objects of a session.
    #[doc(hidden)]
    fn load_all_into<S: LoadInto>(
        self,
        session: &mut S,
        handles: &[Handle<M>],
    ) -> impl Future<Output = Result<()>> + Send;
}

impl<M: Model> Loads<M> for () {
    type Value = M;

    async fn load(self, _: &mut Connection, models: Vec<M>) -> Result<Vec<M>> {
        Ok(models)
    }

    async fn load_all_into<S: LoadInto>(self, _: &mut S, _: &[Handle<M>]) -> Result<()> {
        Ok(())
    }
}

macro_rules! loads {
    ($head:ty, $pattern:pat => $($load:ident $values:ident),*) => {
        impl<M: Model, $($load: Load<M>),*> Loads<M> for $head {
            type Value = (M, $($load::Values),*);

            #[allow(non_snake_case, reason = "the values are named after their types")]
            async fn load(self, connection: &mut Connection, models: Vec<M>) -> Result<Vec<Self::Value>> {
                let $pattern = self;
                $(let mut $values = $load.values(connection, &models).await?.into_iter();)*
                let mut out = Vec::with_capacity(models.len());
                for model in models {
                    $(let Some($values) = $values.next() else { break };)*
                    out.push((model, $($values),*));
                }
                Ok(out)
            }

            #[allow(non_snake_case, reason = "the values are named after their types")]
            async fn load_all_into<S: LoadInto>(self, session: &mut S, handles: &[Handle<M>]) -> Result<()> {
                let $pattern = self;
                $($load.load_into(session, handles).await?;)*
                Ok(())
            }
        }
    };
}
loads!(((), A), ((), A) => A a);
loads!((((), A), B), (((), A), B) => A a, B b);
loads!(((((), A), B), C), ((((), A), B), C) => A a, B b, C c);
loads!((((((), A), B), C), D), (((((), A), B), C), D) => A a, B b, C c, D d);
loads!(((((((), A), B), C), D), E), ((((((), A), B), C), D), E) => A a, B b, C c, D d, E e);
loads!(
    (((((((), A), B), C), D), E), F), (((((((), A), B), C), D), E), F) =>
    A a, B b, C c, D d, E e, F f
);
loads!(
    ((((((((), A), B), C), D), E), F), G), ((((((((), A), B), C), D), E), F), G) =>
    A a, B b, C c, D d, E e, F f, G g
);
loads!(
    (((((((((), A), B), C), D), E), F), G), H), (((((((((), A), B), C), D), E), F), G), H) =>
    A a, B b, C c, D d, E e, F f, G g, H h
);

/// The values of one side of a relationship, as bytes to look up by; `None` if one of them is NULL.
pub(crate) type EdgeKey = Option<Box<[u8]>>;

/// The columns of a table by name, as positions.
pub(crate) fn positions(table: &TableDef, names: &[&str]) -> Vec<usize> {
    names.iter().filter_map(|name| table.column_index(name)).collect()
}

/// Joins encoded values to one key; each is led by its length, so that no two lists of values have one key.
pub(crate) fn edge_key<'a>(values: impl IntoIterator<Item = Option<&'a [u8]>>) -> EdgeKey {
    let mut key = Vec::new();
    for value in values {
        let value = value?;
        key.extend_from_slice(&(value.len() as u32).to_be_bytes());
        key.extend_from_slice(value);
    }
    Some(key.into_boxed_slice())
}

/// One row of [`edge_select`]: the key of the near end, and the far end itself.
pub(crate) struct EdgeRow<T> {
    pub(crate) key: EdgeKey,
    pub(crate) target: T,
}

/// Where the rows of an [`edge_select`] have the key of their near end.
pub(crate) struct KeyPlaces {
    /// How many columns stand before those of the model.
    before: usize,
    places: Vec<usize>,
}

impl KeyPlaces {
    /// The key is among the model's own columns, or that of a link table in front of them.
    pub(crate) fn of(edge: Edge) -> Self {
        let columns = edge.columns();
        match columns.link {
            Some(link) => Self { before: link.local.len(), places: (0..link.local.len()).collect() },
            None => Self { before: 0, places: positions(edge.to(), columns.remote) },
        }
    }
}

impl<T> EdgeRow<T> {
    pub(crate) fn read(
        row: &mut RowReader<'_>,
        key: &KeyPlaces,
        target: impl FnOnce(&mut RowReader<'_>) -> Result<T>,
    ) -> Result<Self> {
        let mut values = Vec::with_capacity(key.places.len());
        for &place in &key.places {
            values.push(row.raw_at(place)?);
        }
        row.skip(key.before);
        Ok(Self { key: edge_key(values), target: target(row)? })
    }
}

/// The query for the far ends of a relationship whose near ends have these keys.
///
/// ```sql
/// SELECT "homework".… FROM "homework" WHERE "homework"."course_id" = ANY ($1) ORDER BY …
/// ```
pub(crate) fn edge_select(edge: Edge, keys: &[Vec<Value>]) -> Select {
    let target = SourceRef::Table(edge.to());
    let columns = edge.columns();
    let mut select = Select::models(target);
    select.with_deleted = edge.has_deleted();
    let near: Vec<Node> = match columns.link {
        Some(link) => {
            let link_ref = LinkRef::of(link, 0);
            let on = link_columns(link_ref, link.remote, target, columns.remote);
            select.joins.push(Join { kind: JoinKind::Inner, item: FromItem::Link(link_ref), on, with_deleted: false });
            link.local.iter().map(|column| Node::LinkColumn { link: link_ref, column }).collect()
        }
        None => columns.remote.iter().map(|name| named_column(target, name)).collect(),
    };
    let types: Vec<_> = positions(edge.from(), columns.local).iter().map(|&i| &edge.from().columns[i]).collect();
    if columns.link.is_some() {
        let keyed =
            near.iter().zip(&types).map(|(node, column)| Projection::Expr { node: node.clone(), ty: column.ty });
        select.projection = keyed.chain([Projection::Model(target)]).collect();
    }
    select.predicates.push(in_keys(near, &types, keys));
    select.order_by = order_of(edge, target);
    select
}

/// The order that the relationship declares; then, and without one, the order of the primary key, so that a collection is
/// the same each time.
fn order_of(edge: Edge, target: SourceRef) -> Vec<OrderBy> {
    let declared = edge.order_by().iter().map(|order| (order.column, order.descending));
    let key = edge.to().key_names.iter().map(|name| (*name, false));
    declared
        .chain(key)
        .map(|(name, descending)| OrderBy { node: named_column(target, name), descending, nulls_first: None })
        .collect()
}

/// The distinct keys of the near ends, and for each near end which of them it has.
pub(crate) struct NearKeys {
    pub(crate) values: Vec<Vec<Value>>,
    pub(crate) index: HashMap<Box<[u8]>, usize>,
}

impl NearKeys {
    pub(crate) fn new() -> Self {
        Self { values: Vec::new(), index: HashMap::new() }
    }

    /// Adds the key of one near end; gives its number, or `None` if it has a NULL and so relates to nothing.
    pub(crate) fn add(&mut self, dump: &Dump, table: &TableDef, columns: &[usize]) -> Option<usize> {
        let key = edge_key(columns.iter().map(|&column| dump.raw(column)))?;
        let next = self.values.len();
        let number = *self.index.entry(key).or_insert(next);
        if number == next {
            let value = |&column: &usize| Value::from_raw(table.columns[column].ty, dump.raw(column));
            self.values.push(columns.iter().map(value).collect());
        }
        Some(number)
    }
}

/// The far ends, each row once, and for each near end the positions of its own.
async fn fetch_edge<A: Model, B: Model>(
    connection: &mut Connection,
    edge: Edge,
    parents: &[A],
) -> Result<(Vec<B>, Vec<Vec<usize>>)> {
    let local = positions(edge.from(), edge.columns().local);
    let mut keys = NearKeys::new();
    let mut dump = Dump::default();
    let mut numbers = Vec::with_capacity(parents.len());
    for parent in parents {
        dump.clear();
        parent.dump(&mut dump);
        numbers.push(keys.add(&dump, edge.from(), &local));
    }
    if keys.values.is_empty() {
        return Ok((Vec::new(), vec![Vec::new(); parents.len()]));
    }
    let compiled = edge_select(edge, &keys.values).compile()?;
    let places = KeyPlaces::of(edge);
    let rows = engine::fetch(connection, &compiled, |row| EdgeRow::read(row, &places, B::from_row)).await?;
    let mut by_key: Vec<Vec<usize>> = vec![Vec::new(); keys.values.len()];
    let mut targets = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(number) = row.key.and_then(|key| keys.index.get(&key)) {
            by_key[*number].push(targets.len());
        }
        targets.push(row.target);
    }
    let groups = numbers.into_iter().map(|number| number.map_or_else(Vec::new, |n| by_key[n].clone())).collect();
    Ok((targets, groups))
}

fn group<K: Kind, T: Clone + Send>(edge: Edge, targets: &[T], groups: &[Vec<usize>]) -> Result<Vec<K::Of<T>>> {
    groups
        .iter()
        .map(|group| {
            let found = group.iter().map(|&index| targets[index].clone()).collect();
            K::collect(found).ok_or_else(|| missing_target(edge))
        })
        .collect()
}

fn missing_target(edge: Edge) -> Error {
    let name = edge.name();
    let reason = match edge.to().soft_delete {
        Some(_) => {
            format!("it is marked as deleted, or has gone since the query: `{name}.with_deleted()` loads the former")
        }
        None => "it has gone since the query".to_owned(),
    };
    Error::new(ErrorKind::NotFound, format!("relationship `{name}` leads to no row: {reason}"))
        .with_model(edge.from().model)
}
