//! [`Arena`]: the objects of one model, and [`AnyArena`], the same without its model.
//!
//! The session's other modules work on `dyn AnyArena` and on encoded columns wherever they can, so that they are compiled
//! once and not for every model.

use std::any::Any;
use std::fmt;

use super::identity::{IdentityKey, IdentityMap};
use super::merge::Loader;
use super::slots::Slots;
use crate::error::Result;
use crate::hash::{Map, Set};
use crate::schema::{ColumnDef, Dump, Model, RawHandle, RelationField, RelationKind, TableDef, store_cells};

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
    /// The object as the last flush left it, from the first mutable touch until the next.
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
    pub(super) slots: Slots<Slot<M>>,
    free: Vec<u32>,
    identity: IdentityMap,
    /// The objects whose rows the open transaction has marked as deleted.
    marked: IdentityMap,
    /// Slots with a snapshot, or doomed, in the order in which they were first touched.
    touched: Vec<u32>,
    /// The objects as their rows have them, where that is not what the last flush left because its transaction was taken
    /// back: what it wrote is to be written again.
    rows: Map<u32, Box<M>>,
    /// The generation of a slot that is new, higher than those of all slots that were given up.
    first_generation: u32,
}

/// An object as it was, for going back to it.
pub(super) type Checkpoint = Box<dyn Any + Send + Sync>;

impl<M: Model> Arena<M> {
    pub(super) fn new() -> Self {
        Self {
            slots: Slots::new(),
            free: Vec::new(),
            identity: IdentityMap::default(),
            marked: IdentityMap::default(),
            touched: Vec::new(),
            rows: Map::default(),
            first_generation: 0,
        }
    }

    /// Takes an object in that was read from a row with this key.
    pub(super) fn insert_loaded(&mut self, value: M, key: Option<IdentityKey>, epoch: u32) -> u32 {
        let slot = self.insert(value, SlotState::Persistent, epoch);
        match key {
            Some(key @ IdentityKey::Number(_)) => {
                self.identity.insert(key, slot);
            }
            // Other keys are known by the bytes that the fields make.
            Some(IdentityKey::Bytes(_)) | None => {
                self.register(slot);
            }
        }
        slot
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
            generation: self.first_generation,
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
        // One that is deleted has left the identity map already.
        if self.state(index) != SlotState::Deleted || !self.marked.is_empty() {
            self.unregister(index);
        }
        let slot = &mut self.slots[index as usize];
        if slot.snapshot.is_some() || slot.doomed {
            self.touched.retain(|other| *other != index);
        }
        slot.generation = slot.generation.wrapping_add(1);
        slot.state = SlotState::Vacant;
        slot.snapshot = None;
        slot.doomed = false;
        self.rows.remove(&index);
        self.free.push(index);
        slot.value.take()
    }

    fn key_of(value: &M) -> Option<IdentityKey> {
        Dump::look_at_key(value, |dump| IdentityKey::of(M::table(), |column| dump.raw(column)))
    }

    /// The object as the last flush left it.
    fn flushed(&self, index: u32) -> Option<&M> {
        let slot = &self.slots[index as usize];
        slot.snapshot.as_deref().or(slot.value.as_ref())
    }

    /// The object as its row has it, if it has one.
    pub(super) fn original(&self, index: u32) -> Option<&M> {
        let state = self.slots.get(index as usize)?.state;
        if matches!(state, SlotState::Persistent | SlotState::Deleted) { self.stored(index) } else { None }
    }

    /// The object as its row has it, by whose key the identity map knows it.
    fn stored(&self, index: u32) -> Option<&M> {
        self.rows.get(&index).map(AsRef::as_ref).or_else(|| self.flushed(index))
    }
}

