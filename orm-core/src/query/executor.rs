//! [`Executor`]: who runs a query, and what its rows become.

use std::error::Error as StdError;
use std::pin::Pin;

use super::explain::Explained;
use futures_util::Stream;

use super::copy::{CopyPlan, CopyRow};
use super::cursor::RowKey;
use super::fetch::{Job, Ready};
use super::load::Loads;
use super::lock::refuse_locks;
use super::page::is_beyond;
use super::rows::read_count;
use crate::compile::{Compile, Compiled, Write};
use crate::engine::{self, Engine, placed};
use crate::error::Result;
use crate::schema::{Model, TableDef};
use crate::sql::{Filters, Select};
use crate::types::RowReader;

/// A query that is bound to nobody yet.
#[derive(Debug, Clone, Copy)]
pub struct Unbound;

/// Who runs queries: `&Engine` gives plain values, `&mut Session` handles of tracked objects.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run a query",
    label = "runs nothing",
    note = "give the query to who runs it, for example `engine.all(query)`, or bind it by `.on(&engine)`"
)]
pub trait Executor: Sized + Send {
    /// What a model becomes.
    type Entity<M: Model, L: Loads<M>>: Send;

    /// The conditions that are part of what it runs.
    #[doc(hidden)]
    fn filters(&self) -> Filters;

    /// Runs a query of models.
    #[doc(hidden)]
    fn models<M: Model, L: Loads<M>>(
        self,
        select: Box<Select>,
        loads: L,
    ) -> impl Future<Output = Result<Vec<Self::Entity<M, L>>>> + Send;

