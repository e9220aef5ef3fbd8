//! [`TestTransaction`]: an engine whose commits last until the end of a test.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::client::Client;
use super::pool::Object;
use super::{Connection, Engine, Inner, Recorders, database_error};
use crate::compile::{BEGIN_TEST, COMMIT_TEST, GUARD, RENEW_GUARD, ROLLBACK_TEST, ROLLBACK_TO_GUARD, begin};
use crate::error::{Error, ErrorKind, Result};

/// The connection of a test transaction, which is lent to one after the other.
#[derive(Default)]
pub(super) struct Lone {
    /// `None` once the test transaction is over, or its connection lost.
    object: Option<Object>,
    /// Whether it came back with something unfinished on it.
    unfinished: bool,
}

pub(super) type Shared = Arc<Mutex<Lone>>;

/// A loan of the connection.
pub(super) struct Loan(OwnedMutexGuard<Lone>);

impl Loan {
    pub(super) fn client(&self) -> &Client {
        match &self.0.object {
            Some(object) => object,
            None => unreachable!("it is lent while it is there alone"),
        }
    }

    /// Gives it back; what is unfinished is undone before it is lent again.
    pub(super) fn end(mut self, unfinished: bool) {
        self.0.unfinished = unfinished;
    }

    /// Ends the test transaction.
    pub(super) fn close(mut self) {
        close(&mut self.0);
    }
}

/// The commands that stand for `BEGIN`, `COMMIT` and `ROLLBACK` inside a test transaction.
pub(super) fn instead_of(command: &'static str) -> &'static str {
    match command {
        crate::compile::COMMIT => COMMIT_TEST,
        crate::compile::ROLLBACK => ROLLBACK_TEST,
        _ => BEGIN_TEST,
    }
}

/// Lends the connection, once nobody else has it.
pub(super) async fn lend(engine: &Engine, shared: &Shared) -> Result<Connection> {
    let wait = engine.inner.target.wait_timeout;
    let Ok(mut lone) = tokio::time::timeout(wait, Arc::clone(shared).lock_owned()).await else {
        let message = format!("the one connection of the test transaction did not become free within {wait:?}");
        return Err(Error::new(ErrorKind::Pool, message));
    };
    let Some(object) = &lone.object else {
        return Err(Error::new(ErrorKind::Pool, "the test transaction is over"));
    };
    // A statement outside a transaction of its own that failed has left the whole one failed: then it is the release that
    // fails.
    let is_whole = !lone.unfinished && object.batch_execute(RENEW_GUARD).await.is_ok();
    let outcome = if is_whole { Ok(()) } else { object.batch_execute(ROLLBACK_TO_GUARD).await };
    if let Err(source) = outcome {
        close(&mut lone);
        return Err(database_error::statement(source, ROLLBACK_TO_GUARD, None));
    }
    lone.unfinished = false;
    Ok(Connection::lent(engine.clone(), Loan(lone)))
}

/// An engine for a test, all of whose commits are savepoints of one transaction that is rolled back in the end.
///
/// It dereferences to the engine that the code under test is given. When it is dropped, nothing of what that did is left,
/// not even sequences and locks of other tests apart: several tests may run on one database at the same time.
///
/// There is one connection, so a second session waits while the first has a transaction open. `now()` is the same
/// throughout, sequences do not go back, and the isolation that a session asks for is that of the whole. A deferred
/// constraint is checked where the code commits, as it would be.
#[must_use = "dropping it rolls everything back"]
pub struct TestTransaction {
    engine: Engine,
    shared: Shared,
}

impl Engine {
    /// Begins a transaction that is always rolled back, for a test of code that commits.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// async fn code_under_test(engine: &Engine) -> orm_core::Result<()> {
    ///     let mut session = engine.session();
    ///     session.add(Course::builder().name("Python"));
    ///     session.commit().await
    /// }
    ///
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let test = engine.test_transaction().await?;
    /// code_under_test(&test).await?;
    /// assert_eq!(test.query::<Course>().count().await?, 1);
    /// drop(test);
    /// assert_eq!(engine.query::<Course>().count().await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// BEGIN
    /// SAVEPOINT "orm_test"            -- where the code under test begins a transaction
    /// RELEASE SAVEPOINT "orm_test"    -- where it commits
    /// ROLLBACK
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the connection; [`ErrorKind::Unsupported`] within another test transaction.
    pub async fn test_transaction(&self) -> Result<TestTransaction> {
        if self.inner.lone.is_some() {
            return Err(Error::new(ErrorKind::Unsupported, "a test transaction has no test transaction inside"));
        }
        let object = self.inner.pool.get().await.map_err(|source| self.pool_error(source))?;
        let object = Lone { object: Some(object), unfinished: false };
        let shared = Arc::new(Mutex::new(object));
        let engine = Self {
            inner: Arc::new(Inner {
                pool: self.inner.pool.clone(),
                target: self.inner.target.clone(),
                recorders: Recorders::default(),
                tracing: self.inner.tracing.clone(),
                lone: Some(Arc::clone(&shared)),
                has_no_whole_writes: AtomicBool::new(!self.takes_whole_writes()),
            }),
            filters: self.filters.clone(),
        };
        let test = TestTransaction { engine, shared };
        test.open().await?;
        Ok(test)
    }
}

impl TestTransaction {
    async fn open(&self) -> Result<()> {
        let lone = self.shared.lock().await;
        let Some(object) = &lone.object else { return Ok(()) };
        let statement = begin(None, false);
        let outcome = async {
            object.batch_execute(statement).await?;
            object.batch_execute(GUARD).await
        };
        outcome.await.map_err(|source| database_error::statement(source, statement, None))
    }

    /// The engine that the code under test is given; it may be cloned.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Deref for TestTransaction {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

/// Closes the connection, which rolls back. One that is lent out is closed when it comes back.
impl Drop for TestTransaction {
    fn drop(&mut self) {
        match self.shared.try_lock() {
            Ok(mut lone) => close(&mut lone),
            Err(_) => {
                let shared = Arc::clone(&self.shared);
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { close(&mut *shared.lock().await) });
                }
            }
        }
    }
}

fn close(lone: &mut Lone) {
    if let Some(object) = lone.object.take() {
        drop(Object::take(object));
    }
}

impl fmt::Debug for TestTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestTransaction({:?})", self.engine)
    }
}
