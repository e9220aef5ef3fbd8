//! What a transaction changed in memory, so that it can be taken back with it.
//!
//! Two ways back. A rollback makes the objects what they were. After a failed flush they stay as they are, and what the
//! transaction had written is to be written again: an object keeps its value and what the last flush left as its snapshot,
//! by which the next one sees what relationships say anew, and beside them the [row](super::arena::AnyArena::take_back) as
//! the table has it again, with which it compares the columns. The changes stay remembered, for a rollback that may follow.

use std::sync::Arc;

use super::arena::{AnyArena, Checkpoint, SlotState};
use super::flush::follow_keys;
use super::inner::{Inner, Row};
use crate::hash::{Map, Set};
use crate::schema::{Dump, RawHandle, RelationDef, RelationField, RelationKind, positions};
use crate::sql::Node;

/// One change to one object.
pub(super) struct Undo {
    pub(super) row: Row,
    /// Tells the object from a later one in its slot.
    pub(super) generation: Option<u32>,
    pub(super) change: Change,
}

/// What happened to an object or its row.
pub(super) enum Change {
    /// Its row was inserted; the object as it was added.
    Inserted(Option<Checkpoint>),
    /// Its row was updated, or only its collections were written: the object as its row had it before; and the columns
    /// that the server set though the change did not.
    Updated(Option<Checkpoint>, Vec<usize>),
    /// Its row was deleted.
    Deleted(Option<Checkpoint>),
    /// A bulk operation, which no flush repeats, wrote its row.
    Bulk(Option<Checkpoint>),
    /// An upsert wrote its row, and made the object of it.
    Upserted(Option<Checkpoint>),
    /// A bulk operation deleted its row.
    BulkDeleted(Option<Checkpoint>),
    /// Columns were set to expressions.
    Assigned(Vec<(usize, Node)>),
    /// A link of it was written.
    Linked(Link),
    /// A relationship was brought in line with what was written of others: the field, and what it held.
    Related(usize, Arc<[RawHandle]>),
    /// The relationship of this field was loaded in the transaction.
    Loaded(usize),
}

impl Change {
    /// Whether a flush or a bulk operation has written something of the object, or brought it in line with that.
    pub(super) fn is_write(&self) -> bool {
        !matches!(self, Self::Loaded(_))
    }
}

/// A row of a link table that was inserted or deleted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) relation: &'static RelationDef,
    /// The objects where the relationship starts and ends.
    pub(super) ends: [RawHandle; 2],
    pub(super) insert: bool,
}

/// Which way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The objects are what they were before the transaction.
    Rollback,
    /// What the flushes of the transaction wrote is to be written again.
    Repend,
}

/// What is to be written again: by object, as its row was before anything was written.
#[derive(Default)]
struct Again<'u> {
    /// New objects, the last first.
    new: Vec<Row>,
    is_new: Set<Row>,
    rows: Map<Row, &'u Checkpoint>,
    /// What bulk operations did is lost: the objects as they were before and after, the last first.
    lost: Vec<(Row, &'u Checkpoint, Option<&'u Checkpoint>)>,
    lost_deletes: Set<Row>,
    /// Objects that an upsert made, which is lost.
    lost_upserts: Vec<Row>,
}

impl Undo {
    /// Whether the object is there still, and not another one in its slot.
    fn is_there(&self, session: &Inner) -> bool {
        session.arenas[self.row.arena].generation(self.row.slot) == self.generation
    }
}

impl<'u> Again<'u> {
    /// Reads a change, the last first; `session` still has the objects as they were left.
    fn read(&mut self, session: &mut Inner, undo: &'u Undo) {
        let row = undo.row;
        let before = match &undo.change {
            Change::Inserted(before) => {
                // Before that it had no row: what is remembered of it is of an attempt that failed.
                if self.is_new.insert(row) {
                    self.new.push(row);
                    session.arenas[row.arena].make_new(row.slot, before.as_ref(), self.rows.remove(&row));
                }
                return;
            }
            Change::Updated(before, touched) => {
                if let Some(before) = before {
                    session.arenas[row.arena].untouch(row.slot, before, touched);
                }
                before.as_ref()
            }
            Change::Deleted(before) | Change::BulkDeleted(before) => {
                if let Some(before) = before {
                    session.unmark_again(row, before);
                }
                before.as_ref()
            }
            Change::Bulk(before) => before.as_ref(),
            Change::Upserted(_) => {
                // What it wrote is lost, and no flush repeats it.
                self.rows.remove(&row);
                self.lost_upserts.push(row);
                return;
            }
            Change::Assigned(set) => return session.assign_again(row, set),
            Change::Linked(_) | Change::Related(..) | Change::Loaded(_) => return,
        };
        let Some(before) = before.filter(|_| !self.is_new.contains(&row)) else { return };
        let after = self.rows.insert(row, before);
        match undo.change {
            Change::Bulk(_) => self.lost.push((row, before, after)),
            // If it is the last that happened to the object.
            Change::BulkDeleted(_) if after.is_none() => drop(self.lost_deletes.insert(row)),
            _ => {}
        }
    }
}

