//! The order of a query made total, and the condition that a row is behind another in it.

use super::cursor::{self, Fingerprint, RowKey};
use crate::compile::Compile;
use crate::error::{Error, Result};
use crate::schema::{ColumnDef, SourceRef};
use crate::sql::{BinaryOp, Distinct, FromItem, IsTest, Join, JoinKind, Node, OrderBy, Select};
use crate::types::{Field, Value};

/// A query for the rows behind a row, or before it, in an order without ties.
#[derive(Debug)]
pub(super) struct Keyset {
    pub(super) select: Box<Select>,
    fingerprint: u64,
    size: u64,
    is_backward: bool,
    has_cursor: bool,
}

impl Keyset {
    /// The query for `size` rows behind (or before) those of the cursor, and one more, which tells whether there are others.
    pub(super) fn new(mut select: Box<Select>, cursor: Option<&str>, size: u64, is_backward: bool) -> Result<Self> {
        check(&select, size)?;
        make_total(&mut select);
        let fingerprint = fingerprint(&select)?;
        let key = cursor.map(|cursor| cursor::decode(cursor, fingerprint, select.order_by.len())).transpose()?;
        if is_backward {
            select.order_by.iter_mut().for_each(turn);
        }
        if let Some(key) = &key {
            let beyond = beyond(&select, key);
            select.predicates.push(beyond);
        }
        select.behind = select.order_by.iter().map(|item| item.node.clone()).collect();
        select.limit = Some(size.saturating_add(1));
        Ok(Self { select, fingerprint, size, is_backward, has_cursor: key.is_some() })
    }

    /// How many rows the page has at most.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// An error of the server that speaks of the cursor's values: it was made up.
    pub(super) fn explain(&self, error: Error) -> Error {
        let is_of_a_value = matches!(error.sqlstate(), Some("22P03" | "08P01" | "22021"));
        if self.has_cursor && is_of_a_value {
            cursor::error("the cursor holds no values of the query's order")
        } else {
            error
        }
    }

    /// The page of these items, whose rows have these keys; a key more says that there are others.
    pub(super) fn page<T>(&self, mut items: Vec<T>, mut keys: Vec<RowKey>) -> KeyPage<T> {
        let has_more = keys.len() > self.size();
        keys.truncate(self.size());
        // Behind a row that was reached by a cursor there is the cursor's own.
        let came_from = self.has_cursor && !keys.is_empty();
        if self.is_backward {
            items.reverse();
            keys.reverse();
        }
        let cursor = |key: Option<&RowKey>| key.map(|key| cursor::encode(self.fingerprint, key));
        let (has_previous, has_next) = if self.is_backward { (has_more, came_from) } else { (came_from, has_more) };
        KeyPage { items, first: cursor(keys.first()), last: cursor(keys.last()), has_previous, has_next }
    }
}

/// Some rows of a query in its order, and the cursors at both ends: what [`Query::after`](crate::Query::after) and
/// [`Query::before`](crate::Query::before) give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPage<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the first row, if there is one.
    pub first: Option<String>,
    /// The cursor of the last row, if there is one.
    pub last: Option<String>,
    /// Whether there are rows before. Of a page that was reached by `after`, it is taken for granted that the cursor's own
    /// row is still there.
    pub has_previous: bool,
    /// Whether there are rows behind. Of a page that was reached by `before`, it is taken for granted that the cursor's own
    /// row is still there.
    pub has_next: bool,
}

impl<T> KeyPage<T> {
    /// What to give to `after` for the next page, if there is one.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.last.as_deref().filter(|_| self.has_next)
    }

    /// What to give to `before` for the page before, if there is one.
    #[must_use]
    pub fn previous(&self) -> Option<&str> {
        self.first.as_deref().filter(|_| self.has_previous)
    }
}

