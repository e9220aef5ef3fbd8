//! [`Arena`]: the objects of one model, and [`AnyArena`], the same without its model.
//!
//! The session's other modules work on `dyn AnyArena` and on encoded columns wherever they can, so that they are compiled
//! once and not for every model.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::identity::{IdentityKey, IdentityMap};
use super::undo::Edit;
use crate::schema::{Dump, Model, RawHandle, RelationField, RelationKind, TableDef};
use crate::types::DecodeError;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotState {
    /// Nothing.
    Vacant,
    /// An object that left the session when its transaction was rolled back.
    Transient,
    /// An object without a row.
    Pending,
    /// An object with a row.
    Persistent,
    /// An object whose row is deleted in the open transaction.
    Deleted,
}

pub(super) struct Slot<M> {
    pub(super) value: Option<M>,
    /// The object as its row has it, from the first mutable touch until the flush.
    pub(super) snapshot: Option<Box<M>>,
    pub(super) generation: u32,
    /// In which of the session's epochs the values were read.
    pub(super) epoch: u32,
    pub(super) state: SlotState,
    /// Whether the next flush deletes the row.
    pub(super) doomed: bool,
    /// Whether a doomed row goes, also where the model marks its rows.
    pub(super) permanently: bool,
    /// The relationship fields, as bits, that were loaded before the values were read anew.
    pub(super) stale: u32,
}

pub(super) struct Arena<M> {
    pub(super) slots: Vec<Slot<M>>,
    free: Vec<u32>,
    identity: IdentityMap,
    /// The objects whose rows the open transaction has marked as deleted.
    marked: IdentityMap,
    /// Slots with a snapshot, or doomed, in the order in which they were first touched.
    touched: Vec<u32>,
}

/// An object as it was, for going back to it.
pub(super) type Checkpoint = Box<dyn Any + Send + Sync>;

impl<M: Model> Arena<M> {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            identity: IdentityMap::default(),
            marked: IdentityMap::default(),
            touched: Vec::new(),
        }
    }

    pub(super) fn insert(&mut self, value: M, state: SlotState, epoch: u32) -> u32 {
        if let Some(free) = self.free.pop() {
            let slot = &mut self.slots[free as usize];
            *slot = Slot {
                value: Some(value),
                snapshot: None,
                generation: slot.generation,
                epoch,
                state,
                doomed: false,
                permanently: false,
                stale: 0,
            };
            return free;
        }
        self.slots.push(Slot {
            value: Some(value),
            snapshot: None,
            generation: 0,
            epoch,
            state,
            doomed: false,
            permanently: false,
            stale: 0,
        });
        (self.slots.len() - 1) as u32
    }

    pub(super) fn get(&self, slot: u32, generation: u32) -> Option<&M> {
        let slot = self.slots.get(slot as usize)?;
        if slot.generation == generation { slot.value.as_ref() } else { None }
    }

    /// The object, to be changed: takes its snapshot at the first time.
    pub(super) fn get_mut(&mut self, index: u32, generation: u32) -> Option<&mut M> {
        let slot = self.slots.get_mut(index as usize)?;
        if slot.generation != generation {
            return None;
        }
        let value = slot.value.as_mut()?;
        if slot.state == SlotState::Persistent && slot.snapshot.is_none() {
            slot.snapshot = Some(Box::new(value.clone()));
            if !slot.doomed {
                self.touched.push(index);
            }
        }
        Some(value)
    }

    /// Puts values that were read anew in the place of the object's. Its relationships stay as they were loaded, to be
    /// loaded anew when they are asked for again; a parent stays only if the key does.
    pub(super) fn refresh(&mut self, index: u32, mut value: M) {
        let old = self.slots[index as usize].value.take();
        let changed = old.as_ref().map(|old| changed_columns(old, &value)).unwrap_or_default();
        for (field, def) in M::table().relations.iter().enumerate() {
            let held = old.as_ref().and_then(|old| old.relation(field)).and_then(RelationField::held);
            let (Some(held), Some(relation)) = (held, value.relation_mut(field)) else { continue };
            match def.kind {
                RelationKind::BelongsTo { columns } => {
                    if !columns.iter().any(|name| changed.contains(name)) {
                        relation.set_held(held);
                    }
                }
                _ => {
                    relation.set_held(held);
                    self.set_stale(index, field, true);
                }
            }
        }
        self.slots[index as usize].value = Some(value);
    }

    /// Takes the value out and frees the slot.
    pub(super) fn remove(&mut self, index: u32) -> Option<M> {
        self.unregister(index);
        let slot = &mut self.slots[index as usize];
        if slot.snapshot.is_some() || slot.doomed {
            self.touched.retain(|other| *other != index);
        }
        slot.generation = slot.generation.wrapping_add(1);
        slot.state = SlotState::Vacant;
        slot.snapshot = None;
        slot.doomed = false;
        self.free.push(index);
        slot.value.take()
    }

    fn key_of(value: &M) -> Option<IdentityKey> {
        let dump = Dump::of(value);
        IdentityKey::of(M::table(), |column| dump.raw(column))
    }

    /// The value whose key the identity map has: the row's own, not one that was assigned since.
    fn stored(slot: &Slot<M>) -> Option<&M> {
        slot.snapshot.as_deref().or(slot.value.as_ref())
    }
}

