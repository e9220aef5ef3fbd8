//! Which rows go first because they have a unique value that another row of the flush takes. Pure, a part of the plan.
//!
//! The server looks at a unique constraint row by row, also within one statement. So what frees a value goes before what
//! takes it: a delete or an update before the inserts, and an update in a statement before that of another.

use super::followers;
use super::work::{KeySource, UpdateOp, Work};
use crate::hash::{Map, Set, ValueMap, ValueSet};
use crate::schema::{Dump, TableDef, positions};

/// The values of a unique constraint's columns, if none of them is NULL.
type Values<'w> = Vec<&'w [u8]>;

/// The deletes that go before the inserts. Only where nothing that is changed or deleted may still point to the row.
pub(super) fn early_deletes(work: &Work) -> Set<usize> {
    let mut early = Set::default();
    for table in tables(work.deletes.iter().map(|op| op.table)) {
        if is_pointed_to(work, table) {
            continue;
        }
        for columns in unique_columns(table) {
            let mut taken = taken_by_inserts(work, table, &columns);
            let updates = work.updates.iter().filter(|op| std::ptr::eq(op.table, table));
            taken.extend(updates.filter_map(|op| new_values(&columns, &op.dump, &op.keys)));
            if taken.is_empty() {
                continue;
            }
            let own = work.deletes.iter().enumerate().filter(|(_, op)| std::ptr::eq(op.table, table));
            let frees = |stored| held_values(&columns, stored).is_some_and(|values| taken.contains(&values));
            early.extend(own.filter(|(_, op)| frees(&op.stored)).map(|(index, _)| index));
        }
    }
    early
}

/// The updates that go before the inserts: what frees a value, or makes a key that is pointed to. Only where they need
/// nothing that is inserted.
pub(super) fn early_updates(work: &Work) -> Set<usize> {
    let mut early = Set::default();
    for table in tables(work.inserts.iter().map(|op| op.table)) {
        for columns in unique_columns(table) {
            let own = || work.updates.iter().enumerate().filter(|(_, op)| std::ptr::eq(op.table, table));
            let mut leaving = own().filter(|(_, op)| changes(op, &columns)).peekable();
            if leaving.peek().is_none() {
                continue;
            }
            let taken = taken_by_inserts(work, table, &columns);
            let frees = |op: &UpdateOp| held_values(&columns, &op.stored).is_some_and(|held| taken.contains(&held));
            let free = leaving.filter(|(_, op)| frees(op) && !needs_inserts(work, op));
            early.extend(free.map(|(index, _)| index));
        }
    }
    let named = followers::named_by_inserts(work).into_iter();
    early.extend(named.filter(|&index| !needs_inserts(work, &work.updates[index])));
    with_those_before(work, early)
}

/// Adds the updates that have the values which these take, and so on.
fn with_those_before(work: &Work, mut early: Set<usize>) -> Set<usize> {
    let mut open: Vec<usize> = early.iter().copied().collect();
    for table in tables(open.iter().map(|&index| work.updates[index].table)) {
        let own = (0..work.updates.len()).filter(|&index| std::ptr::eq(work.updates[index].table, table));
        let waits = waits(work, &own.collect::<Vec<_>>());
        while let Some(holders) = open.pop().map(|index| waits.get(&index)) {
            let free = holders.into_iter().flatten().filter(|&&holder| !needs_inserts(work, &work.updates[holder]));
            open.extend(free.copied().filter(|&holder| early.insert(holder)));
        }
        open = early.iter().copied().collect();
    }
    early
}

/// Puts updates of one table in levels, so that a value is free when it is taken. Rows that take each other's values in a
/// circle stay together: the server decides.
pub(super) fn update_levels(work: &Work, rows: Vec<usize>) -> Vec<Vec<usize>> {
    let waits = waits(work, &rows);
    if waits.is_empty() {
        return vec![rows];
    }
    let mut left = rows;
    let mut done: Set<usize> = Set::default();
    let mut levels = Vec::new();
    while !left.is_empty() {
        let is_free = |row: &usize| waits.get(row).is_none_or(|others| others.iter().all(|other| done.contains(other)));
        let (free, waiting): (Vec<usize>, Vec<usize>) = left.iter().partition(|row| is_free(row));
        let (level, rest) = if free.is_empty() { (waiting, Vec::new()) } else { (free, waiting) };
        done.extend(&level);
        levels.push(level);
        left = rest;
    }
    levels
}

