//! Merging: values from outside are copied onto the objects with their keys.
//!
//! A value and the values that it holds are first taken apart into a list, in which placeholders stand for handles. Then
//! all keys are looked up, one statement a model, then collections that are replaced are loaded, and last each value is
//! copied onto the object that was found, or added.

use std::pin::Pin;
use std::sync::Arc;

use super::Session;
use super::arena::{Arena, SlotState};
use super::inner::{Inner, Row};
use crate::engine::placed;
use crate::error::{Error, ErrorKind, Result};
use crate::hash::{Map, ValueMap};
use crate::schema::{
    Adopter, Dump, Edge, Handle, IntoModel, Model, RawHandle, RelationDef, RelationField, RelationKind, TableDef,
    positions, store_cells,
};
use crate::types::Value;

/// The session number of placeholders, which no session has.
const PLACEHOLDER: u32 = 0;

impl Session {
    /// Copies a value from outside onto the object with its primary key, which is read if the session does not hold it;
    /// without a row, or without a key, the value is added. The next flush writes what differs.
    ///
    /// Columns that the server makes are left alone where the value does not have them. New values in its relationships
    /// are merged too, each by its own key. A collection that is given replaces that of the object, as if it were
    /// [set](crate::schema::HasMany::set); one that is empty or not loaded leaves it alone, and so does a relationship
    /// that holds handles of another session.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(session: &mut Session, from_a_form: Course) -> orm_core::Result<()> {
    /// let course = session.merge(from_a_form).await?;
    /// session.commit().await?;                // UPDATE of what differs, or INSERT
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StaleData`] if the model has a version and that of the value is not that of the row; those of the
    /// flush before it, of the server and of the connection. Nothing is merged then.
    #[track_caller]
    pub fn merge<A: IntoModel>(&mut self, value: A) -> impl Future<Output = Result<Handle<A::Model>>> {
        placed(async move {
            let merged = self.merge_all([value]).await?.pop();
            merged.ok_or_else(|| Error::new(ErrorKind::Invalid, "nothing was merged"))
        })
    }

    /// Like [`merge`](Self::merge), for any number of values: one statement a model and collection for all of them. Of
    /// two values with one key, the second is copied onto what the first became.
    ///
    /// # Errors
    ///
    /// Like [`merge`](Self::merge).
    #[track_caller]
    pub fn merge_all<A: IntoModel>(
        &mut self,
        values: impl IntoIterator<Item = A>,
    ) -> impl Future<Output = Result<Vec<Handle<A::Model>>>> {
        placed(async move {
            let mut apart = Apart { inner: &mut self.inner, items: Vec::new(), owners: Map::default() };
            let placeholders: Vec<RawHandle> =
                values.into_iter().map(|value| apart.adopt(value.into_model()).raw()).collect();
            let Apart { items, owners, .. } = apart;
            let merged = self.inner.merge(Items { items, owners }).await?;
            Ok(placeholders.into_iter().map(|placeholder| merged[placeholder.slot as usize].typed()).collect())
        })
    }
}

/// A statement that loads something for a model that only the future knows.
pub(super) type Loading<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What loads objects of one model, for those who do not know it.
#[derive(Clone, Copy)]
pub(super) struct Loader {
    by_key: for<'a> fn(&'a mut Inner, Vec<Vec<Value>>) -> Loading<'a, Vec<Option<RawHandle>>>,
    edge: for<'a> fn(&'a mut Inner, Edge, Vec<Row>) -> Loading<'a, ()>,
}

impl Loader {
    pub(super) fn of<M: Model>() -> Self {
        Self {
            by_key: |inner, keys| {
                Box::pin(async move {
                    let found = inner.get_many::<M>(keys).await?;
                    Ok(found.into_iter().map(|handle| handle.map(Handle::raw)).collect())
                })
            },
            edge: |inner, edge, rows| {
                Box::pin(async move { inner.load_rows::<M, ()>(edge, &(), &rows).await.map(drop) })
            },
        }
    }
}

/// Takes values apart.
struct Apart<'s> {
    inner: &'s mut Inner,
    items: Vec<Box<dyn Item>>,
    /// For an item that came in a collection: the item that it belongs to, and the relationship to it.
    owners: Map<usize, (usize, &'static RelationDef)>,
}

impl Adopter for Apart<'_> {
    fn adopt<M: Model>(&mut self, mut value: M) -> Handle<M> {
        let given: Vec<bool> = (0..M::table().relations.len())
            .map(|field| value.relation(field).is_some_and(|r| r.held().is_some()))
            .collect();
        value.adopt(self);
        let index = self.items.len();
        for relation in M::table().relations {
            let (RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse }) = relation.kind else {
                continue;
            };
            let held = relation.field.and_then(|field| value.relation(field)).and_then(RelationField::held);
            for child in held.iter().flat_map(|held| held.iter()).filter(|handle| handle.session == PLACEHOLDER) {
                self.owners.insert(child.slot as usize, (index, &**inverse));
            }
        }
        // A collection that was not given is one that was adopted empty.
        for (field, given) in given.into_iter().enumerate() {
            let relation = value.relation_mut(field).filter(|r| !given && r.held().is_some_and(|held| held.is_empty()));
            relation.into_iter().for_each(RelationField::unload);
        }
        self.inner.arena_index::<M>();
        self.items.push(Box::new(Given(Some(value))));
        RawHandle::new(PLACEHOLDER, index as u32, 0).typed()
    }
}

/// A value of any model.
trait Item: Send {
    fn table(&self) -> &'static TableDef;
    fn dump(&self) -> Dump;
    fn relation(&self, field: usize) -> Option<&dyn RelationField>;
    fn relation_mut(&mut self, field: usize) -> Option<&mut dyn RelationField>;
    /// Sets columns of an object of the same model to its own values.
    fn copy_columns(&self, columns: &[usize], inner: &mut Inner, row: Row) -> Result<()>;
    /// Moves it into the session, as a new object.
    fn add(&mut self, inner: &mut Inner) -> Option<Row>;
}

/// A value, until it is moved into the session.
struct Given<M>(Option<M>);

impl<M: Model> Item for Given<M> {
    fn table(&self) -> &'static TableDef {
        M::table()
    }

    fn dump(&self) -> Dump {
        self.0.as_ref().map(Dump::of).unwrap_or_default()
    }

    fn relation(&self, field: usize) -> Option<&dyn RelationField> {
        self.0.as_ref()?.relation(field)
    }

    fn relation_mut(&mut self, field: usize) -> Option<&mut dyn RelationField> {
        self.0.as_mut()?.relation_mut(field)
    }

    fn copy_columns(&self, columns: &[usize], inner: &mut Inner, row: Row) -> Result<()> {
        let dump = self.dump();
        let arena = inner.arenas[row.arena].as_any_mut().downcast_mut::<Arena<M>>();
        let generation = arena.as_ref().map_or(0, |arena| arena.slots[row.slot as usize].generation);
        let Some(object) = arena.and_then(|arena| arena.get_mut(row.slot, generation)) else { return Ok(()) };
        store_cells(object, columns.iter().map(|&column| (column, dump.raw(column))))
            .map_err(|(column, reason)| M::table().decode_error(column, reason))
    }

    fn add(&mut self, inner: &mut Inner) -> Option<Row> {
        self.0.take().map(|value| inner.insert_pending(value))
    }
}

/// The values of a merge, each before the one that holds it.
struct Items {
    items: Vec<Box<dyn Item>>,
    owners: Map<usize, (usize, &'static RelationDef)>,
}

/// The encoded columns of a primary key.
type KeyBytes = Vec<Vec<u8>>;

impl Items {
    /// The primary key of an item, with what it has from the items that it belongs to.
    fn key(&self, inner: &Inner, index: usize) -> Option<KeyBytes> {
        let table = self.items[index].table();
        table.primary_key.iter().map(|&column| self.column(inner, index, column)).collect()
    }

    fn column(&self, inner: &Inner, index: usize, column: usize) -> Option<Vec<u8>> {
        let item = &self.items[index];
        let table = item.table();
        if let Some(&(owner, inverse)) = self.owners.get(&index)
            && let Some(target) = target_column(inverse, column)
        {
            return self.column(inner, owner, target);
        }
        for (field, relation) in table.relations.iter().enumerate() {
            let held = item.relation(field).and_then(RelationField::held);
            let Some(parent) = held.as_ref().and_then(|held| held.first()) else { continue };
            let Some(target) = target_column(relation, column) else { continue };
            if parent.session == PLACEHOLDER {
                return self.column(inner, parent.slot as usize, target);
            }
            if let Ok(row) = inner.resolve((relation.to)(), *parent) {
                return inner.stored_dump(row).raw(target).map(<[u8]>::to_vec);
            }
        }
        item.dump().raw(column).map(<[u8]>::to_vec)
    }

    /// Whether a relationship says what is in a foreign key's column: one to a new value, or to another object than the
    /// one that the object points to.
    fn is_related(&self, inner: &Inner, row: Row, index: usize, column: usize) -> bool {
        let item = &self.items[index];
        let says = |(field, relation): (usize, &&'static RelationDef)| {
            let held = item.relation(field).and_then(RelationField::held);
            let Some(parent) = held.as_ref().and_then(|held| held.first()) else { return false };
            let now = inner.arenas[row.arena].relation(row.slot, field).and_then(RelationField::held);
            let is_other = || now != held && inner.resolve((relation.to)(), *parent).is_ok();
            (parent.session == PLACEHOLDER || is_other()) && target_column(relation, column).is_some()
        };
        self.owners.get(&index).is_some_and(|(_, inverse)| target_column(inverse, column).is_some())
            || item.table().relations.iter().enumerate().any(says)
    }

    /// The columns of an item that are copied onto an object.
    fn copied(&self, inner: &Inner, row: Row, index: usize) -> Vec<usize> {
        let (table, dump) = (self.items[index].table(), self.items[index].dump());
        let is_copied = |column: &usize| {
            let def = &table.columns[*column];
            let is_made = def.generated.is_some() || def.version || (def.auto && dump.raw(*column).is_none());
            !is_made && !def.primary_key && !self.is_related(inner, row, index, *column)
        };
        (0..table.columns.len()).filter(is_copied).collect()
    }
}

/// The column that a foreign key's column of a `belongs_to` points to.
fn target_column(relation: &RelationDef, column: usize) -> Option<usize> {
    let RelationKind::BelongsTo { .. } = relation.kind else { return None };
    let (columns, targets) = relation.key_pairs();
    let place = positions((relation.from)(), columns).iter().position(|&other| other == column)?;
    positions((relation.to)(), targets).get(place).copied()
}

impl Inner {
    /// A new object, whose relationships hold handles alone.
    fn insert_pending<M: Model>(&mut self, value: M) -> Row {
        let (arena, epoch) = (self.arena_index::<M>(), self.epoch);
        let Some(typed) = self.arenas[arena].as_any_mut().downcast_mut::<Arena<M>>() else {
            unreachable!("arenas are found by their model's table")
        };
        let row = Row { arena, slot: typed.insert(value, SlotState::Pending, epoch) };
        self.pending.push(row);
        row
    }

    async fn merge(&mut self, mut items: Items) -> Result<Vec<RawHandle>> {
        let found = self.find_items(&items).await?;
        for (index, handle) in found.iter().enumerate() {
            if let Some(handle) = handle {
                self.check_merged(&*items.items[index], *handle)?;
            }
        }
        self.load_replaced(&items, &found).await?;
        let keys: Vec<Option<KeyBytes>> = (0..found.len()).map(|index| items.key(self, index)).collect();
        let mut merged: Vec<RawHandle> = Vec::with_capacity(found.len());
        let mut new: ValueMap<(usize, KeyBytes), RawHandle> = ValueMap::default();
        for (index, key) in keys.into_iter().enumerate() {
            let table = items.items[index].table();
            let key = key.map(|key| (std::ptr::from_ref(table).addr(), key));
            let known = found[index].or_else(|| key.as_ref().and_then(|key| new.get(key).copied()));
            let handle = match known {
                Some(handle) => self.copy_onto(&mut items, index, handle, &merged)?,
                None => {
                    self.replace_placeholders(&mut *items.items[index], &merged);
                    let row = items.items[index].add(self);
                    row.map(|row| self.handle_of(row)).ok_or_else(|| Error::invalid("a value was merged twice"))?
                }
            };
            merged.push(handle);
            if let Some(key) = key {
                new.insert(key, handle);
            }
        }
        Ok(merged)
    }

    /// The objects that have the items' keys: one statement a model.
    async fn find_items(&mut self, items: &Items) -> Result<Vec<Option<RawHandle>>> {
        let mut found = vec![None; items.items.len()];
        let mut by_table: Vec<(&'static TableDef, Vec<usize>, Vec<Vec<Value>>)> = Vec::new();
        for (index, item) in items.items.iter().enumerate() {
            let table = item.table();
            let Some(key) = items.key(self, index) else { continue };
            let values = key.iter().zip(table.key_columns()).map(|(raw, column)| Value::from_raw(column.ty, Some(raw)));
            let values = values.collect();
            match by_table.iter_mut().find(|(other, ..)| std::ptr::eq(*other, table)) {
                Some((_, indexes, keys)) => {
                    indexes.push(index);
                    keys.push(values);
                }
                None => by_table.push((table, vec![index], vec![values])),
            }
        }
        for (table, indexes, keys) in by_table {
            let Some(arena) = self.find_arena(table) else { continue };
            let loader = self.arenas[arena].loader();
            for (index, handle) in indexes.into_iter().zip((loader.by_key)(self, keys).await?) {
                found[index] = handle;
            }
        }
        Ok(found)
    }

    /// A value that was read before its row was changed must not undo that change.
    fn check_merged(&self, item: &dyn Item, handle: RawHandle) -> Result<()> {
        let table = item.table();
        let Some(version) = table.version_column() else { return Ok(()) };
        let stored = self.stored_dump(self.resolve(table, handle)?);
        if item.dump().raw(version) == stored.raw(version) {
            return Ok(());
        }
        let message = format!("the value of `{}` that is merged has another version than its row", table.model);
        Err(Error::new(ErrorKind::StaleData, message).with_model(table.model).with_table(table.display_name()))
    }

    /// Loads the collections that are about to be replaced.
    async fn load_replaced(&mut self, items: &Items, found: &[Option<RawHandle>]) -> Result<()> {
        let mut edges: Vec<(&'static RelationDef, Vec<Row>)> = Vec::new();
        for (item, handle) in items.items.iter().zip(found) {
            let Some(handle) = handle else { continue };
            let row = self.resolve(item.table(), *handle)?;
            for relation in item.table().relations {
                let held = relation.field.and_then(|field| item.relation(field)).and_then(RelationField::held);
                let is_given = held.is_some_and(|held| !held.is_empty());
                if !is_given || matches!(relation.kind, RelationKind::BelongsTo { .. }) {
                    continue;
                }
                match edges.iter_mut().find(|(other, _)| std::ptr::eq(*other, *relation)) {
                    Some((_, rows)) => rows.push(row),
                    None => edges.push((relation, vec![row])),
                }
            }
        }
        for (relation, rows) in edges {
            if let Some(arena) = self.find_arena((relation.to)()) {
                let loader = self.arenas[arena].loader();
                (loader.edge)(self, Edge::of(relation), rows).await?;
            }
        }
        Ok(())
    }

    /// Puts the handles of what was merged in the place of placeholders. A relationship with handles of another session
    /// says nothing here.
    fn replace_placeholders(&self, item: &mut dyn Item, merged: &[RawHandle]) {
        let table = item.table();
        for (field, relation) in table.relations.iter().enumerate() {
            let Some(held) = item.relation(field).and_then(RelationField::held) else { continue };
            let known = |handle: &RawHandle| match handle.session {
                PLACEHOLDER => merged.get(handle.slot as usize).copied(),
                _ => self.resolve((relation.to)(), *handle).is_ok().then_some(*handle),
            };
            let handles: Option<Arc<[RawHandle]>> = held.iter().map(known).collect();
            let Some(field) = item.relation_mut(field) else { continue };
            match handles {
                Some(handles) => field.set_held(handles),
                None => field.unload(),
            }
        }
    }

    fn copy_onto(
        &mut self,
        items: &mut Items,
        index: usize,
        handle: RawHandle,
        merged: &[RawHandle],
    ) -> Result<RawHandle> {
        let table = items.items[index].table();
        let row = self.resolve(table, handle)?;
        let columns = items.copied(self, row, index);
        self.replace_placeholders(&mut *items.items[index], merged);
        let item = &*items.items[index];
        item.copy_columns(&columns, self, row)?;
        for (field, relation) in table.relations.iter().enumerate() {
            let Some(held) = item.relation(field).and_then(RelationField::held) else { continue };
            let is_one = matches!(relation.kind, RelationKind::BelongsTo { .. });
            if held.is_empty() && !is_one {
                continue;
            }
            self.arenas[row.arena].change_relation(row.slot, field, &mut |relation| {
                relation.set_held(Arc::clone(&held));
            });
        }
        Ok(handle)
    }
}