/// An [`Arena`] without its model.
pub(super) trait AnyArena: Send + Sync {
    fn table(&self) -> &'static TableDef;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// How many slots there are, free ones too.
    fn len(&self) -> usize;
    /// Whether it holds an object that has a row.
    fn holds_rows(&self) -> bool;
    fn state(&self, slot: u32) -> SlotState;
    fn set_state(&mut self, slot: u32, state: SlotState);
    fn generation(&self, slot: u32) -> Option<u32>;
    fn epoch(&self, slot: u32) -> u32;
    fn set_epoch(&mut self, slot: u32, epoch: u32);
    fn is_doomed(&self, slot: u32) -> bool;
    /// Whether a relationship field was loaded before the object's values were read anew.
    fn is_stale(&self, slot: u32, field: usize) -> bool;
    fn set_stale(&mut self, slot: u32, field: usize, stale: bool);
    fn doom(&mut self, slot: u32, doomed: bool);
    /// Whether the row goes if it is deleted, and is not marked.
    fn is_permanent(&self, slot: u32) -> bool;
    fn set_permanent(&mut self, slot: u32, permanently: bool);
    /// Makes the object one whose row is marked as deleted: it leaves the identity map.
    fn mark(&mut self, slot: u32);
    /// Makes the object with this key persistent again, if the open transaction has marked its row as deleted.
    fn unmark(&mut self, key: &IdentityKey) -> Option<u32>;
    /// Like [`unmark`](Self::unmark), of the object itself; tells whether it was marked.
    fn unmark_slot(&mut self, slot: u32) -> bool;
    fn touched(&self) -> &[u32];
    /// Writes the columns of the object.
    fn dump(&self, slot: u32, out: &mut Dump);
    /// Writes the columns as the row has them: those of the snapshot, or of the object.
    fn dump_stored(&self, slot: u32, out: &mut Dump);
    fn has_snapshot(&self, slot: u32) -> bool;
    fn relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField>;
    fn stored_relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField>;
    /// Does something to a relationship field of the object and of its snapshot alike, which is no change.
    fn edit_relation(&mut self, slot: u32, field: usize, edit: &mut dyn FnMut(&mut dyn RelationField));
    /// Changes a relationship field of the object, which the flush sees if the object is touched.
    fn change_relation(&mut self, slot: u32, field: usize, change: &mut dyn FnMut(&mut dyn RelationField));
    /// Takes the snapshot of an object that is about to be changed.
    fn touch(&mut self, slot: u32);
    /// Sets a column of the object, and of its snapshot, which is no change.
    fn store(&mut self, slot: u32, column: usize, raw: Option<&[u8]>) -> Result<(), DecodeError>;
    /// Forgets the snapshot: the row is as the object. [`compact`](Self::compact) must follow, once for many.
    fn settle(&mut self, slot: u32);
    /// Takes settled slots out of those that are touched.
    fn compact(&mut self);
    /// Like [`compact`](Self::compact), where a slot may be among them twice.
    fn compact_once(&mut self);
    /// What was added to and taken out of its collections.
    fn collection_edits(&self, slot: u32) -> Vec<Edit>;
    fn lookup(&self, key: &IdentityKey) -> Option<u32>;
    /// Enters the object in the identity map; gives another one that has its key already.
    fn register(&mut self, slot: u32) -> Option<u32>;
    fn unregister(&mut self, slot: u32);
    /// Frees a slot: its handles lead to nothing from now on.
    fn release(&mut self, slot: u32);
    fn release_all(&mut self);
    /// The object as its row has it now.
    fn checkpoint(&self, slot: u32) -> Option<Checkpoint>;
    /// Puts the object back as it was, without a snapshot.
    fn restore(&mut self, slot: u32, before: Option<Checkpoint>);
    /// Makes the object as it was the snapshot, so that what it is now is a change, and what was written of its
    /// collections is one too.
    fn restore_snapshot(&mut self, slot: u32, before: Option<Checkpoint>, edits: &[Edit]);
    /// Takes back that a relationship was brought in line.
    fn uncorrect(&mut self, slot: u32, order: &[RawHandle], edit: &Edit);
    /// Changes a relationship field of the snapshot alone.
    fn change_stored_relation(&mut self, slot: u32, field: usize, change: &mut dyn FnMut(&mut dyn RelationField));
    /// Makes the object what it was when it was added, but for what was changed since it was written.
    fn repend(&mut self, slot: u32, before: Option<Checkpoint>);
    /// Gives up unflushed changes.
    fn revert(&mut self, slot: u32);
}

