//! Objects by primary key: looked up in the session first, and asked for in one statement.

use super::super::arena::{AnyArena, SlotState};
use super::super::identity::IdentityKey;
use super::super::inner::{Inner, Row};
use super::super::undo::Change;
use crate::compile::Compile;
use crate::error::{Error, ErrorKind, Result};
use crate::hash::Set;
use crate::query::{query, select_by_keys};
use crate::schema::{Dump, Handle, Model};
use crate::types::Value;

impl Inner {
    /// The object with this key that the session holds. One whose row is marked as deleted is not to be found by key.
    fn known<M: Model>(&self, key: &[Value]) -> Option<Row> {
        let table = M::table();
        let part = |column: usize| {
            let position = table.primary_key.iter().position(|&other| other == column)?;
            key.get(position).and_then(Value::as_bytes)
        };
        let key = IdentityKey::of(table, part)?;
        let arena = self.find_arena(table)?;
        let found = self.arenas[arena].lookup(&key).map(|slot| Row { arena, slot });
        found.filter(|row| !self.is_marked(*row))
    }

    /// The object with this key: without asking the server if the session holds it and has read it in this transaction.
    pub(in crate::session) async fn get<M: Model>(&mut self, key: Vec<Value>) -> Result<Option<Handle<M>>> {
        let known = self.known::<M>(&key);
        if let Some(row) = known
            && self.arenas[row.arena].epoch(row.slot) == self.epoch
        {
            return Ok(Some(self.handle_of(row).typed()));
        }
        let select = query::<M>().with_key(key).into_select();
        let found = self.query::<M, ()>(Box::new(select), ()).await?.pop();
        if let (None, Some(row)) = (found, known) {
            self.vanish(row);
        }
        Ok(found)
    }

    /// Takes an object away whose row has gone.
    fn vanish(&mut self, row: Row) {
        if self.state(row) == SlotState::Persistent {
            let gone = std::iter::once(self.handle_of(row)).collect();
            self.remove_from_relations(self.arenas[row.arena].table(), &gone);
            self.related.clear();
            self.release(row);
        }
    }

    /// Objects by key, in the order of the keys; `None` where there is no row.
    pub(in crate::session) async fn get_many<M: Model>(
        &mut self,
        keys: Vec<Vec<Value>>,
    ) -> Result<Vec<Option<Handle<M>>>> {
        self.flush_for(M::table()).await?;
        let is_fresh = |session: &Self, row: Row| session.arenas[row.arena].epoch(row.slot) == session.epoch;
        let missing: Vec<Vec<Value>> =
            keys.iter().filter(|key| !self.known::<M>(key).is_some_and(|row| is_fresh(self, row))).cloned().collect();
        if !missing.is_empty() {
            let compiled = select_by_keys::<M>(&missing).compile_with(self.engine.filters())?;
            self.run(&compiled, Self::instance::<M>).await?;
        }
        for key in &missing {
            // A row that has gone since takes its object with it.
            if let Some(row) = self.known::<M>(key).filter(|row| !is_fresh(self, *row)) {
                self.vanish(row);
            }
        }
        Ok(keys.iter().map(|key| self.known::<M>(key).map(|row| self.handle_of(row).typed())).collect())
    }

    /// Reads the rows of objects anew, in one statement; changes that no flush has seen are given up.
    pub(in crate::session) async fn refresh<M: Model>(&mut self, handles: &[Handle<M>]) -> Result<()> {
        let table = M::table();
        let mut keys = Vec::with_capacity(handles.len());
        let mut rows = Vec::with_capacity(handles.len());
        for &handle in handles {
            let row = self.row(handle)?;
            if self.state(row) != SlotState::Persistent {
                let message = format!("an object of `{}` has no row to read anew", table.model);
                return Err(Error::invalid(message).with_model(table.model));
            }
            let stored = self.stored_dump(row);
            let values = table.primary_key.iter().map(|&c| Value::from_raw(table.columns[c].ty, stored.raw(c)));
            keys.push(values.collect::<Vec<Value>>());
            rows.push(row);
        }
        if keys.is_empty() {
            return Ok(());
        }
        let mut select = select_by_keys::<M>(&keys);
        // An object that is known to be marked as deleted is read too.
        select.with_deleted = rows.iter().any(|row| self.is_marked(*row));
        // Without the engine's filters: what the session holds has been let in before.
        let compiled = select.compile_unfiltered()?;
        let found = self
            .run(&compiled, |session, row| {
                let value = M::from_row(row)?;
                Ok(if session.was_marked(&value) { None } else { session.put_fresh(value) })
            })
            .await?;
        let found: Set<Row> = found.into_iter().flatten().collect();
        let gone: Vec<Row> = rows.into_iter().filter(|row| !found.contains(row)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        gone.into_iter().for_each(|row| self.vanish(row));
        Err(Error::new(ErrorKind::NotFound, format!("the row of an object of `{}` is gone", table.model))
            .with_model(table.model))
    }

    /// Whether values that were read anew are of a row that was marked as deleted since its object was read.
    fn was_marked<M: Model>(&self, value: &M) -> bool {
        let dump = Dump::of(value);
        let is_marked = M::table().soft_delete.is_some_and(|column| dump.raw(column).is_some());
        let key = IdentityKey::of(M::table(), |column| dump.raw(column)).filter(|_| is_marked);
        let slot = key.and_then(|key| self.arena::<M>()?.lookup(&key));
        let row = slot.zip(self.find_arena(M::table())).map(|(slot, arena)| Row { arena, slot });
        row.is_some_and(|row| !self.is_marked(row))
    }

    /// Puts values that were read anew into the object with their key, if it is here.
    pub(in crate::session) fn put_fresh<M: Model>(&mut self, value: M) -> Option<Row> {
        let dump = Dump::of(&value);
        let key = IdentityKey::of(M::table(), |column| dump.raw(column))?;
        let arena = self.find_arena(M::table())?;
        let slot = self.arenas[arena].lookup(&key)?;
        let row = Row { arena, slot };
        // While rows are read, the connection is lent.
        if self.connection.is_some() || self.is_lent {
            // What the transaction reads goes back with it.
            self.remember(row, Change::Bulk(self.checkpoint(row)));
        }
        let epoch = self.epoch;
        self.assigned.remove(&row);
        self.arenas[arena].settle(slot);
        self.arenas[arena].set_epoch(slot, epoch);
        self.arena_mut::<M>()?.refresh(slot, value);
        self.arenas[arena].compact();
        Some(row)
    }
}
