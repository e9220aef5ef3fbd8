//! What becomes of the children when their parents are deleted: by the relationship's rule, or the foreign key's.
//!
//! The database's own `ON DELETE` is trusted: nothing is asked and nothing is sent, and the children that the session
//! holds are brought in line. Without one, a key that may be NULL becomes so; a relationship may say otherwise by
//! `on_parent_delete`. Either way it is one statement a relationship, for loaded children and others alike.
//!
//! A parent that is only marked as deleted is still there for the database and for its children's keys: nothing happens
//! to them but what the relationship says. Children that are to be deleted are marked where their model says so; those of
//! a row that really goes go really, the marked ones among them, because their keys could not stand.

use std::sync::Arc;

use super::super::arena::SlotState;
use super::super::identity::IdentityKey;
use super::super::inner::{Inner, Row};
use super::super::undo::Change;
use super::finalize::follow_keys;
use super::keys::Keys;
use super::statements::{Expect, Outgoing, array};
use super::work::{DeleteOp, Work};
use crate::compile::Write;
use crate::error::{ConstraintKind, Error, ErrorKind, Result};
use crate::hash::{Set, ValueSet};
use crate::schema::{
    Dump, ForeignKeyAction, OnParentDelete, RawHandle, RelationDef, RelationKind, SourceRef, TableDef, positions,
};
use crate::sql::{BinaryOp, Branch, BulkDelete, BulkUpdate, FromItem, Node, Projection, Select, Tree};
use crate::types::Value;

/// What is done to children by a statement of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Delete,
    Nullify,
    /// There must be none. Where the parent's row goes, the foreign key sees to it.
    Refuse,
}

/// The primary keys of children that a statement met.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) table: &'static TableDef,
    /// The key's columns that are NULL now; none if the rows are deleted.
    pub(super) nullified: Vec<usize>,
    /// The columns that came back beside the key.
    pub(super) made: Vec<usize>,
    /// The keys, each with the values of `made` behind it.
    pub(super) keys: Vec<Vec<Option<Box<[u8]>>>>,
}

/// The rule that calls for a statement, if one does; whether the parent's row `goes`, or is only marked, tells.
fn rule(relation: &RelationDef, inverse: &RelationDef, goes: bool) -> Option<Rule> {
    let table = (inverse.from)();
    let (columns, _) = inverse.key_pairs();
    let nullable = || positions(table, columns).iter().all(|&column| table.columns[column].nullable);
    match relation.on_parent_delete {
        OnParentDelete::Delete => Some(Rule::Delete),
        OnParentDelete::Nullify => Some(Rule::Nullify),
        OnParentDelete::Restrict => (!goes).then_some(Rule::Refuse),
        OnParentDelete::ForeignKey if !goes => None,
        OnParentDelete::ForeignKey => match table.foreign_key_over(columns)?.on_delete {
            ForeignKeyAction::NoAction | ForeignKeyAction::Restrict => nullable().then_some(Rule::Nullify),
            ForeignKeyAction::Cascade | ForeignKeyAction::SetNull | ForeignKeyAction::SetDefault => None,
        },
    }
}

/// The statements that go before the deletion of these rows, which are of one table: those of the furthest descendants
/// first.
pub(super) fn statements(work: &Work, keys: &Keys<'_>, deletes: &[usize]) -> Result<Vec<Outgoing>> {
    let ops: Vec<&DeleteOp> = deletes.iter().map(|&delete| &work.deletes[delete]).collect();
    let (table, goes) = (ops[0].table, !ops[0].is_mark);
    let mut out = Vec::new();
    let rows = |of: &[&DeleteOp], columns: &[usize]| -> Result<Vec<Value>> {
        let values = |&column: &usize| array(table, column, of.iter().map(|op| keys.stored(table, &op.stored, column)));
        columns.iter().map(values).collect()
    };
    let tree = match branches(table) {
        branches if branches.is_empty() => None,
        branches => {
            let chosen = in_arrays(table, table.key_names(), rows(&ops, table.primary_key)?);
            Some(Arc::new(Tree { table, chosen, branches }))
        }
    };
    for (relation, inverse) in children_of(table).filter(|(relation, inverse)| !is_branch(relation, inverse)) {
        let Some(rule) = rule(relation, inverse, goes) else { continue };
        let (columns, targets) = inverse.key_pairs();
        let targets = positions(table, targets);
        let chosen = match &tree {
            Some(tree) => in_tree((inverse.from)(), columns, tree, targets),
            None => in_arrays((inverse.from)(), columns, rows(&ops, &targets)?),
        };
        push(relation, inverse, (rule, goes), chosen, &mut vec![table], &mut out)?;
    }
    if let Some(tree) = tree.filter(|_| !goes) {
        // Rows below that are deleted themselves are the statement's for those.
        let all: Vec<&DeleteOp> = work.deletes.iter().filter(|op| std::ptr::eq(op.table, table)).collect();
        let own = in_arrays(table, table.key_names(), rows(&all, table.primary_key)?);
        let below = in_tree(table, table.key_names(), &tree, table.primary_key.to_vec());
        out.push(deletion(table, vec![below, Node::Not(Box::new(own))], goes));
    }
    Ok(out)
}