impl<M: Model> AnyArena for Arena<M> {
    fn table(&self) -> &'static TableDef {
        M::table()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn len(&self) -> usize {
        self.slots.len()
    }

    fn holds_rows(&self) -> bool {
        self.slots.iter().any(|slot| slot.state == SlotState::Persistent)
    }

    fn state(&self, slot: u32) -> SlotState {
        self.slots.get(slot as usize).map_or(SlotState::Vacant, |slot| slot.state)
    }

    fn set_state(&mut self, slot: u32, state: SlotState) {
        self.slots[slot as usize].state = state;
    }

    fn generation(&self, slot: u32) -> Option<u32> {
        let slot = self.slots.get(slot as usize)?;
        (slot.state != SlotState::Vacant).then_some(slot.generation)
    }

    fn epoch(&self, slot: u32) -> u32 {
        self.slots[slot as usize].epoch
    }

    fn set_epoch(&mut self, slot: u32, epoch: u32) {
        self.slots[slot as usize].epoch = epoch;
    }

    fn is_stale(&self, slot: u32, field: usize) -> bool {
        self.slots[slot as usize].stale & stale_bit(field) != 0
    }

    fn set_stale(&mut self, slot: u32, field: usize, stale: bool) {
        let bits = &mut self.slots[slot as usize].stale;
        if stale {
            *bits |= stale_bit(field);
        } else {
            *bits &= !stale_bit(field);
        }
    }

    fn is_doomed(&self, slot: u32) -> bool {
        self.slots[slot as usize].doomed
    }

    fn doom(&mut self, index: u32, doomed: bool) {
        let slot = &mut self.slots[index as usize];
        if doomed && !slot.doomed && slot.snapshot.is_none() {
            self.touched.push(index);
        }
        slot.doomed = doomed;
    }

    fn is_permanent(&self, slot: u32) -> bool {
        M::table().soft_delete.is_none() || self.slots[slot as usize].permanently
    }

    fn set_permanent(&mut self, slot: u32, permanently: bool) {
        self.slots[slot as usize].permanently = permanently;
    }

    fn mark(&mut self, index: u32) {
        self.unregister(index);
        self.set_state(index, SlotState::Deleted);
        if let Some(key) = Self::stored(&self.slots[index as usize]).and_then(Self::key_of) {
            self.marked.insert(key, index);
        }
    }

    fn unmark(&mut self, key: &IdentityKey) -> Option<u32> {
        let index = self.marked.get(key)?;
        let slot = self.slots.get(index as usize).filter(|slot| slot.state == SlotState::Deleted)?;
        let is_it = Self::stored(slot).and_then(Self::key_of).as_ref() == Some(key);
        if !is_it {
            return None;
        }
        self.marked.remove(key, index);
        self.set_state(index, SlotState::Persistent);
        self.register(index);
        Some(index)
    }

