//! [`Savepoint`]: a part of a transaction that can be taken back alone.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::Session;
use super::inner::Inner;
use super::undo::Way;
use crate::compile;
use crate::engine::placed;
use crate::error::{Error, Result};

/// A savepoint that is open, and what has happened before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    /// Tells it from others of the session.
    id: u64,
    /// How much had happened before.
    pub(super) undo: usize,
}

/// A part of a session's transaction that can be taken back alone; made by [`Session::savepoint`].
///
/// It is the session, by dereferencing. [`release`](Self::release) keeps what happened in it, as a part of what is around
/// it; [`rollback`](Self::rollback) undoes it, in the database and in memory. Dropping it does the latter, with the next
/// statement. Savepoints nest.
#[must_use = "dropping a savepoint rolls it back"]
pub struct Savepoint<'s> {
    session: &'s mut Session,
    id: u64,
    is_open: bool,
}

impl Session {
    /// Flushes, and sets a savepoint: what happens from here on can be taken back without the rest of the transaction.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(session: &mut Session) -> orm_core::Result<()> {
    /// let mut savepoint = session.savepoint().await?;
    /// let draft = savepoint.add(Course::builder().name("draft"));
    /// savepoint.flush().await?;
    /// savepoint.rollback().await?;         // the draft is gone, what was before it stays
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// SAVEPOINT "orm_1"
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`flush`](Self::flush).
    #[track_caller]
    pub fn savepoint(&mut self) -> impl Future<Output = Result<Savepoint<'_>>> {
        placed(async move {
            let id = self.inner.set_savepoint().await?;
            Ok(Savepoint { session: self, id, is_open: true })
        })
    }
}

impl Savepoint<'_> {
    /// Flushes, and keeps what happened since the savepoint: it is part of what is around it now, and goes back with that.
    ///
    /// # SQL
    ///
    /// ```sql
    /// RELEASE SAVEPOINT "orm_1"
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`Session::flush`]; the savepoint is rolled back then.
    #[track_caller]
    pub fn release(self) -> impl Future<Output = Result<()>> {
        placed(async move {
            let mut savepoint = self;
            savepoint.session.inner.release_savepoint(savepoint.id).await?;
            savepoint.is_open = false;
            Ok(())
        })
    }

    /// Undoes what happened since the savepoint: new objects are transient, changed ones as before, deleted ones are back.
    ///
    /// # SQL
    ///
    /// ```sql
    /// ROLLBACK TO SAVEPOINT "orm_1"
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the connection.
    #[track_caller]
    pub fn rollback(self) -> impl Future<Output = Result<()>> {
        placed(async move {
            let mut savepoint = self;
            savepoint.is_open = false;
            savepoint.session.inner.undo_savepoint(savepoint.id);
            savepoint.session.inner.recover().await
        })
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.session.inner.undo_savepoint(self.id);
        }
    }
}

impl Deref for Savepoint<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl DerefMut for Savepoint<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session
    }
}

impl fmt::Debug for Savepoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Savepoint").field("id", &self.id).field("session", &self.session).finish()
    }
}

impl Inner {
    async fn set_savepoint(&mut self) -> Result<u64> {
        self.flush().await?;
        self.open_transaction().await?;
        let depth = self.levels.len() + 1;
        self.command(&compile::savepoint(depth)).await?;
        self.savepoints += 1;
        self.levels.push(Level { id: self.savepoints, undo: self.undo.len() });
        Ok(self.savepoints)
    }

    async fn release_savepoint(&mut self, id: u64) -> Result<()> {
        self.flush().await?;
        let Some(depth) = self.depth_of(id) else {
            return Err(Error::invalid("the savepoint is gone: the transaction around it was ended"));
        };
        self.command(&compile::release_savepoint(depth)).await?;
        self.levels.truncate(depth - 1);
        Ok(())
    }

    /// Undoes in memory what happened since a savepoint; the server is told before the next statement.
    fn undo_savepoint(&mut self, id: u64) {
        let Some(depth) = self.depth_of(id) else { return };
        let level = self.levels[depth - 1];
        self.undo_from(level.undo, Way::Rollback);
        self.levels.truncate(depth - 1);
        self.go_back_to = Some(self.go_back_to.map_or(depth, |other| other.min(depth)));
    }

    fn depth_of(&self, id: u64) -> Option<usize> {
        self.levels.iter().position(|level| level.id == id).map(|index| index + 1)
    }

    /// The savepoint that an error of the server leads back to, with what had happened before it.
    pub(super) fn innermost_savepoint(&self) -> Option<(usize, usize)> {
        self.levels.last().map(|level| (self.levels.len(), level.undo))
    }

    async fn command(&mut self, sql: &str) -> Result<()> {
        let outcome = match &mut self.connection {
            Some(connection) => connection.command(sql).await,
            None => Err(Error::invalid("there is no transaction")),
        };
        self.or_fail(outcome).await
    }
}