/// The relationships by which the rows of a table are deleted with their parents in the same table.
pub(super) fn branches(table: &'static TableDef) -> Vec<Branch> {
    let branch = |(_, inverse): (&RelationDef, &RelationDef)| {
        let (columns, targets) = inverse.key_pairs();
        Branch { columns: positions(table, columns), targets: positions(table, targets) }
    };
    children_of(table).filter(|(relation, inverse)| is_branch(relation, inverse)).map(branch).collect()
}

fn is_branch(relation: &RelationDef, inverse: &RelationDef) -> bool {
    relation.on_parent_delete == OnParentDelete::Delete && std::ptr::eq((inverse.from)(), (relation.from)())
}

/// The collections of a model, with the other sides that hold their keys.
fn children_of(table: &'static TableDef) -> impl Iterator<Item = (&'static RelationDef, &'static RelationDef)> {
    table.relations.iter().filter_map(|relation| match relation.kind {
        RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse } => Some((*relation, &**inverse)),
        RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { .. } => None,
    })
}

fn nodes(table: &'static TableDef, columns: &[&'static str]) -> Vec<Node> {
    let node = |column: usize| Node::column(SourceRef::Table(table), &table.columns[column]);
    positions(table, columns).into_iter().map(node).collect()
}

/// The rows whose columns are those of a row of the tree.
fn in_tree(table: &'static TableDef, columns: &[&'static str], tree: &Arc<Tree>, targets: Vec<usize>) -> Node {
    Node::InTree { columns: nodes(table, columns), tree: Arc::clone(tree), targets }
}

fn in_arrays(table: &'static TableDef, columns: &[&'static str], mut arrays: Vec<Value>) -> Node {
    let nodes = nodes(table, columns);
    match (nodes.as_slice(), arrays.pop()) {
        ([single], Some(array)) => Node::InArray { operand: Box::new(single.clone()), array, negated: false },
        (_, last) => Node::InTuples { columns: nodes, arrays: arrays.into_iter().chain(last).collect() },
    }
}

/// The statement for the children that `chosen` chooses, after those for their own children.
fn push(
    relation: &'static RelationDef,
    inverse: &'static RelationDef,
    (rule, goes): (Rule, bool),
    chosen: Node,
    path: &mut Vec<&'static TableDef>,
    out: &mut Vec<Outgoing>,
) -> Result<()> {
    let table = (inverse.from)();
    let source = SourceRef::Table(table);
    let returning = |made: &[usize]| table.primary_key.iter().chain(made).copied().collect::<Vec<usize>>();
    let (columns, _) = inverse.key_pairs();
    match rule {
        Rule::Nullify => {
            let nullable = positions(table, columns).into_iter().filter(|&column| table.columns[column].nullable);
            let nullified: Vec<usize> = nullable.collect();
            let null = |&column: &usize| {
                let def = &table.columns[column];
                (def, Node::Param(Value::from_raw(def.ty, None)))
            };
            let set = nullified.iter().map(null).collect();
            let is_null = |column: usize| nullified.contains(&column);
            let mut made = table.touched_by_update(is_null);
            made.extend(table.made_by_write(|column| is_null(column) || made.contains(&column)));
            let returning = returning(&made);
            let predicates = vec![chosen];
            let (joins, with_deleted, before) = (Vec::new(), goes, None);
            let write = BulkUpdate {
                source,
                set,
                joins,
                predicates,
                with_deleted,
                before,
                unfiltered: Vec::new(),
                projection: Vec::new(),
                returning,
            };
            out.push(Outgoing { write: Write::BulkUpdate(write), expect: Expect::Children { table, nullified, made } });
            return Ok(());
        }
        Rule::Refuse => {
            let mut select = Select::of(source, Projection::One, FromItem::Source(source));
            select.predicates.push(chosen);
            select.limit = Some(1);
            out.push(Outgoing { write: Write::Find(Box::new(select)), expect: Expect::NoneLeft { relation } });
            return Ok(());
        }
        Rule::Delete => {}
    }
    let chosen = match branches(table) {
        branches if branches.is_empty() => chosen,
        branches => {
            let tree = Arc::new(Tree { table, chosen, branches });
            in_tree(table, table.key_names(), &tree, table.primary_key.to_vec())
        }
    };
    let deletion = deletion(table, vec![chosen.clone()], goes);
    let goes = goes || table.soft_delete.is_none();
    if path.iter().any(|other| std::ptr::eq(*other, table)) {
        return Err(unsupported(relation, "leads back to a model on the way: let the foreign key cascade"));
    }
    path.push(table);
    for (below, its_inverse) in children_of(table).filter(|(below, its_inverse)| !is_branch(below, its_inverse)) {
        let Some(rule) = self::rule(below, its_inverse, goes) else { continue };
        let chosen = in_children(its_inverse, table, &chosen);
        push(below, its_inverse, (rule, goes), chosen, path, out)?;
    }
    path.pop();
    out.push(deletion);
    Ok(())
}

