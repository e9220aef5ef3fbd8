//! Third phase: the statements are sent, and what the server made comes back.
//!
//! One row is a plain statement; several of one shape are one statement that takes an array a column. What comes back is
//! collected as [`Effects`] and changes no object yet.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::BytesMut;

use super::super::inner::Row;
use super::collect::{InsertOp, KeySource, UpdateOp, Work};
use super::plan::{Plan, Step};
use crate::compile::{Compile, Write};
use crate::engine::{self, Connection};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Dump, TableDef};
use crate::sql::{ArrayInsert, ArrayUpdate, InsertRow, KeyedDelete, KeyedUpdate, LinkWrite};
use crate::types::{ArrayWriter, RowReader, Value};

/// What the flush did to columns of objects, beside writing what was in them.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) stores: Vec<(Row, usize, Option<Box<[u8]>>)>,
}

/// The bytes of some columns, as they came back.
type Columns = Vec<(usize, Option<Box<[u8]>>)>;

struct Emitter<'w> {
    work: &'w Work,
    by_row: HashMap<Row, usize>,
    /// Columns that the server made, of rows that were inserted.
    made: HashMap<(Row, usize), Box<[u8]>>,
    effects: Effects,
}

pub(super) async fn emit(connection: &mut Connection, work: &Work, plan: &Plan) -> Result<Effects> {
    let by_row = work.inserts.iter().enumerate().map(|(index, op)| (op.row, index)).collect();
    let mut emitter = Emitter { work, by_row, made: HashMap::new(), effects: Effects::default() };
    for step in &plan.steps {
        match step {
            Step::Insert { rows } => emitter.insert(connection, rows).await?,
            Step::Fill { insert, columns } => emitter.fill(connection, *insert, columns).await?,
            Step::Update { rows } => emitter.update(connection, rows).await?,
            Step::Link { rows } => emitter.link(connection, rows).await?,
            Step::Delete { rows } => emitter.delete(connection, rows).await?,
        }
    }
    emitter.note_keys();
    Ok(emitter.effects)
}

impl<'w> Emitter<'w> {
    /// A key's value, now. One of a row that is not inserted yet is NULL, which a later step fills in.
    fn resolve(&self, source: &'w KeySource) -> Option<Cow<'w, [u8]>> {
        match source {
            KeySource::Null => None,
            KeySource::Known(raw) => Some(Cow::Borrowed(raw)),
            KeySource::Of(row, column) => {
                if let Some(raw) = self.made.get(&(*row, *column)) {
                    return Some(Cow::Owned(raw.to_vec()));
                }
                let op = &self.work.inserts[*self.by_row.get(row)?];
                self.cell(&op.dump, &op.keys, *column)
            }
        }
    }

    fn cell(&self, dump: &'w Dump, keys: &'w [(usize, KeySource)], column: usize) -> Option<Cow<'w, [u8]>> {
        match keys.iter().find(|(other, _)| *other == column) {
            Some((_, source)) => self.resolve(source),
            None => dump.raw(column).map(Cow::Borrowed),
        }
    }

    async fn insert(&mut self, connection: &mut Connection, rows: &[usize]) -> Result<()> {
        let work = self.work;
        let ops: Vec<&InsertOp> = rows.iter().map(|&row| &work.inserts[row]).collect();
        let table = ops[0].table;
        let returning = made_by_server(table, &ops);
        if ops.len() > 1 && !has_arrays(table, 0..table.columns.len()) {
            return self.insert_many(connection, table, &ops, returning).await;
        }
        for op in ops {
            self.insert_one(connection, op).await?;
        }
        Ok(())
    }

    async fn insert_one(&mut self, connection: &mut Connection, op: &'w InsertOp) -> Result<()> {
        let table = op.table;
        let returning = made_by_server(table, &[op]);
        let columns: Vec<usize> = (0..table.columns.len()).filter(|column| !returning.contains(column)).collect();
        let values = columns.iter().map(|&c| single(table, c, self.cell(&op.dump, &op.keys, c).as_deref())).collect();
        let statement = Write::InsertRow(InsertRow { table, columns, values, returning: returning.clone() });
        let rows = engine::fetch(connection, &statement.compile()?, |row| read_columns(row, &returning, 0)).await;
        if returning.is_empty() {
            return rows.map(drop);
        }
        let row = rows?.pop().ok_or_else(|| left_out(table))?;
        self.keep(op.row, row);
        Ok(())
    }

