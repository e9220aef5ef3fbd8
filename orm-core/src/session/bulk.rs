//! Bulk operations through a session: the loaded objects follow.

use std::collections::HashSet;

use super::arena::SlotState;
use super::executor::refuse_writes;
use super::flush::follow_keys;
use super::identity::IdentityKey;
use super::inner::{Inner, Row};
use super::undo::Change;
use crate::compile::{Compile, Write};
use crate::engine;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Model;

/// The bytes of the columns that came back, in their order.
type Returned = Vec<Option<Box<[u8]>>>;

impl Inner {
    /// Runs a bulk update or delete in the session's transaction, after a flush. Where the session holds objects of the
    /// model, the keys of the rows come back and the objects are brought in line.
    pub(super) async fn bulk<M: Model>(&mut self, mut write: Write) -> Result<u64> {
        if self.options.read_only {
            return Err(Error::new(ErrorKind::Invalid, "the session is read-only"));
        }
        refuse_writes(&write.compile()?)?;
        self.flush_for(M::table()).await?;
        let arena = self.find_arena(M::table()).filter(|&arena| self.arenas[arena].holds_rows());
        let columns = arena.map(|_| returning(&mut write)).unwrap_or_default();
        let compiled = write.compile()?;
        self.open_transaction().await?;
        self.is_unrepeatable = true;
        let Some(connection) = &mut self.connection else { unreachable!("the transaction was opened just now") };
        let outcome = match arena {
            None => engine::execute(connection, &compiled).await.map(|count| (count, Vec::new())),
            Some(_) => engine::fetch(connection, &compiled, |row| {
                (0..columns.len()).map(|i| row.raw_at(i).map(|raw| raw.map(Into::into))).collect::<Result<Returned>>()
            })
            .await
            .map(|rows| (rows.len() as u64, rows)),
        };
        let (count, rows) = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                self.fail().await;
                return Err(error);
            }
        };
        if let Some(arena) = arena {
            self.follow(arena, &write, &columns, &rows)?;
        }
        Ok(count)
    }

    fn follow(&mut self, arena: usize, write: &Write, columns: &[usize], rows: &[Returned]) -> Result<()> {
        let table = self.arenas[arena].table();
        let mut gone = HashSet::new();
        for row in rows {
            let raw = |column: usize| row[columns.iter().position(|&other| other == column)?].as_deref();
            let slot = IdentityKey::of(table, raw).and_then(|key| self.arenas[arena].lookup(&key));
            let Some(at) = slot.map(|slot| Row { arena, slot }) else { continue };
            if let Write::BulkDelete(delete) = write {
                self.remember(at, Change::BulkDeleted(self.checkpoint(at)));
                self.leave(at, delete.mark().is_some());
                self.arenas[arena].settle(at.slot);
                self.store_all(at, columns.iter().copied().zip(row))?;
                gone.insert(self.handle_of(at));
                continue;
            }
            self.remember(at, Change::Bulk(self.checkpoint(at)));
            let stored = self.stored_dump(at);
            self.store_all(at, columns.iter().copied().zip(row))?;
            follow_keys(self, at, stored);
        }
        if !gone.is_empty() {
            self.remove_from_relations(table, &gone);
            self.related.clear();
        }
        self.arenas[arena].compact();
        Ok(())
    }
}

impl Inner {
    /// Sets columns of an object to what came back, which is no change.
    pub(super) fn store_all<'r>(
        &mut self,
        row: Row,
        values: impl IntoIterator<Item = (usize, &'r Option<Box<[u8]>>)>,
    ) -> Result<()> {
        let arena = &mut self.arenas[row.arena];
        let table = arena.table();
        for (column, raw) in values {
            arena.store(row.slot, column, raw.as_deref()).map_err(|reason| table.decode_error(column, reason))?;
        }
        Ok(())
    }

    /// The object's row is deleted, or marked as such: it leaves the identity map.
    pub(super) fn leave(&mut self, row: Row, is_marked: bool) {
        let arena = &mut self.arenas[row.arena];
        if is_marked {
            return arena.mark(row.slot);
        }
        arena.unregister(row.slot);
        arena.set_state(row.slot, SlotState::Deleted);
    }
}

/// Asks for the keys of the rows, and for the columns that were set.
fn returning(write: &mut Write) -> Vec<usize> {
    match write {
        Write::BulkUpdate(update) => {
            let table = update.source.table();
            let set = || update.set.iter().filter_map(|(column, _)| table.column_index(column.name));
            let touched = table.touched_by_update(|column| set().any(|other| other == column));
            // A generated column may be made of one that was set.
            let made = (0..table.columns.len()).filter(|&column| table.columns[column].generated.is_some());
            let mut columns: Vec<usize> = table.primary_key.to_vec();
            columns.extend(
                set()
                    .chain(touched)
                    .chain(made)
                    .filter(|column| !table.primary_key.contains(column))
                    .collect::<Vec<_>>(),
            );
            update.returning.clone_from(&columns);
            columns
        }
        Write::BulkDelete(delete) => {
            let table = delete.source.table();
            delete.returning = table.primary_key.to_vec();
            if delete.mark().is_some() {
                delete.returning.extend(table.changed_by_mark());
            }
            delete.returning.clone()
        }
        _ => Vec::new(),
    }
}
