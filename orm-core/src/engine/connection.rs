//! A connection that is lent from the pool, and never goes back with something unfinished on it.

use std::fmt;
use std::ops::Deref;
use std::time::Instant;

use super::Engine;
use super::client::Client;
use super::database_error;
use super::note::Sent;
use super::pool::Object;
use super::test_transaction::{Loan, instead_of};
use crate::compile::COMMIT;
use crate::error::{Error, ErrorKind, Result};

/// A connection from the pool.
///
/// It knows whether a transaction is open and whether a statement is under way. If it is dropped in either state, because
/// the future that used it was, the connection is closed and not given back: the server rolls the transaction back.
pub struct Connection {
    engine: Engine,
    /// `None` only while dropping.
    source: Option<Source>,
    in_transaction: bool,
    busy: bool,
    committing: bool,
    /// Whether the driver takes its answers for those to other questions.
    confused: bool,
}

enum Source {
    Pool(Object),
    TestTransaction(Loan),
}

impl Connection {
    pub(super) fn new(engine: Engine, object: Object) -> Self {
        Self::of(engine, Source::Pool(object))
    }

    pub(super) fn lent(engine: Engine, loan: Loan) -> Self {
        Self::of(engine, Source::TestTransaction(loan))
    }

    fn of(engine: Engine, source: Source) -> Self {
        Self { engine, source: Some(source), in_transaction: false, busy: false, committing: false, confused: false }
    }

    /// What is sent for a command that begins or ends a transaction.
    pub(super) fn sent(&self, command: &'static str) -> &'static str {
        match self.source {
            Some(Source::TestTransaction(_)) => instead_of(command),
            Some(Source::Pool(_)) | None => command,
        }
    }

    /// Whether a transaction is one of the server's, so that a statement alone is one too.
    pub(crate) fn has_transactions(&self) -> bool {
        matches!(self.source, Some(Source::Pool(_)))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn client(&self) -> &Client {
        match &self.source {
            Some(Source::Pool(object)) => object,
            Some(Source::TestTransaction(loan)) => loan.client(),
            None => unreachable!("the source is taken in drop alone"),
        }
    }

    /// The driver's client.
    pub(crate) fn raw(&self) -> &tokio_postgres::Client {
        self.client()
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    pub(super) fn set_in_transaction(&mut self, open: bool) {
        self.in_transaction = open;
    }

    /// Whether a statement was begun whose answer nobody waited for: the state of the transaction is not known.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy || self.confused
    }

    /// Whether what is under way, if anything, has COMMIT in it.
    pub(crate) fn is_committing(&self) -> bool {
        self.committing
    }

    pub(super) fn set_committing(&mut self, committing: bool) {
        self.committing = committing;
    }

    /// Says that a statement is under way; [`settled`](Self::settled) says that it is not any more.
    pub(super) fn begin_work(&mut self) {
        self.busy = true;
    }

    pub(super) fn settled(&mut self) {
        self.busy = false;
    }

    /// Says that the driver no longer knows which answer is to which question: nothing more is sent, and the connection is
    /// closed.
    pub(super) fn confused(&mut self) {
        self.confused = true;
    }

    /// Sends a statement without parameters and without a result, such as `BEGIN`.
    pub(crate) async fn command(&mut self, sql: &str) -> Result<()> {
        if self.confused {
            return Err(Error::new(
                ErrorKind::Connection,
                "the connection is closed, because its last statement broke it",
            ));
        }
        self.begin_work();
        let started = Instant::now();
        let outcome = self.client().batch_execute(sql).await;
        self.settled();
        let outcome = outcome.map_err(|source| database_error::statement(source, sql, None));
        self.note(&Sent::command(sql, started, outcome.as_ref().err()));
        outcome
    }

    /// Opens a transaction.
    pub(crate) async fn begin(&mut self, sql: &'static str) -> Result<()> {
        // From here on, whatever happens: better to close a connection than to lend out an open transaction.
        self.in_transaction = true;
        self.command(self.sent(sql)).await
    }

    /// Ends the transaction by `COMMIT` or `ROLLBACK`.
    pub(crate) async fn end(&mut self, sql: &'static str) -> Result<()> {
        self.committing = sql == COMMIT;
        let outcome = self.command(self.sent(sql)).await;
        self.committing = false;
        self.in_transaction = outcome.is_err();
        outcome
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let unfinished = self.in_transaction || self.is_busy();
        match self.source.take() {
            Some(Source::TestTransaction(loan)) if self.confused => loan.close(),
            Some(Source::Pool(object)) if unfinished => drop(Object::take(object)),
            Some(Source::TestTransaction(loan)) => loan.end(unfinished),
            Some(Source::Pool(_)) | None => {}
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("in_transaction", &self.in_transaction).field("busy", &self.busy).finish()
    }
}

/// The driver's client, lent from the pool; see [`Engine::raw`].
#[derive(Debug)]
pub struct RawConnection(Connection);

impl RawConnection {
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

impl Deref for RawConnection {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &tokio_postgres::Client {
        self.0.raw()
    }
}
