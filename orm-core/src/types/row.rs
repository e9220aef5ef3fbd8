//! Reading a row by position.

use std::fmt;

use tokio_postgres::binary_copy::BinaryCopyOutRow;
use tokio_postgres::{Column, Row};

use super::field::{DecodeError, Field};
use super::value::Raw;
use crate::error::{Error, ErrorKind, Result};

/// A row that is read column by column, from left to right.
///
/// Generated code reads a model from it; the types of the columns were compared with those of the fields once, before the
/// first row.
#[derive(Debug)]
pub struct RowReader<'r> {
    row: Source<'r>,
    next: usize,
    table: Option<(&'static str, usize)>,
    /// Where each column is, if not in its own place.
    places: Option<&'r [usize]>,
}

/// Where the columns come from.
enum Source<'r> {
    /// A row of a statement.
    Sent(&'r Row),
    /// A row of a `COPY`, whose columns have their names from elsewhere.
    Copied(&'r BinaryCopyOutRow, &'r [Column]),
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sent(_) => "Sent",
            Self::Copied(..) => "Copied",
        })
    }
}

impl<'r> RowReader<'r> {
    #[doc(hidden)]
    #[must_use]
    pub fn new(row: &'r Row) -> Self {
        Self { row: Source::Sent(row), next: 0, table: None, places: None }
    }

    /// A row of a `COPY` of a query with these columns.
    pub(crate) fn copied(row: &'r BinaryCopyOutRow, columns: &'r [Column]) -> Self {
        Self { row: Source::Copied(row, columns), next: 0, table: None, places: None }
    }

    /// Reads the columns of the row that are in these places, in this order.
    pub(crate) fn placed(row: &'r Row, places: &'r [usize]) -> Self {
        Self { row: Source::Sent(row), next: 0, table: None, places: Some(places) }
    }

    /// Where the column is in the row.
    #[inline]
    fn place(&self, index: usize) -> usize {
        self.places.map_or(index, |places| places.get(index).copied().unwrap_or(usize::MAX))
    }

    /// Says that the columns from here on are those of `table`, for messages. For generated code.
    #[doc(hidden)]
    pub fn enter(&mut self, table: &'static str) {
        self.table = Some((table, self.next));
    }

    pub(crate) fn position(&self) -> usize {
        self.next
    }

    pub(crate) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// The bytes of the column at `index`, or `None` for NULL.
    #[inline]
    pub(crate) fn raw_at(&self, index: usize) -> Result<Option<&'r [u8]>> {
        let found = match self.row {
            Source::Sent(row) => row.try_get::<_, Raw<'r>>(self.place(index)),
            Source::Copied(row, _) => row.try_get::<Raw<'r>>(index),
        };
        match found {
            Ok(raw) => Ok(raw.0),
            Err(source) => Err(no_column(index, source)),
        }
    }

    /// Reads the next column.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the column's name, if the value is NULL and `T` is not an `Option`, or is no `T`.
    #[inline]
    pub fn read<T: Field>(&mut self) -> Result<T> {
        let index = self.next;
        self.next += 1;
        match T::decode(self.raw_at(index)?) {
            Ok(value) => Ok(value),
            Err(reason) => Err(self.decode_error(index, reason)),
        }
    }

    #[cold]
    fn decode_error(&self, index: usize, reason: DecodeError) -> Error {
        let columns = match self.row {
            Source::Sent(row) => row.columns(),
            Source::Copied(_, columns) => columns,
        };
        let name = columns.get(self.place(index)).map_or("?", tokio_postgres::Column::name).to_owned();
        let shown = match self.table {
            Some((table, _)) => format!("{table}.{name}"),
            None => name.clone(),
        };
        let error = reason.of_column(&shown).with_column(name);
        match self.table {
            Some((table, _)) => error.with_table(table),
            None => error,
        }
    }
}

#[cold]
fn no_column(index: usize, source: tokio_postgres::Error) -> Error {
    Error::new(ErrorKind::Decode, format!("the row has no column {index}")).with_source(source)
}

/// A value that is made of one row: a model, a tuple, a single column.
pub trait FromRow: Sized + Send {
    /// Reads it from the next columns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the column's name.
    fn from_row(row: &mut RowReader<'_>) -> Result<Self>;
}
