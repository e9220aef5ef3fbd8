//! Fourth phase: the objects are brought in line with what was written.

use std::sync::Arc;

use super::super::arena::SlotState;
use super::super::identity::IdentityKey;
use super::super::inner::{Inner, Row, RowSet};
use super::super::undo::{Change, Link};
use super::children;
use super::emit::Emitted;
use super::followers;
use super::work::{LinkOp, Work};
use crate::error::Result;
use crate::hash::{Map, Set};
use crate::schema::{Dump, Edge, RawHandle, RelationDef, RelationField, RelationKind, TableDef, is_inverse};

/// What came into loaded collections and what left them: by owner and field.
#[derive(Default)]
struct Edits(Map<(Row, usize), (Vec<RawHandle>, Set<RawHandle>)>);

/// Brings objects in line with their foreign keys, one after the other.
#[derive(Default)]
struct Relating {
    edits: Edits,
    /// Memory for the foreign keys of an object of this table, whatever it has.
    now: Dump,
    table: Option<&'static TableDef>,
    last: LastParent,
}

/// The parent that was looked for last: children of one parent come together.
#[derive(Default)]
struct LastParent {
    relation: Option<&'static RelationDef>,
    key: Vec<u8>,
    found: Option<Row>,
}

/// An object as the last flush left it.
struct Flushed {
    row: Row,
    /// None if no flush has seen it.
    columns: Option<Dump>,
    /// The parents that it held, by field.
    parents: Vec<Option<Row>>,
}

pub(super) fn finalize(session: &mut Inner, work: &Work, emitted: &Emitted) -> Result<()> {
    let effects = &emitted.effects;
    if emitted.ended {
        // It is committed, and not taken back any more: only what is to be forgotten then is remembered.
        work.gone().for_each(|row| session.remember(row, Change::Deleted(None)));
    } else {
        remember(session, work);
    }
    let mut relating = Relating::default();
    let new = || work.inserts.iter().map(|op| op.row).chain(work.switches.iter().map(|switch| switch.new));
    let taken_over: RowSet = work.switches.iter().map(|switch| switch.new).collect();
    let updated = work.updates.iter().map(|op| op.row).filter(|row| !taken_over.contains(row));
    let mut flushed: Vec<Flushed> = Vec::new();
    if work.inserts.iter().any(|op| belongs_to_any(op.table)) {
        flushed.reserve(work.inserts.len());
    }
    flushed.extend(new().chain(updated).filter_map(|row| Flushed::of(session, row)));
    // A key may move from one object to another: all leave the identity map before any enters it.
    for op in work.updates.iter().filter(|op| op.may_move()) {
        session.arenas[op.row.arena].unregister(op.row.slot);
    }
    for op in &work.deletes {
        session.leave(op.row, op.is_mark);
    }
    for switch in &work.switches {
        session.arenas[switch.old.arena].unregister(switch.old.slot);
        session.arenas[switch.old.arena].set_state(switch.old.slot, SlotState::Deleted);
    }
    let mut cells = Vec::new();
    let mut numbers = Vec::with_capacity(work.inserts.len());
    for stores in effects.stores.chunk_by(|a, b| a.0 == b.0) {
        cells.clear();
        cells.extend(stores.iter().map(|(_, column, raw)| (*column, raw.as_deref())));
        let row = stores[0].0;
        let arena = &mut session.arenas[row.arena];
        arena.store(row.slot, &cells)?;
        if arena.state(row.slot) == SlotState::Pending {
            let raw = |column| cells.iter().rfind(|(other, _)| *other == column).and_then(|(_, raw)| *raw);
            numbers.extend(IdentityKey::of(arena.table(), raw).filter(IdentityKey::is_number).map(|key| (row, key)));
        }
    }
    for op in &work.updates {
        settle_row(session, op.row);
        if op.may_move() || taken_over.contains(&op.row) {
            session.arenas[op.row.arena].register(op.row.slot);
        }
    }
    for row in new() {
        session.arenas[row.arena].set_state(row.slot, SlotState::Persistent);
        settle_row(session, row);
        // Other keys are known by the bytes that the fields make.
        let number = numbers.binary_search_by_key(&row, |(row, _)| *row).ok().map(|place| numbers[place].1.clone());
        match number {
            Some(number) => session.arenas[row.arena].register_as(row.slot, number),
            None => session.arenas[row.arena].register(row.slot),
        };
    }
    for flushed in &flushed {
        relate(session, flushed, &mut relating);
    }
    for op in &work.links {
        mirror_link(session, op, &mut relating.edits);
    }
    confirm(session, work, &mut relating);
    relating.edits.apply(session);
    followers::follow(session, work);
    purge(session, work);
    children::follow(session, work, &effects.children)?;
    session.pending.clear();
    session.related.clear();
    Ok(())
}

