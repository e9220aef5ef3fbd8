//! First phase: which rows are to be inserted, updated and deleted, and with which foreign keys.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::super::arena::SlotState;
use super::super::identity::IdentityKey;
use super::super::inner::{Inner, Row, RowMap, RowSet};
use super::followers::Referencing;
use super::statements::shown_key;
use super::work::{Columns, DeleteOp, InsertOp, KeyColumns, KeySource, LinkOp, Switch, UpdateOp, Work};
use crate::compile::{check_raw, refused};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::{Map, Set, ValueSet};
use crate::schema::{
    Dump, Edge, EdgeLink, Orphans, RawHandle, RelationDef, RelationField, RelationKind, TableDef, positions,
};

/// The parents that relationships give to children: by child and relationship.
type Parents = Map<(Row, usize), (&'static RelationDef, Option<Row>)>;

/// Objects with one of their relationships.
type Ends = Set<(Row, usize)>;

/// A table without a model, by its schema and name.
type TableName = (Option<&'static str>, &'static str);

/// A link by its table, the two ends, and whether it is inserted.
type LinkKey = (TableName, Row, Row, bool);

struct Collector<'s> {
    session: &'s Inner,
    work: Work,
    parents: Parents,
    /// The parents with which children that are to be written again had been written.
    said_before: Parents,
    /// Children whose own field says what their parent is: it wins over the parents' collections.
    decided: Ends,
    /// Links that are written: by table, the two ends, and whether they are inserted.
    links: Set<LinkKey>,
    /// What collections were given: owner and field, and the child with the relationship that it has to the owner.
    claims: Vec<((Row, usize), (Row, usize))>,
    /// The keys that were given to objects in this flush.
    given: ValueSet<(usize, IdentityKey)>,
    /// New objects with the key of another, which must give it up.
    contested: Vec<(Row, Row)>,
    /// Children that were taken out of a collection whose orphans are deleted.
    orphans: Ends,
    /// Of these, those that have a row and found no other parent.
    orphaned: Vec<Row>,
    referencing: Referencing,
    /// Where an object is encoded, and its row, before it is known whether they are to be kept.
    scratch: (Dump, Dump),
}

pub(super) fn collect(session: &Inner) -> Result<Work> {
    let mut collector = Collector {
        session,
        work: Work::default(),
        parents: Map::default(),
        said_before: Map::default(),
        decided: Set::default(),
        links: Set::default(),
        claims: Vec::new(),
        given: ValueSet::default(),
        contested: Vec::new(),
        orphans: Set::default(),
        orphaned: Vec::new(),
        referencing: Referencing::default(),
        scratch: Default::default(),
    };
    let mut looked_at: Vec<Row> = session.pending.clone();
    for (arena, slots) in session.arenas.iter().enumerate() {
        looked_at.extend(slots.touched().iter().map(|&slot| Row { arena, slot }));
    }
    for &row in &looked_at {
        if !session.arenas[row.arena].is_doomed(row.slot) {
            collector.relationships(row)?;
        }
    }
    collector.links_again()?;
    collector.drop_unclaimed();
    collector.rows(&looked_at)?;
    collector.check_moves()?;
    let dropped: Set<Row> = collector.work.dropped.iter().copied().collect();
    collector.work.links.retain(|op| !dropped.contains(&op.rows.0) && !dropped.contains(&op.rows.1));
    Ok(collector.work)
}

