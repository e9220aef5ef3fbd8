//! A session as who runs queries.

use std::pin::Pin;

use super::Session;
use super::inner::Inner;
use crate::compile::Compile;
use crate::engine;
use crate::error::Result;
use crate::query::{
    Boxed, BulkWrite, Db, Executor, Fetch, Job, Loads, Projected, ProjectionOf, ProvidedBy, Query, Ready, Rows, Takes,
    Unbound, Whole,
};
use crate::schema::{Handle, Model, TableDef};
use crate::sql::Select;
use crate::types::RowReader;

impl<'s> Executor for &'s mut Session {
    type Entity<M: Model, L: Loads<M>> = Handle<M>;

    async fn models<M: Model, L: Loads<M>>(self, select: Select, loads: L) -> Result<Vec<Handle<M>>> {
        self.inner.query(select, loads).await
    }

    async fn rows<R: Send>(self, select: Select, read: fn(&mut RowReader<'_>) -> Result<R>) -> Result<Vec<R>> {
        let compiled = select.compile()?;
        self.inner.flush_for(select.root.table()).await?;
        self.inner.run(&compiled, |_, row| read(row)).await
    }

    async fn run<J: Job>(self, about: Option<&'static TableDef>, job: J) -> Result<J::Out> {
        self.inner.before_job(about, J::RAW).await?;
        job.run(&mut self.inner).await
    }

    async fn raw_models<M: Model>(self, statement: Ready) -> Result<Vec<Handle<M>>> {
        self.inner.before_job(Some(M::table()), true).await?;
        let rows = self.inner.run(&statement.0, |session, row| session.object_of_row::<M, ()>(&(), row)).await?;
        Ok(Inner::each_once(rows))
    }

    type Writing = Pin<Box<dyn Future<Output = Result<u64>> + Send + 's>>;

    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing {
        Box::pin(async move { self.inner.bulk::<M>(write?.0).await })
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

impl<L: Whole> Takes<L> for &mut Session {}

impl Db for Session {
    type Entity<M: Model, L: Loads<M>> = Handle<M>;

    async fn all<M: Model, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> Result<Vec<Handle<M>>> {
        query.on(self).all().await
    }

    async fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> Result<Vec<R>> {
        rows.on(self).all().await
    }

    async fn projections<M, S, P, I>(&mut self, query: Projected<Unbound, M, S, P>) -> Result<Vec<P>>
    where
        M: Model,
        P: ProjectionOf<M>,
        P::Scope: ProvidedBy<S, I>,
    {
        query.on(self).all().await
    }
}
