//! The statement for the far ends of a relationship of many objects, and the keys by which they find each other again.

use std::collections::HashMap;

use super::conditions::{in_keys, link_columns, named_column};
use super::load::Loads;
use crate::compile::Compile;
use crate::engine::{self, Connection};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Dump, Edge, Kind, Model, SourceRef, TableDef};
use crate::sql::{FromItem, Join, JoinKind, LinkRef, Node, OrderBy, Per, Projection, Select};
use crate::types::{RowReader, TypeDef, Value};

/// Which of the far ends are wanted; all of them if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub(crate) predicates: Vec<Node>,
    pub(crate) order_by: Vec<OrderBy>,
    pub(crate) limit: Option<u64>,
}

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
pub(crate) fn edge_select(edge: Edge, choice: &Choice, keys: &[Vec<Value>]) -> Select {
    let target = SourceRef::Table(edge.to());
    let columns = edge.columns();
    let mut select = Select::models(target);
    select.with_deleted = edge.has_deleted();
    let near: Vec<Node> = match columns.link {
        Some(link) => {
            let link_ref = LinkRef::of(link, 0);
            let on = link_columns(link_ref, link.remote, target, columns.remote);
            select.joins.push(Join { kind: JoinKind::Inner, item: FromItem::Link(link_ref), on, with_deleted: false });
            link.local.iter().map(|column| Node::LinkColumn { link: Box::new(link_ref), column }).collect()
        }
        None => columns.remote.iter().map(|name| named_column(target, name)).collect(),
    };
    let types: Vec<_> = positions(edge.from(), columns.local).iter().map(|&i| &edge.from().columns[i]).collect();
    if columns.link.is_some() {
        let keyed =
            near.iter().zip(&types).map(|(node, column)| Projection::Expr { node: node.clone(), ty: column.ty });
        select.projection = keyed.chain([Projection::Model(target)]).collect();
    }
    select.per = choice.limit.map(|limit| Per { group: near.clone(), limit });
    select.predicates.push(in_keys(near, &types, keys));
    select.predicates.extend(choice.predicates.iter().cloned());
    select.order_by = order_of(edge, choice, target);
    select
}

/// The order that is asked for, or else the one that the relationship declares; then that of the primary key, so that a
/// collection is the same each time.
fn order_of(edge: Edge, choice: &Choice, target: SourceRef) -> Vec<OrderBy> {
    let by_name = |name, descending| OrderBy { node: named_column(target, name), descending, nulls_first: None };
    let mut order = choice.order_by.clone();
    if order.is_empty() {
        order.extend(edge.order_by().iter().map(|order| by_name(order.column, order.descending)));
    }
    order.extend(edge.to().key_names.iter().map(|name| by_name(name, false)));
    order
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
        let values: Vec<_> = columns.iter().map(|&column| dump.raw(column)).collect();
        let types: Vec<_> = columns.iter().map(|&column| table.columns[column].ty).collect();
        self.add_raw(&values, &types)
    }

    /// Like [`add`](Self::add), of the values alone.
    pub(crate) fn add_raw(&mut self, values: &[Option<&[u8]>], types: &[&'static TypeDef]) -> Option<usize> {
        let key = edge_key(values.iter().copied())?;
        let next = self.values.len();
        let number = *self.index.entry(key).or_insert(next);
        if number == next {
            self.values.push(types.iter().zip(values).map(|(ty, value)| Value::from_raw(ty, *value)).collect());
        }
        Some(number)
    }
}

/// The far ends with what is loaded for them, and for each near end the positions of its own.
pub(super) struct Ends<T> {
    targets: Vec<T>,
    groups: Vec<Vec<usize>>,
}

/// Asks for the far ends of these near ends, and for what is loaded with them.
pub(super) async fn fetch_edge<A: Model, B: Model, L: Loads<B>>(
    connection: &mut Connection,
    edge: Edge,
    choice: &Choice,
    loads: &L,
    parents: &[A],
) -> Result<Ends<L::Value>> {
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
        return Ok(Ends { targets: Vec::new(), groups: vec![Vec::new(); parents.len()] });
    }
    let mut select = edge_select(edge, choice, &keys.values);
    loads.join(&mut select.eager, None);
    let places = KeyPlaces::of(edge);
    let read = |row: &mut RowReader<'_>| Ok((B::from_row(row)?, loads.read(row)?));
    let compiled = select.compile_with(connection.engine().filters())?;
    let rows = engine::fetch(connection, &compiled, |row| EdgeRow::read(row, &places, read)).await?;
    let mut by_key: Vec<Vec<usize>> = vec![Vec::new(); keys.values.len()];
    let (mut targets, mut joined) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for EdgeRow { key, target: (target, with) } in rows {
        if let Some(number) = key.and_then(|key| keys.index.get(&key)) {
            by_key[*number].push(targets.len());
        }
        targets.push(target);
        joined.push(with);
    }
    let targets = loads.clone().load(connection, targets, joined).await?;
    let groups = numbers.into_iter().map(|number| number.map_or_else(Vec::new, |n| by_key[n].clone())).collect();
    Ok(Ends { targets, groups })
}

impl<T: Clone + Send> Ends<T> {
    /// What each near end is given.
    pub(super) fn collect<K: Kind>(&self, edge: Edge) -> Result<Vec<K::Of<T>>> {
        let of = |group: &Vec<usize>| {
            let found = group.iter().map(|&index| self.targets[index].clone()).collect();
            K::collect(found).ok_or_else(|| missing_target(edge))
        };
        self.groups.iter().map(of).collect()
    }
}

pub(super) fn missing_target(edge: Edge) -> Error {
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