impl Collector<'_> {
    /// Finds what the relationship fields of an object say about foreign keys and links.
    fn relationships(&mut self, row: Row) -> Result<()> {
        let arena = &self.session.arenas[row.arena];
        let is_new = arena.state(row.slot) == SlotState::Pending;
        for (field, relation) in arena.table().relations.iter().enumerate() {
            let Some(now) = arena.relation(row.slot, field) else { continue };
            let is_first = is_new && !arena.is_again(row.slot);
            let before = if is_first { None } else { arena.flushed_relation(row.slot, field) };
            match relation.kind {
                RelationKind::BelongsTo { .. } => self.belongs_to(row, relation, now, before)?,
                RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse } => {
                    let (added, mut removed) = self.difference(relation, now, before)?;
                    if now.handles().is_none() {
                        removed.retain(|&child| self.is_child(row, inverse, child));
                    }
                    if relation.orphans == Orphans::Delete {
                        self.orphans.extend(removed.iter().map(|&child| (child, address(inverse))));
                    }
                    self.children(row, inverse, &added, &removed);
                    self.claims.extend(added.iter().map(|&child| ((row, field), (child, address(inverse)))));
                }
                RelationKind::ManyToMany { .. } => {
                    let (added, removed) = self.difference(relation, now, before)?;
                    self.link_rows(row, relation, &added, &removed)?;
                }
            }
        }
        Ok(())
    }

    fn belongs_to(
        &mut self,
        row: Row,
        relation: &'static RelationDef,
        now: &dyn RelationField,
        before: Option<&dyn RelationField>,
    ) -> Result<()> {
        let Some(held) = now.handles() else { return Ok(()) };
        if before.and_then(RelationField::handles).as_ref() == Some(&held) {
            self.said_before(row, relation, &held);
            return Ok(());
        }
        let parent = match held.first() {
            Some(&handle) => Some(self.end(relation, handle)?),
            None => None,
        };
        let key = (row, address(relation));
        self.decided.insert(key);
        self.parents.insert(key, (relation, parent));
        Ok(())
    }

    /// Of an object that is to be written again, notes the parent that it was written with: a collection that it was put
    /// into since overrules it, and so does a key that was changed since.
    fn said_before(&mut self, row: Row, relation: &'static RelationDef, held: &[RawHandle]) {
        let arena = &self.session.arenas[row.arena];
        if !arena.is_again(row.slot) {
            return;
        }
        let (mut now, mut flushed) = (Dump::default(), Dump::default());
        arena.dump(row.slot, &mut now);
        arena.dump_flushed(row.slot, &mut flushed);
        let columns = relation.key_positions().0;
        let parent = held.first().map(|&handle| self.end(relation, handle)).transpose();
        if let Ok(parent) = parent
            && columns.iter().all(|&column| now.raw(column) == flushed.raw(column))
        {
            self.said_before.insert((row, address(relation)), (relation, parent));
        }
    }

    /// The links that were written in a transaction that was taken back, but for those of which something was said since.
    fn links_again(&mut self) -> Result<()> {
        for link in self.session.relinks.iter().rev() {
            let [Ok(start), Ok(end)] = [
                self.session.resolve((link.relation.from)(), link.ends[0]),
                self.session.resolve((link.relation.to)(), link.ends[1]),
            ] else {
                continue;
            };
            let is_there = |row: Row| matches!(self.session.state(row), SlotState::Pending | SlotState::Persistent);
            if !is_there(start) || !is_there(end) {
                continue;
            }
            let Some(columns) = Edge::of(link.relation).columns().link else { continue };
            let [with, without] = [true, false].map(|insert| link_key(columns, start, end, insert));
            if !self.links.contains(&with) && !self.links.contains(&without) {
                let (added, removed) =
                    if link.insert { ([end].to_vec(), Vec::new()) } else { (Vec::new(), [end].to_vec()) };
                self.link_rows(start, link.relation, &added, &removed)?;
            }
        }
        Ok(())
    }

    /// The objects that came into a collection and those that left it.
    fn difference(
        &self,
        relation: &'static RelationDef,
        now: &dyn RelationField,
        before: Option<&dyn RelationField>,
    ) -> Result<(Vec<Row>, Vec<Row>)> {
        let (added, removed) = match now.held() {
            Some(now) => {
                // Of a to-one relationship to a new end, the server tells if there was another.
                let is_many = !matches!(relation.kind, RelationKind::HasOne { .. });
                if before.is_some_and(|before| before.handles().is_none()) && (is_many || now.is_empty()) {
                    return Err(not_loaded(relation));
                }
                match before.and_then(RelationField::held) {
                    Some(before) if Arc::ptr_eq(&now, &before) => return Ok((Vec::new(), Vec::new())),
                    Some(before) if !before.is_empty() => {
                        let old: Set<RawHandle> = before.iter().copied().collect();
                        let new: Set<RawHandle> = now.iter().copied().collect();
                        let added = now.iter().copied().filter(|handle| !old.contains(handle)).collect();
                        let removed: Vec<_> = before.iter().copied().filter(|handle| !new.contains(handle)).collect();
                        (added, removed)
                    }
                    Some(_) | None => (now.to_vec(), Vec::new()),
                }
            }
            None => {
                let (added, removed) = now.pending();
                (added.to_vec(), removed.to_vec())
            }
        };
        // What was taken out may be gone meanwhile; what was put in must be there.
        let removed = removed.into_iter().filter_map(|handle| self.end(relation, handle).ok()).collect();
        let mut rows = Vec::with_capacity(added.len());
        for handle in added {
            rows.push(self.end(relation, handle)?);
        }
        let added = rows;
        match added.iter().find(|&&row| !matches!(self.session.state(row), SlotState::Pending | SlotState::Persistent))
        {
            Some(&row) => Err(not_in_session(self.session.arenas[row.arena].table())),
            None => Ok((added, removed)),
        }
    }

    /// Whether the last flush left an object as a child of another.
    fn is_child(&self, parent: Row, inverse: &'static RelationDef, child: Row) -> bool {
        let arena = &self.session.arenas[child.arena];
        let held = inverse.field.and_then(|field| arena.flushed_relation(child.slot, field)?.handles());
        match held {
            Some(held) => held.contains(&self.session.handle_of(parent)),
            None => {
                let (columns, targets) = inverse.key_positions();
                let (mut own, mut key) = (Dump::default(), Dump::default());
                arena.dump_flushed(child.slot, &mut own);
                self.session.arenas[parent.arena].dump_flushed(parent.slot, &mut key);
                columns.iter().zip(targets).all(|(&column, &target)| own.raw(column) == key.raw(target))
            }
        }
    }

    fn end(&self, relation: &'static RelationDef, handle: RawHandle) -> Result<Row> {
        self.session
            .resolve((relation.to)(), handle)
            .map_err(|error| error.context(&format!("relationship `{}`", relation.path())))
    }

    fn children(&mut self, parent: Row, inverse: &'static RelationDef, added: &[Row], removed: &[Row]) {
        self.parents.reserve(added.len());
        for &child in added {
            let key = (child, address(inverse));
            if !self.decided.contains(&key) {
                self.parents.insert(key, (inverse, Some(parent)));
            }
        }
        for &child in removed {
            let key = (child, address(inverse));
            // A child that was put under another parent moves there, and is never without one.
            if !self.decided.contains(&key) {
                self.parents.entry(key).or_insert((inverse, None));
            }
        }
    }

    fn link_rows(&mut self, row: Row, relation: &'static RelationDef, added: &[Row], removed: &[Row]) -> Result<()> {
        let edge = Edge::of(relation);
        let columns = edge.columns();
        let Some(link) = columns.link else { return Ok(()) };
        let ends =
            [(edge.from(), positions(edge.from(), columns.local)), (edge.to(), positions(edge.to(), columns.remote))];
        let both = added.iter().map(|&other| (other, true)).chain(removed.iter().map(|&other| (other, false)));
        for (other, insert) in both {
            // A link that both ends say is written once.
            if !self.links.insert(link_key(link, row, other, insert)) {
                continue;
            }
            let local = self.key_of(row, &ends[0].1)?;
            let remote = self.key_of(other, &ends[1].1)?;
            self.work.links.push(LinkOp {
                relation,
                link,
                insert,
                local,
                remote,
                ends: ends.clone(),
                rows: (row, other),
            });
        }
        Ok(())
    }

    /// The values of an object's columns, for those who point to it.
    fn key_of(&self, row: Row, columns: &[usize]) -> Result<Vec<KeySource>> {
        let arena = &self.session.arenas[row.arena];
        match arena.state(row.slot) {
            SlotState::Pending => Ok(columns.iter().map(|&column| KeySource::Of(row, column)).collect()),
            SlotState::Persistent => {
                let mut dump = Dump::default();
                arena.dump(row.slot, &mut dump);
                Ok(columns
                    .iter()
                    .map(|&c| dump.raw(c).map_or(KeySource::Null, |raw| KeySource::Known(raw.into())))
                    .collect())
            }
            SlotState::Vacant | SlotState::Transient | SlotState::Deleted => Err(not_in_session(arena.table())),
        }
    }

    /// Finds the new objects that came with a collection in which they are not any more, and that nothing else holds.
    fn drop_unclaimed(&mut self) {
        let mut dropped: Set<Row> = Set::default();
        loop {
            let before = dropped.len();
            for (&child, &(parent, field)) in &self.session.cascaded {
                if self.session.state(child) == SlotState::Pending && !self.is_claimed(child, parent, field, &dropped) {
                    dropped.insert(child);
                }
            }
            // What came with one that is dropped goes with it.
            if dropped.len() == before {
                break;
            }
        }
        self.work.dropped = dropped.into_iter().collect();
        self.work.dropped.sort();
    }

    fn is_claimed(&self, child: Row, parent: Row, field: usize, dropped: &Set<Row>) -> bool {
        let relation = self.session.arenas[parent.arena].table().relations[field];
        let (RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse }) = relation.kind else { return true };
        match self.parents.get(&(child, address(inverse))) {
            Some((_, Some(parent))) => !dropped.contains(parent),
            Some((_, None)) => false,
            // A parent that was written before this flush has no change to show: its collection tells.
            None => {
                let held =
                    self.session.arenas[parent.arena].relation(parent.slot, field).and_then(RelationField::handles);
                held.is_some_and(|held| held.contains(&self.session.handle_of(child)))
            }
        }
    }

    /// The foreign keys of the rows, by row.
    fn foreign_keys(&mut self) -> Result<RowMap<KeyColumns>> {
        let mut keys: RowMap<KeyColumns> = RowMap::default();
        for (child, parent) in std::mem::take(&mut self.said_before) {
            self.parents.entry(child).or_insert(parent);
        }
        for ((owner, field), child) in std::mem::take(&mut self.claims) {
            if self.parents.get(&child).is_some_and(|(_, parent)| *parent != Some(owner)) {
                self.work.lost.push((owner, field, child.0));
            }
        }
        let mut parents: Vec<_> = std::mem::take(&mut self.parents).into_iter().collect();
        // The order of a hash map is not to decide anything.
        parents.sort_unstable_by_key(|((row, relation), _)| (*row, *relation));
        keys.reserve(parents.len());
        for ((child, address), (relation, parent)) in parents {
            if parent.is_none() && self.orphans.contains(&(child, address)) && self.needs_parent(child) {
                self.orphaned.push(child);
                continue;
            }
            if self.session.state(child) == SlotState::Persistent {
                self.work.parents.push((child, relation, parent));
            }
            let (columns, targets) = relation.key_positions();
            let table = (relation.from)();
            let own: KeyColumns = match parent {
                Some(parent) if self.session.state(parent) == SlotState::Pending => {
                    columns.iter().zip(targets).map(|(&c, &target)| (c, KeySource::Of(parent, target))).collect()
                }
                Some(parent) => columns.iter().copied().zip(self.key_of(parent, targets)?).collect(),
                None => {
                    // Of a composite key, the columns that may be NULL are enough to relate to nothing.
                    let nullable = columns.iter().copied().filter(|&column| table.columns[column].nullable);
                    let own: KeyColumns = nullable.map(|column| (column, KeySource::Null)).collect();
                    if own.is_empty() && self.needs_parent(child) {
                        return Err(orphan(&self.session.stored_dump(child), relation, columns[0]));
                    }
                    own
                }
            };
            match keys.entry(child) {
                Entry::Vacant(entry) => _ = entry.insert(own),
                Entry::Occupied(mut entry) => entry.get_mut().extend(own),
            }
        }
        Ok(keys)
    }

    /// Whether a child that was taken out of a collection has a row that stays.
    fn needs_parent(&self, child: Row) -> bool {
        let arena = &self.session.arenas[child.arena];
        arena.state(child.slot) == SlotState::Persistent && !arena.is_doomed(child.slot)
    }

    fn rows(&mut self, looked_at: &[Row]) -> Result<()> {
        let mut keys = self.foreign_keys()?;
        let orphaned: RowSet = std::mem::take(&mut self.orphaned).into_iter().collect();
        let dropped: RowSet = self.work.dropped.iter().copied().collect();
        let is_doomed = |row: &&Row| self.session.arenas[row.arena].is_doomed(row.slot);
        let doomed = looked_at.iter().filter(is_doomed).count();
        self.work.inserts.reserve(self.session.pending.len());
        self.work.deletes.reserve(doomed);
        self.work.updates.reserve((looked_at.len() - doomed).saturating_sub(self.session.pending.len()));
        let is_orphaned = |row: &Row| !orphaned.is_empty() && orphaned.contains(row);
        let is_dropped = |row: &Row| !dropped.is_empty() && dropped.contains(row);
        for &row in looked_at {
            let own = if keys.is_empty() { None } else { keys.remove(&row) }.unwrap_or_default();
            self.row(row, own, is_dropped(&row), is_orphaned(&row))?;
        }
        // Those that are only pointed at by a changed collection come last, in an order of their own.
        let mut others: Vec<Row> = keys.keys().copied().collect();
        if !orphaned.is_empty() {
            let known: RowSet = looked_at.iter().copied().collect();
            others.extend(orphaned.iter().filter(|row| !known.contains(row)));
        }
        others.sort();
        others.dedup();
        for row in others {
            let own = keys.remove(&row).unwrap_or_default();
            self.row(row, own, is_dropped(&row), is_orphaned(&row))?;
        }
        Ok(())
    }

    #[inline]
    fn row(&mut self, row: Row, keys: KeyColumns, is_dropped: bool, is_orphaned: bool) -> Result<()> {
        let arena = &self.session.arenas[row.arena];
        match arena.state(row.slot) {
            SlotState::Pending if is_dropped => {}
            SlotState::Pending => self.insert(row, keys)?,
            SlotState::Persistent if arena.is_doomed(row.slot) || is_orphaned => self.delete(row),
            SlotState::Persistent => self.update(row, keys)?,
            SlotState::Vacant | SlotState::Transient | SlotState::Deleted => {}
        }
        Ok(())
    }

    fn insert(&mut self, row: Row, keys: KeyColumns) -> Result<()> {
        let arena = &self.session.arenas[row.arena];
        let table = arena.table();
        arena.dump(row.slot, &mut self.scratch.0);
        let dump = self.scratch.0.clone();
        check(table, &dump, 0..table.columns.len())?;
        if let Some(old) = self.check_identity(row, table, &dump, &keys)? {
            self.switch(row, old, table, keys);
        } else {
            self.work.inserts.push(InsertOp { row, table, dump, keys });
        }
        Ok(())
    }

    /// A row changes hands: what differs between the two objects is an update.
    fn switch(&mut self, new: Row, old: Row, table: &'static TableDef, keys: KeyColumns) {
        let arena = &self.session.arenas[new.arena];
        let (mut dump, mut next, mut stored) = (Dump::default(), Dump::default(), Dump::default());
        arena.dump(new.slot, &mut dump);
        arena.dump(new.slot, &mut next);
        arena.dump_stored(old.slot, &mut stored);
        let is_left = |column: usize| {
            let def = &table.columns[column];
            def.generated.is_some() || (def.auto && dump.raw(column).is_none()) || def.version
        };
        let kept: Vec<usize> = (0..table.columns.len()).filter(|&column| is_left(column)).collect();
        let carried = kept.iter().filter_map(|&c| stored.raw(c).map(|raw| (c, raw.into()))).collect();
        let mut changed = changed_columns(table, &dump, &stored, &keys);
        changed.retain(|column| !kept.contains(column));
        if !changed.is_empty() {
            let (set, followers) = (Vec::new(), self.referencing.followers(self.session, table, &changed));
            self.work.updates.push(UpdateOp {
                row: new,
                table,
                dump,
                stored,
                changed,
                keys: keys.clone(),
                set,
                followers,
            });
        }
        self.work.switches.push(Switch { new, old, dump: next, keys, carried });
    }

    /// A key that was given to a new object must not be that of another object; if it is that of one that is deleted, this
    /// gives it. One that the server is still to make cannot be.
    fn check_identity(
        &mut self,
        row: Row,
        table: &'static TableDef,
        dump: &Dump,
        keys: &[(usize, KeySource)],
    ) -> Result<Option<Row>> {
        let Some(key) = given_key(table, dump, keys) else { return Ok(None) };
        let arena = &self.session.arenas[row.arena];
        let holder = arena.lookup(&key).map(|slot| Row { arena: row.arena, slot });
        if !self.given.insert((row.arena, key)) {
            return Err(same_key(table, dump));
        }
        let (doomed, staying) = holder.into_iter().partition::<Vec<Row>, _>(|holder| arena.is_doomed(holder.slot));
        self.contested.extend(staying.into_iter().map(|holder| (row, holder)));
        Ok(doomed.first().copied())
    }

    /// Objects whose key changes must not get that of another; who has it may give it up in the same flush.
    fn check_moves(&mut self) -> Result<()> {
        let changes_key = |op: &&UpdateOp| op.table.primary_key.iter().any(|column| op.changed.contains(column));
        let moving: Vec<&UpdateOp> = self.work.updates.iter().filter(changes_key).collect();
        for op in &moving {
            let Some(key) = given_key(op.table, &op.dump, &op.keys) else { continue };
            let holder = self.session.arenas[op.row.arena].lookup(&key);
            let holder = holder.map(|slot| Row { arena: op.row.arena, slot }).filter(|holder| *holder != op.row);
            self.contested.extend(holder.map(|holder| (op.row, holder)));
            if !self.given.insert((op.row.arena, key)) {
                return Err(same_key(op.table, &op.dump));
            }
        }
        let leaving: Set<Row> = moving.iter().map(|op| op.row).chain(self.work.gone()).collect();
        match self.contested.iter().find(|(_, holder)| !leaving.contains(holder)) {
            Some(&(_, holder)) => {
                let table = self.session.arenas[holder.arena].table();
                Err(same_key(table, &self.session.stored_dump(holder)))
            }
            None => Ok(()),
        }
    }

    fn delete(&mut self, row: Row) {
        // New objects come before those that are deleted.
        if self.work.switches.iter().any(|switch| switch.old == row) {
            return;
        }
        let arena = &self.session.arenas[row.arena];
        arena.dump_stored(row.slot, &mut self.scratch.0);
        let stored = self.scratch.0.clone();
        // One that is deleted for another reason than by hand is marked, too.
        let is_mark =
            !(arena.is_permanent(row.slot) && arena.is_doomed(row.slot)) && arena.table().soft_delete.is_some();
        self.work.deletes.push(DeleteOp { row, table: arena.table(), stored, is_mark });
    }

    fn update(&mut self, row: Row, keys: KeyColumns) -> Result<()> {
        let arena = &self.session.arenas[row.arena];
        let table = arena.table();
        let (dump, stored) = &mut self.scratch;
        arena.dump(row.slot, dump);
        arena.dump_stored(row.slot, stored);
        // A value that cannot be sent has no bytes to compare.
        check(table, dump, [])?;
        let set = self.session.assigned.get(&row).cloned().unwrap_or_default();
        let mut changed = changed_columns(table, dump, stored, &keys);
        changed.retain(|column| !set.iter().any(|(other, _)| other == column));
        if changed.is_empty() && set.is_empty() {
            return Ok(());
        }
        check(table, dump, changed.iter().copied())?;
        let (dump, stored) = (dump.clone(), stored.clone());
        let followers = if set.is_empty() {
            self.referencing.followers(self.session, table, &changed)
        } else {
            let written: Vec<usize> = changed.iter().copied().chain(set.iter().map(|(column, _)| *column)).collect();
            self.referencing.followers(self.session, table, &written)
        };
        self.work.updates.push(UpdateOp { row, table, dump, stored, changed, keys, set, followers });
        Ok(())
    }
}

