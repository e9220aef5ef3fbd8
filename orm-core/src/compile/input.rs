//! The rows that a statement takes, as one array a column.
//!
//! The flush, upserts and inserts give their cells here; no text is made of them.

use std::borrow::Cow;

use bytes::BytesMut;

use super::refused;
use crate::error::Result;
use crate::schema::TableDef;
use crate::sql::Input;
use crate::types::{ArrayWriter, EncodeError, TypeDef, Value, raw_elements};

/// One column of many rows.
pub(crate) fn input<'a>(
    table: &TableDef,
    column: usize,
    cells: impl ExactSizeIterator<Item = Option<Cow<'a, [u8]>>>,
) -> Result<Input> {
    match table.columns[column].ty.element() {
        None => input_array(table, column, cells).map(Input::Plain),
        Some(element) => nested(element, cells, table.columns[column].sql_type.is_some())
            .map_err(|reason| refused(table, &table.columns[column], &reason)),
    }
}

/// The arrays of many rows as one array of their elements.
fn nested<'a>(
    element: &'static TypeDef,
    cells: impl ExactSizeIterator<Item = Option<Cow<'a, [u8]>>>,
    undeclared: bool,
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
    let mut buffer = BytesMut::new();
    let mut array = ArrayWriter::begin(&mut buffer, element, elements.len())?;
    for raw in elements {
        array.push_raw(raw)?;
    }
    array.finish();
    let elements = Value::array_from_raw(element, &buffer);
    let elements = if undeclared { elements.undeclared() } else { elements };
    Ok(Input::Nested { present: Value::of(&present), rows: Value::of(&rows), elements })
}

/// One column of many rows as one array.
pub(crate) fn input_array<'a>(
    table: &TableDef,
    column: usize,
    cells: impl ExactSizeIterator<Item = Option<Cow<'a, [u8]>>>,
) -> Result<Value> {
    let column = &table.columns[column];
    let mut buffer = BytesMut::new();
    let written = ArrayWriter::begin(&mut buffer, column.ty, cells.len()).and_then(|mut array| {
        for cell in cells {
            array.push_raw(cell.as_deref())?;
        }
        array.finish();
        Ok(())
    });
    written.map_err(|reason| refused(table, column, &reason))?;
    let value = Value::array_from_raw(column.ty, &buffer);
    Ok(if column.sql_type.is_some() { value.undeclared() } else { value })
}
