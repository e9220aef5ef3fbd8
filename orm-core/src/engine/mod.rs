//! Everything that does I/O: the pool, connections, transactions, and the one function that sends a statement.
//!
//! Only this layer touches the driver's client and the pool. Query and session ask it to run a `Compiled`; the rows that
//! come back are read while they arrive.

mod client;
mod config;
mod connection;
mod copy;
mod database_error;
mod dsn;
mod execute;
mod explain;
mod note;
mod pipeline;
mod place;
mod pool;
mod record;
mod schema;
mod stream;
mod test_transaction;
mod tls;
mod views;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use config::{EngineBuilder, TlsMode};
pub(crate) use connection::Connection;
pub use connection::RawConnection;
pub(crate) use copy::{CopySource, CopyWriter};
pub(crate) use database_error::is_of_an_old_plan;
pub(crate) use execute::{execute, fetch};
pub(crate) use explain::{explain, explain_and_go_back, explain_and_roll_back};
pub(crate) use pipeline::{Answer, Around, pipeline};
pub(crate) use place::{Place, caller, placed, placed_at, unplaced};
pub use record::{Recording, Repeated, Statement};
pub(crate) use stream::RowSource;
pub use test_transaction::TestTransaction;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::Filters;
use pool::Pool;
use record::Recorders;

/// Where the database is, and the pool of connections to it.
///
/// Making one connects to nothing: the first statement does. It is cheap to clone, and clones share the pool.
///
/// ```
/// # fn main() -> orm_core::Result<()> {
/// use orm_core::Engine;
///
/// let engine = Engine::new("postgresql://postgres:123@localhost:5432/netology_db")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
    filters: Filters,
}

struct Inner {
    pool: Pool,
    target: config::Target,
    recorders: Recorders,
    tracing: note::Tracing,
    /// The one connection, of an engine that lives in a test transaction.
    lone: Option<test_transaction::Shared>,
    /// Whether the server has refused to read what a query within the statement has written.
    has_no_whole_writes: AtomicBool,
}

impl Engine {
    /// An engine for a connection string, as a URL (`postgresql://user:password@host:5432/database`) or as keywords
    /// (`host=localhost user=postgres`), with the settings of [`Engine::builder`] at their defaults.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] that names the part of the connection string which is wrong; never the password.
    pub fn new(dsn: &str) -> Result<Self> {
        Self::builder().dsn(dsn).build()
    }

    /// An engine with settings of one's own.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The same engine, with conditions that are part of all that it reads of a model from now on, and of its bulk updates
    /// and deletes: in the query itself, in its joins, relationships and the links between, subqueries and relationship
    /// predicates; in both tables of a merge. A filter's own condition reads its table without that filter. Its sessions have
    /// them too, also in `get`. [`Query::unfiltered`](crate::Query::unfiltered) leaves one out of a query.
    ///
    /// They are no part of what a session writes of its own objects, by key, nor of inserts, upserts and raw SQL; `to_sql`
    /// does not show them, a recording does.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # use orm_core::sql::Filters;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Invoice { #[model(primary_key)] id: Auto<i32>, tenant_id: i32 }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let engine = engine.with_filters(&Filters::new().add("tenant", Invoice::TABLE, Invoice::tenant_id.eq(7)));
    /// let invoices = engine.query::<Invoice>().filter(Invoice::id.gt(100)).all().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```sql
    /// SELECT "invoice"."id", "invoice"."tenant_id" FROM "invoice" WHERE "invoice"."id" > $1 AND "invoice"."tenant_id" = $2
    /// ```
    #[must_use]
    pub fn with_filters(&self, filters: &Filters) -> Self {
        Self { inner: Arc::clone(&self.inner), filters: self.filters.and(filters) }
    }

    pub(crate) fn filters(&self) -> &Filters {
        &self.filters
    }

    /// Whether the server takes statements that read what a query within them has written; it is taken to, until it has
    /// refused one.
    pub(crate) fn takes_whole_writes(&self) -> bool {
        !self.inner.has_no_whole_writes.load(Ordering::Relaxed)
    }

    pub(crate) fn note_no_whole_writes(&self) {
        self.inner.has_no_whole_writes.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn connection(&self) -> Result<Connection> {
        if let Some(shared) = &self.inner.lone {
            return test_transaction::lend(self, shared).await;
        }
        match self.inner.pool.get().await {
            Ok(object) => Ok(Connection::new(self.clone(), object)),
            Err(source) => Err(self.pool_error(source)),
        }
    }

    fn pool_error(&self, source: pool::Failure) -> Error {
        use deadpool::managed::{PoolError, TimeoutType};
        let target = &self.inner.target;
        match source {
            PoolError::Backend(source) => database_error::connection(target, source),
            PoolError::Timeout(TimeoutType::Wait) => Error::new(
                ErrorKind::Pool,
                format!(
                    "no connection became free within {:?}: all {} are in use",
                    target.wait_timeout, target.pool_size
                ),
            ),
            PoolError::Timeout(_) => Error::new(
                ErrorKind::Connection,
                format!("could not connect to {target} within {:?}", target.connect_timeout),
            ),
            PoolError::Closed => Error::new(ErrorKind::Pool, "the engine is closed"),
            other => Error::new(ErrorKind::Pool, "the pool gave no connection").with_source(other),
        }
    }

    /// The driver's own client, from the pool, for what this crate does not say.
    ///
    /// Nothing is checked there: the text of its statements is raw SQL. Whoever begins a transaction on it must end it
    /// before the connection goes back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connection`] or [`ErrorKind::Pool`].
    pub async fn raw(&self) -> Result<RawConnection> {
        self.connection().await.map(RawConnection::new)
    }

    /// Records the statements that this engine sends from now on, those of its sessions too.
    ///
    /// ```no_run
    /// # async fn demo(engine: orm_core::Engine) -> orm_core::Result<()> {
    /// let recording = engine.record();
    /// // …
    /// assert_eq!(recording.sql(), ["SELECT 1"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn record(&self) -> Recording {
        self.inner.recorders.start()
    }

    /// How many connections the pool holds now, in use or idle.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.pool.status().size
    }

    /// How many connections of the pool are idle now.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.inner.pool.status().available
    }

    /// Closes the pool: its idle connections now, those in use when they come back. What is asked of the engine
    /// afterwards fails with [`ErrorKind::Pool`]. Within a test transaction, which has no pool of its own, nothing is
    /// closed.
    pub fn close(&self) {
        if self.inner.lone.is_none() {
            self.inner.pool.close();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({})", self.inner.target)
    }
}
