//! What a transaction changed in memory, so that it can be taken back with it.
//!
//! Two ways back: a rollback makes the objects what they were; a failed flush makes what was written pending again, so
//! that it can be corrected and committed anew.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::arena::{Checkpoint, SlotState};
use super::inner::{Inner, Row};
use crate::schema::{Dump, RawHandle, RelationDef, RelationField, RelationKind};

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
    /// Its row was updated, or only its collections were written: the object as its row had it before, and what was added
    /// to and taken out of its collections; and the columns that the server set though the change did not.
    Updated(Option<Checkpoint>, Vec<Edit>, Vec<usize>),
    /// Its row was deleted.
    Deleted(Option<Checkpoint>),
    /// A bulk operation, which no flush repeats, wrote its row.
    Bulk(Option<Checkpoint>),
    /// A bulk operation deleted its row.
    BulkDeleted(Option<Checkpoint>),
    /// A relationship was brought in line with what was written of others: what it held, and how that changed.
    Related(Arc<[RawHandle]>, Edit),
    /// The relationship of this field was loaded in the transaction.
    Loaded(usize),
    /// A flush that is to be repeated wrote the parent of this field; what it held before, if it was loaded.
    Parent(usize, Option<Arc<[RawHandle]>>),
}

/// What came into a relationship and what left it, by its field.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) field: usize,
    pub(super) added: Vec<RawHandle>,
    pub(super) removed: Vec<RawHandle>,
}

/// Which way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The objects are what they were before the transaction.
    Rollback,
    /// What the flushes of the transaction wrote is to be written again.
    Repend,
}

impl Undo {
    fn is_insert(&self) -> bool {
        matches!(self.change, Change::Inserted(_))
    }
}

