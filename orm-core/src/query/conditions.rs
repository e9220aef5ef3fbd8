//! Conditions that are made of keys: of joins by relationship, and of rows that are asked for by key.

use crate::schema::{ColumnDef, Model, SourceRef};
use crate::sql::{BinaryOp, LinkRef, Node, OrderBy, Select};
use crate::types::Value;

/// The condition of a join: each column of one end equals one of the other.
pub(super) fn equal_columns(from: SourceRef, local: &[&'static str], to: SourceRef, remote: &[&'static str]) -> Node {
    let pairs = local.iter().zip(remote);
    conjunction(pairs.map(|(a, b)| Node::binary(BinaryOp::Eq, named_column(from, a), named_column(to, b))))
}

/// The condition of a join with a link table.
pub(super) fn link_columns(
    link: LinkRef,
    columns: &'static [&'static str],
    source: SourceRef,
    targets: &[&'static str],
) -> Node {
    let pairs = columns.iter().zip(targets);
    conjunction(pairs.map(|(column, target)| {
        Node::binary(BinaryOp::Eq, Node::LinkColumn { link: Box::new(link), column }, named_column(source, target))
    }))
}

fn conjunction(mut nodes: impl Iterator<Item = Node>) -> Node {
    let first = nodes.next().unwrap_or_else(|| Node::All(Vec::new()));
    nodes.fold(first, Node::and)
}

/// A column by its name.
pub(super) fn named_column(source: SourceRef, name: &'static str) -> Node {
    match source.table().column_index(name) {
        Some(index) => Node::column(source, &source.table().columns[index]),
        // The derive checks the names that it writes.
        None => unreachable!("`{name}` is no column of `{}`", source.table().name),
    }
}

/// The condition that these columns have one of these lists of values: `= ANY`, or a list of tuples. Either way there is
/// one array a column, whatever the number of keys.
pub(super) fn in_keys(nodes: Vec<Node>, columns: &[&'static ColumnDef], keys: &[Vec<Value>]) -> Node {
    let array = |(part, column): (usize, &&ColumnDef)| Value::array(column.ty, keys.iter().map(|key| &key[part]));
    in_arrays(nodes, columns, columns.iter().enumerate().map(array).collect())
}

/// Like [`in_keys`], of keys that are one array a column already.
pub(super) fn in_arrays(nodes: Vec<Node>, columns: &[&'static ColumnDef], arrays: Vec<Value>) -> Node {
    let mut arrays: Vec<Value> = columns.iter().zip(arrays).map(|(column, array)| column.param(array)).collect();
    match (nodes.as_slice(), arrays.pop()) {
        ([single], Some(array)) => Node::InArray { operand: Box::new(single.clone()), array, negated: false },
        (_, last) => Node::InTuples { columns: nodes, arrays: arrays.into_iter().chain(last).collect() },
    }
}

/// The query for the rows with these primary keys.
pub(crate) fn select_by_keys<M: Model>(keys: &[Vec<Value>]) -> Select {
    let source = M::source();
    let columns: Vec<&'static ColumnDef> = M::table().key_columns().collect();
    let nodes = columns.iter().map(|column| Node::column(source, column)).collect();
    let mut select = Select::models(source);
    select.predicates.push(in_keys(nodes, &columns, keys));
    select
}

/// The first rows of a query behind a primary key, or from the start, in the order of the key.
pub(crate) fn beyond_key(mut select: Select, key: Option<&[Value]>, rows: u64) -> Select {
    let source = select.root;
    let columns: Vec<&'static ColumnDef> = source.table().key_columns().collect();
    let nodes: Vec<Node> = columns.iter().map(|column| Node::column(source, column)).collect();
    if let Some(key) = key {
        let values = columns.iter().zip(key).map(|(column, value)| Node::Param(column.param(value.clone())));
        let one = |mut nodes: Vec<Node>| if nodes.len() == 1 { nodes.swap_remove(0) } else { Node::Tuple(nodes) };
        select.predicates.push(Node::binary(BinaryOp::Gt, one(nodes.clone()), one(values.collect())));
    }
    select.order_by = nodes.into_iter().map(|node| OrderBy { node, descending: false, nulls_first: None }).collect();
    select.limit = Some(rows);
    select
}