/// An [`Arena`] without its model.
pub(super) trait AnyArena: Send + Sync {
    fn table(&self) -> &'static TableDef;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// What loads objects of its model.
    fn loader(&self) -> Loader;
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
    /// Writes the columns as the row has them.
    fn dump_stored(&self, slot: u32, out: &mut Dump);
    /// Writes the columns as the last flush left them: those of the snapshot, or of the object.
    fn dump_flushed(&self, slot: u32, out: &mut Dump);
    fn has_snapshot(&self, slot: u32) -> bool;
    /// Whether it was written in a transaction that was taken back, and is to be written again.
    fn is_again(&self, slot: u32) -> bool;
    fn relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField>;
    /// A relationship field as the last flush left it.
    fn flushed_relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField>;
    /// Does something to a relationship field of the object and of its snapshot alike, which is no change.
    fn edit_relation(&mut self, slot: u32, field: usize, edit: &mut dyn FnMut(&mut dyn RelationField));
    /// Makes an object the one end of a to-one relationship field of these, where it is not known which one it is; which is
    /// no change.
    fn note_relation(&mut self, objects: &[RawHandle], field: usize, end: RawHandle);
    /// Changes a relationship field of the object, which the flush sees if the object is touched.
    fn change_relation(&mut self, slot: u32, field: usize, change: &mut dyn FnMut(&mut dyn RelationField));
    /// Takes the snapshot of an object that is about to be changed.
    fn touch(&mut self, slot: u32);
    /// Sets columns of the object, and of its snapshot, which is no change.
    fn store(&mut self, slot: u32, cells: &[(usize, Option<&[u8]>)]) -> Result<()>;
    /// Forgets the snapshot: the object is as its row. [`compact`](Self::compact) must follow, once for many.
    fn settle(&mut self, slot: u32);
    /// Takes settled slots out of those that are touched.
    fn compact(&mut self);
    /// Like [`compact`](Self::compact), where a slot may be among them twice.
    fn compact_once(&mut self);
    fn lookup(&self, key: &IdentityKey) -> Option<u32>;
    /// Enters the object in the identity map; gives another one that has its key already.
    fn register(&mut self, slot: u32) -> Option<u32>;
    /// Like [`register`](Self::register), of an object whose key is known.
    fn register_as(&mut self, slot: u32, key: IdentityKey) -> Option<u32>;
    fn unregister(&mut self, slot: u32);
    /// Frees a slot: its handles lead to nothing from now on.
    fn release(&mut self, slot: u32);
    fn release_all(&mut self);
    /// The object as it is, changes included.
    fn value_checkpoint(&self, slot: u32) -> Option<Checkpoint>;
    /// Puts an object back as it was, and leaves its snapshot alone.
    fn put_value(&mut self, slot: u32, value: Option<Checkpoint>);
    /// The object as its row has it now.
    fn checkpoint(&self, slot: u32) -> Option<Checkpoint>;
    /// Puts the object back as it was, without a snapshot.
    fn restore(&mut self, slot: u32, before: Option<Checkpoint>);
    /// Makes the row what it was before: what the object is now, and what the last flush left, differ from it.
    fn take_back(&mut self, slot: u32, before: &Checkpoint);
    /// Makes an object that was inserted one without a row: what the server made in it is not made yet. `before` is the
    /// object before the insert, `written` after it, if it was changed since.
    fn make_new(&mut self, slot: u32, before: Option<&Checkpoint>, written: Option<&Checkpoint>);
    /// Gives the columns in which `before` differs from `after`, or from what the last flush left, the values of before,
    /// where they have not been changed since.
    fn take_columns_back(&mut self, slot: u32, before: &Checkpoint, after: Option<&Checkpoint>);
    /// Gives columns that the server set the values of before, where they have not been changed since the last flush.
    fn untouch(&mut self, slot: u32, before: &Checkpoint, columns: &[usize]);
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

    fn loader(&self) -> Loader {
        Loader::of::<M>()
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
        if let Some(key) = self.stored(index).and_then(Self::key_of) {
            self.marked.insert(key, index);
        }
    }

    fn unmark(&mut self, key: &IdentityKey) -> Option<u32> {
        // Asked for each row that is new to the session.
        if self.marked.is_empty() {
            return None;
        }
        let index = self.marked.get(key)?;
        let is_deleted = self.state(index) == SlotState::Deleted;
        if !is_deleted || self.stored(index).and_then(Self::key_of).as_ref() != Some(key) {
            return None;
        }
        self.marked.remove(key, index);
        self.set_state(index, SlotState::Persistent);
        self.register(index);
        Some(index)
    }

    fn unmark_slot(&mut self, index: u32) -> bool {
        let key = self.stored(index).and_then(Self::key_of);
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
        if let Some(value) = self.stored(slot) {
            value.dump(out);
        }
    }

    fn dump_flushed(&self, slot: u32, out: &mut Dump) {
        out.clear();
        if let Some(value) = self.flushed(slot) {
            value.dump(out);
        }
    }

