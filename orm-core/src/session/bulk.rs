//! Bulk operations through a session: the loaded objects follow.

use std::any::TypeId;

use super::arena::SlotState;
use super::executor::refuse_writes;
use super::flush::{follow_keys, follow_rows};
use super::identity::IdentityKey;
use super::inner::{Inner, Row};
use super::undo::Change;
use crate::compile::{Compile, Write};
use crate::engine;
use crate::error::{Error, ErrorKind, Result};
use crate::hash::Set;
use crate::schema::{Model, SourceRef, TableDef};
use crate::sql::{BinaryOp, BulkUpdate, Conflict, ConflictAction, FromItem, Join, JoinKind, Node};
use crate::types::RowReader;

/// The bytes of the columns that came back, in their order.
type Returned = Vec<Option<Box<[u8]>>>;

impl Inner {
    /// Runs a bulk update or delete in the session's transaction, after a flush. Where the session holds objects of the
    /// model, the keys of the rows come back and the objects are brought in line.
    pub(super) async fn bulk<M: Model>(&mut self, mut write: Write) -> Result<u64> {
        self.check_bulk::<M>(&write)?;
        if write.is_nothing() {
            return Ok(0);
        }
        self.flush_for(M::table()).await?;
        let arena = self.find_arena(M::table()).filter(|&arena| self.arenas[arena].holds_rows());
        let columns = arena.map(|_| returning(&mut write)).unwrap_or_default();
        let compiled = write.compile_with(self.engine.filters())?;
        self.open_transaction().await?;
        self.is_unrepeatable = true;
        let Some(connection) = &mut self.connection else { unreachable!("the transaction was opened just now") };
        let arena = arena.filter(|_| !columns.is_empty());
        let outcome = match arena {
            None => engine::execute(connection, &compiled).await.map(|count| (count, Vec::new())),
            Some(_) => engine::fetch(connection, &compiled, |row| {
                (0..columns.len()).map(|i| row.raw_at(i).map(|raw| raw.map(Into::into))).collect::<Result<Returned>>()
            })
            .await
            .map(|rows| (rows.len() as u64, rows)),
        };
        let (count, rows) = self.or_fail(outcome).await?;
        if let Some(arena) = arena {
            self.follow(arena, &write, &columns, &rows)?;
        }
        Ok(count)
    }

    /// Like [`bulk`](Self::bulk), with what the caller has asked to have back of the rows.
    pub(super) async fn bulk_returning<M: Model, R>(
        &mut self,
        mut write: Write,
        read: fn(&mut RowReader<'_>) -> Result<R>,
    ) -> Result<Vec<R>> {
        self.check_bulk::<M>(&write)?;
        if write.is_nothing() {
            return Ok(Vec::new());
        }
        self.flush_for(M::table()).await?;
        let arena = self.find_arena(M::table()).filter(|&arena| self.arenas[arena].holds_rows());
        let columns = arena.map(|_| returning(&mut write)).unwrap_or_default();
        let compiled = write.compile_with(self.engine.filters())?;
        self.open_transaction().await?;
        self.is_unrepeatable = true;
        let Some(connection) = &mut self.connection else { unreachable!("the transaction was opened just now") };
        let read = |row: &mut RowReader<'_>| {
            let asked = read(row)?;
            let own = row.position()..row.position() + columns.len();
            let own = own.map(|i| row.raw_at(i).map(|raw| raw.map(Into::into))).collect::<Result<Returned>>()?;
            Ok((asked, own))
        };
        let outcome = engine::fetch(connection, &compiled, read).await;
        let (asked, rows): (Vec<R>, Vec<Returned>) = self.or_fail(outcome).await?.into_iter().unzip();
        if let Some(arena) = arena {
            self.follow(arena, &write, &columns, &rows)?;
        }
        Ok(asked)
    }

    /// What is wrong with a statement is found before the flush.
    fn check_bulk<M: Model>(&self, write: &Write) -> Result<()> {
        if self.options.read_only {
            return Err(Error::new(ErrorKind::Invalid, "the session is read-only"));
        }
        if write.is_nothing() {
            return Ok(());
        }
        if matches!(write, Write::Merge(_)) {
            let arena = self.find_arena(M::table()).filter(|&arena| self.arenas[arena].holds_rows());
            let pending = self.pending.iter().any(|row| self.arenas[row.arena].table().is_same_table(M::table()));
            if arena.is_some() || pending {
                let model = M::table().model;
                let message = format!(
                    "the server does not tell which rows a merge changed, and the session holds objects of `{model}`: run it by an engine, or `clear` the session before it"
                );
                return Err(Error::invalid(message).with_model(model));
            }
        }
        refuse_writes(&write.compile_with(self.engine.filters())?)
    }

    fn follow(&mut self, arena: usize, write: &Write, columns: &[usize], rows: &[Returned]) -> Result<()> {
        let table = self.arenas[arena].table();
        if let Write::BulkUpdate(BulkUpdate { before: Some(_), .. }) = write {
            return self.move_keys(arena, columns, rows);
        }
        let mut gone = Set::default();
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
        let cells: Vec<_> = values.into_iter().map(|(column, raw)| (column, raw.as_deref())).collect();
        self.arenas[row.arena].store(row.slot, &cells)
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
            let set: Vec<usize> = update.set.iter().filter_map(|(column, _)| table.column_index(column.name)).collect();
            let moves = set.iter().any(|column| table.primary_key.contains(column));
            let mut columns = changed_by_update(table, set);
            if moves {
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
        Write::Insert(insert) => {
            let Some(Conflict { action: ConflictAction::Update { set, .. }, .. }) = &insert.conflict else {
                return Vec::new();
            };
            let set = set.iter().filter_map(|(column, _)| insert.table.column_index(column.name)).collect();
            insert.returning = changed_by_update(insert.table, set);
            insert.returning.clone()
        }
        _ => Vec::new(),
    }
}

/// The key, and the columns that an update of these columns changes.
fn changed_by_update(table: &TableDef, set: Vec<usize>) -> Vec<usize> {
    let touched = table.touched_by_update(|column| set.contains(&column));
    let set: Vec<usize> = set.into_iter().chain(touched).collect();
    // A generated column may be made of one that was set.
    let made = table.made_by_write(|column| set.contains(&column));
    let mut columns = table.primary_key.to_vec();
    columns.extend(set.into_iter().chain(made).filter(|column| !table.primary_key.contains(column)));
    columns
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