    /// Runs a query of columns.
    #[doc(hidden)]
    fn rows<R: Send>(
        self,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> impl Future<Output = Result<Vec<R>>> + Send;

    /// Runs a query of models whose keys are behind all else: the models of so many rows, and the keys of all.
    #[doc(hidden)]
    fn keyed<M: Model, L: Loads<M>>(
        self,
        select: Box<Select>,
        loads: L,
        rows: usize,
    ) -> impl Future<Output = Result<(Vec<Self::Entity<M, L>>, Vec<RowKey>)>> + Send;

    /// Runs a query of columns whose keys are behind all else.
    #[doc(hidden)]
    fn keyed_rows<R: Send>(
        self,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> impl Future<Output = Result<Vec<(R, RowKey)>>> + Send;

    /// Runs a query for a number of rows, and one of models unless its rows would be behind the last: the number, and what
    /// was found. (That the executor asks twice by itself keeps the futures `Send`.)
    #[doc(hidden)]
    fn paged<M: Model, L: Loads<M>>(
        self,
        count: Box<Select>,
        select: Box<Select>,
        loads: L,
    ) -> impl Future<Output = Result<(u64, Vec<Self::Entity<M, L>>)>> + Send;

    /// Like `paged`, of columns.
    #[doc(hidden)]
    fn paged_rows<R: Send>(
        self,
        count: Box<Select>,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> impl Future<Output = Result<(u64, Vec<R>)>> + Send;

    /// Runs statements that belong together; `about` names the table for messages.
    #[doc(hidden)]
    fn run<J: Job>(self, about: Option<&'static TableDef>, job: J) -> impl Future<Output = Result<J::Out>> + Send;

    /// Runs a statement of the user's own whose rows are models.
    #[doc(hidden)]
    fn raw_models<M: Model>(self, statement: Ready) -> impl Future<Output = Result<Vec<Self::Entity<M, ()>>>> + Send;

    /// A bulk operation under way.
    #[doc(hidden)]
    type Writing: Future<Output = Result<u64>> + Send;

    /// Runs a bulk operation.
    #[doc(hidden)]
    #[track_caller]
    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing;

    /// A bulk operation under way whose rows come back.
    #[doc(hidden)]
    type Returned<R: Send + 'static>: Future<Output = Result<Vec<R>>> + Send + Unpin;

    /// Runs a bulk operation whose rows come back.
    #[doc(hidden)]
    #[track_caller]
    fn write_returning<M: Model, R: Send + 'static>(
        self,
        write: Result<BulkWrite>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Self::Returned<R>;

    /// A plan that was asked for.
    #[doc(hidden)]
    type Explaining: Future<Output = Result<String>> + Send;

    /// Asks for a plan.
    #[doc(hidden)]
    #[track_caller]
    fn explain(self, work: Result<Explained>) -> Self::Explaining;

    /// Runs a copy of rows.
    #[doc(hidden)]
    fn copy<M: Model, Shape: 'static, R, E>(
        self,
        plan: CopyPlan<M, Shape>,
        rows: Pin<&mut (impl Stream<Item = Result<R, E>> + Send)>,
    ) -> impl Future<Output = Result<u64>> + Send
    where
        R: CopyRow<M, Shape> + Send,
        E: Into<Box<dyn StdError + Send + Sync>> + Send;
}

/// Who can be asked to load `L` with a query: an engine whatever it is, a session what fills the fields of its objects.
pub trait Takes<L> {}

impl<L> Takes<L> for Unbound {}
impl<L> Takes<L> for &Engine {}

/// A bulk operation on its way to who runs it.
#[doc(hidden)]
#[derive(Debug)]
pub struct BulkWrite(pub(crate) Write);

/// The statement of a query for an engine. It is there before the future that sends it: that need not hold the query.
pub(super) fn ready(engine: &Engine, select: &Select) -> Result<Compiled> {
    refuse_locks(select)?;
    select.compile_with(engine.filters())
}

/// The statement of a bulk operation for an engine, if it does anything.
fn ready_to_write(engine: &Engine, write: Result<BulkWrite>) -> Result<Option<Compiled>> {
    let write = write?.0;
    if write.is_nothing() { Ok(None) } else { write.compile_with(engine.filters()).map(Some) }
}

/// The bytes of the columns from `at` on.
pub(crate) fn row_key(row: &RowReader<'_>, at: usize, columns: usize) -> Result<RowKey> {
    (at..at + columns).map(|column| Ok(row.raw_at(column)?.map(<[u8]>::to_vec))).collect()
}

#[diagnostic::do_not_recommend]
impl<'e> Executor for &'e Engine {
    type Entity<M: Model, L: Loads<M>> = L::Value;

    fn filters(&self) -> Filters {
        Engine::filters(self).clone()
    }

    fn models<M: Model, L: Loads<M>>(
        self,
        select: Box<Select>,
        loads: L,
    ) -> impl Future<Output = Result<Vec<L::Value>>> + Send {
        let compiled = ready(self, &select);
        async move {
            let compiled = compiled?;
            let mut connection = self.connection().await?;
            let mut joined = Vec::new();
            let read = |row: &mut RowReader<'_>| {
                let model = M::from_row(row)?;
                joined.push(loads.read(row)?);
                Ok(model)
            };
            let models = engine::fetch(&mut connection, &compiled, read).await?;
            loads.load(&mut connection, models, joined).await
        }
    }

    fn rows<R: Send>(
        self,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> impl Future<Output = Result<Vec<R>>> + Send {
        let compiled = ready(self, &select);
        async move {
            let compiled = compiled?;
            let mut connection = self.connection().await?;
            engine::fetch(&mut connection, &compiled, read).await
        }
    }

    async fn keyed<M: Model, L: Loads<M>>(
        self,
        select: Box<Select>,
        loads: L,
        rows: usize,
    ) -> Result<(Vec<L::Value>, Vec<RowKey>)> {
        let compiled = ready(self, &select)?;
        let at = compiled.columns.len();
        let mut connection = self.connection().await?;
        let (mut joined, mut keys) = (Vec::new(), Vec::new());
        let read = |row: &mut RowReader<'_>| {
            let model = M::from_row(row)?;
            joined.push(loads.read(row)?);
            keys.push(row_key(row, at, select.behind.len())?);
            Ok(model)
        };
        let mut models = engine::fetch(&mut connection, &compiled, read).await?;
        models.truncate(rows);
        joined.truncate(rows);
        Ok((loads.load(&mut connection, models, joined).await?, keys))
    }

    async fn keyed_rows<R: Send>(
        self,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Result<Vec<(R, RowKey)>> {
        let compiled = ready(self, &select)?;
        let at = compiled.columns.len();
        let mut connection = self.connection().await?;
        engine::fetch(&mut connection, &compiled, |row| Ok((read(row)?, row_key(row, at, select.behind.len())?))).await
    }

    async fn paged<M: Model, L: Loads<M>>(
        self,
        count: Box<Select>,
        select: Box<Select>,
        loads: L,
    ) -> Result<(u64, Vec<L::Value>)> {
        let total = Executor::rows(self, count, read_count).await?.pop().unwrap_or(0);
        let items = if is_beyond(&select, total) { Vec::new() } else { self.models(select, loads).await? };
        Ok((total, items))
    }

    async fn paged_rows<R: Send>(
        self,
        count: Box<Select>,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Result<(u64, Vec<R>)> {
        let total = Executor::rows(self, count, read_count).await?.pop().unwrap_or(0);
        let items = if is_beyond(&select, total) { Vec::new() } else { Executor::rows(self, select, read).await? };
        Ok((total, items))
    }

    async fn run<J: Job>(self, _: Option<&'static TableDef>, job: J) -> Result<J::Out> {
        let mut connection = self.connection().await?;
        job.run(&mut connection).await
    }

    async fn raw_models<M: Model>(self, statement: Ready) -> Result<Vec<M>> {
        let mut connection = self.connection().await?;
        engine::fetch(&mut connection, &statement.0, M::from_row).await
    }

    type Writing = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'e>>;

    #[track_caller]
    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing {
        let compiled = ready_to_write(self, write);
        Box::pin(placed(async move {
            let Some(compiled) = compiled? else { return Ok(0) };
            let mut connection = self.connection().await?;
            engine::execute(&mut connection, &compiled).await
        }))
    }

    type Explaining = Pin<Box<dyn Future<Output = Result<String>> + Send + 'e>>;

    #[track_caller]
    fn explain(self, work: Result<Explained>) -> Self::Explaining {
        Box::pin(placed(async move {
            let work = work?;
            let mut connection = self.connection().await?;
            if work.analyze {
                return engine::explain_and_roll_back(&mut connection, work.statement).await;
            }
            engine::explain(&mut connection, &work.statement).await
        }))
    }

    type Returned<R: Send + 'static> = Pin<Box<dyn Future<Output = Result<Vec<R>>> + Send + 'e>>;

    #[track_caller]
    fn write_returning<M: Model, R: Send + 'static>(
        self,
        write: Result<BulkWrite>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Self::Returned<R> {
        let compiled = ready_to_write(self, write);
        Box::pin(placed(async move {
            let Some(compiled) = compiled? else { return Ok(Vec::new()) };
            let mut connection = self.connection().await?;
            engine::fetch(&mut connection, &compiled, read).await
        }))
    }

    async fn copy<M: Model, Shape: 'static, R, E>(
        self,
        mut plan: CopyPlan<M, Shape>,
        mut rows: Pin<&mut (impl Stream<Item = Result<R, E>> + Send)>,
    ) -> Result<u64>
    where
        R: CopyRow<M, Shape> + Send,
        E: Into<Box<dyn StdError + Send + Sync>> + Send,
    {
        let Some(first) = plan.first(rows.as_mut()).await? else { return Ok(0) };
        let mut connection = self.connection().await?;
        plan.send(&mut connection, first, rows).await
    }
}