/// Deletes children that these conditions choose, or marks them as deleted if the row that they follow is only marked,
/// too.
fn deletion(table: &'static TableDef, predicates: Vec<Node>, goes: bool) -> Outgoing {
    let made = if goes || table.soft_delete.is_none() { Vec::new() } else { table.changed_by_mark() };
    let write = BulkDelete {
        source: SourceRef::Table(table),
        joins: Vec::new(),
        predicates,
        with_deleted: goes,
        unfiltered: Vec::new(),
        permanently: goes,
        projection: Vec::new(),
        returning: table.primary_key.iter().chain(&made).copied().collect(),
    };
    let expect = Expect::Children { table, nullified: Vec::new(), made };
    Outgoing { write: Write::BulkDelete(write), expect }
}

/// The grandchildren whose parents `chosen` chooses.
fn in_children(inverse: &RelationDef, parent: &'static TableDef, chosen: &Node) -> Node {
    let (table, (columns, targets)) = ((inverse.from)(), inverse.key_pairs());
    let column_of =
        |table: &'static TableDef, column: usize| Node::column(SourceRef::Table(table), &table.columns[column]);
    let (columns, targets) = (positions(table, columns), positions(parent, targets));
    let source = SourceRef::Table(parent);
    if let ([column], [target]) = (&columns[..], &targets[..]) {
        let (node, ty) = (column_of(parent, *target), parent.columns[*target].ty);
        let mut select = Select::of(source, Projection::Expr { node, ty }, FromItem::Source(source));
        select.predicates.push(chosen.clone());
        let operand = Box::new(column_of(table, *column));
        return Node::InSelect { operand, select: Arc::new(select), negated: false };
    }
    let mut select = Select::of(source, Projection::One, FromItem::Source(source));
    let pairs = columns.into_iter().zip(targets);
    select.predicates.extend(
        pairs.map(|(column, target)| Node::binary(BinaryOp::Eq, column_of(table, column), column_of(parent, target))),
    );
    select.predicates.push(chosen.clone());
    Node::Exists(Arc::new(select))
}

/// A parent is not marked as deleted while it has children that forbid it.
pub(super) fn still_has(relation: &RelationDef) -> Error {
    let message = format!("relationship `{}` still has objects: a row they belong to is not deleted", relation.path());
    let error = Error::new(ErrorKind::Constraint(ConstraintKind::ForeignKey), message);
    error.with_model((relation.from)().model)
}

fn unsupported(relation: &RelationDef, reason: &str) -> Error {
    let model = (relation.from)().model;
    let message = format!("relationship `{}` deletes its children and {reason}", relation.path());
    Error::new(ErrorKind::Unsupported, message).with_model(model)
}

/// If the server refused to delete a parent, names the relationship that has no rule for its children.
pub(super) fn explain(work: &Work, error: Error) -> Error {
    let Some(table) = error.table().map(str::to_owned).filter(|_| error.is_foreign_key_violation()) else {
        return error;
    };
    let relations = work.deletes.iter().flat_map(|op| children_of(op.table));
    let found = relations.into_iter().find(|(_, inverse)| (inverse.from)().display_name() == table);
    match found {
        Some((relation, _)) => error.context(&format!("relationship `{}` still has objects", relation.path())),
        None => error,
    }
}