    fn unmark_slot(&mut self, index: u32) -> bool {
        let key = Self::stored(&self.slots[index as usize]).and_then(Self::key_of);
        let marked = key.filter(|key| self.marked.get(key) == Some(index));
        marked.is_some_and(|key| self.unmark(&key).is_some())
    }

    fn touched(&self) -> &[u32] {
        &self.touched
    }

    fn dump(&self, slot: u32, out: &mut Dump) {
        out.clear();
        if let Some(value) = &self.slots[slot as usize].value {
            value.dump(out);
        }
    }

    fn dump_stored(&self, slot: u32, out: &mut Dump) {
        out.clear();
        if let Some(value) = Self::stored(&self.slots[slot as usize]) {
            value.dump(out);
        }
    }

    fn has_snapshot(&self, slot: u32) -> bool {
        self.slots[slot as usize].snapshot.is_some()
    }

    fn relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField> {
        self.slots[slot as usize].value.as_ref()?.relation(field)
    }

    fn stored_relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField> {
        Self::stored(&self.slots[slot as usize])?.relation(field)
    }

    fn edit_relation(&mut self, slot: u32, field: usize, edit: &mut dyn FnMut(&mut dyn RelationField)) {
        let slot = &mut self.slots[slot as usize];
        for value in slot.value.as_mut().into_iter().chain(slot.snapshot.as_deref_mut()) {
            if let Some(relation) = value.relation_mut(field) {
                edit(relation);
            }
        }
    }

    fn change_relation(&mut self, slot: u32, field: usize, change: &mut dyn FnMut(&mut dyn RelationField)) {
        let value = self.slots[slot as usize].value.as_mut();
        if let Some(relation) = value.and_then(|value| value.relation_mut(field)) {
            change(relation);
        }
    }

    fn touch(&mut self, index: u32) {
        let generation = self.slots[index as usize].generation;
        self.get_mut(index, generation);
    }

    fn store(&mut self, slot: u32, column: usize, raw: Option<&[u8]>) -> Result<(), DecodeError> {
        let slot = &mut self.slots[slot as usize];
        for value in slot.value.as_mut().into_iter().chain(slot.snapshot.as_deref_mut()) {
            value.store(column, raw)?;
        }
        Ok(())
    }

    fn settle(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.snapshot = None;
        slot.doomed = false;
    }

    fn compact(&mut self) {
        let slots = &self.slots;
        self.touched.retain(|&index| {
            let slot = &slots[index as usize];
            slot.state == SlotState::Persistent && (slot.snapshot.is_some() || slot.doomed)
        });
    }

    fn compact_once(&mut self) {
        self.compact();
        let mut seen = HashSet::with_capacity(self.touched.len());
        self.touched.retain(|index| seen.insert(*index));
    }

    fn collection_edits(&self, slot: u32) -> Vec<Edit> {
        let edit = |field: usize| {
            let (now, before) = (self.relation(slot, field)?, self.stored_relation(slot, field)?);
            if let (Some(now), Some(before)) = (now.held(), before.held()) {
                return Some(Edit::between(field, &before, &now));
            }
            let (added, removed) = now.pending();
            Some(Edit { field, added: added.to_vec(), removed: removed.to_vec() })
        };
        let collections = (0..M::table().relations.len()).filter(|&field| is_collection::<M>(field));
        collections.filter_map(edit).filter(|edit| !edit.is_empty()).collect()
    }

    fn lookup(&self, key: &IdentityKey) -> Option<u32> {
        self.identity.get(key)
    }

    fn register(&mut self, slot: u32) -> Option<u32> {
        let key = Self::key_of(Self::stored(&self.slots[slot as usize])?)?;
        self.identity.insert(key, slot)
    }

    fn unregister(&mut self, index: u32) {
        if let Some(key) = Self::stored(&self.slots[index as usize]).and_then(Self::key_of) {
            self.identity.remove(&key, index);
            self.marked.remove(&key, index);
        }
    }

    fn release(&mut self, slot: u32) {
        self.remove(slot);
    }

    fn release_all(&mut self) {
        self.identity.clear();
        self.marked.clear();
        self.touched.clear();
        for index in 0..self.slots.len() as u32 {
            let slot = &mut self.slots[index as usize];
            if slot.state != SlotState::Vacant {
                slot.generation = slot.generation.wrapping_add(1);
                slot.state = SlotState::Vacant;
                slot.value = None;
                slot.snapshot = None;
                slot.doomed = false;
                self.free.push(index);
            }
        }
    }