impl Inner {
    /// Keeps a change, for the transaction to be taken back.
    pub(super) fn remember(&mut self, row: Row, change: Change) {
        let generation = self.arenas[row.arena].generation(row.slot);
        self.undo.push(Undo { row, generation, change });
    }

    /// Forgets what the transaction changed of objects that leave the session. What was written of them no flush repeats.
    pub(super) fn forget_undo(&mut self, is_gone: impl Fn(Row) -> bool) {
        self.is_unrepeatable |= self.undo.iter().any(|undo| is_gone(undo.row) && undo.change.is_write());
        let mut before = 0;
        let mut kept = vec![0; self.undo.len() + 1];
        for (place, undo) in self.undo.iter().enumerate() {
            before += usize::from(!is_gone(undo.row));
            kept[place + 1] = before;
        }
        self.undo.retain(|undo| !is_gone(undo.row));
        for level in &mut self.levels {
            level.undo = kept[level.undo];
        }
    }

    /// The object as its row has it.
    pub(super) fn checkpoint(&self, row: Row) -> Option<Checkpoint> {
        self.arenas[row.arena].checkpoint(row.slot)
    }

    /// Brings a relationship in line with what was written of others, which is no change.
    pub(super) fn correct_relation(&mut self, row: Row, field: usize, list: &Arc<[RawHandle]>) {
        if let Some(held) = self.arenas[row.arena].relation(row.slot, field).and_then(RelationField::held) {
            self.remember(row, Change::Related(field, held));
        }
        self.arenas[row.arena].edit_relation(row.slot, field, &mut |relation| relation.set_held(Arc::clone(list)));
    }

    /// Takes back what the transaction did to the objects.
    pub(super) fn undo_all(&mut self, way: Way) {
        self.levels.clear();
        self.go_back_to = None;
        self.undo_from(0, way);
    }

    /// Takes back what was done to the objects since so much had been.
    pub(super) fn undo_from(&mut self, start: usize, way: Way) {
        match way {
            Way::Rollback => self.roll_back_from(start),
            Way::Repend => self.repend_from(start),
        }
        self.related.clear();
        for arena in &mut self.arenas {
            arena.compact_once();
        }
    }

    fn roll_back_from(&mut self, start: usize) {
        let mut undone = self.undo.split_off(start);
        undone.retain(|undo| undo.is_there(self));
        let rows: Vec<Row> = undone.iter().map(|undo| undo.row).collect();
        self.unregister(&rows);
        let touched = self.drop_unflushed();
        for undo in undone.into_iter().rev() {
            self.roll_back(undo);
        }
        self.register(&rows);
        // What was said of objects that are not new any more is not said of them now.
        rows.into_iter().chain(touched).for_each(|row| self.keep_persistent(row));
        self.relinks.clear();
        self.cascaded.clear();
    }

    fn roll_back(&mut self, undo: Undo) {
        let Row { arena, slot } = undo.row;
        let arena = &mut self.arenas[arena];
        match undo.change {
            Change::Inserted(before) | Change::Upserted(before) => {
                arena.restore(slot, before);
                arena.set_state(slot, SlotState::Transient);
            }
            Change::Updated(before, _) | Change::Bulk(before) => arena.restore(slot, before),
            Change::Deleted(before) | Change::BulkDeleted(before) => {
                arena.restore(slot, before);
                arena.set_state(slot, SlotState::Persistent);
            }
            Change::Linked(_) | Change::Assigned(_) => {}
            Change::Related(field, held) => {
                arena.edit_relation(slot, field, &mut |relation| relation.set_held(Arc::clone(&held)));
            }
            // What was loaded in the transaction is what the transaction saw.
            Change::Loaded(field) => arena.edit_relation(slot, field, &mut |relation| relation.unload()),
        }
    }