/// Brings the children in line that the session holds: of statements of ours, and of what the database did itself.
pub(super) fn follow(session: &mut Inner, work: &Work, met: &[Met]) -> Result<()> {
    let mut gone: Vec<(&'static TableDef, Vec<Dump>)> = Vec::new();
    for met in met {
        let Some(arena) = session.find_arena(met.table) else { continue };
        let slots = met.keys.iter().map(|key| (slot_of(session, arena, met.table, key), key));
        let found: Vec<(Row, &Vec<_>)> =
            slots.filter_map(|(slot, key)| slot.map(|slot| (Row { arena, slot }, key))).collect();
        let rows: Vec<Row> = found.iter().map(|(row, _)| *row).collect();
        let is_mark = met.table.soft_delete.is_some_and(|column| met.made.contains(&column));
        if met.nullified.is_empty() {
            if !is_mark {
                gone.push((met.table, rows.iter().map(|&row| session.stored_dump(row)).collect()));
            }
            delete(session, &rows, is_mark);
        } else {
            rows.into_iter().for_each(|row| nullify(session, row, &met.nullified, &met.made));
        }
        for (row, key) in found {
            let made = met.made.iter().copied().zip(&key[met.table.primary_key.len()..]);
            session.store_all(row, made)?;
        }
    }
    let is_pointed_to = |table: &'static TableDef| {
        let mut keys = session.arenas.iter().flat_map(|arena| arena.table().foreign_keys);
        keys.any(|key| std::ptr::eq((key.target)(), table))
    };
    for op in work.deletes.iter().filter(|op| !op.is_mark && is_pointed_to(op.table)) {
        let mut dump = Dump::default();
        session.arenas[op.row.arena].dump_stored(op.row.slot, &mut dump);
        match gone.iter_mut().find(|(table, _)| std::ptr::eq(*table, op.table)) {
            Some((_, dumps)) => dumps.push(dump),
            None => gone.push((op.table, vec![dump])),
        }
    }
    while let Some((table, dumps)) = gone.pop() {
        gone.extend(follow_database(session, table, &dumps));
    }
    Ok(())
}

fn slot_of(session: &Inner, arena: usize, table: &'static TableDef, key: &[Option<Box<[u8]>>]) -> Option<u32> {
    let raw = |column: usize| key[table.primary_key.iter().position(|&other| other == column)?].as_deref();
    session.arenas[arena].lookup(&IdentityKey::of(table, raw)?)
}

fn delete(session: &mut Inner, rows: &[Row], is_mark: bool) {
    let mut gone: Set<RawHandle> = Set::default();
    for &row in rows {
        session.remember(row, Change::Deleted(session.checkpoint(row)));
        gone.insert(session.handle_of(row));
        session.leave(row, is_mark);
        session.arenas[row.arena].settle(row.slot);
    }
    if let Some(row) = rows.first() {
        let table = session.arenas[row.arena].table();
        session.remove_from_relations(table, &gone);
    }
}

fn nullify(session: &mut Inner, row: Row, columns: &[usize], touched: &[usize]) {
    session.remember(row, Change::Updated(session.checkpoint(row), touched.to_vec()));
    let stored = session.stored_dump(row);
    for &column in columns {
        // The column is that of a field that may be NULL: it takes one.
        let _ = session.arenas[row.arena].store(row.slot, &[(column, None)]);
    }
    follow_keys(session, row, stored);
}

/// What `ON DELETE CASCADE` and `SET NULL` of the database did to children of these rows; gives those that went.
fn follow_database(
    session: &mut Inner,
    table: &'static TableDef,
    parents: &[Dump],
) -> Vec<(&'static TableDef, Vec<Dump>)> {
    let mut gone: Vec<(&'static TableDef, Vec<Dump>)> = Vec::new();
    for arena in 0..session.arenas.len() {
        let child = session.arenas[arena].table();
        for key in child.foreign_keys.iter().filter(|key| std::ptr::eq((key.target)(), table)) {
            let (columns, targets) = (positions(child, key.columns), positions(table, key.target_columns));
            let keys: ValueSet<Vec<Option<&[u8]>>> =
                parents.iter().map(|dump| targets.iter().map(|&column| dump.raw(column)).collect()).collect();
            let rows = rows_with(session, arena, &columns, &keys);
            match key.on_delete {
                ForeignKeyAction::Cascade => {
                    gone.push((child, rows.iter().map(|&row| session.stored_dump(row)).collect()));
                    delete(session, &rows, false);
                }
                ForeignKeyAction::SetNull => rows.into_iter().for_each(|row| nullify(session, row, &columns, &[])),
                ForeignKeyAction::NoAction | ForeignKeyAction::Restrict | ForeignKeyAction::SetDefault => {}
            }
        }
    }
    gone.retain(|(_, dumps)| !dumps.is_empty());
    gone
}

/// The objects of an arena that have a row with one of these keys.
fn rows_with(session: &Inner, arena: usize, columns: &[usize], keys: &ValueSet<Vec<Option<&[u8]>>>) -> Vec<Row> {
    let slots = (0..session.arenas[arena].len() as u32).map(|slot| Row { arena, slot });
    let mut dump = Dump::default();
    slots
        .filter(|row| session.state(*row) == SlotState::Persistent)
        .filter(|row| {
            session.arenas[arena].dump_stored(row.slot, &mut dump);
            let key: Vec<Option<&[u8]>> = columns.iter().map(|&column| dump.raw(column)).collect();
            key.iter().all(Option::is_some) && keys.contains(&key)
        })
        .collect()
}