    fn checkpoint(&self, slot: u32) -> Option<Checkpoint> {
        let slot = &self.slots[slot as usize];
        let stored = if slot.state == SlotState::Pending { slot.value.as_ref() } else { Self::stored(slot) };
        Some(Box::new(stored?.clone()))
    }

    fn restore(&mut self, index: u32, before: Option<Checkpoint>) {
        let Some(before) = before.and_then(|before| before.downcast::<M>().ok()) else { return };
        self.settle(index);
        self.slots[index as usize].value = Some(*before);
    }

    fn restore_snapshot(&mut self, index: u32, before: Option<Checkpoint>, edits: &[Edit]) {
        let Some(mut before) = before.and_then(|before| before.downcast::<M>().ok()) else { return };
        let slot = &mut self.slots[index as usize];
        if let Some(value) = &mut slot.value {
            take_back_edits(value, slot.snapshot.as_deref(), &mut before, edits);
            if let Some(written) = &slot.snapshot {
                keep_parents(value, written, &before);
            }
        }
        if slot.snapshot.replace(before).is_none() && !slot.doomed {
            self.touched.push(index);
        }
    }

    fn uncorrect(&mut self, index: u32, order: &[RawHandle], edit: &Edit) {
        let held = |object: &M| object.relation(edit.field).and_then(RelationField::held);
        let slot = &mut self.slots[index as usize];
        let Some(value) = &mut slot.value else { return };
        let Some(now) = held(value) else { return };
        let before = slot.snapshot.as_deref().and_then(held);
        if let Some(relation) = value.relation_mut(edit.field) {
            relation.set_held(edit.taken_back(&now, order));
        }
        if let (Some(before), Some(snapshot)) = (before, &mut slot.snapshot)
            && let Some(relation) = snapshot.relation_mut(edit.field)
        {
            // What was changed since stays a change.
            let since = Edit::between(edit.field, &before, &now);
            relation.set_held(since.kept_out(&edit.taken_back(&before, order)));
        }
    }

    fn change_stored_relation(&mut self, slot: u32, field: usize, change: &mut dyn FnMut(&mut dyn RelationField)) {
        let snapshot = self.slots[slot as usize].snapshot.as_deref_mut();
        if let Some(relation) = snapshot.and_then(|snapshot| snapshot.relation_mut(field)) {
            change(relation);
        }
    }

    fn repend(&mut self, index: u32, before: Option<Checkpoint>) {
        let Some(mut before) = before.and_then(|before| before.downcast::<M>().ok()) else { return };
        let slot = &mut self.slots[index as usize];
        let Some(now) = slot.value.take() else { return };
        let written = slot.snapshot.take();
        carry_parents(written.as_deref().unwrap_or(&now), &mut before);
        let mut value = (*before).clone();
        if let Some(written) = written {
            carry_changes(&now, &written, &mut value);
        }
        // Its relationships have been written once: only what differs from them is said anew.
        slot.snapshot = Some(before);
        slot.value = Some(value);
        slot.doomed = false;
    }

    fn revert(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        if let Some(snapshot) = slot.snapshot.take() {
            slot.value = Some(*snapshot);
        }
        self.settle(index);
    }
}

fn is_linked<M: Model>(field: usize) -> bool {
    matches!(M::table().relations[field].kind, RelationKind::ManyToMany { .. })
}

fn is_collection<M: Model>(field: usize) -> bool {
    !matches!(M::table().relations[field].kind, RelationKind::BelongsTo { .. })
}

/// The parents that an object was written with, whichever side had said so.
fn carry_parents<M: Model>(written: &M, target: &mut M) {
    for field in (0..M::table().relations.len()).filter(|&field| !is_collection::<M>(field)) {
        let held = written.relation(field).and_then(RelationField::held);
        if let (Some(held), Some(relation)) = (held, target.relation_mut(field)) {
            relation.set_held(held);
        }
    }
}

