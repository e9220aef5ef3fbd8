//! The pool of connections.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, PoolError, RecycleResult, TimeoutType, Timeouts};
use deadpool_postgres::Manager as PostgresManager;

use super::client::{Client, Era};

/// Makes the connections of a pool, and lends none that has broken.
///
/// They are in boxes: a pool passes what it lends from hand to hand, and a client is some hundred bytes.
#[derive(Debug)]
pub(super) struct Manager {
    postgres: PostgresManager,
    era: Era,
}

impl managed::Manager for Manager {
    type Type = Box<Client>;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Self::Type, Self::Error> {
        let client = self.postgres.create().await?;
        Ok(Box::new(Client::new(client, self.era.clone())))
    }

    async fn recycle(&self, client: &mut Self::Type, metrics: &Metrics) -> RecycleResult<Self::Error> {
        self.postgres.recycle(client.wrapper(), metrics).await
    }

    fn detach(&self, client: &mut Self::Type) {
        self.postgres.detach(client.wrapper());
    }
}

/// A connection that is lent.
pub(super) type Object = managed::Object<Manager>;

/// What was wrong with the pool.
pub(super) type Failure = PoolError<tokio_postgres::Error>;

/// The connections to one database.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pool: managed::Pool<Manager>,
    /// Of one who waits for nobody.
    at_once: Timeouts,
}

impl Pool {
    pub(super) fn new(
        manager: PostgresManager,
        size: usize,
        wait: Duration,
        connect: Duration,
    ) -> Result<Self, managed::BuildError> {
        let pool = managed::Pool::builder(Manager { postgres: manager, era: Era::default() })
            .max_size(size)
            .wait_timeout(Some(wait))
            .create_timeout(Some(connect))
            .runtime(Runtime::Tokio1)
            .build()?;
        let at_once = Timeouts { wait: Some(Duration::ZERO), ..pool.timeouts() };
        Ok(Self { pool, at_once })
    }

    /// Lends a connection, once one is free.
    pub(super) async fn get(&self) -> Result<Object, Failure> {
        // Nearly always one is free, and then no timer need be made.
        match self.pool.timeout_get(&self.at_once).await {
            Err(PoolError::Timeout(TimeoutType::Wait)) => Box::pin(self.pool.get()).await,
            outcome => outcome,
        }
    }

    /// Has every connection prepare its statements anew.
    pub(super) fn forget_prepared(&self) {
        self.pool.manager().era.end();
    }

    pub(super) fn status(&self) -> deadpool::Status {
        self.pool.status()
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}