impl Flushed {
    /// None of an object that belongs to no other: no relationship depends on its columns.
    fn of(session: &Inner, row: Row) -> Option<Self> {
        let arena = &session.arenas[row.arena];
        if !belongs_to_any(arena.table()) {
            return None;
        }
        let is_first = arena.state(row.slot) == SlotState::Pending && !arena.is_again(row.slot);
        if is_first {
            return Some(Self { row, columns: None, parents: Vec::new() });
        }
        let mut columns = Dump::default();
        arena.dump_flushed(row.slot, &mut columns);
        let parent = |(field, relation): (usize, &&'static RelationDef)| {
            let is_one = matches!(relation.kind, RelationKind::BelongsTo { .. });
            let held = arena.flushed_relation(row.slot, field).filter(|_| is_one)?.handles()?;
            session.resolve((relation.to)(), *held.first()?).ok()
        };
        let parents = arena.table().relations.iter().enumerate().map(parent).collect();
        Some(Self { row, columns: Some(columns), parents })
    }
}

/// What a flush that had nothing to write leaves: the objects agree with each other.
pub(super) fn unchanged(session: &mut Inner, work: &Work) {
    remember(session, work);
    let mut relating = Relating::default();
    confirm(session, work, &mut relating);
    relating.edits.apply(session);
    settle(session, work);
}

/// Brings those objects in line of whose rows nothing was to be written, but which were on their way elsewhere.
fn confirm(session: &mut Inner, work: &Work, relating: &mut Relating) {
    for &(parent, field, child) in &work.lost {
        relating.edits.note(parent, field, session.handle_of(child), false);
    }
    let touched: Vec<Flushed> = changed_rows(session).filter_map(|row| Flushed::of(session, row)).collect();
    let left: Set<Row> = match work.parents.iter().any(|(_, relation, _)| is_left_to_trigger(relation)) {
        true => work.updates.iter().map(|op| op.row).collect(),
        false => Set::default(),
    };
    for &(child, relation, parent) in &work.parents {
        // Of a row that was written, what a trigger made of the key has come back, and is what counts.
        if !(is_left_to_trigger(relation) && left.contains(&child)) {
            confirm_parent(session, child, relation, parent);
        }
    }
    for flushed in &touched {
        relate(session, flushed, relating);
    }
}

/// Looks at what is touched no more: what a flush found unchanged, or wrote.
pub(super) fn settle(session: &mut Inner, work: &Work) {
    for &row in &work.dropped {
        session.arenas[row.arena].set_state(row.slot, SlotState::Transient);
    }
    session.pending.retain(|row| !work.dropped.contains(row));
    leave_relations(session, &work.dropped);
    session.cascaded.clear();
    session.assigned.clear();
    session.relinks.clear();
    for arena in 0..session.arenas.len() {
        for slot in session.arenas[arena].touched().to_vec() {
            forget_edits(session, Row { arena, slot });
            session.arenas[arena].settle(slot);
        }
        session.arenas[arena].compact();
    }
}

/// The objects that have a row and may differ from it.
fn changed_rows(session: &Inner) -> impl Iterator<Item = Row> {
    session.arenas.iter().enumerate().flat_map(|(arena, slots)| {
        let changed = slots.touched().iter().filter(|&&slot| slots.has_snapshot(slot) && !slots.is_doomed(slot));
        changed.map(move |&slot| Row { arena, slot })
    })
}