impl Edit {
    /// The difference between two lists.
    pub(super) fn between(field: usize, before: &[RawHandle], after: &[RawHandle]) -> Self {
        let (old, new): (HandleSet<'_>, HandleSet<'_>) = (before.iter().collect(), after.iter().collect());
        Self {
            field,
            added: after.iter().copied().filter(|handle| !old.contains(handle)).collect(),
            removed: before.iter().copied().filter(|handle| !new.contains(handle)).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// The list as it must be for the edit to be one.
    pub(super) fn kept_out(&self, list: &[RawHandle]) -> Arc<[RawHandle]> {
        let (added, there): (HandleSet<'_>, HandleSet<'_>) = (self.added.iter().collect(), list.iter().collect());
        let left = list.iter().filter(|handle| !added.contains(handle));
        let back = self.removed.iter().filter(|handle| !there.contains(handle));
        left.chain(back).copied().collect()
    }

    /// The list without the edit. What `order` has comes in its order.
    pub(super) fn taken_back(&self, list: &[RawHandle], order: &[RawHandle]) -> Arc<[RawHandle]> {
        let added: HandleSet<'_> = self.added.iter().collect();
        let left: HandleSet<'_> = list.iter().filter(|handle| !added.contains(handle)).chain(&self.removed).collect();
        let ordered: HandleSet<'_> = order.iter().collect();
        let first = order.iter().filter(|handle| left.contains(handle));
        let there = list.iter().filter(|handle| left.contains(handle) && !ordered.contains(handle));
        let known: HandleSet<'_> = list.iter().collect();
        let back = self.removed.iter().filter(|handle| !ordered.contains(handle) && !known.contains(handle));
        first.chain(there).chain(back).copied().collect()
    }
}

type HandleSet<'a> = HashSet<&'a RawHandle>;

impl Inner {
    /// Keeps a change, for the transaction to be taken back.
    pub(super) fn remember(&mut self, row: Row, change: Change) {
        let generation = self.arenas[row.arena].generation(row.slot);
        self.undo.push(Undo { row, generation, change });
    }

    /// The object as its row has it.
    pub(super) fn checkpoint(&self, row: Row) -> Option<Checkpoint> {
        self.arenas[row.arena].checkpoint(row.slot)
    }

    /// Brings a relationship in line with what was written of others, which is no change.
    pub(super) fn correct_relation(&mut self, row: Row, field: usize, list: &Arc<[RawHandle]>) {
        let held = self.arenas[row.arena].relation(row.slot, field).and_then(|relation| relation.held());
        if let Some(held) = held {
            let edit = Edit::between(field, &held, list);
            self.remember(row, Change::Related(held, edit));
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
        let touched = if way == Way::Rollback { self.drop_unflushed() } else { Vec::new() };
        let mut undone = self.undo.split_off(start);
        let earlier = std::mem::take(&mut self.undo);
        // An object may be gone since, and another one in its slot.
        undone.retain(|undo| self.arenas[undo.row.arena].generation(undo.row.slot) == undo.generation);
        // Keys may have moved from one object to another: all leave the identity map before any comes back.
        let rows: Vec<Row> = undone.iter().map(|undo| undo.row).collect();
        for row in &rows {
            self.arenas[row.arena].unregister(row.slot);
        }
        let new: HashSet<Row> = undone.iter().filter(|undo| undo.is_insert()).map(|undo| undo.row).collect();
        let (mut inserted, mut dropped): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
        for undo in undone.into_iter().rev() {
            if undo.is_insert() {
                // One that was to be deleted again is not to be written at all.
                let is_doomed = self.arenas[undo.row.arena].is_doomed(undo.row.slot);
                if is_doomed { dropped.push(undo.row) } else { inserted.push(undo.row) }
            }
            match way {
                Way::Rollback => self.roll_back(undo),
                Way::Repend => self.make_pending(undo, &new),
            }
        }
        for &row in &rows {
            if self.state(row) == SlotState::Persistent {
                self.arenas[row.arena].register(row.slot);
            }
        }
        // What was kept for a later rollback was kept last first.
        let kept = std::mem::replace(&mut self.undo, earlier);
        self.undo.extend(kept.into_iter().rev());
        if way == Way::Rollback {
            // What was said of objects that are not new any more is not said of them now.
            rows.into_iter().chain(touched).for_each(|row| self.keep_persistent(row));
        } else {
            inserted.reverse();
            inserted.extend(std::mem::take(&mut self.pending));
            self.pending = inserted;
            self.forget_dropped(&dropped);
        }
        self.related.clear();
        if way == Way::Rollback {
            self.cascaded.clear();
        }
        for arena in &mut self.arenas {
            arena.compact_once();
        }
    }

    /// Takes objects without a row out of the relationships of one that has a row.
    fn keep_persistent(&mut self, row: Row) {
        if self.state(row) != SlotState::Persistent {
            return;
        }
        for (field, relation) in self.arenas[row.arena].table().relations.iter().enumerate() {
            let held = self.arenas[row.arena].relation(row.slot, field).and_then(RelationField::held);
            let is_gone = |handle: &&RawHandle| {
                self.resolve((relation.to)(), **handle).is_ok_and(|end| self.state(end) == SlotState::Transient)
            };
            let gone: HashSet<RawHandle> = held.iter().flat_map(|held| held.iter()).filter(is_gone).copied().collect();
            if !gone.is_empty() {
                self.arenas[row.arena].edit_relation(row.slot, field, &mut |relation| relation.forget(&gone));
            }
        }
    }

    /// Takes objects that are not to be written out of what is.
    fn forget_dropped(&mut self, dropped: &[Row]) {
        let mut gone: HashMap<usize, HashSet<RawHandle>> = HashMap::new();
        for &row in dropped {
            gone.entry(row.arena).or_default().insert(self.handle_of(row));
        }
        for (of, gone) in gone {
            let table = self.arenas[of].table();
            for arena in &mut self.arenas {
                let relations = arena.table().relations.iter().enumerate();
                for (field, _) in relations.filter(|(_, relation)| std::ptr::eq((relation.to)(), table)) {
                    for slot in 0..arena.len() as u32 {
                        arena.edit_relation(slot, field, &mut |relation| relation.forget(&gone));
                    }
                }
            }
        }
    }

    /// Gives up what no flush has seen: new objects become transient, changed ones are as their rows. Gives the changed.
    fn drop_unflushed(&mut self) -> Vec<Row> {
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

    fn roll_back(&mut self, undo: Undo) {
        let Row { arena, slot } = undo.row;
        let arena = &mut self.arenas[arena];
        match undo.change {
            Change::Inserted(before) => {
                arena.restore(slot, before);
                arena.set_state(slot, SlotState::Transient);
            }
            Change::Updated(before, ..) | Change::Bulk(before) => arena.restore(slot, before),
            Change::Deleted(before) | Change::BulkDeleted(before) => {
                arena.restore(slot, before);
                arena.set_state(slot, SlotState::Persistent);
            }
            Change::Related(held, edit) => arena.uncorrect(slot, &held, &edit),
            // What was loaded in the transaction is what the transaction saw.
            Change::Loaded(field) => arena.edit_relation(slot, field, &mut |relation| relation.unload()),
            Change::Parent(field, held) => arena.edit_relation(slot, field, &mut |relation| match &held {
                Some(held) => relation.set_held(Arc::clone(held)),
                None => relation.unload(),
            }),
        }
    }

    fn make_pending(&mut self, undo: Undo, new: &HashSet<Row>) {
        let Undo { row, mut change, .. } = undo;
        match &mut change {
            Change::Updated(_, edits, _) => edits.iter_mut().for_each(|edit| self.leave_out_new(row, edit, new)),
            Change::Related(_, edit) => self.leave_out_new(row, edit, new),
            _ => {}
        }
        if let Change::Updated(before, edits, touched) = change {
            return self.make_dirty(row, before, (&edits, &touched), new);
        }
        if let Change::Deleted(before) = change {
            return self.make_doomed(row, before, new);
        }
        let Row { arena, slot } = row;
        let arena = &mut self.arenas[arena];
        match change {
            Change::Inserted(before) => {
                let is_doomed = arena.is_doomed(slot);
                arena.repend(slot, before);
                arena.set_state(slot, if is_doomed { SlotState::Transient } else { SlotState::Pending });
                if is_doomed {
                    arena.settle(slot);
                }
            }
            Change::Updated(before, ..) | Change::Bulk(before) => arena.restore(slot, before),
            Change::Deleted(before) | Change::BulkDeleted(before) => {
                arena.restore(slot, before);
                arena.set_state(slot, SlotState::Persistent);
            }
            // It is brought in line again when what it follows is written again.
            Change::Related(held, edit) => arena.uncorrect(slot, &held, &edit),
            // It stays loaded, as what the transaction saw is pending now; a rollback may still come.
            Change::Loaded(_) | Change::Parent(..) => {
                self.undo.push(Undo { row, generation: undo.generation, change });
            }
        }
    }

    /// What was deleted is to be deleted again, unless its row was only marked, and has been brought back since.
    fn make_doomed(&mut self, row: Row, before: Option<Checkpoint>, new: &HashSet<Row>) {
        let arena = &self.arenas[row.arena];
        let is_there = self.state(row) == SlotState::Persistent && !arena.is_doomed(row.slot);
        let mut now = Dump::default();
        arena.dump(row.slot, &mut now);
        if is_there && arena.table().soft_delete.is_some_and(|column| now.raw(column).is_none()) {
            return self.make_dirty(row, before, (&[], &[]), new);
        }
        let arena = &mut self.arenas[row.arena];
        arena.restore(row.slot, before);
        arena.set_state(row.slot, SlotState::Persistent);
        arena.doom(row.slot, true);
    }

    /// A new child that has left a collection is not put back: it was never in the table there.
    fn leave_out_new(&self, row: Row, edit: &mut Edit, new: &HashSet<Row>) {
        let relation = self.arenas[row.arena].table().relations[edit.field];
        if !matches!(relation.kind, RelationKind::ManyToMany { .. }) {
            edit.removed.retain(|&handle| !self.resolve((relation.to)(), handle).is_ok_and(|end| new.contains(&end)));
        }
    }

    /// What was written of the row is a change again. A parent that it was written with is one by its key alone, so that a
    /// collection that it was put into since is heard; one that is new again has no key.
    fn make_dirty(
        &mut self,
        row: Row,
        before: Option<Checkpoint>,
        (edits, touched): (&[Edit], &[usize]),
        new: &HashSet<Row>,
    ) {
        let parents: Vec<usize> = self.written_parents(row, new);
        let (mut now, written) = (Dump::default(), self.stored_dump(row));
        let arena = &mut self.arenas[row.arena];
        arena.dump(row.slot, &mut now);
        arena.restore_snapshot(row.slot, before, edits);
        let mut before = Dump::default();
        arena.dump_stored(row.slot, &mut before);
        for &column in touched.iter().filter(|&&column| now.raw(column) == written.raw(column)) {
            // What the server set, it sets again. The value was the field's own: it decodes.
            let _ = arena.store(row.slot, column, before.raw(column));
        }
        for field in parents {
            let held = |relation: Option<&dyn RelationField>| relation.and_then(RelationField::held);
            let arena = &mut self.arenas[row.arena];
            let (now, before) = (held(arena.relation(row.slot, field)), held(arena.stored_relation(row.slot, field)));
            let Some(now) = now else { continue };
            arena.change_stored_relation(row.slot, field, &mut |relation| relation.set_held(Arc::clone(&now)));
            self.remember(row, Change::Parent(field, before));
        }
    }

    /// The relationships to parents that have not been changed since they were written, and whose parents have their keys.
    fn written_parents(&self, row: Row, new: &HashSet<Row>) -> Vec<usize> {
        let arena = &self.arenas[row.arena];
        let is_written = |(field, relation): &(usize, &&'static RelationDef)| {
            let held = |relation: Option<&dyn RelationField>| relation.and_then(RelationField::held);
            let now = held(arena.relation(row.slot, *field));
            let to = (relation.to)();
            let has_key = |handle: &RawHandle| self.resolve(to, *handle).is_ok_and(|parent| !new.contains(&parent));
            matches!(relation.kind, RelationKind::BelongsTo { .. })
                && now == held(arena.stored_relation(row.slot, *field))
                && now.is_some_and(|now| now.iter().all(has_key))
        };
        arena.table().relations.iter().enumerate().filter(is_written).map(|(field, _)| field).collect()
    }
}
