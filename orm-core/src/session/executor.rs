//! A session as who runs queries.

use std::pin::Pin;

use super::Session;
use crate::compile::{Compile, Compiled};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{BulkWrite, Db, Executor, Loads, Query, Rooted, Rows, Takes, Unbound, Whole};
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
        refuse_writes(&compiled)?;
        self.inner.flush_for(select.root.table()).await?;
        self.inner.run(&compiled, |_, row| read(row)).await
    }

    type Writing = Pin<Box<dyn Future<Output = Result<u64>> + Send + 's>>;

    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing {
        Box::pin(async move { self.inner.bulk::<M>(write?.0).await })
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

impl Db for Session {
    type Entity<M: Model, L: Loads<M>> = Handle<M>;

    async fn all<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> Result<Vec<Handle<M>>> {
        query.on(self).all().await
    }

    async fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> Result<Vec<R>> {
        rows.on(self).all().await
    }
}
