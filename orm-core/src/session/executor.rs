//! A session as who runs queries.

use std::pin::Pin;

use super::Session;
use crate::compile::Compile;
use crate::error::Result;
use crate::query::{
    BulkWrite, CanLock, Db, Executor, Loads, Query, RowKey, Rows, Takes, Unbound, Whole, is_beyond, read_count, row_key,
};
use crate::schema::{Handle, Model};
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
        self.inner.begin_if_locking(&select).await?;
        self.inner.run(&compiled, |_, row| read(row)).await
    }

    async fn keyed<M: Model, L: Loads<M>>(
        self,
        select: Select,
        loads: L,
        rows: usize,
    ) -> Result<(Vec<Handle<M>>, Vec<RowKey>)> {
        self.inner.query_keyed(select, loads, rows).await
    }

    async fn keyed_rows<R: Send>(
        self,
        select: Select,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Result<Vec<(R, RowKey)>> {
        let compiled = select.compile()?;
        let at = compiled.columns.len();
        self.inner.flush_for(select.root.table()).await?;
        self.inner.begin_if_locking(&select).await?;
        self.inner.run(&compiled, |_, row| Ok((read(row)?, row_key(row, at, select.behind.len())?))).await
    }

    async fn paged<M: Model, L: Loads<M>>(
        self,
        count: Select,
        select: Select,
        loads: L,
    ) -> Result<(u64, Vec<Handle<M>>)> {
        let total = Executor::rows(&mut *self, count, read_count).await?.pop().unwrap_or(0);
        let items = if is_beyond(&select, total) { Vec::new() } else { self.models(select, loads).await? };
        Ok((total, items))
    }

    async fn paged_rows<R: Send>(
        self,
        count: Select,
        select: Select,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Result<(u64, Vec<R>)> {
        let total = Executor::rows(&mut *self, count, read_count).await?.pop().unwrap_or(0);
        let items = if is_beyond(&select, total) { Vec::new() } else { Executor::rows(self, select, read).await? };
        Ok((total, items))
    }

    type Writing = Pin<Box<dyn Future<Output = Result<u64>> + Send + 's>>;

    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing {
        Box::pin(async move { self.inner.bulk::<M>(write?.0).await })
    }
}

impl<L: Whole> Takes<L> for &mut Session {}
impl CanLock for &mut Session {}

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
}
