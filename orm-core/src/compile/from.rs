//! Items of a FROM clause, and the common table expressions at the head of a statement.

use std::sync::Arc;

use super::writer::{LeftOut, Named, Writer, numbered, usual};
use crate::error::{Error, ErrorKind};
use crate::schema::SourceRef;
use crate::sql::{BodyKind, Cte, FromItem, Join, JoinKind, Node, Select, SetOp};
use crate::types::Value;

/// A common table expression that is written.
#[derive(Debug)]
pub(super) struct Definition {
    cte: Arc<Cte>,
    name: String,
    /// Whether rows that are marked as deleted are among its own.
    with_deleted: bool,
    /// Which filters are left out of it.
    left_out: LeftOut,
    text: String,
}

/// How many tables most statements read at most.
const USUAL_TABLES: usize = 4;

/// The common table expressions of a statement.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// In the order in which one may use those before it.
    written: Vec<Definition>,
    /// Those under construction, innermost last.
    open: Vec<(std::any::TypeId, String)>,
    /// Where the statement begins.
    at: Option<usize>,
    /// Names that none of them may have, because tables have them.
    reserved: Vec<&'static str>,
    /// The tables without a schema that the statement reads: the first of them, and those that had no place there.
    tables: [Option<&'static str>; USUAL_TABLES],
    more_tables: Vec<&'static str>,
    /// Whether one of them writes.
    writes: bool,
}

impl Definitions {
    /// None yet, and none named like one of these tables.
    pub(super) fn apart_from(reserved: Vec<&'static str>) -> Self {
        Self { reserved, ..Self::default() }
    }

    /// The tables of the statement, if a common table expression hides one of them.
    pub(super) fn hidden_tables(&self) -> Option<Vec<&'static str>> {
        let tables = || self.tables.iter().flatten().chain(&self.more_tables).copied();
        let hides = self.written.iter().any(|definition| tables().any(|table| table == definition.name));
        hides.then(|| tables().collect())
    }

    pub(super) fn begin(&mut self, at: usize) {
        self.at.get_or_insert(at);
    }

    pub(super) fn reads(&mut self, table: &'static str) {
        for place in &mut self.tables {
            match place {
                Some(known) if *known == table => return,
                Some(_) => {}
                None => return *place = Some(table),
            }
        }
        if !self.more_tables.contains(&table) {
            self.more_tables.push(table);
        }
    }

    pub(super) fn write(&self) -> bool {
        self.writes
    }

    fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| {
            self.written.iter().any(|other| other.name == name)
                || self.open.iter().any(|(_, other)| other == name)
                || self.reserved.contains(&name)
        };
        let wanted = usual(wanted);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (1u32..).map(|number| numbered(wanted, number)).find(|name| !taken(name)).unwrap_or_default()
    }
}

impl Writer {
    pub(super) fn declare_item(&mut self, item: &FromItem) {
        match item {
            FromItem::Source(source)
            | FromItem::Subquery { source, .. }
            | FromItem::Raw { source, .. }
            | FromItem::Cte { source, .. }
            | FromItem::Itself { source, .. } => self.declare(Named::Source(*source)),
            FromItem::Rows { source, .. } => {
                self.declare(Named::Source(*source));
                self.is_derived();
            }
            FromItem::Link(link) => self.declare(Named::Link(*link)),
        }
    }

    pub(super) fn write_item(&mut self, item: &FromItem) {
        match item {
            FromItem::Source(SourceRef::Table(table)) => {
                self.table(table).renamed(table);
            }
            FromItem::Source(source) => {
                self.table(source.table()).push(" AS ").qualifier(Named::Source(*source));
            }
            FromItem::Subquery { source, select, lateral } => {
                self.push(if *lateral { "LATERAL (" } else { "(" }).select(select, false);
                self.push(") AS ").qualifier(Named::Source(*source));
            }
            FromItem::Raw { source, sql } => {
                self.raw_source(sql, source.table());
                self.push(" AS ").qualifier(Named::Source(*source));
            }
            FromItem::Link(link) => {
                if link.schema.is_none() {
                    self.definitions().reads(link.table);
                }
                self.qualified(link.schema, link.table).push(" AS ").qualifier(Named::Link(*link));
            }
            FromItem::Rows { source, columns, body, lateral } => {
                self.push(if *lateral { "LATERAL " } else { "" });
                match &body.0 {
                    BodyKind::Arrays(arrays) => self.unnest_arrays(arrays),
                    BodyKind::Function(call) => self.set_function(call),
                    _ => {
                        self.push("(").body(&body.0);
                        self.push(")");
                    }
                }
                self.push(" AS ").qualifier(Named::Source(*source)).column_list(columns);
            }
            FromItem::Cte { source, cte } => {
                let name = self.cte(cte);
                self.under_alias(&name, *source);
            }
            FromItem::Itself { source, tag } => match self.definitions().open.iter().rfind(|(open, _)| open == tag) {
                Some((_, name)) => {
                    let name = name.clone();
                    self.under_alias(&name, *source);
                }
                None => self.fail(Error::new(
                    ErrorKind::Invalid,
                    "a recursive query is read by itself outside of its own definition",
                )),
            },
        }
    }