/// The key that an object is to have, unless the server makes it, or that of a row that it is taken from.
fn given_key(table: &TableDef, dump: &Dump, keys: &[(usize, KeySource)]) -> Option<IdentityKey> {
    IdentityKey::of(table, |column| match keys.iter().find(|(other, _)| *other == column) {
        Some((_, KeySource::Known(raw))) => Some(&**raw),
        Some((_, KeySource::Null | KeySource::Of(..))) => None,
        None => dump.raw(column),
    })
}

fn same_key(table: &'static TableDef, dump: &Dump) -> Error {
    let (names, key) = (table.key_names.join(", "), shown_key(table, dump));
    let message =
        format!("two objects of `{}` have the same primary key `{names}` ({key}): one row is one object", table.model);
    Error::invalid(message).with_model(table.model).with_table(table.display_name())
}

/// The columns in which an object, with the keys that its relationships give it, differs from its row.
fn changed_columns(table: &TableDef, dump: &Dump, stored: &Dump, keys: &[(usize, KeySource)]) -> Columns {
    let differs = |column: usize| match keys.iter().find(|(other, _)| *other == column) {
        Some((_, KeySource::Null)) => stored.raw(column).is_some(),
        Some((_, KeySource::Known(raw))) => stored.raw(column) != Some(raw),
        Some((_, KeySource::Of(..))) => true,
        None => dump.raw(column) != stored.raw(column),
    };
    let writable = |column: &usize| table.columns[*column].generated.is_none();
    (0..table.columns.len()).filter(writable).filter(|&column| differs(column)).collect()
}

