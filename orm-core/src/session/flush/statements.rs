//! The steps of a plan as statements, each with what its answer is expected to be.
//!
//! One row is a plain statement; several of one shape are one statement that takes an array a column.

use std::borrow::Cow;
use std::slice;

use super::super::inner::Row;
use super::children;
use super::followers;
use super::keys::{Keys, next_version};
use super::work::{DeleteOp, LinkOp, UpdateOp, Work};
pub(in crate::session) use crate::compile::input;
pub(super) use crate::compile::input_array as array;
use crate::compile::{Write, single};
use crate::error::Result;
use crate::schema::{Dump, RelationDef, TableDef};
use crate::sql::{ArrayInsert, ArrayUpdate, Input, InsertRow, KeyedDelete, KeyedUpdate, LinkWrite, TakeKeys};
use crate::types::is_integer;

/// A statement, and what to make of its answer.
pub(super) struct Outgoing {
    pub(super) write: Write,
    pub(super) expect: Expect,
}

/// More rows than this are deleted without their number being told: a round trip would cost less than telling it.
const TOLD: u64 = 1_000;

impl Outgoing {
    /// Whether the statement has done nothing if its answer is not what is expected. One over many rows may have met some
    /// of them; and what comes back has to be read, which may fail, but for keys that are numbers.
    pub(super) fn is_whole_or_nothing(&self) -> bool {
        let is_whole = matches!(self.write, Write::Whole(..));
        match &self.expect {
            Expect::Made { table, rows, columns } => rows.len() == 1 && are_numbers(table, columns),
            Expect::Keys { .. } => is_whole,
            Expect::Inserted { rows, .. } | Expect::Counted(rows) => is_whole || *rows == 1,
            Expect::UpdatedOne { columns, .. } => columns.is_empty() && !self.takes_others(),
            Expect::CountedUpdates(_) => is_whole,
            Expect::Deleted { deletes, columns } => deletes.len() == 1 && columns.is_empty(),
            Expect::Nothing => true,
            Expect::Updated { .. }
            | Expect::Filled { .. }
            | Expect::Tree { .. }
            | Expect::Children { .. }
            | Expect::NoneLeft { .. } => false,
        }
    }

    /// Whether the answer may be that something is wrong: then the transaction is not to be committed before it is seen.
    pub(super) fn needs_check(&self) -> bool {
        !matches!(self.expect, Expect::Nothing) && !matches!(self.write, Write::Whole(..))
    }

    /// How many rows the statement has to write, if it can be made to fail where it does not, and what comes back can be
    /// read without fail.
    fn whole(&self) -> Option<u64> {
        match &self.expect {
            Expect::Made { table, columns, .. } if are_numbers(table, columns) => Some(1),
            Expect::Keys { rows, .. } => Some(rows.len() as u64),
            Expect::Inserted { rows, .. } => Some(*rows),
            Expect::UpdatedOne { columns, .. } if columns.is_empty() && !self.takes_others() => Some(1),
            Expect::Filled { columns, .. } if columns.is_empty() => Some(1),
            Expect::CountedUpdates(updates) => Some(updates.len() as u64),
            Expect::Counted(rows) if *rows <= TOLD => Some(*rows),
            _ => None,
        }
    }

    /// Whether rows of other tables are updated with the one.
    fn takes_others(&self) -> bool {
        matches!(&self.write, Write::KeyedUpdate(update) if !update.followers.is_empty())
    }
}

/// Has statements fail that would write fewer rows than they should, if that can be had of all of them: then none of their
/// answers is to be looked at before the transaction is committed. Tells whether it can.
pub(super) fn make_whole(wave: &mut [Outgoing]) -> bool {
    let is_possible = wave.iter().all(|outgoing| !outgoing.needs_check() || outgoing.whole().is_some());
    for outgoing in wave.iter_mut().filter(|outgoing| is_possible && outgoing.needs_check()) {
        let Some(rows) = outgoing.whole() else { continue };
        let write = std::mem::replace(&mut outgoing.write, Write::Defer);
        outgoing.write = Write::Whole(Box::new(write), rows as i64);
    }
    is_possible
}

/// Whether these columns are a primary key that is an integer.
fn are_numbers(table: &TableDef, columns: &[usize]) -> bool {
    columns.iter().all(|&column| is_number(table, column))
}

