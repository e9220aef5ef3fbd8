//! The flush: what changed in memory becomes statements.
//!
//! Four phases, each a file: `collect` reads the objects and finds the `work`, `plan` (with `uniques`) puts it in order
//! without any I/O, `emit` sends it, and `finalize` brings the objects in line. Nothing of the session changes before the last
//! one, so a flush that fails leaves it as it was.

mod children;
mod collect;
mod emit;
mod finalize;
mod followers;
mod keys;
mod plan;
mod statements;
mod uniques;
mod work;

use emit::{Bounds, Emitted};
pub(super) use finalize::follow_keys;
pub(super) use followers::follow_rows;
use plan::Plan;
pub(super) use statements::{input, key_text};
use work::Work;

use super::changes::ChangeKind;
use super::inner::{Inner, Row};
use super::undo::Way;
use crate::compile::{ROLLBACK, begin, rollback_to_savepoint};
use crate::engine::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableDef;

/// A row that a flush would write: how, and which of its columns.
pub(super) type Intent = (Row, ChangeKind, Vec<usize>);

/// The rows that a flush would write.
pub(super) fn intents(session: &Inner) -> Result<Vec<Intent>> {
    let work = if session.has_changes() { collect::collect(session)? } else { Work::default() };
    let switched = |row: Row| work.switches.iter().any(|switch| switch.new == row);
    let sent = |table: &'static TableDef| {
        (0..table.columns.len()).filter(|&c| !table.columns[c].auto && table.columns[c].generated.is_none()).collect()
    };
    let inserts = work.inserts.iter().map(|op| (op.row, ChangeKind::Insert, sent(op.table)));
    // Whose row the new object takes over is an event of the old and the new object, not of the row.
    let takes = work.switches.iter().flat_map(|switch| {
        let table = session.arenas[switch.new.arena].table();
        [(switch.new, ChangeKind::Insert, sent(table)), (switch.old, ChangeKind::Delete, Vec::new())]
    });
    let updates = work.updates.iter().filter(|op| !switched(op.row)).map(|op| {
        let columns = op.changed.iter().copied().chain(op.set.iter().map(|(column, _)| *column)).collect();
        (op.row, ChangeKind::Update, columns)
    });
    let deletes = work.deletes.iter().map(|op| (op.row, ChangeKind::Delete, Vec::new()));
    Ok(inserts.chain(takes).chain(updates).chain(deletes).collect())
}

/// How many steps a flush would take.
pub(super) fn steps(session: &Inner) -> Result<usize> {
    Ok(plan::plan(&collect::collect(session)?)?.steps.len())
}

/// The texts of what a flush would send before it waits for an answer.
pub(super) fn first_texts(session: &Inner) -> Result<Vec<String>> {
    let work = collect::collect(session)?;
    emit::first_wave(&work, &plan::plan(&work)?, session.connection.is_none())
}

/// Undoes what hooks did when the flush ends without having written it: with an error, a panic, or because its future is
/// dropped.
struct Hooked<'s>(&'s mut Inner);

impl Drop for Hooked<'_> {
    fn drop(&mut self) {
        self.0.unhook();
    }
}

/// Sends what is to be written. Where the transaction begins with it, rows are counted as far as that is enough, which
/// costs the server and the wire less than to have each back; if some were not met, all is sent again to learn which.
async fn send(connection: &mut Connection, work: &Work, plan: &Plan, bounds: Bounds) -> Result<Emitted> {
    if bounds.begin.is_some() {
        if let Some(emitted) = emit::emit(connection, work, plan, bounds, true).await? {
            return Ok(emitted);
        }
        if connection.in_transaction() {
            connection.end(ROLLBACK).await?;
        }
    }
    match emit::emit(connection, work, plan, bounds, false).await? {
        Some(emitted) => Ok(emitted),
        None => unreachable!("nothing was counted"),
    }
}

impl Inner {
    /// Writes what is pending. Opens a transaction if there is anything to write.
    pub(super) async fn flush(&mut self) -> Result<()> {
        self.flush_and(None).await
    }

    /// Writes what is pending, and ends the transaction by `end` if that is given and the transaction is open then.
    pub(super) async fn flush_and(&mut self, end: Option<&'static str>) -> Result<()> {
        self.recover().await?;
        let hooked = Hooked(self);
        if hooked.0.has_changes() {
            hooked.0.run_before_flush()?;
        }
        hooked.0.write(end).await
    }

