//! What a transaction changed in memory, so that it can be taken back with it.
//!
//! Two ways back: a rollback makes the objects what they were; a failed flush makes what was written pending again, so
//! that it can be corrected and committed anew.

use super::arena::{Checkpoint, SlotState};
use super::inner::{Inner, Row};
use crate::schema::RawHandle;

/// One change to one object.
pub(super) struct Undo {
    pub(super) row: Row,
    /// Tells the object from a later one in its slot.
    pub(super) generation: Option<u32>,
    pub(super) change: Change,
    /// The object as its row had it before; for an insert, as it was added.
    pub(super) before: Option<Checkpoint>,
    /// What the flush wrote of collections that were not loaded.
    pub(super) edits: Vec<Edit>,
}

/// What was added to and taken out of a collection that was not loaded: its field, and the objects.
pub(super) type Edit = (usize, Vec<RawHandle>, Vec<RawHandle>);

/// What happened to an object's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Inserted,
    Updated,
    Deleted,
    /// Nothing, but its relationships were brought in line with what was written of others.
    Related,
    /// Nothing, but the relationship of this field was loaded in the transaction.
    Loaded(usize),
    /// Written by a bulk operation, which cannot be repeated by a flush.
    Bulk,
    BulkDeleted,
}

/// Which way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The objects are what they were before the transaction.
    Rollback,
    /// What the flushes of the transaction wrote is to be written again.
    Repend,
}

impl Inner {
    /// Keeps what an object is now, for the transaction to be taken back.
    pub(super) fn remember(&mut self, row: Row, change: Change) {
        let arena = &self.arenas[row.arena];
        let before = if matches!(change, Change::Loaded(_)) { None } else { arena.checkpoint(row.slot) };
        let edits = if change == Change::Updated { arena.unloaded_edits(row.slot) } else { Vec::new() };
        self.undo.push(Undo { row, generation: arena.generation(row.slot), change, before, edits });
    }

    /// Takes back what the transaction did to the objects.
    pub(super) fn undo_all(&mut self, way: Way) {
        if way == Way::Rollback {
            self.drop_unflushed();
        }
        let mut undone = std::mem::take(&mut self.undo);
        // An object may be gone since, and another one in its slot.
        undone.retain(|undo| self.arenas[undo.row.arena].generation(undo.row.slot) == undo.generation);
        // Keys may have moved from one object to another: all leave the identity map before any comes back.
        let rows: Vec<Row> = undone.iter().map(|undo| undo.row).collect();
        for row in &rows {
            self.arenas[row.arena].unregister(row.slot);
        }
        let mut inserted: Vec<Row> = Vec::new();
        for undo in undone.into_iter().rev() {
            if undo.change == Change::Inserted {
                inserted.push(undo.row);
            }
            self.undo_one(undo, way);
        }
        for row in rows {
            if self.state(row) == SlotState::Persistent {
                self.arenas[row.arena].register(row.slot);
            }
        }
        if way == Way::Repend {
            inserted.reverse();
            inserted.extend(std::mem::take(&mut self.pending));
            self.pending = inserted;
        }
        self.related.clear();
        for arena in &mut self.arenas {
            arena.compact_once();
        }
    }

    /// Gives up what no flush has seen: new objects become transient, changed ones are as their rows.
    fn drop_unflushed(&mut self) {
        for row in std::mem::take(&mut self.pending) {
            self.arenas[row.arena].set_state(row.slot, SlotState::Transient);
        }
        for arena in &mut self.arenas {
            for slot in arena.touched().to_vec() {
                arena.revert(slot);
            }
            arena.compact();
        }
    }

    fn undo_one(&mut self, undo: Undo, way: Way) {
        if let Change::Loaded(field) = undo.change {
            return self.undo_load(undo, field, way);
        }
        let Undo { row, change, before: Some(before), edits, .. } = undo else { return };
        let arena = &mut self.arenas[row.arena];
        match (change, way) {
            (Change::Inserted, Way::Rollback) => {
                arena.restore(row.slot, before);
                arena.set_state(row.slot, SlotState::Transient);
            }
            (Change::Inserted, Way::Repend) => {
                arena.repend(row.slot, before);
                arena.set_state(row.slot, SlotState::Pending);
            }
            (Change::Updated | Change::Related, Way::Repend) => {
                arena.restore_snapshot(row.slot, before, &edits);
            }
            (Change::Deleted | Change::BulkDeleted, _) => {
                arena.restore(row.slot, before);
                arena.set_state(row.slot, SlotState::Persistent);
                arena.doom(row.slot, change == Change::Deleted && way == Way::Repend);
            }
            (Change::Updated | Change::Related | Change::Bulk | Change::Loaded(_), _) => {
                arena.restore(row.slot, before);
            }
        }
    }

    /// What was loaded in the transaction is what the transaction saw. After a failed flush it still is: what it saw is
    /// pending then.
    fn undo_load(&mut self, undo: Undo, field: usize, way: Way) {
        let Row { arena, slot } = undo.row;
        match way {
            Way::Rollback => self.arenas[arena].edit_relation(slot, field, &mut |relation| relation.unload()),
            Way::Repend => self.undo.push(undo),
        }
    }
}
