//! What a transaction changed in memory, so that it can be taken back with it.
//!
//! Two ways back: a rollback makes the objects what they were; a failed flush makes what was written pending again, so
//! that it can be corrected and committed anew.

use super::arena::{Checkpoint, SlotState};
use super::inner::{Inner, Row};
use crate::schema::Dump;

/// One change to one object.
pub(super) struct Undo {
    pub(super) row: Row,
    pub(super) change: Change,
    /// The object as its row had it before; for an insert, as it was added.
    pub(super) before: Option<Checkpoint>,
}

/// What happened to an object's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Inserted,
    Updated,
    Deleted,
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
    /// Takes back what the transaction did to the objects.
    pub(super) fn undo_all(&mut self, way: Way) {
        if way == Way::Rollback {
            self.drop_unflushed();
        }
        let mut inserted: Vec<Row> = Vec::new();
        for undo in std::mem::take(&mut self.undo).into_iter().rev() {
            if undo.change == Change::Inserted {
                inserted.push(undo.row);
            }
            self.undo_one(undo, way);
        }
        if way == Way::Repend {
            inserted.reverse();
            inserted.extend(std::mem::take(&mut self.pending));
            self.pending = inserted;
        }
        self.related.clear();
        for arena in &mut self.arenas {
            arena.compact();
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
        let Undo { row, change, before } = undo;
        let Some(before) = before else { return };
        match (change, way) {
            (Change::Inserted, _) => self.undo_insert(row, before, way),
            (Change::Updated, Way::Repend) => self.arenas[row.arena].restore_snapshot(row.slot, before),
            (Change::Updated | Change::Bulk, _) => self.arenas[row.arena].restore(row.slot, before),
            (Change::Deleted | Change::BulkDeleted, _) => {
                let arena = &mut self.arenas[row.arena];
                arena.restore(row.slot, before);
                arena.set_state(row.slot, SlotState::Persistent);
                arena.register(row.slot);
                arena.doom(row.slot, change == Change::Deleted && way == Way::Repend);
            }
        }
    }

    /// The object is as it was added: with the keys that the server makes pending again. What was assigned since stays
    /// if it is to be inserted again.
    fn undo_insert(&mut self, row: Row, before: Checkpoint, way: Way) {
        let arena = &mut self.arenas[row.arena];
        arena.unregister(row.slot);
        let (mut now, mut stored) = (Dump::default(), Dump::default());
        arena.dump(row.slot, &mut now);
        arena.dump_stored(row.slot, &mut stored);
        arena.restore(row.slot, before);
        if way == Way::Rollback {
            arena.set_state(row.slot, SlotState::Transient);
            return;
        }
        arena.set_state(row.slot, SlotState::Pending);
        for column in 0..arena.table().columns.len() {
            if now.raw(column) != stored.raw(column) {
                // The value was the field's own a moment ago: it decodes.
                let _ = arena.store(row.slot, column, now.raw(column));
            }
        }
    }
}