    async fn write(&mut self, end: Option<&'static str>) -> Result<()> {
        let work = if self.has_changes() { collect::collect(self)? } else { Work::default() };
        if work.is_empty() {
            self.mark = None;
            finalize::unchanged(self, &work);
            if self.connection.is_none() {
                // The objects are as they were committed.
                self.undo.clear();
            }
            return self.end_transaction(end).await;
        }
        if self.options.read_only {
            return Err(Error::new(ErrorKind::Invalid, "the session is read-only, and there are changes to write"));
        }
        let plan = plan::plan(&work)?;
        if self.connection.is_none() {
            self.connection = Some(self.engine.connection().await?);
        }
        let Some(connection) = &mut self.connection else { unreachable!("it was taken from the pool just now") };
        let begin = (!connection.in_transaction()).then(|| begin(self.options.isolation, self.options.read_only));
        let emitted = send(connection, &work, &plan, Bounds { begin, end }).await;
        let outcome = emitted.and_then(|emitted| {
            finalize::finalize(self, &work, &emitted)?;
            self.mark = None;
            Ok(emitted.ended)
        });
        let ended = self.or_fail(outcome).await?;
        finalize::settle(self, &work);
        // Only what has been read whole is committed.
        self.end_transaction(end.filter(|_| !ended)).await
    }

    /// Ends the transaction, if one is open and a command is given.
    async fn end_transaction(&mut self, end: Option<&'static str>) -> Result<()> {
        let outcome = match (end, &mut self.connection) {
            (Some(end), Some(connection)) => connection.end(end).await,
            _ => Ok(()),
        };
        self.or_fail(outcome).await
    }

    /// After an error of the server, rolls back before it is passed on.
    pub(super) async fn or_fail<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if outcome.is_err() {
            self.fail().await;
        }
        outcome
    }

    /// Finds out whether the future of an earlier operation was dropped while the server had not answered. The connection
    /// is closed then, which rolls back, and what the transaction had written is pending again.
    ///
    /// Of a COMMIT nobody knows whether it took place, and bulk statements cannot be repeated: then nothing more is done
    /// before a rollback.
    pub(super) async fn recover(&mut self) -> Result<()> {
        let unanswered = self.connection.take_if(|connection| connection.is_busy());
        let lost = std::mem::take(&mut self.is_lent) || unanswered.is_some();
        if unanswered.is_some_and(|connection| connection.is_committing()) {
            self.doubt =
                Some("a commit was interrupted, and whether it took place is not known: call `rollback`, then look");
        } else if lost && self.is_unrepeatable {
            self.doubt = Some(
                "a transaction was lost when an operation was interrupted, and a flush cannot repeat its bulk or raw statements: call `rollback`",
            );
        }
        if lost {
            self.is_unrepeatable = false;
            self.undo_all(Way::Repend);
        }
        match self.doubt {
            Some(reason) => Err(Error::new(ErrorKind::Connection, reason)),
            None => self.go_back().await,
        }
    }

    /// Tells the server of a savepoint that was rolled back in memory already.
    async fn go_back(&mut self) -> Result<()> {
        let (Some(depth), Some(connection)) = (self.go_back_to, &mut self.connection) else { return Ok(()) };
        let outcome = connection.command(&rollback_to_savepoint(depth)).await;
        match outcome {
            Ok(()) => self.go_back_to = None,
            Err(_) => self.fail_whole().await,
        }
        outcome
    }

    /// Opens the transaction unless it is open.
    pub(super) async fn open_transaction(&mut self) -> Result<()> {
        self.recover().await?;
        if self.connection.is_none() {
            let mut connection = self.engine.connection().await?;
            connection.begin(begin(self.options.isolation, self.options.read_only)).await?;
            self.connection = Some(connection);
        }
        Ok(())
    }

    /// After an error of the server: rolls back to the innermost savepoint, or the whole transaction, and makes what was
    /// written since pending again.
    pub(super) async fn fail(&mut self) {
        self.unhook();
        if let (Some((depth, undo)), Some(connection)) = (self.innermost_savepoint(), &mut self.connection)
            && connection.in_transaction()
            && connection.command(&rollback_to_savepoint(depth)).await.is_ok()
        {
            return self.undo_from(undo, Way::Repend);
        }
        self.fail_whole().await;
    }

    async fn fail_whole(&mut self) {
        let connection = self.connection.take();
        self.undo_all(Way::Repend);
        if let Some(mut connection) = connection.filter(|connection| connection.in_transaction()) {
            // If this future is dropped meanwhile, nobody hears of the error, and `recover` finds out.
            self.is_lent = true;
            // If even that fails, the connection is closed when it is dropped, which rolls back too.
            let _ = connection.end(ROLLBACK).await;
            self.is_lent = false;
        }
        self.is_unrepeatable = false;
    }
}