    fn repend_from(&mut self, start: usize) {
        self.drop_hooked(start);
        let mut log = std::mem::take(&mut self.undo);
        let undone: Vec<&Undo> = log[start..].iter().filter(|undo| undo.is_there(self)).collect();
        let rows: Vec<Row> = undone.iter().map(|undo| undo.row).collect();
        self.unregister(&rows);
        let mut again = Again::default();
        for undo in undone.iter().rev() {
            again.read(self, undo);
        }
        let mut dropped = self.make_pending(&again.new, &again.lost_deletes);
        dropped.extend(self.make_transient(&again.lost_upserts));
        for (&row, &before) in &again.rows {
            self.make_dirty(row, before, again.lost_deletes.contains(&row));
        }
        self.register(&rows);
        self.forget_dropped(&dropped);
        for (row, before, after) in again.lost {
            self.take_bulk_back(row, before, after);
        }
        self.put_back(&again.lost_deletes, &undone);
        let links = undone.iter().filter_map(|undo| match undo.change {
            Change::Linked(link) => Some(link),
            _ => None,
        });
        self.relinks = links.collect();
        log.append(&mut self.undo);
        self.undo = log;
    }

    /// What marking a row as deleted set is to be set again. An object that a query has let in again since is doomed again,
    /// unless its row was brought back.
    fn unmark_again(&mut self, row: Row, before: &Checkpoint) {
        let arena = &mut self.arenas[row.arena];
        let Some(mark) = arena.table().soft_delete else { return };
        let mut now = Dump::default();
        arena.dump(row.slot, &mut now);
        if arena.state(row.slot) == SlotState::Persistent && now.raw(mark).is_some() {
            arena.doom(row.slot, true);
        }
        let columns = arena.table().changed_by_mark();
        arena.untouch(row.slot, before, &columns);
    }

    /// An expression that was written is to be written again, unless another was assigned since.
    fn assign_again(&mut self, row: Row, set: &[(usize, Node)]) {
        let assigned = self.assigned.entry(row).or_default();
        for (column, node) in set {
            if !assigned.iter().any(|(other, _)| other == column) {
                assigned.push((*column, node.clone()));
            }
        }
    }

    /// Makes objects whose rows are not there any more pending. Gives those that were to be deleted again: they are not
    /// written at all.
    fn make_pending(&mut self, new: &[Row], lost_deletes: &Set<Row>) -> Vec<Row> {
        let (mut pending, mut dropped): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
        for &row in new.iter().rev() {
            let arena = &mut self.arenas[row.arena];
            match arena.state(row.slot) {
                SlotState::Vacant | SlotState::Transient => {}
                SlotState::Pending => pending.push(row),
                SlotState::Persistent | SlotState::Deleted
                    if lost_deletes.contains(&row)
                        || (arena.state(row.slot) == SlotState::Persistent && !arena.is_doomed(row.slot)) =>
                {
                    arena.set_state(row.slot, SlotState::Pending);
                    pending.push(row);
                }
                SlotState::Persistent | SlotState::Deleted => {
                    arena.settle(row.slot);
                    arena.set_state(row.slot, SlotState::Transient);
                    dropped.push(row);
                }
            }
        }
        let known: Set<Row> = pending.iter().copied().collect();
        pending.extend(self.pending.iter().filter(|row| !known.contains(row)));
        self.pending = pending;
        dropped
    }

    /// Of objects without a row any more; gives those that were not so before.
    fn make_transient(&mut self, rows: &[Row]) -> Vec<Row> {
        let is_there = |row: &&Row| matches!(self.state(**row), SlotState::Persistent | SlotState::Deleted);
        let dropped: Vec<Row> = rows.iter().filter(is_there).copied().collect();
        for row in &dropped {
            self.arenas[row.arena].settle(row.slot);
            self.arenas[row.arena].set_state(row.slot, SlotState::Transient);
        }
        dropped
    }

    /// What was written of the row is to be written again.
    fn make_dirty(&mut self, row: Row, before: &Checkpoint, is_lost: bool) {
        let arena = &mut self.arenas[row.arena];
        match arena.state(row.slot) {
            SlotState::Persistent => arena.take_back(row.slot, before),
            SlotState::Deleted => {
                arena.set_state(row.slot, SlotState::Persistent);
                arena.take_back(row.slot, before);
                arena.doom(row.slot, !is_lost);
            }
            SlotState::Vacant | SlotState::Transient | SlotState::Pending => {}
        }
    }

    /// What a bulk operation did to an object is lost; what was changed since stays.
    fn take_bulk_back(&mut self, row: Row, before: &Checkpoint, after: Option<&Checkpoint>) {
        let mut was = Dump::default();
        self.arenas[row.arena].dump_flushed(row.slot, &mut was);
        self.arenas[row.arena].take_columns_back(row.slot, before, after);
        follow_keys(self, row, was);
    }

