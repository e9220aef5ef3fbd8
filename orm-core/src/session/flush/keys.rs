//! The values of columns while a flush is under way: of the objects, of relationships, and made by the server meanwhile.

use std::borrow::Cow;

use super::super::inner::{Row, RowMap, RowSet};
use super::followers::{self, Moved};
use super::plan::{Plan, Step};
use super::work::{KeySource, UpdateOp, Work, pointed_to};
use crate::hash::{Map, Set};
use crate::schema::{Dump, TableDef};
use crate::types::Bytes;

/// What is known of the columns of the rows that are written.
#[derive(Clone)]
pub(super) struct Keys<'w> {
    work: &'w Work,
    /// The models whose new rows others point to, by arena: of others no key is looked for.
    wanted: Vec<usize>,
    /// New rows that are wanted.
    inserts: RowMap<usize>,
    switches: RowMap<usize>,
    /// Columns that the server made, of rows that were inserted and are wanted.
    made: Map<(Row, usize), Bytes>,
    /// Rows whose insert is to be sent with the next wave: what the server makes of them is not known yet.
    queued: RowSet,
    /// Columns that a row is inserted without, as a later step fills them in.
    late: Set<(Row, usize)>,
    /// The keys that the statements before have moved.
    moved: Moved,
}

impl<'w> Keys<'w> {
    pub(super) fn new(work: &'w Work, plan: &Plan) -> Self {
        let wanted = wanted(work, plan);
        let inserts = work.inserts.iter().enumerate().filter(|(_, op)| wanted.contains(&op.row.arena));
        let inserts = inserts.map(|(index, op)| (op.row, index)).collect();
        let switches = work.switches.iter().enumerate().map(|(index, switch)| (switch.new, index)).collect();
        let filled = |step: &Step| match step {
            Step::Fill { insert, columns } => {
                columns.iter().map(|&column| (work.inserts[*insert].row, column)).collect()
            }
            _ => Vec::new(),
        };
        let late = plan.steps.iter().flat_map(filled).collect();
        let (made, queued) = (Map::default(), RowSet::default());
        Self { work, wanted, inserts, switches, made, queued, late, moved: Moved::default() }
    }

    /// What the server made of a column.
    pub(super) fn made(&self, row: Row, column: usize) -> Option<&[u8]> {
        // Nearly all that is asked for is of rows that nothing points to, and a hash would be made for nothing.
        if self.made.is_empty() || !self.wanted.contains(&row.arena) {
            return None;
        }
        self.made.get(&(row, column)).map(|raw| &**raw)
    }

    pub(super) fn keep(&mut self, row: Row, column: usize, raw: &[u8]) {
        if self.wanted.contains(&row.arena) {
            self.made.insert((row, column), raw.into());
        }
    }

    /// All keys of new rows are taken ahead, for their own inserts.
    pub(super) fn want_all(&mut self) {
        for op in &self.work.inserts {
            if !self.wanted.contains(&op.row.arena) {
                self.wanted.push(op.row.arena);
            }
        }
    }

    pub(super) fn queue(&mut self, row: Row) {
        if self.wanted.contains(&row.arena) {
            self.queued.insert(row);
        }
    }

    /// All that was queued has been answered.
    pub(super) fn landed(&mut self) {
        self.queued.clear();
    }

    /// Whether the value waits for the answer to an insert that is not sent yet.
    pub(super) fn waits(&self, source: &KeySource) -> bool {
        match source {
            KeySource::Null | KeySource::Known(_) => false,
            KeySource::Of(row, column) => {
                let is_known = self.made(*row, *column).is_some() || !self.is_left_to_trigger(*row, *column);
                self.queued.contains(row) && (!is_known || self.resolve(source).is_none())
            }
        }
    }

    /// Whether a trigger may give a column of a new row another value than it is sent with.
    fn is_left_to_trigger(&self, row: Row, column: usize) -> bool {
        self.inserts.get(&row).is_some_and(|&insert| self.work.inserts[insert].table.columns[column].trigger)
    }

    /// Whether columns of a new row cannot be filled in yet: the row's own key, or one of those, waits.
    pub(super) fn fill_waits(&self, insert: usize, columns: &[usize]) -> bool {
        let op = &self.work.inserts[insert];
        let is_unknown = |&column: &usize| self.insert_cell(insert, column).is_none();
        self.queued.contains(&op.row) && op.table.primary_key.iter().any(is_unknown)
            || op.keys.iter().any(|(column, source)| columns.contains(column) && self.waits(source))
    }

