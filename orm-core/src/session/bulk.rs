//! Bulk operations through a session: the loaded objects follow.

use std::any::TypeId;
use std::collections::HashSet;

use super::arena::SlotState;
use super::flush::{follow_keys, follow_rows};
use super::identity::IdentityKey;
use super::inner::{Inner, Row};
use super::undo::Change;
use crate::compile::{Compile, Write};
use crate::engine;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Model, SourceRef};
use crate::sql::{BinaryOp, BulkUpdate, FromItem, Join, JoinKind, Node};

/// The bytes of the columns that came back, in their order.
type Returned = Vec<Option<Box<[u8]>>>;

impl Inner {
    /// Runs a bulk update or delete in the session's transaction, after a flush. Where the session holds objects of the
    /// model, the keys of the rows come back and the objects are brought in line.
    pub(super) async fn bulk<M: Model>(&mut self, mut write: Write) -> Result<u64> {
        if self.options.read_only {
            return Err(Error::new(ErrorKind::Invalid, "the session is read-only"));
        }
        write.compile()?;
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
        if let Write::BulkUpdate(BulkUpdate { before: Some(_), .. }) = write {
            return self.move_keys(arena, columns, rows);
        }
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
    /// Brings objects in line whose primary keys were set: the keys of before came back ahead of the columns.
    fn move_keys(&mut self, arena: usize, columns: &[usize], rows: &[Returned]) -> Result<()> {
        let table = self.arenas[arena].table();
        let (old, new) = columns.split_at(table.primary_key.len());
        let mut moved = Vec::new();
        for row in rows {
            let raw = |column: usize| row[old.iter().position(|&other| other == column)?].as_deref();
            let slot = IdentityKey::of(table, raw).and_then(|key| self.arenas[arena].lookup(&key));
            moved.extend(slot.map(|slot| (Row { arena, slot }, row)));
        }
        // A key may move from one object to another: all leave the identity map before any enters it.
        let mut were = Vec::with_capacity(moved.len());
        for &(at, _) in &moved {
            self.remember(at, Change::Bulk(self.checkpoint(at)));
            were.push((at, self.stored_dump(at)));
            self.arenas[arena].unregister(at.slot);
        }
        for &(at, row) in &moved {
            self.store_all(at, new.iter().copied().zip(&row[old.len()..]))?;
            self.arenas[arena].register(at.slot);
        }
        for (at, stored) in &were {
            follow_keys(self, *at, stored.clone());
        }
        follow_rows(self, were, new);
        self.arenas[arena].compact();
        Ok(())
    }

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
            if set().any(|column| table.primary_key.contains(&column)) {
                columns.extend_from_slice(table.primary_key);
                update.returning = columns[table.primary_key.len()..].to_vec();
                join_before(update);
            } else {
                update.returning.clone_from(&columns);
            }
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

/// Tells the alias of the rows as they were before from all others.
struct Before;

/// Joins the rows as they were before, because the server returns the new values of those that are updated.
fn join_before(update: &mut BulkUpdate) {
    let table = update.source.table();
    let before = SourceRef::Alias { tag: TypeId::of::<Before>(), name: "before", table };
    let same = |&column: &usize| {
        let column = &table.columns[column];
        Node::binary(BinaryOp::Eq, Node::column(before, column), Node::column(update.source, column))
    };
    let on = Node::All(table.primary_key.iter().map(same).collect());
    let item = FromItem::Source(before);
    update.joins.push(Join { kind: JoinKind::Inner, item, on, with_deleted: true });
    update.before = Some(before);
}
