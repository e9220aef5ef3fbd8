//! Rows become objects: one object a row, by its primary key.

use super::super::arena::{AnyArena, Arena};
use super::super::executor::refuse_writes;
use super::super::identity::IdentityKey;
use super::super::inner::{Inner, Row};
use crate::compile::{Compile, Compiled};
use crate::engine;
use crate::error::Result;
use crate::hash::Set;
use crate::query::{Loads, RowKey, row_key};
use crate::schema::{Dump, Handle, Model, RawHandle, TableDef};
use crate::sql::Select;
use crate::types::RowReader;

impl Inner {
    /// Runs a query of models, after a flush of what is pending.
    pub(in crate::session) async fn query<M: Model, L: Loads<M>>(
        &mut self,
        select: Box<Select>,
        loads: L,
    ) -> Result<Vec<Handle<M>>> {
        let compiled = self.ready(&select).await?;
        let is_locked = select.locks_its_root();
        let rows = self.run(&compiled, |session, row| session.object_of_row::<M, L>(&loads, row, is_locked)).await?;
        let handles = Self::each_once(rows);
        loads.load_all_into(self, &handles).await?;
        Ok(handles)
    }

    /// Like [`query`](Self::query), of the first rows; and the keys of all, which are behind all else.
    pub(in crate::session) async fn query_keyed<M: Model, L: Loads<M>>(
        &mut self,
        select: Box<Select>,
        loads: L,
        rows: usize,
    ) -> Result<(Vec<Handle<M>>, Vec<RowKey>)> {
        let compiled = self.ready(&select).await?;
        let at = compiled.columns.len();
        let is_locked = select.locks_its_root();
        let read = |session: &mut Self, row: &mut RowReader<'_>| {
            let handle = session.object_of_row::<M, L>(&loads, row, is_locked)?;
            Ok((handle, row_key(row, at, select.behind.len())?))
        };
        let (mut handles, keys): (Vec<_>, Vec<_>) = self.run(&compiled, read).await?.into_iter().unzip();
        handles.truncate(rows);
        let handles = Self::each_once(handles);
        loads.load_all_into(self, &handles).await?;
        Ok((handles, keys))
    }

    /// The statement of a query, when what it may read is flushed, and the transaction is open that holds its locks.
    pub(in crate::session) async fn ready(&mut self, select: &Select) -> Result<Compiled> {
        let compiled = select.compile_with(self.engine.filters())?;
        refuse_writes(&compiled)?;
        self.flush_for(select.root.table()).await?;
        self.begin_if_locking(select).await?;
        Ok(compiled)
    }

    /// Begins the transaction for a query that locks rows: it is what holds the locks.
    pub(in crate::session) async fn begin_if_locking(&mut self, select: &Select) -> Result<()> {
        if select.is_locking() { self.open_transaction().await } else { Ok(()) }
    }

    /// The object of a row, with what is loaded in the same row. That of a locked row gets the row's values.
    pub(in crate::session) fn object_of_row<M: Model, L: Loads<M>>(
        &mut self,
        loads: &L,
        row: &mut RowReader<'_>,
        is_locked: bool,
    ) -> Result<Handle<M>> {
        let handle = if is_locked { self.locked_instance::<M>(row)? } else { self.instance::<M>(row)? };
        loads.read_into(self, row, Some(handle))?;
        Ok(handle)
    }

    /// A join may bring one object several times.
    pub(in crate::session) fn each_once<M>(mut rows: Vec<Handle<M>>) -> Vec<Handle<M>> {
        // They are of one session and alive: the slot tells them apart. Those of new objects rise.
        if rows.is_sorted_by(|a, b| a.raw().slot < b.raw().slot) {
            return rows;
        }
        let mut seen: Set<u32> = Set::default();
        seen.reserve(rows.len());
        rows.retain(|handle: &Handle<M>| seen.insert(handle.raw().slot));
        rows
    }

    /// Flushes what is pending before a query, unless that is turned off.
    pub(in crate::session) async fn flush_for(&mut self, table: &TableDef) -> Result<()> {
        if !self.autoflush {
            return Ok(());
        }
        self.flush()
            .await
            .map_err(|error| error.context(&format!("while flushing before a query of `{}`", table.model)))
    }

    /// Sends a statement that reads, in the open transaction if there is one, and reads its rows with the session at hand.
    pub(in crate::session) async fn run<T>(
        &mut self,
        compiled: &crate::compile::Compiled,
        mut read: impl FnMut(&mut Self, &mut RowReader<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.recover().await?;
        if self.options.isolation.is_some_and(crate::compile::IsolationLevel::is_snapshot) {
            self.open_transaction().await?;
        }
        match self.connection.take() {
            Some(mut connection) => {
                // If this future is dropped meanwhile, the connection goes with it, and `recover` finds out.
                self.is_lent = true;
                let rows = engine::fetch(&mut connection, compiled, |row| read(self, row)).await;
                self.connection = Some(connection);
                self.is_lent = false;
                if rows.as_ref().is_err_and(|error| error.sqlstate().is_some()) {
                    // The server has given the transaction up.
                    self.fail().await;
                }
                rows
            }
            None => {
                let mut connection = self.engine.connection().await?;
                engine::fetch(&mut connection, compiled, |row| read(self, row)).await
            }
        }
    }

    /// The object of a row: the one that is there already, or a new one.
    pub(in crate::session) fn instance<M: Model>(&mut self, row: &mut RowReader<'_>) -> Result<Handle<M>> {
        let start = row.position();
        // A row without these columns is refused when it is read.
        let key = IdentityKey::of(M::table(), |column| row.raw_at(start + column).ok().flatten());
        let (session, epoch) = (self.id, self.epoch);
        let Some(arena) = self.arena_mut::<M>() else { unreachable!("arenas are found by their model's table") };
        let found = key.as_ref().and_then(|key| arena.lookup(key).or_else(|| unmark(arena, key, epoch)));
        let slot = match found {
            Some(slot) => {
                refresh_instance(arena, slot, epoch, row)?;
                slot
            }
            None => arena.insert_loaded(M::from_row(row)?, key, epoch),
        };
        let handle = RawHandle::new(session, slot, arena.slots[slot as usize].generation);
        if found.is_none()
            && let Some(brought) = &mut self.brought
        {
            brought.push((M::table(), handle));
        }
        Ok(handle.typed())
    }

    /// The object of a row that is locked: it has the row's values from now on, unless it was changed and not flushed.
    fn locked_instance<M: Model>(&mut self, row: &mut RowReader<'_>) -> Result<Handle<M>> {
        let arena = self.arena_index::<M>();
        let start = row.position();
        let key = IdentityKey::of(M::table(), |column| row.raw_at(start + column).ok().flatten());
        let known = key.and_then(|key| self.arenas[arena].lookup(&key)).map(|slot| Row { arena, slot });
        match known.filter(|known| self.is_clean(*known) && !self.assigned.contains_key(known)) {
            Some(known) => {
                self.put_fresh(M::from_row(row)?);
                Ok(self.handle_of(known).typed())
            }
            None => self.instance(row),
        }
    }

    /// The object whose row the open transaction has marked as deleted, for a query that lets such rows in.
    pub(in crate::session) fn unmark(&mut self, arena: usize, key: &IdentityKey) -> Option<u32> {
        unmark(&mut *self.arenas[arena], key, self.epoch)
    }

    /// The columns of an object, as its row has them.
    pub(in crate::session) fn stored_dump(&self, row: Row) -> Dump {
        let mut dump = Dump::default();
        self.arenas[row.arena].dump_stored(row.slot, &mut dump);
        dump
    }
}

fn unmark<A: AnyArena + ?Sized>(arena: &mut A, key: &IdentityKey, epoch: u32) -> Option<u32> {
    let slot = arena.unmark(key)?;
    // Its values are read again.
    arena.set_epoch(slot, epoch.wrapping_sub(1));
    Some(slot)
}

/// An object that is there keeps its values, unless they are of an earlier transaction and were not changed since.
fn refresh_instance<M: Model>(arena: &mut Arena<M>, slot: u32, epoch: u32, row: &mut RowReader<'_>) -> Result<()> {
    if arena.epoch(slot) == epoch || arena.has_snapshot(slot) || arena.is_doomed(slot) {
        row.skip(M::table().columns.len());
        return Ok(());
    }
    let value = M::from_row(row)?;
    arena.set_epoch(slot, epoch);
    arena.refresh(slot, value);
    Ok(())
}