/// Keeps what the rows were, for the transaction to be taken back.
fn remember(session: &mut Inner, work: &Work) {
    session.undo.reserve(work.inserts.len());
    for op in &work.inserts {
        session.remember(op.row, Change::Inserted(session.checkpoint(op.row)));
    }
    for switch in &work.switches {
        session.remember(switch.new, Change::Inserted(session.checkpoint(switch.new)));
    }
    for row in work.gone() {
        session.remember(row, Change::Deleted(session.checkpoint(row)));
    }
    // Of a touched object without an update of its own, the collections may have been written.
    let mut changed: Vec<(Row, Vec<usize>)> = work.updates.iter().map(|op| (op.row, op.made())).collect();
    changed.extend(changed_rows(session).map(|row| (row, Vec::new())));
    let mut seen: RowSet = work.switches.iter().map(|switch| switch.new).collect();
    for (row, touched) in changed {
        if seen.insert(row) {
            session.remember(row, Change::Updated(session.checkpoint(row), touched));
        }
    }
    for op in work.updates.iter().filter(|op| !op.set.is_empty()) {
        session.remember(op.row, Change::Assigned(op.set.clone()));
    }
    for op in &work.links {
        let ends = [session.handle_of(op.rows.0), session.handle_of(op.rows.1)];
        session.remember(op.rows.0, Change::Linked(Link { relation: op.relation, ends, insert: op.insert }));
    }
}

fn settle_row(session: &mut Inner, row: Row) {
    forget_edits(session, row);
    let epoch = session.epoch;
    let arena = &mut session.arenas[row.arena];
    arena.settle(row.slot);
    arena.set_epoch(row.slot, epoch);
}

/// What was added to and removed from collections that are not loaded is written now, and those that are do not grow.
fn forget_edits(session: &mut Inner, row: Row) {
    let arena = &mut session.arenas[row.arena];
    let table = arena.table();
    let is_collection = |field: &usize| {
        matches!(table.relations[*field].kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
    };
    for field in (0..table.relations.len()).filter(is_collection) {
        arena.edit_relation(row.slot, field, &mut |relation| relation.settle());
        let pending = arena.relation(row.slot, field).is_some_and(|relation| {
            let (added, removed) = relation.pending();
            !added.is_empty() || !removed.is_empty()
        });
        if pending {
            arena.edit_relation(row.slot, field, &mut |relation| relation.unload());
        }
    }
}

/// Brings the relationship fields of a row whose foreign keys may have changed in line with them, and the collections of
/// its old and new parents.
fn relate(session: &mut Inner, flushed: &Flushed, relating: &mut Relating) {
    let Relating { edits, now, table: last_table, last } = relating;
    let row = flushed.row;
    let table = session.arenas[row.arena].table();
    if !belongs_to_any(table) {
        return;
    }
    if last_table.is_none_or(|last| !std::ptr::eq(last, table)) {
        *now = Dump::only(&foreign_columns(table));
        *last_table = Some(table);
    }
    session.arenas[row.arena].dump(row.slot, now);
    let handle = session.handle_of(row);
    for (field, relation) in table.relations.iter().enumerate() {
        if !matches!(relation.kind, RelationKind::BelongsTo { .. }) {
            continue;
        }
        let columns = relation.key_positions().0;
        let before = flushed.columns.as_ref();
        let is_same = before.is_some_and(|before| columns.iter().all(|&c| before.raw(c) == now.raw(c)));
        if is_same && !columns.iter().any(|&column| table.columns[column].trigger) {
            continue;
        }
        let old = before.and_then(|before| parent_of(session, relation, before));
        let held = flushed.parents.get(field).copied().flatten();
        let new = last.or_find(session, relation, now);
        set_parent(session, row, field, new, columns.iter().any(|&column| now.raw(column).is_none()));
        for (parent, comes) in [(old, false), (held, false), (new, true)] {
            let Some(parent) = parent.filter(|parent| comes || Some(*parent) != new) else { continue };
            for (field, other) in (relation.to)().relations.iter().enumerate() {
                if is_inverse(other, relation) {
                    edits.note(parent, field, handle, comes);
                }
            }
        }
    }
}

/// The relationships of a model to its parents.
fn to_parents(table: &TableDef) -> impl Iterator<Item = &'static RelationDef> {
    table.relations.iter().copied().filter(|relation| matches!(relation.kind, RelationKind::BelongsTo { .. }))
}

/// The columns of a model that point to its parents.
fn foreign_columns(table: &TableDef) -> Vec<usize> {
    to_parents(table).flat_map(|relation| relation.key_positions().0).copied().collect()
}

/// Whether a model has a relationship to a parent.
fn belongs_to_any(table: &TableDef) -> bool {
    to_parents(table).next().is_some()
}