    /// The name of a common table expression, and that by which its columns are qualified if it is another.
    fn under_alias(&mut self, name: &str, source: SourceRef) {
        self.ident(name);
        let of = Named::Source(source);
        if self.name_of(of).is_some_and(|alias| alias != name) {
            self.push(" AS ").qualifier(of);
        }
    }

    fn column_list(&mut self, columns: &[&'static str]) -> &mut Self {
        if columns.is_empty() {
            return self;
        }
        self.push(" (").separated(", ", columns, |w, column| {
            w.ident(column);
        });
        self.push(")")
    }

    fn unnest_arrays(&mut self, arrays: &[Value]) {
        self.push("UNNEST (").separated(", ", arrays, |w, array| {
            w.refuse_composites(array.type_def());
            w.param(array.clone());
        });
        self.push(")");
    }

    fn body(&mut self, body: &BodyKind) {
        match body {
            BodyKind::Select(select) => self.select(select, false),
            BodyKind::Set { op, all, lhs, rhs } => {
                self.combined(lhs).push(match (op, all) {
                    (SetOp::Union, false) => " UNION ",
                    (SetOp::Union, true) => " UNION ALL ",
                    (SetOp::Intersect, false) => " INTERSECT ",
                    (SetOp::Intersect, true) => " INTERSECT ALL ",
                    (SetOp::Except, false) => " EXCEPT ",
                    (SetOp::Except, true) => " EXCEPT ALL ",
                });
                self.combined(rhs);
            }
            BodyKind::Arrays(arrays) => {
                self.push("SELECT * FROM ").unnest_arrays(arrays);
            }
            BodyKind::Function(call) => {
                self.push("SELECT * FROM ").set_function(call);
            }
            BodyKind::Delete(delete) => self.written(|w| w.bulk_delete(delete)),
            BodyKind::Update(update) => self.written(|w| w.bulk_update(update)),
            BodyKind::Refused(reason) => self.fail(Error::new(ErrorKind::Invalid, reason.clone())),
        }
    }

    /// One of the queries whose rows are combined.
    fn combined(&mut self, body: &BodyKind) -> &mut Self {
        if let BodyKind::Select(select) = body
            && !select.locks.is_empty()
        {
            let reason = "rows that are combined with those of another query cannot be locked: lock them in a query of their own";
            self.fail(Error::new(ErrorKind::Invalid, reason));
        }
        self.push("(").body(body);
        self.push(")")
    }

    /// Writes a statement that writes rows, as a part of this one.
    fn written(&mut self, write: impl FnOnce(&mut Self)) {
        self.definitions().writes = true;
        if self.definitions().open.len() > 1 {
            let reason =
                "a common table expression that writes cannot stand within another: use it in the query itself";
            self.fail(Error::new(ErrorKind::Invalid, reason));
        }
        let expected = self.expected();
        write(self);
        self.expect_no_more_than(expected);
    }

    /// Defines a common table expression at the head of the statement, unless it is there; gives its name.
    fn cte(&mut self, cte: &Arc<Cte>) -> String {
        let writes = matches!(cte.body, BodyKind::Delete(_) | BodyKind::Update(_));
        // What it writes it writes once, and by its own word.
        let with_deleted = self.has_deleted() && !writes;
        let left_out = if writes { LeftOut::default() } else { self.left_out() };
        let is_this = |other: &&Definition| {
            Arc::ptr_eq(&other.cte, cte) && other.with_deleted == with_deleted && other.left_out == left_out
        };
        let found = self.definitions().written.iter().find(is_this);
        if let Some(found) = found {
            return found.name.clone();
        }
        let name = self.definitions().free_name(cte.name);
        self.definitions().open.push((cte.tag, name.clone()));
        let before = self.set_deleted(with_deleted);
        let around = self.leave_out(left_out.clone());
        let text = self.apart(|w| w.body(&cte.body));
        self.leave_out(around);
        self.set_deleted(before);
        self.definitions().open.pop();
        let definition = Definition { cte: Arc::clone(cte), name: name.clone(), with_deleted, left_out, text };
        self.definitions().written.push(definition);
        name
    }

    /// Puts the common table expressions in front of the statement.
    pub(super) fn hoist(&mut self) {
        if self.definitions().written.is_empty() {
            return;
        }
        let definitions = std::mem::take(self.definitions());
        let statement = self.split_off(definitions.at.unwrap_or(0));
        let recursive = definitions.written.iter().any(|definition| definition.cte.recursive);
        self.push(if recursive { "WITH RECURSIVE " } else { "WITH " });
        self.separated(", ", definitions.written, |w, Definition { cte, name, text, .. }| {
            w.ident(&name).column_list(cte.columns).push(match cte.materialized {
                None => " AS (",
                Some(true) => " AS MATERIALIZED (",
                Some(false) => " AS NOT MATERIALIZED (",
            });
            w.push(&text).push(")");
        });
        // A statement that has some of its own goes on with them.
        match statement.strip_prefix("WITH ") {
            Some(rest) => self.push(", ").push(rest),
            None => self.push(" ").push(&statement),
        };
    }

    /// Writes an item whose own conditions are asked before it is joined: `(SELECT * FROM …)`.
    pub(super) fn write_chosen(&mut self, item: &FromItem, chosen: Node) {
        let FromItem::Source(source) = item else { return self.write_item(item) };
        let inner = SourceRef::Table(source.table());
        let outer = self.enter();
        self.declare(Named::Source(inner));
        self.push("(SELECT * FROM ").table(source.table()).renamed(source.table());
        self.where_clause([&retold(chosen, inner)]);
        self.leave(outer);
        self.push(") AS ").qualifier(Named::Source(*source));
    }
}

/// A condition over the columns of one source, as one over those of another of the same table.
fn retold(node: Node, source: SourceRef) -> Node {
    match node {
        Node::Is { operand, test } => Node::Is { operand: Box::new(retold(*operand, source)), test },
        Node::Column { column, .. } => Node::Column { source, column },
        Node::Over { node, filter, .. } => Node::Over { source, link: None, node, filter },
        Node::All(all) => Node::All(all.into_iter().map(|node| retold(node, source)).collect()),
        other => other,
    }
}

/// Whether a query has joins that keep the rows of their right side, so that those before them may be missing.
pub(super) fn keeps_the_right(select: &Select) -> bool {
    select.joins.iter().any(|join| matches!(join.kind, JoinKind::Right | JoinKind::Full))
}

/// Whether what the rows of a join must fulfil is asked before they are joined: one that keeps the rows of its right side
/// keeps those that its condition refuses, and a cross join has none.
pub(super) fn is_asked_before(join: &Join) -> bool {
    matches!(join.kind, JoinKind::Right | JoinKind::Full | JoinKind::Cross)
}

#[cfg(test)]
mod tests {
    use super::super::Compile;
    use super::*;
    use crate::schema::TableDef;
    use crate::sql::{Body, Lock, LockStrength, LockWait, Projection};

    static TABLE: TableDef = TableDef::new("Course", "", "course", &[], &[], &[]);

    #[test]
    fn queries_that_lock_rows_are_not_combined() {
        let source = SourceRef::Table(&TABLE);
        let mut lhs = Select::of(source, Projection::One, FromItem::Source(source));
        let rhs = Box::new(BodyKind::select(lhs.clone()));
        lhs.locks.push(Lock { strength: LockStrength::Update, of: Vec::new(), wait: LockWait::Wait });
        let lhs = Box::new(BodyKind::operand(lhs));
        let body = Arc::new(Body(BodyKind::Set { op: SetOp::Union, all: false, lhs, rhs }));
        let item = FromItem::Rows { source, columns: &[], body, lateral: false };
        let error = Select::of(source, Projection::One, item).compile_unfiltered().map(drop);
        assert_eq!(error.map_err(|error| error.kind()), Err(ErrorKind::Invalid));
    }
}