    /// Puts objects whose deletion by a bulk operation is lost back into the relationships that they were taken out of.
    fn put_back(&mut self, lost: &Set<Row>, undone: &[&Undo]) {
        let mut gone: Set<Row> = Set::default();
        for undo in undone.iter().filter(|_| !lost.is_empty()) {
            let Row { arena, slot } = undo.row;
            if matches!(undo.change, Change::BulkDeleted(_)) && lost.contains(&undo.row) {
                gone.insert(undo.row);
            }
            let Change::Related(field, held) = &undo.change else { continue };
            let to = (self.arenas[arena].table().relations[*field].to)();
            let is_gone = |handle: &&RawHandle| self.resolve(to, **handle).is_ok_and(|end| gone.contains(&end));
            let back: Vec<RawHandle> = held.iter().filter(is_gone).copied().collect();
            self.arenas[arena].edit_relation(slot, *field, &mut |relation| {
                back.iter().for_each(|&handle| relation.push_raw(handle));
            });
        }
    }

    /// Takes objects out of the identity map. Keys may have moved from one to another: all leave before any comes back.
    fn unregister(&mut self, rows: &[Row]) {
        rows.iter().for_each(|row| self.arenas[row.arena].unregister(row.slot));
    }

    fn register(&mut self, rows: &[Row]) {
        for &row in rows {
            if self.state(row) == SlotState::Persistent {
                self.arenas[row.arena].register(row.slot);
            }
        }
    }

    /// Takes objects that are not there any more, or have no row, out of the relationships of one that has a row.
    fn keep_persistent(&mut self, row: Row) {
        if self.state(row) != SlotState::Persistent {
            return;
        }
        for (field, relation) in self.arenas[row.arena].table().relations.iter().enumerate() {
            let held = self.arenas[row.arena].relation(row.slot, field).and_then(RelationField::held);
            let is_gone = |handle: &&RawHandle| {
                self.resolve((relation.to)(), **handle).map_or(true, |end| self.state(end) == SlotState::Transient)
            };
            let gone: Set<RawHandle> = held.iter().flat_map(|held| held.iter()).filter(is_gone).copied().collect();
            if !gone.is_empty() {
                self.arenas[row.arena].edit_relation(row.slot, field, &mut |relation| relation.forget(&gone));
            }
        }
    }

    /// Takes objects that are not to be written out of what is.
    fn forget_dropped(&mut self, dropped: &[Row]) {
        let mut gone: Map<usize, Set<RawHandle>> = Map::default();
        for &row in dropped {
            gone.entry(row.arena).or_default().insert(self.handle_of(row));
        }
        for (of, gone) in gone {
            let table = self.arenas[of].table();
            for arena in &mut self.arenas {
                let relations = arena.table().relations.iter().enumerate();
                for (field, relation) in relations.filter(|(_, relation)| std::ptr::eq((relation.to)(), table)) {
                    for slot in 0..arena.len() as u32 {
                        let held = arena.relation(slot, field).and_then(RelationField::held);
                        let holds = held.is_some_and(|held| held.iter().any(|end| gone.contains(end)));
                        let leads_elsewhere = holds && has_other_key(&**arena, slot, relation);
                        arena.edit_relation(slot, field, &mut |relation| {
                            if leads_elsewhere { relation.unload() } else { relation.forget(&gone) }
                        });
                    }
                }
            }
        }
    }

    /// Gives up what no flush has seen: new objects become transient, changed ones are as their rows. Gives the changed.
    fn drop_unflushed(&mut self) -> Vec<Row> {
        self.assigned.clear();
        let mut touched = Vec::new();
        for row in std::mem::take(&mut self.pending) {
            self.arenas[row.arena].settle(row.slot);
            self.arenas[row.arena].set_state(row.slot, SlotState::Transient);
        }
        for (index, arena) in self.arenas.iter_mut().enumerate() {
            for slot in arena.touched().to_vec() {
                arena.revert(slot);
                touched.push(Row { arena: index, slot });
            }
            arena.compact();
        }
        touched
    }
}

/// Whether the key of a relationship to a parent was changed by hand since the last flush.
fn has_other_key(arena: &dyn AnyArena, slot: u32, relation: &RelationDef) -> bool {
    let RelationKind::BelongsTo { columns } = relation.kind else { return false };
    let (mut now, mut flushed) = (Dump::default(), Dump::default());
    arena.dump(slot, &mut now);
    arena.dump_flushed(slot, &mut flushed);
    positions(arena.table(), columns).into_iter().any(|column| now.raw(column) != flushed.raw(column))
}
