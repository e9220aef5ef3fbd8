//! [`Batches`]: a walk over all rows of a query in a session, which forgets what it has brought.

use std::fmt;
use std::marker::PhantomData;

use super::Session;
use super::arena::SlotState;
use super::executor::refuse_writes;
use super::inner::{Inner, Row};
use crate::compile::Compile;
use crate::engine::placed;
use crate::error::{Error, Result};
use crate::hash::Set;
use crate::query::{Loads, Query, Unbound, Whole, beyond_key};
use crate::schema::{Handle, Model, RawHandle, RelationField, TableDef};
use crate::sql::{Distinct, Select};
use crate::types::{IntoKey, Key, RowReader, Value};

/// An object that a walk has brought into the session.
pub(super) type Brought = (&'static TableDef, RawHandle);

/// A walk over the rows of a query in the order of the primary key, so many at a time: what [`Query::in_batches`] makes.
///
/// [`next`](Self::next) forgets the objects of the batch before, so that memory does not grow with the number of rows. What
/// stays: objects that the session held before, those that are changed, or were written in the open transaction, and what
/// these refer to. They are forgotten by a later call, when their changes are committed.
#[must_use = "rows are read by `next`"]
pub struct Batches<M, L = ()> {
    select: Select,
    loads: L,
    size: u64,
    last: Option<Vec<Value>>,
    is_done: bool,
    brought: Vec<Brought>,
    model: PhantomData<fn() -> M>,
}

/// A walk of a query of a session.
impl<M: Model, S, L: Loads<M> + Whole> Query<&mut Session, M, S, L> {
    /// Walks over all rows of the query in the order of the primary key, `size` at a time, in memory that does not grow
    /// with their number. The session is free between the batches.
    ///
    /// Conditions, joins and loads of the query hold for each batch; an order, a limit or an offset of its own it must not
    /// have. Rows that are inserted behind the last key meanwhile are met, others not.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(session: &mut Session) -> orm_core::Result<()> {
    /// let mut batches = session.query::<Course>().filter(Course::name.like("P%")).in_batches(1000);
    /// while let Some(courses) = batches.next(session).await? {
    ///     for course in courses {
    ///         session[course].name.push('!');
    ///     }
    ///     session.commit().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// SELECT … FROM "course" WHERE "course"."name" LIKE $1 ORDER BY "course"."id" LIMIT 1000
    /// SELECT … FROM "course" WHERE "course"."name" LIKE $1 AND "course"."id" > $2 ORDER BY "course"."id" LIMIT 1000
    /// ```
    pub fn in_batches(self, size: u64) -> Batches<M, L> {
        let (_, select, loads) = self.into_parts();
        Batches::new(*select, loads, size)
    }
}

/// A walk of a query that is bound to nobody: `next` names the session.
impl<M: Model, S, L: Loads<M> + Whole> Query<Unbound, M, S, L> {
    /// Walks over all rows of the query, in the session that each call of [`Batches::next`] names: see `in_batches` of a
    /// query of a session.
    pub fn in_batches(self, size: u64) -> Batches<M, L> {
        let (_, select, loads) = self.into_parts();
        Batches::new(*select, loads, size)
    }
}

impl<M: Model, L: Loads<M>> Batches<M, L> {
    fn new(select: Select, loads: L, size: u64) -> Self {
        Self { select, loads, size, last: None, is_done: false, brought: Vec::new(), model: PhantomData }
    }

    /// Begins behind this key: where another walk has stopped.
    pub fn after(mut self, key: impl IntoKey<M::Key>) -> Self {
        self.last = key.into_key().map(Key::into_values);
        self
    }

    /// The key of the last row that was read; before the first batch, that of [`after`](Self::after). A walk that begins
    /// behind it goes on where this one is.
    #[must_use]
    pub fn last_key(&self) -> Option<M::Key> {
        let parts: Vec<_> = self.last.as_ref()?.iter().map(Value::as_bytes).collect();
        M::Key::from_parts(&parts).ok()
    }

    /// Forgets the clean objects of the batch before, and reads the next one; `None` after the last.
    ///
    /// It flushes first, as every query of a session does. After an error the next call reads the same batch again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) before anything is sent, if the query has an order, a limit, an
    /// offset or groups of its own, or batches of no rows are asked for. Those of the server.
    #[track_caller]
    pub fn next(&mut self, session: &mut Session) -> impl Future<Output = Result<Option<Vec<Handle<M>>>>> {
        placed(async move {
            self.check()?;
            session.inner.forget_clean(&mut self.brought);
            if self.is_done {
                return Ok(None);
            }
            let select = beyond_key(self.select.clone(), self.last.as_deref(), self.size);
            let bringing = Bringing::begin(&mut session.inner, &mut self.brought);
            let (rows, last, handles) = bringing.inner.read_batch::<M, L>(select, &self.loads).await?;
            drop(bringing);
            self.is_done = rows < self.size;
            self.last = last.or(self.last.take());
            Ok(if handles.is_empty() { None } else { Some(handles) })
        })
    }

    fn check(&self) -> Result<()> {
        let model = M::table().model;
        let refuse = |reason: &str| Err(Error::invalid(format!("a walk over `{model}` {reason}")).with_model(model));
        if !self.select.order_by.is_empty() {
            return refuse("is in the order of the primary key, and the query has an order of its own");
        }
        if self.select.limit.is_some() || self.select.offset.is_some() {
            return refuse("goes over all rows of the query, which must have no limit and no offset");
        }
        let is_grouped = !self.select.group_by.is_empty() || !self.select.having.is_empty();
        if is_grouped || self.select.per.is_some() || matches!(self.select.distinct, Distinct::On(_)) {
            return refuse("goes from row to row, and the query makes groups of them");
        }
        if self.size == 0 {
            return refuse("needs batches of one row at least");
        }
        Ok(())
    }
}

impl<M, L> fmt::Debug for Batches<M, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("size", &self.size).field("is_done", &self.is_done).finish()
    }
}

