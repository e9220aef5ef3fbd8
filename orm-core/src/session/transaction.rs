//! The ends of a session's transactions, and [`Engine::transaction`].

use std::error::Error as StdError;
use std::iter::successors;
use std::time::Duration;

use super::Session;
use super::arena::SlotState;
use super::inner::Inner;
use super::maker::SessionMaker;
use super::undo::{Change, Way};
use crate::compile::{COMMIT, ROLLBACK};
use crate::engine::{Engine, Place, caller, placed, placed_at};
use crate::error::{Error, Result};

/// How often a transaction is tried that loses against others.
const ATTEMPTS: u32 = 5;
/// How long to wait before the second try; each further wait is twice as long.
const BACKOFF: Duration = Duration::from_millis(10);

impl Inner {
    pub(super) async fn commit(&mut self) -> Result<()> {
        if !self.levels.is_empty() {
            return Err(Error::invalid("a savepoint is open: release it or roll it back before the commit"));
        }
        self.flush_and(Some(COMMIT)).await?;
        let committed = self.connection.take().is_some();
        self.finish();
        if committed {
            self.run_after_commit();
        }
        Ok(())
    }

    pub(super) async fn rollback(&mut self) -> Result<()> {
        // One that waits for an answer to something else is closed, which rolls back, too.
        let idle = self.connection.take().filter(|connection| !connection.is_busy());
        // Whatever the connection will say, and if this future is dropped meanwhile, which closes it: what is not committed
        // is rolled back.
        self.doubt = None;
        self.is_unrepeatable = false;
        self.is_lent = false;
        self.undo_all(Way::Rollback);
        self.hooked.clear();
        self.epoch = self.epoch.wrapping_add(1);
        match idle {
            Some(mut connection) => connection.end(ROLLBACK).await,
            None => Ok(()),
        }
    }

    /// What was deleted is gone for good; what was read may change from now on.
    fn finish(&mut self) {
        self.is_unrepeatable = false;
        for undo in std::mem::take(&mut self.undo) {
            let deleted = matches!(undo.change, Change::Deleted(_) | Change::BulkDeleted(_));
            let is_there = self.arenas[undo.row.arena].generation(undo.row.slot) == undo.generation;
            if deleted && is_there && self.state(undo.row) == SlotState::Deleted {
                self.release(undo.row);
            }
        }
        self.related.clear();
        self.hooked.clear();
        self.epoch = self.epoch.wrapping_add(1);
    }
}

impl Engine {
    /// Runs a closure in a session of its own, commits if it gives `Ok` and rolls back if it gives `Err`. If the
    /// transaction loses against a concurrent one (serialization failure, deadlock), it is run again from its start, up to
    /// five times in all.
    ///
    /// Each attempt runs a clone of the closure, so it may borrow from its surroundings but not change them.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine, name: String) -> orm_core::Result<()> {
    /// let course = engine
    ///     .transaction(async |session| {
    ///         let course = session.add(Course::builder().name(name.as_str()));
    ///         session.flush().await?;
    ///         Ok(session[course].clone())
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That of the closure, or of the commit; nothing of the transaction stays then.
    #[track_caller]
    pub fn transaction<T, F>(&self, f: F) -> impl Future<Output = Result<T>>
    where
        F: AsyncFnOnce(&mut Session) -> Result<T> + Clone,
    {
        self.transaction_with(f)
    }

    /// Like [`transaction`](Self::transaction), with an error type of one's own, which tells by [`MaybeRetryable`] whether
    /// the transaction is run again.
    ///
    /// # Errors
    ///
    /// That of the closure, or of the commit; nothing of the transaction stays then.
    #[track_caller]
    pub fn transaction_with<T, E, F>(&self, f: F) -> impl Future<Output = std::result::Result<T, E>>
    where
        E: From<Error> + MaybeRetryable,
        F: AsyncFnOnce(&mut Session) -> std::result::Result<T, E> + Clone,
    {
        let (maker, place) = (SessionMaker::new(self), caller());
        async move { maker.attempts(place, f).await }
    }

