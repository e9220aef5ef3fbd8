//! The rows that a statement takes, as one array a column.
//!
//! The flush, upserts and inserts give their cells here; no text is made of them.

use std::borrow::Cow;

use super::refused;
use crate::error::Result;
use crate::schema::{ColumnDef, Dump, TableDef};
use crate::sql::Input;
use crate::types::{EncodeError, GrowingArray, TypeDef, Value, raw_elements};

/// One column of many rows.
pub(crate) fn input<'a>(
    table: &TableDef,
    column: usize,
    cells: impl ExactSizeIterator<Item = Option<Cow<'a, [u8]>>>,
) -> Result<Input> {
    match table.columns[column].ty.element() {
        None => input_array(table, column, cells).map(Input::Plain),
        Some(element) => nested(&table.columns[column], element, cells)
            .map_err(|reason| refused(table, &table.columns[column], &reason)),
    }
}

/// The arrays of many rows as one array of their elements.
fn nested<'a>(
    column: &ColumnDef,
    element: &'static TypeDef,
    cells: impl ExactSizeIterator<Item = Option<Cow<'a, [u8]>>>,
) -> std::result::Result<Input, EncodeError> {
    let cells: Vec<Option<Cow<'a, [u8]>>> = cells.collect();
    let (mut present, mut rows, mut elements) = (Vec::with_capacity(cells.len()), Vec::new(), Vec::new());
    for (cell, row) in cells.iter().zip(1i64..) {
        present.push(cell.is_some());
        let before = elements.len();
        if let Some(raw) = cell {
            raw_elements(raw, &mut elements)?;
        }
        rows.extend((before..elements.len()).map(|_| row));
    }
    let mut array = GrowingArray::of(element);
    elements.into_iter().try_for_each(|raw| array.push_raw(raw))?;
    let elements = column.param(array.finish()?);
    Ok(Input::Nested { present: Value::of(&present), rows: Value::of(&rows), elements })
}

/// One column of many rows as one array.
pub(crate) fn input_array<'a>(
    table: &TableDef,
    column: usize,
    cells: impl ExactSizeIterator<Item = Option<Cow<'a, [u8]>>>,
) -> Result<Value> {
    let column = &table.columns[column];
    let mut array = GrowingArray::with_room(column.ty, cells.len().min(MOST_ROOM));
    let written = cells.into_iter().try_for_each(|cell| array.push_raw(cell.as_deref())).and_then(|()| array.finish());
    written.map(|value| column.param(value)).map_err(|reason| refused(table, column, &reason))
}

/// One value of a column.
pub(crate) fn single(table: &TableDef, column: usize, raw: Option<&[u8]>) -> Value {
    let column = &table.columns[column];
    column.param(Value::from_raw(column.ty, raw))
}

/// Memory is asked for so many rows at once; beyond them it grows.
const MOST_ROOM: usize = 10_000;

/// Columns of many rows that are filled row by row, so that a row is encoded once and kept nowhere else.
#[derive(Debug)]
pub(crate) struct Inputs {
    table: &'static TableDef,
    columns: Vec<Growing>,
    /// How many were added.
    rows: usize,
}

/// A column of them.
#[derive(Debug)]
struct Growing {
    column: usize,
    /// Its place among the cells of a row.
    cell: usize,
    is_given: bool,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Array(GrowingArray),
    /// Arrays are put together when all of them are there.
    Arrays(Vec<Option<Box<[u8]>>>),
}

impl Inputs {
    /// All columns but those that the server computes, of about so many rows.
    pub(crate) fn new(table: &'static TableDef, rows: usize) -> Self {
        let columns = (0..table.columns.len()).map(|column| (column, column));
        Self::growing(table, columns.filter(|(column, _)| table.columns[*column].generated.is_none()), rows)
    }

