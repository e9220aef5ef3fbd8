//! [`Job`]: an act of several statements, or of one that the user wrote, whoever runs it.

use std::pin::Pin;

use crate::compile::Compiled;
use crate::engine::{self, Connection};
use crate::error::Result;
use crate::sql::Filters;
use crate::types::RowReader;

/// A future in a box.
#[doc(hidden)]
pub type Boxed<'f, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'f>>;

/// A statement on its way to who runs it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Ready(pub(crate) Compiled);

/// Who sends the statements of a job: a connection, or a session.
#[doc(hidden)]
pub trait Fetch: Send {
    /// The conditions that are part of the statements.
    fn filters(&self) -> Filters;

    /// Sends a statement, and reads its rows.
    fn fetch<'f>(
        &'f mut self,
        statement: Ready,
        read: &'f mut (dyn FnMut(&mut RowReader<'_>) -> Result<()> + Send),
    ) -> Boxed<'f, ()>;

    /// Sends a statement of which only the number of rows matters.
    fn execute(&mut self, statement: Ready) -> Boxed<'_, u64>;
}

/// Statements that belong together.
#[doc(hidden)]
pub trait Job: Send {
    /// What comes of it.
    type Out: Send;

    /// Whether its statements are the user's own, so that a session runs them in its transaction.
    const RAW: bool;

    /// Runs it.
    fn run(self, fetch: &mut dyn Fetch) -> impl Future<Output = Result<Self::Out>> + Send;
}

impl Fetch for Connection {
    fn filters(&self) -> Filters {
        self.engine().filters().clone()
    }

    fn fetch<'f>(
        &'f mut self,
        statement: Ready,
        read: &'f mut (dyn FnMut(&mut RowReader<'_>) -> Result<()> + Send),
    ) -> Boxed<'f, ()> {
        Box::pin(async move { engine::fetch(self, &statement.0, read).await.map(drop) })
    }

    fn execute(&mut self, statement: Ready) -> Boxed<'_, u64> {
        Box::pin(async move { engine::execute(self, &statement.0).await })
    }
}
