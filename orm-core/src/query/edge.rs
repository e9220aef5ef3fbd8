//! The far ends of a relationship of many objects, in one statement.

use super::conditions::{in_arrays, link_columns, named_column};
use super::load::Loads;
use super::near_keys::{KeyColumns, KeyPlaces, NearKeys, Place, Share, Shares};
use crate::compile::Compile;
use crate::engine::{self, Connection};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Edge, Kind, Model, SourceRef, positions};
use crate::sql::{FromItem, Join, JoinKind, LinkRef, Node, OrderBy, Per, Projection, Select};
use crate::types::{Value, is_integer};

/// Which of the far ends are wanted; all of them if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub(crate) predicates: Vec<Node>,
    pub(crate) order_by: Vec<OrderBy>,
    pub(crate) limit: Option<u64>,
}

/// Who puts the far ends of a near end in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sorting {
    Server,
    /// Who reads them, by this column: the only one of their key, an integer. Rows mostly come in that order by themselves,
    /// and the server would sort them all.
    Reader(usize),
    /// Nobody: there is one at most.
    Needless,
}

impl Sorting {
    pub(crate) fn of(edge: Edge, choice: &Choice) -> Self {
        if !choice.order_by.is_empty() || choice.limit.is_some() {
            return Self::Server;
        }
        if edge.has_key_here() {
            return Self::Needless;
        }
        match *edge.to().primary_key {
            [key] if edge.order_by().is_empty() && is_integer(edge.to().columns[key].ty) => Self::Reader(key),
            _ => Self::Server,
        }
    }
}

/// The query for the far ends of a relationship whose near ends have these keys, one array a column.
///
/// ```sql
/// SELECT "homework".… FROM "homework" WHERE "homework"."course_id" = ANY ($1)
/// ```
pub(crate) fn edge_select(edge: Edge, choice: &Choice, sorting: Sorting, keys: Vec<Value>) -> Select {
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
    select.predicates.push(in_arrays(near, &types, keys));
    select.predicates.extend(choice.predicates.iter().cloned());
    if sorting == Sorting::Server {
        select.order_by = order_of(edge, choice, target);
    }
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

/// The far ends with what is loaded for them.
pub(super) struct Ends<T> {
    targets: Vec<T>,
    /// For each far end where it belongs.
    places: Vec<Place>,
    /// For each near end the number of its key.
    near: Vec<Option<u32>>,
    /// How many keys there are.
    keys: usize,
}

/// Asks for the far ends of these near ends, and for what is loaded with them.
pub(super) async fn fetch_edge<A: Model, B: Model, L: Loads<B>>(
    connection: &mut Connection,
    edge: Edge,
    choice: &Choice,
    loads: &L,
    parents: &[A],
) -> Result<Ends<L::Value>> {
    let mut keys = NearKeys::of(edge);
    let mut columns = KeyColumns::of(edge.from(), edge.columns().local);
    let mut near = Vec::with_capacity(parents.len());
    for parent in parents {
        columns.dump.clear();
        parent.dump(&mut columns.dump);
        near.push(columns.add_to(&mut keys)?);
    }
    let (mut targets, mut joined, mut places) = (Vec::new(), Vec::new(), Vec::new());
    if !keys.is_empty() {
        let sorting = Sorting::of(edge, choice);
        let mut select = edge_select(edge, choice, sorting, keys.arrays());
        loads.join(&mut select.eager, None);
        let compiled = select.compile_with(connection.engine().filters())?;
        let mut columns = KeyPlaces::of(edge, sorting);
        engine::fetch(connection, &compiled, |row| {
            places.push(columns.read(row, &keys)?);
            targets.push(B::from_row(row)?);
            joined.push(loads.read(row)?);
            Ok(())
        })
        .await?;
    }
    let targets = if targets.is_empty() { Vec::new() } else { loads.clone().load(connection, targets, joined).await? };
    Ok(Ends { targets, places, near, keys: keys.len() })
}

impl<T: Clone + Send> Ends<T> {
    /// What each near end is given.
    pub(super) fn collect<K: Kind>(self, edge: Edge) -> Result<Vec<K::Of<T>>> {
        let mut shares = Shares::new(self.keys, self.targets, self.places, &self.near);
        let of = |number: &Option<u32>| {
            let given = match shares.next(*number) {
                Share::Last(found) => K::collect(found),
                Share::Shared(found) => K::collect(found.iter().cloned()),
            };
            given.ok_or_else(|| missing_target(edge))
        };
        self.near.iter().map(of).collect()
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