/// While it is there, the session notes which objects are new to it; they are the walk's, also if its future is dropped.
struct Bringing<'w> {
    inner: &'w mut Inner,
    brought: &'w mut Vec<Brought>,
}

impl<'w> Bringing<'w> {
    fn begin(inner: &'w mut Inner, brought: &'w mut Vec<Brought>) -> Self {
        inner.brought = Some(Vec::new());
        Self { inner, brought }
    }
}

impl Drop for Bringing<'_> {
    fn drop(&mut self) {
        self.brought.extend(self.inner.brought.take().into_iter().flatten());
    }
}

impl Inner {
    /// Reads one batch: the number of its rows, the key of the last, and the objects, each once.
    async fn read_batch<M: Model, L: Loads<M>>(
        &mut self,
        select: Select,
        loads: &L,
    ) -> Result<(u64, Option<Vec<Value>>, Vec<Handle<M>>)> {
        let table = M::table();
        let compiled = select.compile_with(self.engine.filters())?;
        refuse_writes(&compiled)?;
        self.flush_for(table).await?;
        self.begin_if_locking(&select).await?;
        let is_locked = select.locks_its_root();
        let mut last = None;
        let read = |session: &mut Self, row: &mut RowReader<'_>| {
            let key = table
                .primary_key
                .iter()
                .map(|&column| Ok(Value::from_raw(table.columns[column].ty, row.raw_at(row.position() + column)?)));
            last = Some(key.collect::<Result<Vec<Value>>>()?);
            session.object_of_row::<M, L>(loads, row, is_locked)
        };
        let rows = self.run(&compiled, read).await?;
        let count = rows.len() as u64;
        let handles = Self::each_once(rows);
        loads.load_all_into(self, &handles).await?;
        Ok((count, last, handles))
    }

    /// Forgets those of the objects that are as their rows and to which nothing refers that stays.
    fn forget_clean(&mut self, brought: &mut Vec<Brought>) {
        let written: Set<Row> = self.undo.iter().filter(|undo| undo.change.is_write()).map(|undo| undo.row).collect();
        let resolved = brought.iter().filter_map(|(table, handle)| self.resolve(table, *handle).ok());
        let mut going: Set<Row> = resolved.filter(|row| self.is_clean(*row) && !written.contains(row)).collect();
        self.keep_what_is_held(&mut going);
        brought.retain(|(table, handle)| self.resolve(table, *handle).is_ok_and(|row| !going.contains(&row)));
        if going.is_empty() {
            return;
        }
        self.forget_undo(|row| going.contains(&row));
        self.related.clear();
        for row in going {
            self.release(row);
        }
    }

    pub(super) fn is_clean(&self, row: Row) -> bool {
        let arena = &self.arenas[row.arena];
        self.state(row) == SlotState::Persistent && !arena.has_snapshot(row.slot) && !arena.is_doomed(row.slot)
    }

    /// Takes what a staying object refers to out of those that go.
    fn keep_what_is_held(&self, going: &mut Set<Row>) {
        if going.is_empty() {
            return;
        }
        let live = |arena: usize| {
            let slots = 0..self.arenas[arena].len() as u32;
            slots
                .filter(move |&slot| self.arenas[arena].generation(slot).is_some())
                .map(move |slot| Row { arena, slot })
        };
        let mut stays: Vec<Row> = (0..self.arenas.len()).flat_map(live).filter(|row| !going.contains(row)).collect();
        while let Some(row) = stays.pop() {
            stays.extend(self.ends_of(row).into_iter().filter(|end| going.remove(end)));
        }
    }

    /// What the relationship fields of an object hold, and did before it was changed.
    fn ends_of(&self, row: Row) -> Vec<Row> {
        let arena = &self.arenas[row.arena];
        let mut ends = Vec::new();
        for (field, relation) in arena.table().relations.iter().enumerate() {
            let states = [arena.relation(row.slot, field), arena.flushed_relation(row.slot, field)];
            for state in states.into_iter().flatten() {
                let (added, removed) = state.pending();
                let held = RelationField::held(state).unwrap_or_default();
                let handles = held.iter().chain(added).chain(removed);
                ends.extend(handles.filter_map(|handle| self.resolve((relation.to)(), *handle).ok()));
            }
        }
        ends
    }
}