/// Whether a column is a primary key that is an integer.
fn is_number(table: &TableDef, column: usize) -> bool {
    table.primary_key == [column] && is_integer(table.columns[column].ty)
}

/// What a statement's answer is expected to be.
#[derive(Debug)]
pub(super) enum Expect {
    /// A row for each of these new objects, in this order, with these columns.
    Made { table: &'static TableDef, rows: Vec<Row>, columns: Vec<usize> },
    /// A key for each of these new objects, which are an array in this order; beside it those of the rows that were made,
    /// if any were.
    Keys { table: &'static TableDef, rows: Vec<Row>, column: usize, made: bool },
    /// As many rows inserted.
    Inserted { table: &'static TableDef, rows: u64 },
    /// One row affected, with these columns if there are any.
    UpdatedOne { update: usize, columns: Vec<usize> },
    /// The ordinal of each of these, and these columns.
    Updated { updates: Vec<usize>, columns: Vec<usize> },
    /// One row affected, of this new object, with these columns if there are any.
    Filled { insert: usize, columns: Vec<usize> },
    /// As many rows affected as there are of these; which they were is asked for only if they were fewer.
    CountedUpdates(Vec<usize>),
    /// As many rows affected; which they were is asked for only if they were fewer.
    Counted(u64),
    /// The ordinal of each of these, and these columns of those that were marked.
    Deleted { deletes: Vec<usize>, columns: Vec<usize> },
    /// The ordinal of each of these, with the keys of all rows that went with them.
    Tree { table: &'static TableDef, deletes: Vec<usize> },
    /// The keys of the children that were met, with the columns `made`; those of `nullified` are NULL now.
    Children { table: &'static TableDef, nullified: Vec<usize>, made: Vec<usize> },
    /// No row: a child that forbids to mark its parent as deleted.
    NoneLeft { relation: &'static RelationDef },
    /// Nothing that is to be looked at.
    Nothing,
}

impl Expect {
    /// Whether what comes back has to be read, which may fail: all but keys that are numbers.
    pub(super) fn may_fail(&self, work: &Work) -> bool {
        let (table, columns) = match self {
            Self::Made { table, columns, .. } => (*table, columns),
            Self::UpdatedOne { update, columns } => (work.updates[*update].table, columns),
            Self::Updated { updates, columns } => (work.updates[updates[0]].table, columns),
            Self::Filled { insert, columns } => (work.inserts[*insert].table, columns),
            Self::Deleted { deletes, columns } => (work.deletes[deletes[0]].table, columns),
            Self::Tree { .. } | Self::Children { .. } => return true,
            Self::Keys { .. }
            | Self::Inserted { .. }
            | Self::CountedUpdates(_)
            | Self::Counted(_)
            | Self::NoneLeft { .. }
            | Self::Nothing => return false,
        };
        !are_numbers(table, columns)
    }

    /// The columns of new objects that come back.
    pub(super) fn made(&self) -> impl Iterator<Item = (Row, usize)> {
        let (rows, columns): (&[Row], &[usize]) = match self {
            Self::Made { rows, columns, .. } => (rows, columns),
            Self::Keys { rows, column, .. } => (rows, slice::from_ref(column)),
            _ => (&[], &[]),
        };
        rows.iter().flat_map(|&row| columns.iter().map(move |&column| (row, column)))
    }
}

/// Takes keys for new objects from their sequence, ahead of the insert.
pub(super) fn take_keys(work: &Work, inserts: &[usize], column: usize) -> Outgoing {
    let table = work.inserts[inserts[0]].table;
    let rows: Vec<Row> = inserts.iter().map(|&insert| work.inserts[insert].row).collect();
    let keys = TakeKeys { table, column, count: rows.len() as i64 };
    let expect = match keys.key_array().is_some() {
        true => Expect::Keys { table, rows, column, made: false },
        false => Expect::Made { table, rows, columns: vec![column] },
    };
    Outgoing { write: Write::TakeKeys(keys), expect }
}

/// Has foreign keys that may be deferred checked at the end of the transaction.
pub(super) fn defer() -> Outgoing {
    Outgoing { write: Write::Defer, expect: Expect::Nothing }
}

pub(super) fn insert(work: &Work, keys: &Keys<'_>, inserts: &[usize]) -> Result<Vec<Outgoing>> {
    let table = work.inserts[inserts[0]].table;
    let sent = |column: &usize| inserts.iter().any(|&insert| is_sent(work, keys, insert, *column));
    if inserts.len() == 1 || !(0..table.columns.len()).any(|c| sent(&c)) {
        return Ok(inserts.iter().map(|&insert| insert_one(work, keys, insert)).collect());
    }
    let columns: Vec<usize> = (0..table.columns.len()).filter(sent).collect();
    let returning = returned(work, keys, inserts);
    let arrays = columns
        .iter()
        .map(|&column| input(table, column, inserts.iter().map(|&insert| keys.first_cell(insert, column))))
        .collect::<Result<_>>()?;
    let rows = inserts.iter().map(|&insert| work.inserts[insert].row).collect();
    let insert = ArrayInsert { table, columns, arrays, returning: returning.clone() };
    let expect = match insert.key_array() {
        Some((column, _)) => Expect::Keys { table, rows, column, made: true },
        None => made(table, rows, returning),
    };
    Ok(vec![Outgoing { write: Write::ArrayInsert(insert), expect }])
}

fn insert_one(work: &Work, keys: &Keys<'_>, insert: usize) -> Outgoing {
    let op = &work.inserts[insert];
    let table = op.table;
    let columns: Vec<usize> = (0..table.columns.len()).filter(|&column| is_sent(work, keys, insert, column)).collect();
    let values = columns.iter().map(|&c| single(table, c, keys.first_cell(insert, c).as_deref())).collect();
    let returning = returned(work, keys, &[insert]);
    let write = Write::InsertRow(InsertRow { table, columns, values, returning: returning.clone() });
    Outgoing { write, expect: made(table, vec![op.row], returning) }
}

fn made(table: &'static TableDef, rows: Vec<Row>, columns: Vec<usize>) -> Expect {
    match columns.is_empty() {
        true => Expect::Inserted { table, rows: rows.len() as u64 },
        false => Expect::Made { table, rows, columns },
    }
}

/// Whether a column of a new object is sent: not one that the server is to make.
fn is_sent(work: &Work, keys: &Keys<'_>, insert: usize, column: usize) -> bool {
    let def = &work.inserts[insert].table.columns[column];
    def.generated.is_none() && (!def.auto || keys.insert_cell(insert, column).is_some())
}

/// The columns that the server makes for some of these rows, or a trigger may have set.
fn returned(work: &Work, keys: &Keys<'_>, inserts: &[usize]) -> Vec<usize> {
    let table = work.inserts[inserts[0]].table;
    (0..table.columns.len())
        .filter(|&column| {
            table.columns[column].trigger || inserts.iter().any(|&insert| !is_sent(work, keys, insert, column))
        })
        .collect()
}

pub(super) fn fill(work: &Work, keys: &Keys<'_>, insert: usize, columns: &[usize]) -> Outgoing {
    let table = work.inserts[insert].table;
    let value = |&column: &usize| single(table, column, keys.insert_cell(insert, column).as_deref());
    let returning = table.made_by_write(|_| false);
    let write = Write::KeyedUpdate(KeyedUpdate {
        table,
        columns: columns.to_vec(),
        values: columns.iter().map(value).collect(),
        keys: table.primary_key.to_vec(),
        key_values: table.primary_key.iter().map(value).collect(),
        set: Vec::new(),
        // It belongs to the insert.
        touched: Vec::new(),
        returning: returning.clone(),
        followers: Vec::new(),
    });
    Outgoing { write, expect: Expect::Filled { insert, columns: returning } }
}

/// Several are counted where that is enough, if `counted` says that they may be.
pub(super) fn update(work: &Work, keys: &Keys<'_>, updates: &[usize], counted: bool) -> Result<Vec<Outgoing>> {
    let shape = UpdateShape::of(&work.updates[updates[0]]);
    if let [update] = *updates {
        return Ok(vec![update_one(work, keys, &shape, update)]);
    }
    let is_counted = counted && shape.returning.is_empty();
    let ops = || updates.iter().map(|&update| &work.updates[update]);
    let new = |&column: &usize| input(shape.table, column, ops().map(|op| keys.update_cell(op, column)));
    let old = |&column: &usize| input(shape.table, column, ops().map(|op| keys.stored(op.table, &op.stored, column)));
    let write = Write::ArrayUpdate(ArrayUpdate {
        table: shape.table,
        arrays: shape.columns.iter().map(new).collect::<Result<_>>()?,
        key_arrays: shape.keys.iter().map(old).collect::<Result<_>>()?,
        columns: shape.columns,
        keys: shape.keys,
        touched: shape.touched,
        returning: shape.returning.clone(),
        ordinals: !is_counted,
    });
    let expect = match is_counted {
        true => Expect::CountedUpdates(updates.to_vec()),
        false => Expect::Updated { updates: updates.to_vec(), columns: shape.returning },
    };
    Ok(vec![Outgoing { write, expect }])
}

fn update_one(work: &Work, keys: &Keys<'_>, shape: &UpdateShape, update: usize) -> Outgoing {
    let op = &work.updates[update];
    let table = shape.table;
    let set = op.set.iter().map(|(column, _)| *column).filter(|column| !shape.returning.contains(column));
    let returning: Vec<usize> = shape.returning.iter().copied().chain(set).collect();
    let write = Write::KeyedUpdate(KeyedUpdate {
        table,
        columns: shape.columns.clone(),
        values: shape.columns.iter().map(|&c| single(table, c, keys.update_cell(op, c).as_deref())).collect(),
        keys: shape.keys.clone(),
        key_values: shape
            .keys
            .iter()
            .map(|&c| single(table, c, keys.stored(table, &op.stored, c).as_deref()))
            .collect(),
        set: op.set.clone(),
        touched: shape.touched.clone(),
        returning: returning.clone(),
        followers: followers::statements(op, keys),
    });
    Outgoing { write, expect: Expect::UpdatedOne { update, columns: returning } }
}

/// What the updates of one statement have in common.
struct UpdateShape {
    table: &'static TableDef,
    columns: Vec<usize>,
    keys: Vec<usize>,
    /// Columns that every update sets, and this change does not.
    touched: Vec<usize>,
    returning: Vec<usize>,
}

impl UpdateShape {
    fn of(op: &UpdateOp) -> Self {
        let table = op.table;
        let version = table.version_column();
        let mut columns = op.changed.to_vec();
        columns.extend(version.filter(|version| !op.changed.contains(version)));
        let keys = table.primary_key.iter().copied().chain(version).collect();
        let touched = op.touched();
        let made = table.made_by_write(|_| false);
        let comes_back = |column: &usize| made.contains(column) || touched.contains(column);
        let returning = (0..table.columns.len()).filter(comes_back).collect();
        Self { table, columns, keys, touched, returning }
    }
}

pub(super) fn link(work: &Work, keys: &Keys<'_>, links: &[usize]) -> Result<Outgoing> {
    let ops: Vec<_> = links.iter().map(|&link| &work.links[link]).collect();
    let first = ops[0];
    let mut arrays = Vec::new();
    let mut types = Vec::new();
    for (end, (table, columns)) in first.ends.iter().enumerate() {
        for (part, &column) in columns.iter().enumerate() {
            // A link that was said from the other side has its ends the other way round.
            let is_local = |op: &&LinkOp| (op.link.local == first.link.local) == (end == 0);
            let sources = ops.iter().map(|op| if is_local(op) { &op.local[part] } else { &op.remote[part] });
            arrays.push(array(table, column, sources.map(|source| keys.resolve(source)))?);
            types.push(&table.columns[column]);
        }
    }
    let write = Write::Link(LinkWrite { link: first.link, insert: first.insert, arrays, types });
    Ok(Outgoing { write, expect: Expect::Nothing })
}

/// They are counted where that is enough, if `counted` says that they may be.
pub(super) fn delete(work: &Work, keys: &Keys<'_>, deletes: &[usize], counted: bool) -> Result<Outgoing> {
    let ops: Vec<_> = deletes.iter().map(|&delete| &work.deletes[delete]).collect();
    let table = ops[0].table;
    if ops[0].is_mark {
        return mark(table, keys, &ops, deletes);
    }
    let columns: Vec<usize> = table.primary_key.iter().copied().chain(table.version_column()).collect();
    let key_arrays = columns.iter().map(|&column| stored(table, keys, &ops, column)).collect::<Result<_>>()?;
    let (branches, deletes) = (children::branches(table), deletes.to_vec());
    let is_counted = counted && branches.is_empty();
    let expect = match branches.is_empty() {
        true if is_counted => Expect::Counted(deletes.len() as u64),
        true => Expect::Deleted { deletes, columns: Vec::new() },
        false => Expect::Tree { table, deletes },
    };
    let write = KeyedDelete { table, keys: columns, key_arrays, branches, ordinals: !is_counted };
    Ok(Outgoing { write: Write::KeyedDelete(write), expect })
}

/// A column of rows that are to be deleted, as it is now.
fn stored(table: &'static TableDef, keys: &Keys<'_>, ops: &[&DeleteOp], column: usize) -> Result<Input> {
    input(table, column, ops.iter().map(|op| keys.stored(table, &op.stored, column)))
}

/// Marks rows as deleted, where the model says so.
fn mark(table: &'static TableDef, keys: &Keys<'_>, ops: &[&DeleteOp], deletes: &[usize]) -> Result<Outgoing> {
    let version = table.version_column();
    let columns: Vec<usize> = table.primary_key.iter().copied().chain(version).collect();
    let next = |column: &usize| {
        input(table, *column, ops.iter().map(|op| op.stored.raw(*column).map(|raw| Cow::Owned(next_version(raw)))))
    };
    let returning = table.changed_by_mark();
    let write = Write::ArrayUpdate(ArrayUpdate {
        table,
        columns: version.into_iter().collect(),
        arrays: version.iter().map(next).collect::<Result<_>>()?,
        key_arrays: columns.iter().map(|&column| stored(table, keys, ops, column)).collect::<Result<_>>()?,
        keys: columns,
        touched: table.touched_by_mark(),
        returning: returning.clone(),
        ordinals: true,
    });
    Ok(Outgoing { write, expect: Expect::Deleted { deletes: deletes.to_vec(), columns: returning } })
}

/// Sets columns of rows that are to be deleted to NULL.
pub(super) fn unlink(work: &Work, keys: &Keys<'_>, deletes: &[usize], columns: &[usize]) -> Result<Outgoing> {
    let ops: Vec<_> = deletes.iter().map(|&delete| &work.deletes[delete]).collect();
    let table = ops[0].table;
    let none = |&column: &usize| input(table, column, ops.iter().map(|_| None));
    let key = |&column: &usize| stored(table, keys, &ops, column);
    let write = Write::ArrayUpdate(ArrayUpdate {
        table,
        columns: columns.to_vec(),
        arrays: columns.iter().map(none).collect::<Result<_>>()?,
        keys: table.primary_key.to_vec(),
        key_arrays: table.primary_key.iter().map(key).collect::<Result<_>>()?,
        touched: Vec::new(),
        returning: Vec::new(),
        ordinals: true,
    });
    Ok(Outgoing { write, expect: Expect::Nothing })
}

/// The version that a row has after an update.
pub(super) fn stored_version(op: &UpdateOp) -> Option<(usize, &[u8])> {
    let column = op.table.version_column()?;
    op.stored.raw(column).map(|raw| (column, raw))
}

/// The key of a row, for a message.
pub(super) fn shown_key(table: &TableDef, stored: &Dump) -> String {
    let parts: Vec<String> =
        table.primary_key.iter().map(|&column| shown(table.columns[column].ty.name(), stored.raw(column))).collect();
    parts.join(", ")
}

/// The key of a row as text, if all of it is numbers, texts and UUIDs.
pub(in crate::session) fn key_text(table: &TableDef, dump: &Dump) -> Option<String> {
    let part = |&column: &usize| {
        let (ty, raw) = (table.columns[column].ty.name(), dump.raw(column)?);
        match (ty, shown(ty, Some(raw))) {
            ("text" | "varchar" | "bpchar", _) => String::from_utf8(raw.to_vec()).ok(),
            ("uuid", _) => Some(uuid_text(raw)),
            (_, text) => Some(text).filter(|text| text != UNKNOWN),
        }
    };
    let parts = table.primary_key.iter().map(part).collect::<Option<Vec<String>>>()?;
    Some(parts.join(","))
}

fn uuid_text(raw: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (i, byte) in raw.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Stands for a part of a key that is not shown.
const UNKNOWN: &str = "…";

/// A key that is a number; others may be private.
fn shown(ty: &str, raw: Option<&[u8]>) -> String {
    match (ty, raw) {
        ("int2", Some(&[a, b])) => i16::from_be_bytes([a, b]).to_string(),
        ("int4", Some(&[a, b, c, d])) => i32::from_be_bytes([a, b, c, d]).to_string(),
        ("int8", Some(&[a, b, c, d, e, f, g, h])) => i64::from_be_bytes([a, b, c, d, e, f, g, h]).to_string(),
        _ => UNKNOWN.to_owned(),
    }
}