/// Whether a trigger may give the key of a relationship to a parent another value than it is sent with.
fn is_left_to_trigger(relation: &RelationDef) -> bool {
    let table = (relation.from)();
    relation.key_positions().0.iter().any(|&column| table.columns[column].trigger)
}

/// The parent that a foreign key points to, if the session holds it.
fn parent_of(session: &Inner, relation: &'static RelationDef, dump: &Dump) -> Option<Row> {
    let target = (relation.to)();
    let arena = session.find_arena(target)?;
    let (columns, targets) = relation.key_positions();
    let raw = |column: usize| {
        let part = targets.iter().position(|&other| other == column)?;
        dump.raw(columns[part])
    };
    // A key that points to other columns than the primary key leads to no entry of the identity map.
    let key = IdentityKey::of(target, raw)?;
    session.arenas[arena].lookup(&key).map(|slot| Row { arena, slot })
}

fn set_parent(session: &mut Inner, row: Row, field: usize, parent: Option<Row>, is_null: bool) {
    let handle = parent.map(|parent| session.handle_of(parent));
    session.arenas[row.arena].edit_relation(row.slot, field, &mut |relation| match handle {
        None if !is_null => relation.unload(),
        handle => relation.set_one(handle),
    });
}

/// Makes the key and the relationship of a child what its parent says: where the row has that key already, nothing was
/// written, but the object may have been on its way elsewhere.
fn confirm_parent(session: &mut Inner, child: Row, relation: &'static RelationDef, parent: Option<Row>) {
    let (columns, targets) = relation.key_positions();
    let (mut own, mut key) = (Dump::default(), Dump::default());
    session.arenas[child.arena].dump(child.slot, &mut own);
    if let Some(parent) = parent {
        session.arenas[parent.arena].dump(parent.slot, &mut key);
    }
    for (&column, &target) in columns.iter().zip(targets) {
        if own.raw(column) != key.raw(target) {
            // A key is of the type of the column that it points to; of one that is to be NULL, some columns may not be.
            let _ = session.arenas[child.arena].store(child.slot, &[(column, key.raw(target))]);
        }
    }
    if let Some(field) = relation.field {
        set_parent(session, child, field, parent, parent.is_none());
    }
}

/// A link that was written from one side shows in the loaded collection of the other.
fn mirror_link(session: &Inner, op: &LinkOp, edits: &mut Edits) {
    let (row, other) = op.rows;
    let handle = session.handle_of(row);
    for (field, relation) in session.arenas[other.arena].table().relations.iter().enumerate() {
        let link = Edge::of(relation).columns().link;
        let mirrors = link.is_some_and(|link| {
            (link.schema, link.table, link.local, link.remote)
                == (op.link.schema, op.link.table, op.link.remote, op.link.local)
        });
        if mirrors {
            edits.note(other, field, handle, op.insert);
        }
    }
}

impl LastParent {
    /// The parent that a foreign key points to, if the session holds it.
    fn or_find(&mut self, session: &Inner, relation: &'static RelationDef, dump: &Dump) -> Option<Row> {
        let &[column] = relation.key_positions().0 else { return parent_of(session, relation, dump) };
        let key = dump.raw(column)?;
        if !self.relation.is_some_and(|last| std::ptr::eq(last, relation)) || self.key != key {
            self.relation = Some(relation);
            self.key.clear();
            self.key.extend_from_slice(key);
            self.found = parent_of(session, relation, dump);
        }
        self.found
    }
}

impl Edits {
    fn note(&mut self, owner: Row, field: usize, handle: RawHandle, comes: bool) {
        let (added, removed) = self.0.entry((owner, field)).or_default();
        if comes {
            added.push(handle);
        } else {
            removed.insert(handle);
        }
    }

    fn apply(self, session: &mut Inner) {
        for ((owner, field), (added, removed)) in self.0 {
            let held = |row: Row| session.arenas[row.arena].relation(row.slot, field)?.held();
            let Some(held) = held(owner) else { continue };
            // Nearly always a collection holds what came into it.
            if removed.is_empty() && *added == *held {
                continue;
            }
            let there: Set<RawHandle> = held.iter().copied().collect();
            // Who comes to a relationship to one takes the place of who was there.
            let kind = session.arenas[owner.arena].table().relations[field].kind;
            let replaced = matches!(kind, RelationKind::HasOne { .. }) && !added.is_empty();
            let stays = |handle: &RawHandle| !removed.contains(handle) && (!replaced || added.contains(handle));
            let kept = held.iter().copied().filter(stays);
            let new = added.iter().copied().filter(|handle| !there.contains(handle));
            let list: Arc<[RawHandle]> = kept.chain(new).collect();
            if list == held {
                continue;
            }
            session.correct_relation(owner, field, &list);
        }
    }
}