    /// A key's value, now. One of a row that is not inserted yet is NULL, which a later step fills in.
    pub(super) fn resolve<'k>(&'k self, source: &'k KeySource) -> Option<Cow<'k, [u8]>> {
        match source {
            KeySource::Null => None,
            KeySource::Known(raw) => Some(Cow::Borrowed(raw)),
            KeySource::Of(row, column) => {
                if let Some(raw) = self.made(*row, *column) {
                    return Some(Cow::Borrowed(raw));
                }
                if let Some(&switch) = self.switches.get(row) {
                    let switch = &self.work.switches[switch];
                    return self.cell(&switch.dump, &switch.keys, *column);
                }
                let op = &self.work.inserts[*self.inserts.get(row)?];
                self.cell(&op.dump, &op.keys, *column)
            }
        }
    }

    /// A column of an object: what a relationship says, or the object's own field.
    pub(super) fn cell<'k>(
        &'k self,
        dump: &'k Dump,
        keys: &'k [(usize, KeySource)],
        column: usize,
    ) -> Option<Cow<'k, [u8]>> {
        match keys.iter().find(|(other, _)| *other == column) {
            Some((_, source)) => self.resolve(source),
            None => dump.raw(column).map(Cow::Borrowed),
        }
    }

    /// A column of a new object, with what the server has made of it already.
    pub(super) fn insert_cell(&self, insert: usize, column: usize) -> Option<Cow<'_, [u8]>> {
        let op = &self.work.inserts[insert];
        match self.made(op.row, column) {
            Some(raw) => Some(Cow::Borrowed(raw)),
            None => self.cell(&op.dump, &op.keys, column),
        }
    }

    /// The value that an insert sends.
    pub(super) fn first_cell(&self, insert: usize, column: usize) -> Option<Cow<'_, [u8]>> {
        let is_late = self.late.contains(&(self.work.inserts[insert].row, column));
        if is_late { None } else { self.insert_cell(insert, column) }
    }

    /// Notes the keys that these updates move.
    pub(super) fn note_moves(&mut self, updates: &[usize]) {
        let batches = followers::batches(updates.iter().map(|&update| &self.work.updates[update]), self);
        self.moved.extend(batches);
    }

    /// A column of a row as it is now: as it was stored, or as it has moved with the row that it points to.
    pub(super) fn stored<'d>(
        &self,
        table: &'static TableDef,
        stored: &'d Dump,
        column: usize,
    ) -> Option<Cow<'d, [u8]>> {
        if self.moved.is_empty() {
            return stored.raw(column).map(Cow::Borrowed);
        }
        self.moved.now(table, stored, column).map(Cow::Owned)
    }

    /// A column of a row after an update.
    pub(super) fn updated<'k>(&'k self, op: &'k UpdateOp, column: usize) -> Option<Cow<'k, [u8]>> {
        if op.changed.contains(&column) {
            return self.cell(&op.dump, &op.keys, column);
        }
        self.stored(op.table, &op.stored, column)
    }

    /// The value that an update sends: the object's, the next version, or that of a relationship.
    pub(super) fn update_cell<'k>(&'k self, op: &'k UpdateOp, column: usize) -> Option<Cow<'k, [u8]>> {
        if op.table.columns[column].version {
            return op.stored.raw(column).map(|raw| Cow::Owned(next_version(raw)));
        }
        self.cell(&op.dump, &op.keys, column)
    }
}

/// The models whose new rows are pointed to by what is to be written, or whose keys are taken ahead.
fn wanted(work: &Work, plan: &Plan) -> Vec<usize> {
    let keys = work.inserts.iter().map(|op| &op.keys).chain(work.updates.iter().map(|op| &op.keys));
    let keys = keys.chain(work.switches.iter().map(|switch| &switch.keys)).flatten().map(|(_, source)| source);
    let mut wanted = pointed_to(keys.chain(work.links.iter().flat_map(|op| op.local.iter().chain(&op.remote))));
    for step in &plan.steps {
        if let Step::Fill { insert, .. } = step {
            wanted.push(work.inserts[*insert].row.arena);
        }
    }
    wanted
}

pub(super) fn next_version(raw: &[u8]) -> Vec<u8> {
    match *raw {
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).wrapping_add(1).to_be_bytes().to_vec(),
        [a, b, c, d, e, f, g, h] => i64::from_be_bytes([a, b, c, d, e, f, g, h]).wrapping_add(1).to_be_bytes().to_vec(),
        _ => raw.to_vec(),
    }
}