    fn has_snapshot(&self, slot: u32) -> bool {
        self.slots[slot as usize].snapshot.is_some()
    }

    fn is_again(&self, index: u32) -> bool {
        let slot = &self.slots[index as usize];
        // One that is new has a snapshot only for that reason.
        self.rows.contains_key(&index) || (slot.state == SlotState::Pending && slot.snapshot.is_some())
    }

    fn relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField> {
        self.slots[slot as usize].value.as_ref()?.relation(field)
    }

    fn flushed_relation(&self, slot: u32, field: usize) -> Option<&dyn RelationField> {
        self.flushed(slot)?.relation(field)
    }

    fn edit_relation(&mut self, slot: u32, field: usize, edit: &mut dyn FnMut(&mut dyn RelationField)) {
        let slot = &mut self.slots[slot as usize];
        for value in slot.value.as_mut().into_iter().chain(slot.snapshot.as_deref_mut()) {
            if let Some(relation) = value.relation_mut(field) {
                edit(relation);
            }
        }
    }

    fn note_relation(&mut self, objects: &[RawHandle], field: usize, end: RawHandle) {
        for object in objects {
            self.edit_relation(object.slot, field, &mut |relation| relation.note(end));
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

    fn store(&mut self, slot: u32, cells: &[(usize, Option<&[u8]>)]) -> Result<()> {
        let slot = &mut self.slots[slot as usize];
        for value in slot.value.as_mut().into_iter().chain(slot.snapshot.as_deref_mut()) {
            store_cells(value, cells.iter().copied())
                .map_err(|(column, reason)| M::table().decode_error(column, reason))?;
        }
        Ok(())
    }

    fn settle(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.snapshot = None;
        slot.doomed = false;
        if !self.rows.is_empty() {
            self.rows.remove(&index);
        }
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
        let mut seen = Set::with_capacity_and_hasher(self.touched.len(), Default::default());
        self.touched.retain(|index| seen.insert(*index));
    }

    fn lookup(&self, key: &IdentityKey) -> Option<u32> {
        self.identity.get(key)
    }

    fn register(&mut self, slot: u32) -> Option<u32> {
        let key = Self::key_of(self.stored(slot)?)?;
        self.identity.insert(key, slot)
    }

    fn register_as(&mut self, slot: u32, key: IdentityKey) -> Option<u32> {
        self.identity.insert(key, slot)
    }

    fn unregister(&mut self, index: u32) {
        if let Some(key) = self.stored(index).and_then(Self::key_of) {
            self.identity.remove(&key, index);
            self.marked.remove(&key, index);
        }
    }

    fn release(&mut self, slot: u32) {
        self.remove(slot);
    }

    fn release_all(&mut self) {
        let highest = self.slots.iter().map(|slot| slot.generation).max();
        let first_generation = highest.map_or(self.first_generation, |highest| highest.wrapping_add(1));
        *self = Self { first_generation, ..Self::new() };
    }

    fn value_checkpoint(&self, slot: u32) -> Option<Checkpoint> {
        Some(Box::new(self.slots[slot as usize].value.clone()?))
    }

    fn put_value(&mut self, slot: u32, value: Option<Checkpoint>) {
        if let Some(value) = value.and_then(|value| value.downcast::<M>().ok()) {
            self.slots[slot as usize].value = Some(*value);
        }
    }

    fn checkpoint(&self, index: u32) -> Option<Checkpoint> {
        let slot = &self.slots[index as usize];
        let stored = if slot.state == SlotState::Pending { slot.value.as_ref() } else { self.stored(index) };
        Some(Box::new(stored?.clone()))
    }

    fn restore(&mut self, index: u32, before: Option<Checkpoint>) {
        let Some(before) = before.and_then(|before| before.downcast::<M>().ok()) else { return };
        self.settle(index);
        self.slots[index as usize].value = Some(*before);
    }

    fn take_back(&mut self, index: u32, before: &Checkpoint) {
        let Some(before) = before.downcast_ref::<M>() else { return };
        self.touch(index);
        self.rows.insert(index, Box::new(before.clone()));
    }

    fn make_new(&mut self, index: u32, before: Option<&Checkpoint>, written: Option<&Checkpoint>) {
        let Some(before) = before.and_then(|before| before.downcast_ref::<M>()) else { return };
        let slot = &mut self.slots[index as usize];
        let Some(now) = slot.value.take() else { return };
        let flushed = slot.snapshot.take();
        let flushed = flushed.as_deref().unwrap_or(&now);
        let written = written.and_then(|written| written.downcast_ref::<M>()).unwrap_or(flushed);
        slot.snapshot = Some(Box::new(new_again(flushed, before, written)));
        slot.value = Some(new_again(&now, before, written));
    }

    fn take_columns_back(&mut self, index: u32, before: &Checkpoint, after: Option<&Checkpoint>) {
        let Some(before) = before.downcast_ref::<M>() else { return };
        let after = after.and_then(|after| after.downcast_ref::<M>()).or_else(|| self.flushed(index));
        let (Some(after), before) = (after.map(Dump::of), Dump::of(before)) else { return };
        let slot = &mut self.slots[index as usize];
        for value in slot.value.as_mut().into_iter().chain(slot.snapshot.as_deref_mut()) {
            let now = Dump::of(value);
            let is_left =
                |&column: &usize| before.raw(column) != after.raw(column) && now.raw(column) == after.raw(column);
            take_over(value, &before, (0..M::table().columns.len()).filter(is_left));
        }
    }

    fn untouch(&mut self, index: u32, before: &Checkpoint, columns: &[usize]) {
        let (Some(before), Some(flushed)) = (before.downcast_ref::<M>(), self.flushed(index)) else { return };
        let (before, flushed) = (Dump::of(before), Dump::of(flushed));
        let slot = &mut self.slots[index as usize];
        for value in slot.value.as_mut().into_iter().chain(slot.snapshot.as_deref_mut()) {
            let now = Dump::of(value);
            let is_left = |column: &usize| now.raw(*column) == flushed.raw(*column);
            take_over(value, &before, columns.iter().copied().filter(is_left));
        }
    }

    fn revert(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        if let Some(snapshot) = slot.snapshot.take() {
            slot.value = Some(*snapshot);
        }
        self.settle(index);
    }
}

/// The object with the columns that the server made as they were before, but for those that were changed since it was
/// written. Foreign keys stay as they are: what relationships say of them is in the relationships.
fn new_again<M: Model>(now: &M, before: &M, written: &M) -> M {
    let table = M::table();
    let (values, written) = (Dump::of(now), Dump::of(written));
    let mut object = before.clone();
    let is_key = |column: usize| {
        let name = table.columns[column].name;
        let keys = table.relations.iter().filter_map(|relation| match relation.kind {
            RelationKind::BelongsTo { columns } => Some(columns),
            _ => None,
        });
        keys.flatten().any(|key| *key == name)
    };
    let is_kept = |column: &usize| is_key(*column) || values.raw(*column) != written.raw(*column);
    take_over(&mut object, &values, (0..table.columns.len()).filter(is_kept));
    for field in 0..table.relations.len() {
        let Some(relation) = object.relation_mut(field) else { continue };
        match now.relation(field).and_then(RelationField::held) {
            Some(held) => relation.set_held(held),
            None => relation.unload(),
        }
    }
    object
}

/// Sets columns of an object to what another value of the model has there. An embedded struct of which a part alone would
/// make no value is taken over whole.
fn take_over<M: Model>(object: &mut M, from: &Dump, columns: impl Iterator<Item = usize>) {
    let defs = M::table().columns;
    let (mut columns, embedded): (Vec<usize>, Vec<usize>) =
        columns.partition(|&column| defs[column].embedded.is_none());
    for part in embedded.chunk_by(|&a, &b| first_of(defs, a) == first_of(defs, b)) {
        if store_cells(object, part.iter().map(|&column| (column, from.raw(column)))).is_err() {
            let first = first_of(defs, part[0]);
            columns.extend((0..defs.len()).filter(|&column| first_of(defs, column) == first));
        }
    }
    // The values were the fields' own: they decode.
    let _ = store_cells(object, columns.into_iter().map(|column| (column, from.raw(column))));
}

/// The first column of the embedded struct that the column belongs to.
fn first_of(columns: &[ColumnDef], column: usize) -> Option<usize> {
    columns[column].embedded.map(|embedded| column - embedded.index)
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

impl<M: Model> fmt::Debug for Arena<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.slots.len() - self.free.len(), M::table().model)
    }
}

impl RawHandle {
    /// The handle of a slot.
    #[inline]
    pub(super) fn new(session: u32, slot: u32, generation: u32) -> Self {
        Self { slot, generation, session }
    }
}