/// For each update that takes a value, those that have it.
fn waits(work: &Work, rows: &[usize]) -> Map<usize, Vec<usize>> {
    let mut waits: Map<usize, Vec<usize>> = Map::default();
    let Some(&first) = rows.first() else { return waits };
    for columns in unique_columns(work.updates[first].table) {
        let moving = || rows.iter().copied().filter(|&row| changes(&work.updates[row], &columns));
        let held = moving().filter_map(|row| held_values(&columns, &work.updates[row].stored).map(|held| (held, row)));
        let holders: ValueMap<Values<'_>, usize> = held.collect();
        for row in moving() {
            let op = &work.updates[row];
            let taken = new_values(&columns, &op.dump, &op.keys);
            if let Some(&holder) = taken.and_then(|values| holders.get(&values))
                && holder != row
            {
                waits.entry(row).or_default().push(holder);
            }
        }
    }
    waits
}

fn tables(all: impl Iterator<Item = &'static TableDef>) -> Vec<&'static TableDef> {
    let mut tables: Vec<&'static TableDef> = Vec::new();
    for table in all {
        if !tables.iter().any(|other| std::ptr::eq(*other, table)) {
            tables.push(table);
        }
    }
    tables
}

fn is_pointed_to(work: &Work, table: &'static TableDef) -> bool {
    let mut written = work.updates.iter().map(|op| op.table).chain(work.deletes.iter().map(|op| op.table));
    written.any(|from| from.foreign_keys.iter().any(|key| table.is_same_table((key.target)())))
}

/// Whether an update writes a key that may be that of a row which is inserted.
fn needs_inserts(work: &Work, op: &UpdateOp) -> bool {
    op.table.foreign_keys.iter().any(|key| {
        let target = (key.target)();
        let needs = |column: &usize| match op.keys.iter().find(|(other, _)| other == column) {
            Some((_, KeySource::Of(..))) => true,
            Some((_, KeySource::Null | KeySource::Known(_))) => false,
            None => op.dump.raw(*column).is_some() && work.inserts.iter().any(|op| op.table.is_same_table(target)),
        };
        positions(op.table, key.columns).iter().any(|column| op.changed.contains(column) && needs(column))
    })
}

/// The columns of the primary key, and of each unique constraint and unique index.
fn unique_columns(table: &'static TableDef) -> impl Iterator<Item = Vec<usize>> {
    let indexes = table.indexes.iter().filter(|index| index.unique).map(|index| index.columns);
    let uniques = table.uniques.iter().map(|unique| unique.columns).chain(indexes);
    std::iter::once(table.primary_key.to_vec()).chain(uniques.map(|names| positions(table, names)))
}

fn changes(op: &UpdateOp, columns: &[usize]) -> bool {
    columns.iter().any(|column| op.changed.contains(column))
}

fn taken_by_inserts<'w>(work: &'w Work, table: &'static TableDef, columns: &[usize]) -> ValueSet<Values<'w>> {
    let inserts = work.inserts.iter().filter(|op| std::ptr::eq(op.table, table));
    inserts.filter_map(|op| new_values(columns, &op.dump, &op.keys)).collect()
}

fn held_values<'w>(columns: &[usize], stored: &'w Dump) -> Option<Values<'w>> {
    columns.iter().map(|&column| stored.raw(column)).collect()
}

/// What a row will have. A key that the server makes in this flush is nobody's yet.
pub(super) fn new_values<'w>(columns: &[usize], dump: &'w Dump, keys: &'w [(usize, KeySource)]) -> Option<Values<'w>> {
    let value = |&column: &usize| match keys.iter().find(|(other, _)| *other == column) {
        Some((_, KeySource::Known(raw))) => Some(&**raw),
        Some((_, KeySource::Null | KeySource::Of(..))) => None,
        None => dump.raw(column),
    };
    columns.iter().map(value).collect()
}
