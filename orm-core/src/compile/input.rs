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
    let mut array = GrowingArray::of(column.ty);
    let written = cells.into_iter().try_for_each(|cell| array.push_raw(cell.as_deref())).and_then(|()| array.finish());
    written.map(|value| column.param(value)).map_err(|reason| refused(table, column, &reason))
}

/// One value of a column.
pub(crate) fn single(table: &TableDef, column: usize, raw: Option<&[u8]>) -> Value {
    let column = &table.columns[column];
    column.param(Value::from_raw(column.ty, raw))
}

/// Columns of many rows that are filled row by row, so that a row is encoded once and kept nowhere else.
#[derive(Debug)]
pub(crate) struct Inputs {
    table: &'static TableDef,
    columns: Vec<Growing>,
}

/// A column of them.
#[derive(Debug)]
struct Growing {
    column: usize,
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
    /// All columns but those that the server computes.
    pub(crate) fn new(table: &'static TableDef) -> Self {
        let columns = table.columns.iter().enumerate().filter(|(_, column)| column.generated.is_none());
        let growing = |(column, def): (usize, &'static ColumnDef)| {
            let cells = match def.ty.element() {
                None => Cells::Array(GrowingArray::of(def.ty)),
                Some(_) => Cells::Arrays(Vec::new()),
            };
            Growing { column, is_given: !def.auto, cells }
        };
        Self { table, columns: columns.map(growing).collect() }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, dump: &Dump) -> Result<()> {
        for growing in &mut self.columns {
            let raw = dump.raw(growing.column);
            growing.is_given |= raw.is_some();
            match &mut growing.cells {
                Cells::Array(array) => array
                    .push_raw(raw)
                    .map_err(|reason| refused(self.table, &self.table.columns[growing.column], &reason))?,
                Cells::Arrays(cells) => cells.push(raw.map(Into::into)),
            }
        }
        Ok(())
    }

    /// The columns that were given, each with its rows. If the server makes all of them, one is asked for by its name.
    pub(crate) fn finish(self) -> Result<(Vec<usize>, Vec<Input>)> {
        let Self { table, columns } = self;
        let is_none_given = !columns.iter().any(|growing| growing.is_given);
        let given =
            columns.into_iter().enumerate().filter(|(i, growing)| growing.is_given || (is_none_given && *i == 0));
        let finished = given.map(|(_, Growing { column, cells, .. })| {
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