    async fn insert_many(
        &mut self,
        connection: &mut Connection,
        table: &'static TableDef,
        ops: &[&'w InsertOp],
        returning: Vec<usize>,
    ) -> Result<()> {
        // A column that the server makes for all rows is left out; one that it makes for some is sent with NULL for them.
        let sent = |column: &usize| {
            table.columns[*column].generated.is_none()
                && !(table.columns[*column].auto && ops.iter().all(|op| op.dump.raw(*column).is_none()))
        };
        let columns: Vec<usize> = (0..table.columns.len()).filter(sent).collect();
        if columns.is_empty() {
            for op in ops {
                self.insert_one(connection, op).await?;
            }
            return Ok(());
        }
        let arrays = columns
            .iter()
            .map(|&column| {
                array(table, column, ops.len(), ops.iter().map(|op| self.cell(&op.dump, &op.keys, column)))
            })
            .collect::<Result<_>>()?;
        let statement = Write::ArrayInsert(ArrayInsert { table, columns, arrays, returning: returning.clone() });
        let compiled = statement.compile()?;
        if returning.is_empty() {
            return engine::execute(connection, &compiled).await.map(drop);
        }
        let rows = engine::fetch(connection, &compiled, |row| read_columns(row, &returning, 0)).await?;
        if rows.len() != ops.len() {
            return Err(left_out(table));
        }
        for (op, row) in ops.iter().zip(rows) {
            self.keep(op.row, row);
        }
        Ok(())
    }

    fn keep(&mut self, row: Row, columns: Columns) {
        for (column, raw) in columns {
            if let Some(raw) = &raw {
                self.made.insert((row, column), raw.clone());
            }
            self.effects.stores.push((row, column, raw));
        }
    }

    /// The keys that relationships gave go into the objects' own columns.
    fn note_keys(&mut self) {
        let work = self.work;
        let inserted = work.inserts.iter().map(|op| (op.row, &op.keys));
        for (row, keys) in inserted.chain(work.updates.iter().map(|op| (op.row, &op.keys))) {
            for (column, source) in keys {
                let raw = self.resolve(source).map(|raw| raw.into_owned().into_boxed_slice());
                self.effects.stores.push((row, *column, raw));
            }
        }
    }

    async fn fill(&mut self, connection: &mut Connection, insert: usize, columns: &[usize]) -> Result<()> {
        let op = &self.work.inserts[insert];
        let table = op.table;
        let value = |column: usize| {
            let made = self.made.get(&(op.row, column)).map(|raw| Cow::Borrowed(&**raw));
            single(table, column, made.or_else(|| self.cell(&op.dump, &op.keys, column)).as_deref())
        };
        let statement = KeyedUpdate {
            table,
            columns: columns.to_vec(),
            values: columns.iter().map(|&column| value(column)).collect(),
            keys: table.primary_key.to_vec(),
            key_values: table.primary_key.iter().map(|&column| value(column)).collect(),
            returning: Vec::new(),
        };
        let affected = engine::execute(connection, &Write::KeyedUpdate(statement).compile()?).await?;
        if affected == 1 { Ok(()) } else { Err(stale(table, &op.dump)) }
    }

    async fn update(&mut self, connection: &mut Connection, rows: &[usize]) -> Result<()> {
        let work = self.work;
        let ops: Vec<&UpdateOp> = rows.iter().map(|&row| &work.updates[row]).collect();
        let shape = UpdateShape::of(ops[0]);
        if ops.len() > 1 && !has_arrays(shape.table, shape.columns.iter().copied()) {
            return self.update_many(connection, &shape, &ops).await;
        }
        for op in ops {
            self.update_one(connection, &shape, op).await?;
        }
        Ok(())
    }

    /// The value that an update sends: the object's, the next version, or that of a relationship.
    fn new_value(&self, op: &'w UpdateOp, column: usize) -> Option<Cow<'w, [u8]>> {
        if op.table.columns[column].version {
            return op.stored.raw(column).map(|raw| Cow::Owned(next_version(raw)));
        }
        self.cell(&op.dump, &op.keys, column)
    }

    async fn update_one(&mut self, connection: &mut Connection, shape: &UpdateShape, op: &'w UpdateOp) -> Result<()> {
        let UpdateShape { table, columns, keys, returning } = shape;
        let statement = KeyedUpdate {
            table,
            columns: columns.clone(),
            values: columns.iter().map(|&c| single(table, c, self.new_value(op, c).as_deref())).collect(),
            keys: keys.clone(),
            key_values: keys.iter().map(|&c| single(table, c, op.stored.raw(c))).collect(),
            returning: returning.clone(),
        };
        let compiled = Write::KeyedUpdate(statement).compile()?;
        let affected = if returning.is_empty() {
            engine::execute(connection, &compiled).await?
        } else {
            let rows = engine::fetch(connection, &compiled, |row| read_columns(row, returning, 0)).await?;
            let count = rows.len() as u64;
            rows.into_iter().for_each(|columns| self.keep(op.row, columns));
            count
        };
        if affected != 1 {
            return Err(stale(table, &op.stored));
        }
        self.note_version(op);
        Ok(())
    }

    async fn update_many(
        &mut self,
        connection: &mut Connection,
        shape: &UpdateShape,
        ops: &[&'w UpdateOp],
    ) -> Result<()> {
        let UpdateShape { table, columns, keys, returning } = shape;
        let new = |&column: &usize| array(table, column, ops.len(), ops.iter().map(|op| self.new_value(op, column)));
        let old = |&column: &usize| {
            array(table, column, ops.len(), ops.iter().map(|op| op.stored.raw(column).map(Cow::Borrowed)))
        };
        let statement = ArrayUpdate {
            table,
            columns: columns.clone(),
            arrays: columns.iter().map(new).collect::<Result<_>>()?,
            keys: keys.clone(),
            key_arrays: keys.iter().map(old).collect::<Result<_>>()?,
            returning: returning.clone(),
        };
        let compiled = Write::ArrayUpdate(statement).compile()?;
        let rows = engine::fetch(connection, &compiled, |row| {
            let ordinal = row.read::<i64>()?;
            Ok((ordinal, read_columns(row, returning, 1)?))
        })
        .await?;
        check_all_met(table, rows.iter().map(|(ordinal, _)| *ordinal), ops.iter().map(|op| &op.stored))?;
        for (ordinal, columns) in rows {
            self.keep(ops[ordinal as usize - 1].row, columns);
        }
        for op in ops {
            self.note_version(op);
        }
        Ok(())
    }

    fn note_version(&mut self, op: &UpdateOp) {
        if let Some(column) = op.table.version_column() {
            let next = op.stored.raw(column).map(|raw| next_version(raw).into_boxed_slice());
            self.effects.stores.push((op.row, column, next));
        }
    }

    async fn link(&mut self, connection: &mut Connection, rows: &[usize]) -> Result<()> {
        let work = self.work;
        let ops: Vec<_> = rows.iter().map(|&row| &work.links[row]).collect();
        let first = ops[0];
        let mut arrays = Vec::new();
        let mut types = Vec::new();
        for (end, (table, columns)) in first.ends.iter().enumerate() {
            for (part, &column) in columns.iter().enumerate() {
                let sources = ops.iter().map(|op| if end == 0 { &op.local[part] } else { &op.remote[part] });
                arrays.push(array(table, column, ops.len(), sources.map(|source| self.resolve(source)))?);
                types.push(&table.columns[column]);
            }
        }
        let statement = Write::Link(LinkWrite { link: first.link, insert: first.insert, arrays, types });
        engine::execute(connection, &statement.compile()?).await.map(drop)
    }

    async fn delete(&mut self, connection: &mut Connection, rows: &[usize]) -> Result<()> {
        let work = self.work;
        let ops: Vec<_> = rows.iter().map(|&row| &work.deletes[row]).collect();
        let table = ops[0].table;
        let keys: Vec<usize> = table.primary_key.iter().copied().chain(table.version_column()).collect();
        let key_arrays = keys
            .iter()
            .map(|&c| array(table, c, ops.len(), ops.iter().map(|op| op.stored.raw(c).map(Cow::Borrowed))))
            .collect::<Result<_>>()?;
        let statement = Write::KeyedDelete(KeyedDelete { table, keys, key_arrays });
        let met = engine::fetch(connection, &statement.compile()?, |row| row.read::<i64>()).await?;
        check_all_met(table, met.into_iter(), ops.iter().map(|op| &op.stored))
    }
}

/// What the updates of one statement have in common.
struct UpdateShape {
    table: &'static TableDef,
    columns: Vec<usize>,
    keys: Vec<usize>,
    returning: Vec<usize>,
}

impl UpdateShape {
    fn of(op: &UpdateOp) -> Self {
        let table = op.table;
        let version = table.version_column();
        let mut columns = op.changed.clone();
        columns.extend(version.filter(|version| !op.changed.contains(version)));
        let keys = table.primary_key.iter().copied().chain(version).collect();
        let returning = (0..table.columns.len()).filter(|&c| table.columns[c].generated.is_some()).collect();
        Self { table, columns, keys, returning }
    }
}

/// The columns that the server makes for some of these rows.
fn made_by_server(table: &'static TableDef, ops: &[&InsertOp]) -> Vec<usize> {
    let made = |&column: &usize| {
        let def = &table.columns[column];
        let pending = |op: &&InsertOp| {
            op.dump.raw(column).is_none() && !op.keys.iter().any(|(other, _)| *other == column)
        };
        def.generated.is_some() || (def.auto && ops.iter().any(pending))
    };
    (0..table.columns.len()).filter(made).collect()
}

/// Whether one of the columns is an array, which `UNNEST` would take apart.
fn has_arrays(table: &TableDef, columns: impl IntoIterator<Item = usize>) -> bool {
    columns.into_iter().any(|column| table.columns[column].ty.element().is_some())
}

fn single(table: &TableDef, column: usize, raw: Option<&[u8]>) -> Value {
    let column = &table.columns[column];
    let value = Value::from_raw(column.ty, raw);
    if column.sql_type.is_some() { value.undeclared() } else { value }
}

fn array<'a>(
    table: &TableDef,
    column: usize,
    len: usize,
    cells: impl Iterator<Item = Option<Cow<'a, [u8]>>>,
) -> Result<Value> {
    let column = &table.columns[column];
    let mut buffer = BytesMut::new();
    let written = ArrayWriter::begin(&mut buffer, column.ty, len).and_then(|mut array| {
        for cell in cells {
            array.push_raw(cell.as_deref())?;
        }
        array.finish();
        Ok(())
    });
    written.map_err(|reason| crate::compile::refused(table, column, &reason))?;
    let value = Value::array_from_raw(column.ty, &buffer);
    Ok(if column.sql_type.is_some() { value.undeclared() } else { value })
}

fn read_columns(row: &mut RowReader<'_>, columns: &[usize], first: usize) -> Result<Columns> {
    columns
        .iter()
        .enumerate()
        .map(|(i, &column)| row.raw_at(first + i).map(|raw| (column, raw.map(Into::into))))
        .collect()
}

/// Checks that each of the rows that were sent was met, by the ordinals that came back.
fn check_all_met<'a>(
    table: &TableDef,
    ordinals: impl Iterator<Item = i64>,
    rows: impl ExactSizeIterator<Item = &'a Dump>,
) -> Result<()> {
    let mut met = vec![false; rows.len()];
    for ordinal in ordinals {
        if let Some(met) = usize::try_from(ordinal - 1).ok().and_then(|index| met.get_mut(index)) {
            *met = true;
        }
    }
    match met.iter().zip(rows).find(|(met, _)| !**met) {
        Some((_, dump)) => Err(stale(table, dump)),
        None => Ok(()),
    }
}

fn next_version(raw: &[u8]) -> Vec<u8> {
    match *raw {
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).wrapping_add(1).to_be_bytes().to_vec(),
        [a, b, c, d, e, f, g, h] => {
            i64::from_be_bytes([a, b, c, d, e, f, g, h]).wrapping_add(1).to_be_bytes().to_vec()
        }
        _ => raw.to_vec(),
    }
}