    /// These columns, whose cells are all that a row has, of about so many rows.
    pub(crate) fn of(table: &'static TableDef, columns: &[usize], rows: usize) -> Self {
        Self::growing(table, columns.iter().copied().enumerate().map(|(cell, column)| (column, cell)), rows)
    }

    /// These columns, each with its place among the cells of a row.
    fn growing(table: &'static TableDef, columns: impl Iterator<Item = (usize, usize)>, rows: usize) -> Self {
        let room = rows.min(MOST_ROOM);
        let columns = columns.map(|(column, cell)| Growing::new(table, column, cell, room)).collect();
        Self { table, columns, rows: 0 }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, dump: &Dump) -> Result<()> {
        self.push_from(dump, 0)
    }

    /// Adds a row whose cells are encoded from this one on.
    pub(crate) fn push_from(&mut self, dump: &Dump, first: usize) -> Result<()> {
        for growing in &mut self.columns {
            growing
                .push(dump.raw(first + growing.cell), self.rows)
                .map_err(|reason| refused(self.table, &self.table.columns[growing.column], &reason))?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The columns that were given, each with its rows. If the server makes all of them, one that it does not compute is
    /// asked for by its name.
    pub(crate) fn finish(self) -> Result<(Vec<usize>, Vec<Input>)> {
        let Self { table, mut columns, rows } = self;
        if !columns.iter().any(|growing| growing.is_given) {
            let may_be_sent = |column: usize| table.columns[column].generated.is_none();
            let named = columns.iter().position(|growing| may_be_sent(growing.column));
            let place = named.unwrap_or_else(|| {
                let any = (0..table.columns.len()).find(|&column| may_be_sent(column));
                columns.extend(any.map(|column| Growing::new(table, column, 0, 0)));
                columns.len().saturating_sub(1)
            });
            let Some(first) = columns.get_mut(place) else { return Ok((Vec::new(), Vec::new())) };
            first.give(rows).map_err(|reason| refused(table, &table.columns[first.column], &reason))?;
        }
        let given = columns.into_iter().filter(|growing| growing.is_given);
        let finished = given.map(|Growing { column, cells, .. }| {
            let input = match cells {
                Cells::Array(array) => {
                    let def = &table.columns[column];
                    Input::Plain(def.param(array.finish().map_err(|reason| refused(table, def, &reason))?))
                }
                Cells::Arrays(cells) => input(table, column, cells.iter().map(|cell| cell.as_deref().map(Into::into)))?,
            };
            Ok((column, input))
        });
        finished.collect::<Result<Vec<_>>>().map(|inputs| inputs.into_iter().unzip())
    }
}

impl Growing {
    fn new(table: &'static TableDef, column: usize, cell: usize, room: usize) -> Self {
        let def = &table.columns[column];
        let cells = match def.ty.element() {
            None if def.auto => Cells::Array(GrowingArray::of(def.ty)),
            None => Cells::Array(GrowingArray::with_room(def.ty, room)),
            Some(_) => Cells::Arrays(Vec::new()),
        };
        Self { column, cell, is_given: !def.auto, cells }
    }

    /// Adds the cell of a row, which comes after so many others. A column that no row gives needs no cells.
    fn push(&mut self, raw: Option<&[u8]>, rows: usize) -> std::result::Result<(), EncodeError> {
        if !self.is_given {
            if raw.is_none() {
                return Ok(());
            }
            self.give(rows)?;
        }
        self.cells.push(raw)
    }

    /// Is given from here on: the rows so far have left it to the server.
    fn give(&mut self, rows: usize) -> std::result::Result<(), EncodeError> {
        self.is_given = true;
        (0..rows).try_for_each(|_| self.cells.push(None))
    }
}

impl Cells {
    fn push(&mut self, raw: Option<&[u8]>) -> std::result::Result<(), EncodeError> {
        match self {
            Self::Array(array) => array.push_raw(raw)?,
            Self::Arrays(cells) => cells.push(raw.map(Into::into)),
        }
        Ok(())
    }
}