/// What was written of links is a change of `now` against `before` again; what was written of children, they carry
/// themselves. What came into collections and left them otherwise, and what was loaded since, is in `before` as it is in
/// `now`.
fn take_back_edits<M: Model>(now: &mut M, written: Option<&M>, before: &mut M, edits: &[Edit]) {
    for field in (0..M::table().relations.len()).filter(|&field| is_collection::<M>(field)) {
        let edit = edits.iter().find(|edit| edit.field == field);
        let loaded = written.unwrap_or(now).relation(field).and_then(RelationField::held);
        match (loaded, edit) {
            (Some(list), edit) => {
                let Some(relation) = before.relation_mut(field) else { continue };
                let order = relation.held().unwrap_or_default();
                let taken_back = edit.map_or_else(|| Arc::clone(&list), |edit| edit.taken_back(&list, &order));
                relation.set_held(Arc::clone(&taken_back));
                if let (Some(edit), false, Some(current)) = (edit, is_linked::<M>(field), now.relation_mut(field)) {
                    let current_list = current.held().unwrap_or_default();
                    current.set_held(edit.taken_back(&current_list, &order));
                    // What was changed since stays a change.
                    let since = Edit::between(field, &list, &current_list);
                    relation.set_held(since.kept_out(&taken_back));
                }
            }
            (None, Some(edit)) if is_linked::<M>(field) => {
                let Some(relation) = now.relation_mut(field) else { continue };
                relation.edit_before(&edit.added, &edit.removed);
            }
            (None, _) => {}
        }
    }
}

/// Of a relationship and its key, one may have been changed since both were written: then the other goes back to what it
/// was before.
fn keep_parents<M: Model>(now: &mut M, written: &M, before: &M) {
    let table = M::table();
    let (values, written_values, values_before) = (Dump::of(now), Dump::of(written), Dump::of(before));
    for (field, def) in table.relations.iter().enumerate() {
        let RelationKind::BelongsTo { columns } = def.kind else { continue };
        let columns = || columns.iter().filter_map(|name| table.column_index(name));
        let held = |object: &M| object.relation(field).and_then(RelationField::held);
        if held(now) != held(written) {
            if held(now) == held(before) {
                for column in columns() {
                    // The value was the field's own: it decodes.
                    let _ = now.store(column, values_before.raw(column));
                }
            }
        } else if columns().any(|column| values.raw(column) != written_values.raw(column))
            && let Some(relation) = now.relation_mut(field)
        {
            match held(before) {
                Some(held) => relation.set_held(held),
                None => relation.unload(),
            }
        }
    }
}

/// The names of the columns in which two objects differ.
fn changed_columns<M: Model>(old: &M, new: &M) -> Vec<&'static str> {
    let (old, new) = (Dump::of(old), Dump::of(new));
    let columns = M::table().columns.iter().enumerate();
    columns.filter(|(column, _)| old.raw(*column) != new.raw(*column)).map(|(_, def)| def.name).collect()
}

/// The bit of a relationship field. Models with more than 32 share the last one: too many are loaded anew then.
fn stale_bit(field: usize) -> u32 {
    1 << field.min(31)
}

/// Makes what differs between `now` and `written` so in `target`.
fn carry_changes<M: Model>(now: &M, written: &M, target: &mut M) {
    let table = M::table();
    let (values, old_values) = (Dump::of(now), Dump::of(written));
    let changed = |column: usize| values.raw(column) != old_values.raw(column);
    for column in (0..table.columns.len()).filter(|&column| changed(column)) {
        // The value is the field's own: it decodes.
        let _ = target.store(column, values.raw(column));
    }
    for (field, def) in table.relations.iter().enumerate() {
        let held = now.relation(field).and_then(RelationField::held);
        let is_set = held != written.relation(field).and_then(RelationField::held);
        let key = match def.kind {
            RelationKind::BelongsTo { columns } => columns,
            _ => &[],
        };
        // A key that was changed itself is not to lose against the relationship of before.
        let by_key = key.iter().filter_map(|name| table.column_index(name)).any(changed);
        let Some(relation) = target.relation_mut(field).filter(|_| is_set || by_key) else { continue };
        match held.filter(|_| is_set) {
            Some(held) => relation.set_held(held),
            None => relation.unload(),
        }
    }
}

impl<M: Model> fmt::Debug for Arena<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.slots.len() - self.free.len(), M::table().model)
    }
}

impl RawHandle {
    /// The handle of a slot.
    pub(super) fn new(session: u32, slot: u32, generation: u32) -> Self {
        Self { slot, generation, session }
    }
}