    /// Begins a transaction at once and gives the session that it belongs to.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    #[track_caller]
    pub fn begin(&self) -> impl Future<Output = Result<Session>> {
        placed(async move {
            let mut session = self.session();
            session.begin().await?;
            Ok(session)
        })
    }
}

impl SessionMaker {
    /// Like [`Engine::transaction`], in a session of this maker.
    ///
    /// # Errors
    ///
    /// Like [`Engine::transaction`].
    #[track_caller]
    pub fn transaction<T, F>(&self, f: F) -> impl Future<Output = Result<T>>
    where
        F: AsyncFnOnce(&mut Session) -> Result<T> + Clone,
    {
        self.transaction_with(f)
    }

    /// Like [`Engine::transaction_with`], in a session of this maker.
    ///
    /// # Errors
    ///
    /// Like [`Engine::transaction_with`].
    #[track_caller]
    pub fn transaction_with<T, E, F>(&self, f: F) -> impl Future<Output = std::result::Result<T, E>>
    where
        E: From<Error> + MaybeRetryable,
        F: AsyncFnOnce(&mut Session) -> std::result::Result<T, E> + Clone,
    {
        self.attempts(caller(), f)
    }

    /// What the closure sends has places of its own; what ends its transaction has this one.
    async fn attempts<T, E, F>(&self, place: Place, f: F) -> std::result::Result<T, E>
    where
        E: From<Error> + MaybeRetryable,
        F: AsyncFnOnce(&mut Session) -> std::result::Result<T, E> + Clone,
    {
        let mut attempt = 1;
        loop {
            let mut session = self.session();
            let error = match f.clone()(&mut session).await {
                Ok(value) => match placed_at(place, session.commit()).await {
                    Ok(()) => return Ok(value),
                    Err(error) => E::from(error),
                },
                Err(error) => {
                    // The closure's error is the one to tell; if the rollback fails, the connection is closed.
                    let _ = placed_at(place, session.rollback()).await;
                    error
                }
            };
            if attempt == ATTEMPTS || !error.is_retryable() {
                return Err(error);
            }
            tokio::time::sleep(BACKOFF * 2u32.pow(attempt - 1)).await;
            attempt += 1;
        }
    }
}

/// An error that tells whether the transaction can be run again; an application's own error type implements it for
/// [`Engine::transaction_with`].
///
/// ```
/// # use orm_core::{Error, MaybeRetryable};
/// enum AppError {
///     Database(Error),
///     SoldOut,
/// }
///
/// impl From<Error> for AppError {
///     fn from(error: Error) -> Self {
///         Self::Database(error)
///     }
/// }
///
/// impl MaybeRetryable for AppError {
///     fn is_retryable(&self) -> bool {
///         matches!(self, Self::Database(error) if error.is_retryable())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell whether a transaction that failed with it can be run again",
    label = "not an error type for `transaction_with`",
    note = "implement `orm_core::MaybeRetryable` for an error type of your own",
    note = "an error of any kind can be a `Box<dyn std::error::Error + Send + Sync>`, which tells it by its sources"
)]
pub trait MaybeRetryable {
    /// Whether the same transaction, run again from its start, may succeed: what [`Error::is_retryable`] says of the error
    /// that came from the session.
    fn is_retryable(&self) -> bool;
}

/// Looks for an [`Error`] in it and among its sources.
impl MaybeRetryable for Box<dyn StdError + Send + Sync> {
    fn is_retryable(&self) -> bool {
        let first: &(dyn StdError + 'static) = self.as_ref();
        successors(Some(first), |&error| error.source())
            .filter_map(|error| error.downcast_ref::<Error>())
            .any(Error::is_retryable)
    }
}

impl MaybeRetryable for Error {
    fn is_retryable(&self) -> bool {
        Self::is_retryable(self)
    }
}