fn stale(table: &TableDef, stored: &Dump) -> Error {
    let key: Vec<String> = table.primary_key.iter().map(|&c| shown(table, c, stored.raw(c))).collect();
    let message = format!(
        "the row of `{}` with primary key ({}) has gone or has changed since it was read",
        table.model,
        key.join(", ")
    );
    Error::new(ErrorKind::StaleData, message).with_model(table.model).with_table(table.display_name())
}

/// A key for a message, if it is a number; others may be private.
fn shown(table: &TableDef, column: usize, raw: Option<&[u8]>) -> String {
    match (table.columns[column].ty.name(), raw) {
        ("int2", Some(&[a, b])) => i16::from_be_bytes([a, b]).to_string(),
        ("int4", Some(&[a, b, c, d])) => i32::from_be_bytes([a, b, c, d]).to_string(),
        ("int8", Some(&[a, b, c, d, e, f, g, h])) => i64::from_be_bytes([a, b, c, d, e, f, g, h]).to_string(),
        _ => "…".to_owned(),
    }
}

fn left_out(table: &TableDef) -> Error {
    Error::new(
        ErrorKind::Database,
        format!("the server inserted fewer rows of `{}` than it was sent: a trigger or rule left them out", table.model),
    )
    .with_model(table.model)
}