fn check(select: &Select, size: u64) -> Result<()> {
    let model = select.root.table().model;
    let refuse = |reason: &str| Err(Error::invalid(format!("a page of `{model}` {reason}")).with_model(model));
    if size == 0 {
        return refuse("needs one row at least");
    }
    if select.limit.is_some() || select.offset.is_some() || select.per.is_some() {
        return refuse("has the limit of its size, and the query has one of its own");
    }
    if !select.group_by.is_empty() || !select.having.is_empty() || !matches!(select.distinct, Distinct::No) {
        return refuse("is told by the keys of its rows, which groups and distinct rows do not have: ask by `page`");
    }
    Ok(())
}

/// Adds to the order what tells each row from every other: the primary keys of the tables, in the direction of the last
/// item.
fn make_total(select: &mut Select) {
    let descending = select.order_by.last().is_some_and(|item| item.descending);
    let many = select.joins.iter().filter(|join| !is_unique(join)).filter_map(|join| join.item.source());
    let sources: Vec<SourceRef> = [select.root].into_iter().chain(many).collect();
    for source in sources {
        for column in source.table().key_columns() {
            if !select.order_by.iter().any(|item| is_column(&item.node, source, column)) {
                select.order_by.push(OrderBy { node: Node::column(source, column), descending, nulls_first: None });
            }
        }
    }
}

fn is_column(node: &Node, source: SourceRef, column: &ColumnDef) -> bool {
    matches!(node, Node::Column { source: of, column: other } if *of == source && other.name == column.name)
}

/// Whether the join brings at most one row: its condition equals the whole primary key of a table to something.
fn is_unique(join: &Join) -> bool {
    let FromItem::Source(source) = join.item else { return false };
    let conditions = match &join.on {
        Node::All(all) => all.as_slice(),
        single => std::slice::from_ref(single),
    };
    let equals = |column: &ColumnDef| {
        conditions.iter().any(|condition| match condition {
            Node::Binary { op: BinaryOp::Eq, operands } => {
                let [lhs, rhs] = &**operands;
                // A link table is joined with any number of rows.
                let is_given = |node: &Node| match node {
                    Node::Column { source: of, .. } => *of != source,
                    Node::Param(_) => true,
                    _ => false,
                };
                (is_column(rhs, source, column) && is_given(lhs)) || (is_column(lhs, source, column) && is_given(rhs))
            }
            _ => false,
        })
    };
    matches!(join.kind, JoinKind::Inner | JoinKind::Left) && source.table().key_columns().all(equals)
}

/// What tells one order from another: the model, and the text and the values of the clause.
fn fingerprint(select: &Select) -> Result<u64> {
    let mut base = select.clone();
    base.predicates.clear();
    base.locks.clear();
    base.eager.clear();
    base.projection = vec![crate::sql::Projection::One];
    base.order_by.clear();
    let without = base.compile_unfiltered()?;
    base.order_by.clone_from(&select.order_by);
    let with = base.compile_unfiltered()?;
    let clause = with.sql.get(without.sql.len()..).unwrap_or_default();
    let mut fingerprint = Fingerprint::new().with(select.root.table().name.as_bytes()).with(clause.as_bytes());
    for value in with.params.iter().skip(without.params.len()) {
        fingerprint = fingerprint.with(value.as_bytes().unwrap_or_default());
    }
    for item in &select.order_by {
        if let Node::Column { column, .. } = &item.node {
            fingerprint = fingerprint.with(column.ty.name().as_bytes());
        }
    }
    Ok(fingerprint.get())
}

/// Turns the direction round. Where NULL stands by itself, it turns with it.
fn turn(item: &mut OrderBy) {
    item.descending = !item.descending;
    item.nulls_first = item.nulls_first.map(|first| !first);
}