/// Takes deleted objects out of the loaded collections.
fn purge(session: &mut Inner, work: &Work) {
    let gone: Vec<Row> = work.gone().collect();
    for row in &gone {
        session.arenas[row.arena].settle(row.slot);
    }
    leave_relations(session, &gone);
}

/// Whether a model that the session knows has a relationship to this one.
fn is_related(session: &Inner, table: &'static TableDef) -> bool {
    session.arenas.iter().any(|arena| arena.table().relations.iter().any(|other| std::ptr::eq((other.to)(), table)))
}

/// Takes objects out of all loaded relationships.
fn leave_relations(session: &mut Inner, rows: &[Row]) {
    let is_related: Vec<bool> = session.arenas.iter().map(|arena| is_related(session, arena.table())).collect();
    let mut gone: Map<usize, Set<RawHandle>> = Map::default();
    for &row in rows.iter().filter(|row| is_related[row.arena]) {
        gone.entry(row.arena).or_default().insert(session.handle_of(row));
    }
    for (arena, handles) in gone {
        let table = session.arenas[arena].table();
        session.remove_from_relations(table, &handles);
    }
}

/// Brings the relationships of an object in line with its foreign keys, of which `stored` has the old ones.
pub(in crate::session) fn follow_keys(session: &mut Inner, row: Row, stored: Dump) {
    let mut relating = Relating::default();
    relate(session, &Flushed { row, columns: Some(stored), parents: Vec::new() }, &mut relating);
    relating.edits.apply(session);
}

impl Inner {
    /// Takes objects that are gone out of all loaded relationships to their model.
    pub(in crate::session) fn remove_from_relations(&mut self, table: &'static TableDef, gone: &Set<RawHandle>) {
        for (row, field, _) in self.holders(table, gone) {
            let held = self.arenas[row.arena].relation(row.slot, field).and_then(RelationField::held);
            let kept = held.iter().flat_map(|held| held.iter()).copied().filter(|handle| !gone.contains(handle));
            self.correct_relation(row, field, &kept.collect());
        }
    }

    /// Like [`remove_from_relations`](Self::remove_from_relations), for objects whose rows stay: a relationship to the
    /// one is not loaded any more.
    pub(in crate::session) fn forget_in_relations(&mut self, table: &'static TableDef, gone: &Set<RawHandle>) {
        for (row, field, relation) in self.holders(table, gone) {
            let is_one = matches!(relation.kind, RelationKind::BelongsTo { .. } | RelationKind::HasOne { .. });
            let unload = is_one && self.state(row) == SlotState::Persistent;
            self.arenas[row.arena].edit_relation(row.slot, field, &mut |relation| {
                if unload { relation.unload() } else { relation.forget(gone) }
            });
        }
    }

    /// The objects of which a loaded relationship holds one of these.
    fn holders(&self, table: &'static TableDef, gone: &Set<RawHandle>) -> Vec<(Row, usize, &'static RelationDef)> {
        let mut found = Vec::new();
        for (arena, slots) in self.arenas.iter().enumerate() {
            for (field, relation) in slots.table().relations.iter().enumerate() {
                if !std::ptr::eq((relation.to)(), table) {
                    continue;
                }
                let holds = |slot: u32| {
                    let now = slots.relation(slot, field).and_then(RelationField::handles);
                    let before = slots.flushed_relation(slot, field).filter(|_| slots.has_snapshot(slot));
                    let before = before.and_then(RelationField::handles);
                    now.iter().chain(&before).any(|held| held.iter().any(|handle| gone.contains(handle)))
                };
                let rows = (0..slots.len() as u32).filter(|&slot| slots.generation(slot).is_some() && holds(slot));
                found.extend(rows.map(|slot| (Row { arena, slot }, field, *relation)));
            }
        }
        found
    }
}