fn link_key(link: EdgeLink, row: Row, other: Row, insert: bool) -> LinkKey {
    let (first, second) = if link.local < link.remote { (row, other) } else { (other, row) };
    ((link.schema, link.table), first, second, insert)
}

fn address(relation: &'static RelationDef) -> usize {
    std::ptr::from_ref(relation).addr()
}

fn not_loaded(relation: &'static RelationDef) -> Error {
    let path = relation.path();
    let message =
        format!("relationship `{path}` is replaced, but not loaded: call `session.load(&handles, {path})` before");
    Error::new(ErrorKind::NotLoaded, message).with_model((relation.from)().model)
}

fn not_in_session(table: &'static TableDef) -> Error {
    let model = table.model;
    Error::invalid(format!("a relationship leads to an object of `{model}` that is not in the session any more"))
        .with_model(model)
}

fn orphan(stored: &Dump, relation: &RelationDef, column: usize) -> Error {
    let table = (relation.from)();
    let column = table.columns[column].name;
    let message = format!(
        "the object of `{}` with primary key ({}) was taken out of relationship `{}`, but its key `{column}` cannot be NULL: give it another parent or delete it",
        table.model,
        shown_key(table, stored),
        relation.path()
    );
    Error::invalid(message).with_model(table.model).with_table(table.display_name()).with_column(column)
}

/// Refuses values that cannot be sent, or are longer than their column.
fn check(table: &'static TableDef, dump: &Dump, columns: impl IntoIterator<Item = usize>) -> Result<()> {
    if let Some((column, reason)) = dump.refused() {
        return Err(refused(table, &table.columns[*column], reason));
    }
    for column in columns {
        check_raw(table, &table.columns[column], dump.raw(column))?;
    }
    Ok(())
}