/// The condition that a row is behind the one with this key.
fn beyond(select: &Select, key: &RowKey) -> Node {
    let order = &select.order_by;
    let certain: Vec<bool> = order.iter().map(|item| is_never_null(select, &item.node)).collect();
    let is_uniform = order.iter().all(|item| item.descending == order[0].descending);
    if is_uniform && certain.iter().all(|certain| *certain) && key.iter().all(Option::is_some) {
        return all_beyond(order, key);
    }
    let mut any = Vec::new();
    for (place, item) in order.iter().enumerate() {
        let Some(behind) = is_behind(item, &key[place], certain[place]) else { continue };
        let before = order[..place].iter().zip(key).map(|(item, value)| is_equal(item, value));
        any.push(before.chain([behind]).reduce(Node::and).unwrap_or(Node::All(Vec::new())));
    }
    let any = any.into_iter().reduce(Node::or).unwrap_or(Node::Any(Vec::new()));
    // Said once more for the sake of an index, which the server does not look for in alternatives.
    let bound = match (&key[0], certain[0]) {
        (Some(_), true) => {
            let op = if order[0].descending { BinaryOp::Le } else { BinaryOp::Ge };
            Some(Node::binary(op, order[0].node.clone(), param(&order[0].node, &key[0])))
        }
        _ => None,
    };
    match bound {
        Some(bound) => bound.and(any),
        None => any,
    }
}

/// `(a, b) > ($1, $2)`: for columns that are never NULL and go the same way.
fn all_beyond(order: &[OrderBy], key: &RowKey) -> Node {
    let op = if order[0].descending { BinaryOp::Lt } else { BinaryOp::Gt };
    let one = |mut nodes: Vec<Node>| if nodes.len() == 1 { nodes.swap_remove(0) } else { Node::Tuple(nodes) };
    let values = order.iter().zip(key).map(|(item, value)| param(&item.node, value));
    let nodes = order.iter().map(|item| item.node.clone());
    Node::binary(op, one(nodes.collect()), one(values.collect()))
}

/// The condition that a row is behind another by this item, or `None` if none is.
fn is_behind(item: &OrderBy, value: &Option<Vec<u8>>, is_certain: bool) -> Option<Node> {
    let nulls_first = item.nulls_first.unwrap_or(item.descending);
    let test = |test| Node::Is { operand: Box::new(item.node.clone()), test };
    if value.is_none() {
        return nulls_first.then(|| test(IsTest::NotNull));
    }
    let op = if item.descending { BinaryOp::Lt } else { BinaryOp::Gt };
    let behind = Node::binary(op, item.node.clone(), param(&item.node, value));
    Some(if nulls_first || is_certain { behind } else { behind.or(test(IsTest::Null)) })
}

fn is_equal(item: &OrderBy, value: &Option<Vec<u8>>) -> Node {
    match value {
        None => Node::Is { operand: Box::new(item.node.clone()), test: IsTest::Null },
        Some(_) => Node::binary(BinaryOp::Eq, item.node.clone(), param(&item.node, value)),
    }
}

/// A value of a cursor. That of an expression has the type that the server finds for it: that of the expression.
fn param(node: &Node, value: &Option<Vec<u8>>) -> Node {
    let (ty, is_known) = match node {
        Node::Column { column, .. } => (column.ty, column.sql_type.is_none()),
        _ => (<i64 as Field>::TYPE, false),
    };
    let value = Value::from_raw(ty, value.as_deref());
    Node::Param(if is_known { value } else { value.undeclared() })
}

/// Whether it is a column that is never NULL, of a table that no join leaves out.
fn is_never_null(select: &Select, node: &Node) -> bool {
    let Node::Column { source, column } = node else { return false };
    if column.nullable || select.joins.iter().any(|join| matches!(join.kind, JoinKind::Right | JoinKind::Full)) {
        return false;
    }
    let is_inner = |join: &Join| {
        matches!(join.kind, JoinKind::Inner | JoinKind::Cross)
            && matches!(join.item, FromItem::Source(of) if of == *source)
    };
    *source == select.root || select.joins.iter().any(is_inner)
}
