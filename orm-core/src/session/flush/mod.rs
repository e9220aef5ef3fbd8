//! The flush: what changed in memory becomes statements.
//!
//! Four phases, each a file: `collect` reads the objects and finds what is to be written, `plan` puts it in order without
//! any I/O, `emit` sends it, and `finalize` brings the objects in line. Nothing of the session changes before the last
//! one, so a flush that fails leaves it as it was.

mod collect;
mod emit;
mod finalize;
mod plan;

use super::inner::Inner;
use super::undo::Way;
use crate::compile::{ROLLBACK, begin};
use crate::error::{Error, ErrorKind, Result};

impl Inner {
    /// Writes what is pending. Opens a transaction if there is anything to write.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if !self.has_changes() {
            return Ok(());
        }
        let work = collect::collect(self)?;
        if !work.is_empty() {
            if self.options.read_only {
                return Err(Error::new(ErrorKind::Invalid, "the session is read-only, and there are changes to write"));
            }
            let plan = plan::plan(&work)?;
            let emitted = match self.open_transaction().await {
                Ok(()) => match &mut self.connection {
                    Some(connection) => emit::emit(connection, &work, &plan).await,
                    None => unreachable!("the transaction was opened just now"),
                },
                Err(error) => Err(error),
            };
            match emitted {
                Ok(effects) => finalize::finalize(self, &work, effects)?,
                Err(error) => {
                    self.fail().await;
                    return Err(error);
                }
            }
        }
        finalize::settle(self);
        Ok(())
    }

    /// Opens the transaction unless it is open.
    pub(super) async fn open_transaction(&mut self) -> Result<()> {
        if self.connection.is_none() {
            let mut connection = self.engine.connection().await?;
            connection.begin(begin(self.options.isolation, self.options.read_only)).await?;
            self.connection = Some(connection);
        }
        Ok(())
    }

    /// After an error of the server: rolls the transaction back and makes what it had written pending again.
    pub(super) async fn fail(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            // If even that fails, the connection is closed when it is dropped, which rolls back too.
            let _ = connection.end(ROLLBACK).await;
        }
        self.undo_all(Way::Repend);
    }
}
