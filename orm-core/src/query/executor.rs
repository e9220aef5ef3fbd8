//! [`Executor`]: who runs a query, and what its rows become.

use std::pin::Pin;

use super::fetch::{Job, Ready};
use super::load::Loads;
use crate::compile::{Compile, Write};
use crate::engine::{self, Engine};
use crate::error::Result;
use crate::schema::{Model, TableDef};
use crate::sql::Select;
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

    /// Runs a query of models.
    #[doc(hidden)]
    fn models<M: Model, L: Loads<M>>(
        self,
        select: Select,
        loads: L,
    ) -> impl Future<Output = Result<Vec<Self::Entity<M, L>>>> + Send;

    /// Runs a query of columns.
    #[doc(hidden)]
    fn rows<R: Send>(
        self,
        select: Select,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> impl Future<Output = Result<Vec<R>>> + Send;

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
    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing;
}

/// Who can be asked to load `L` with a query: an engine whatever it is, a session what fills the fields of its objects.
pub trait Takes<L> {}

impl<L> Takes<L> for Unbound {}
impl<L> Takes<L> for &Engine {}

/// A bulk operation on its way to who runs it.
#[doc(hidden)]
#[derive(Debug)]
pub struct BulkWrite(pub(crate) Write);

impl<'e> Executor for &'e Engine {
    type Entity<M: Model, L: Loads<M>> = L::Value;

    async fn models<M: Model, L: Loads<M>>(self, select: Select, loads: L) -> Result<Vec<L::Value>> {
        let mut connection = self.connection().await?;
        let read = |row: &mut RowReader<'_>| Ok((M::from_row(row)?, loads.read(row)?));
        let rows = engine::fetch(&mut connection, &select.compile()?, read).await?;
        let (models, joined) = rows.into_iter().unzip();
        loads.load(&mut connection, models, joined).await
    }

    async fn rows<R: Send>(self, select: Select, read: fn(&mut RowReader<'_>) -> Result<R>) -> Result<Vec<R>> {
        let mut connection = self.connection().await?;
        engine::fetch(&mut connection, &select.compile()?, read).await
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

    fn write<M: Model>(self, write: Result<BulkWrite>) -> Self::Writing {
        Box::pin(async move {
            let compiled = write?.0.compile()?;
            let mut connection = self.connection().await?;
            engine::execute(&mut connection, &compiled).await
        })
    }
}
