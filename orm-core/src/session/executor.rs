//! A session as who runs queries.

use std::error::Error as StdError;
use std::pin::Pin;

use futures_util::Stream;

use super::Session;
use super::inner::Inner;
use crate::compile::Compiled;
use crate::engine::{self, placed};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{
    Boxed, BulkWrite, CanLock, CopyPlan, CopyRow, Db, Executor, Explained, Fetch, Job, Loads, Projected, ProjectionOf,
    ProvidedBy, Query, Ready, Rooted, RowKey, Rows, Takes, Unbound, Whole, is_beyond, read_count, row_key,
};
use crate::schema::{Handle, Model, TableDef};
use crate::sql::{Filters, Select};
use crate::types::RowReader;

#[diagnostic::do_not_recommend]
impl<'s> Executor for &'s mut Session {
    type Entity<M: Model, L: Loads<M>> = Handle<M>;

    fn filters(&self) -> Filters {
        self.inner.engine.filters().clone()
    }

    async fn models<M: Model, L: Loads<M>>(self, select: Box<Select>, loads: L) -> Result<Vec<Handle<M>>> {
        self.inner.query(select, loads).await
    }

    async fn rows<R: Send>(self, select: Box<Select>, read: fn(&mut RowReader<'_>) -> Result<R>) -> Result<Vec<R>> {
        let compiled = self.inner.ready(&select).await?;
        self.inner.run(&compiled, |_, row| read(row)).await
    }

    async fn keyed<M: Model, L: Loads<M>>(
        self,
        select: Box<Select>,
        loads: L,
        rows: usize,
    ) -> Result<(Vec<Handle<M>>, Vec<RowKey>)> {
        self.inner.query_keyed(select, loads, rows).await
    }

    async fn keyed_rows<R: Send>(
        self,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Result<Vec<(R, RowKey)>> {
        let compiled = self.inner.ready(&select).await?;
        let at = compiled.columns.len();
        self.inner.run(&compiled, |_, row| Ok((read(row)?, row_key(row, at, select.behind.len())?))).await
    }

    async fn paged<M: Model, L: Loads<M>>(
        self,
        count: Box<Select>,
        select: Box<Select>,
        loads: L,
    ) -> Result<(u64, Vec<Handle<M>>)> {
        let total = Executor::rows(&mut *self, count, read_count).await?.pop().unwrap_or(0);
        let items = if is_beyond(&select, total) { Vec::new() } else { self.models(select, loads).await? };
        Ok((total, items))
    }

    async fn paged_rows<R: Send>(
        self,
        count: Box<Select>,
        select: Box<Select>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Result<(u64, Vec<R>)> {
        let total = Executor::rows(&mut *self, count, read_count).await?.pop().unwrap_or(0);
        let items = if is_beyond(&select, total) { Vec::new() } else { Executor::rows(self, select, read).await? };
        Ok((total, items))
    }

    async fn run<J: Job>(self, about: Option<&'static TableDef>, job: J) -> Result<J::Out> {
        self.inner.before_job(about, J::RAW).await?;
        job.run(&mut self.inner).await
    }

    async fn raw_models<M: Model>(self, statement: Ready) -> Result<Vec<Handle<M>>> {
        self.inner.before_job(Some(M::table()), true).await?;
        let rows = self.inner.run(&statement.0, |session, row| session.object_of_row::<M, ()>(&(), row, false)).await?;
        Ok(Inner::each_once(rows))
    }

    type Writing = Pin<Box<dyn Future<Output = Result<u64>> + Send + 's>>;

    #[track_caller]
    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing {
        Box::pin(placed(async move { self.inner.bulk::<M>(write?.0).await }))
    }

    type Explaining = Pin<Box<dyn Future<Output = Result<String>> + Send + 's>>;

    #[track_caller]
    fn explain(self, work: Result<Explained>) -> Self::Explaining {
        Box::pin(placed(async move { self.inner.explain(work?).await }))
    }

    type Returned<R: Send + 'static> = Pin<Box<dyn Future<Output = Result<Vec<R>>> + Send + 's>>;

    #[track_caller]
    fn write_returning<M: Model, R: Send + 'static>(
        self,
        write: Result<BulkWrite>,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Self::Returned<R> {
        Box::pin(placed(async move { self.inner.bulk_returning::<M, R>(write?.0, read).await }))
    }

    async fn copy<M: Model, Shape: 'static, R, E>(
        self,
        plan: CopyPlan<M, Shape>,
        rows: Pin<&mut (impl Stream<Item = Result<R, E>> + Send)>,
    ) -> Result<u64>
    where
        R: CopyRow<M, Shape> + Send,
        E: Into<Box<dyn StdError + Send + Sync>> + Send,
    {
        self.inner.copy(plan, rows).await
    }
}

impl Inner {
    /// Flushes before statements that are none of the session's own; what the user wrote runs in the transaction, because
    /// nobody knows whether it writes.
    async fn before_job(&mut self, about: Option<&'static TableDef>, raw: bool) -> Result<()> {
        match about {
            Some(table) => self.flush_for(table).await?,
            None if self.autoflush => {
                self.flush().await.map_err(|error| error.context("while flushing before a statement"))?;
            }
            None => {}
        }
        if raw {
            self.open_transaction().await?;
            self.is_unrepeatable = true;
        }
        Ok(())
    }
}

impl Fetch for Inner {
    fn filters(&self) -> Filters {
        self.engine.filters().clone()
    }

    fn fetch<'f>(
        &'f mut self,
        statement: Ready,
        read: &'f mut (dyn FnMut(&mut RowReader<'_>) -> Result<()> + Send),
    ) -> Boxed<'f, ()> {
        Box::pin(async move { self.run(&statement.0, |_, row| read(row)).await.map(drop) })
    }

    fn execute(&mut self, statement: Ready) -> Boxed<'_, u64> {
        Box::pin(async move {
            self.open_transaction().await?;
            let Some(connection) = &mut self.connection else { unreachable!("the transaction was opened just now") };
            let outcome = engine::execute(connection, &statement.0).await;
            self.or_fail(outcome).await
        })
    }
}

/// A session knows nothing of what a query writes.
pub(super) fn refuse_writes(compiled: &Compiled) -> Result<()> {
    if compiled.writes {
        let message = "a session does not run a query that writes rows by a common table expression: its objects would not be brought in line; run it by an engine, or write the rows by `update` or `delete`";
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    Ok(())
}

impl<L: Whole> Takes<L> for &mut Session {}
impl CanLock for &mut Session {}

impl Db for Session {
    type Entity<M: Model, L: Loads<M>> = Handle<M>;

    #[track_caller]
    fn all<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Vec<Handle<M>>>> {
        placed(query.on(self).all())
    }

    #[track_caller]
    fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> impl Future<Output = Result<Vec<R>>> {
        placed(rows.on(self).all())
    }

    #[track_caller]
    fn projections<M, S, P, I>(&mut self, query: Projected<Unbound, M, S, P>) -> impl Future<Output = Result<Vec<P>>>
    where
        M: Model,
        P: ProjectionOf<M>,
        P::Scope: ProvidedBy<S, I>,
    {
        query.on(self).all()
    }
}
