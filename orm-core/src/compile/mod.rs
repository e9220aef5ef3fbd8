//! Statements to text: the only place where SQL text is made.
//!
//! [`Compiled`] is text with `$1`, `$2`, … and the values for them, in order. Compiling is pure; what is wrong with a
//! statement (a table that is in it twice, a value that cannot be sent) is found here, before anything is sent.

mod copy;
mod ddl;
mod dml;
mod explain;
mod expr;
mod from;
mod input;
mod insert;
mod keys;
mod lists;
mod literal;
mod merge;
mod raw;
mod select;
mod statement;
mod transaction;
mod tree;
mod view;
mod whole;
mod writer;

pub(crate) use copy::{CopyFrom, CopyStatement, CopyTo};
pub(crate) use ddl::{ADVISORY_LOCK, DdlStatement, create_statements, drop_statements};
pub(crate) use dml::Write;
pub(crate) use explain::{ExplainOptions, FORGET_EXPLAINED, KEEP_BEFORE_EXPLAINED};
pub(crate) use input::{Inputs, input, input_array, single};
pub use statement::{Param, SqlStatement};
pub(crate) use statement::{is_of_transactions, is_reading, operation};
pub use transaction::IsolationLevel;
pub(crate) use transaction::{
    BEGIN_TEST, COMMIT, COMMIT_TEST, GUARD, RENEW_GUARD, ROLLBACK, ROLLBACK_TEST, ROLLBACK_TO_GUARD, begin,
    release_savepoint, rollback_to_savepoint, savepoint,
};
pub(crate) use view::refresh;
use writer::Writer;

use crate::error::{Error, Result};
use crate::schema::{ColumnDef, TableDef};
use crate::sql::{Filters, Select};
use crate::types::{TypeDef, Value};

/// A statement ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) sql: String,
    pub(crate) params: Vec<Value>,
    pub(crate) columns: Vec<ResultColumn>,
    /// The parameters that belong to sensitive columns, by position.
    pub(crate) sensitive: Vec<usize>,
    /// The table that the statement is about, for messages.
    pub(crate) table: Option<&'static TableDef>,
    /// How the columns of the result are found.
    pub(crate) matching: Matching,
    /// Statements inside it whose results are to be as they are expected; they are not run.
    pub(crate) requires: Vec<Self>,
    /// Whether a query writes too, by a common table expression.
    pub(crate) writes: bool,
    /// Whether the one value that comes back is the number of rows that were written.
    pub(crate) tells_count: bool,
}

/// How the columns of a result are found.
#[derive(Debug, Clone, Default)]
pub(crate) enum Matching {
    /// In the order in which the statement was written.
    #[default]
    Order,
    /// In their order, and there may be no more of them than are expected: the user wrote the statement.
    Exact,
    /// By their names.
    Names {
        /// What needs them.
        of: &'static str,
        /// The names of the expected columns.
        names: Vec<&'static str>,
    },
}

/// A column of the result, as it is expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResultColumn {
    pub(crate) ty: &'static TypeDef,
    /// The table and column that it comes from, where it is one.
    pub(crate) of: Option<(&'static TableDef, &'static ColumnDef)>,
}

impl ResultColumn {
    pub(crate) fn column(table: &'static TableDef, column: &'static ColumnDef) -> Self {
        Self { ty: column.ty, of: Some((table, column)) }
    }
}

/// Something that has a SQL text.
pub(crate) trait Compile {
    /// Writes the text.
    fn write(&self, w: &mut Writer);

    /// The statement, checked, without the filters of anybody: for what is not read of a model, or is shown and not run.
    fn compile_unfiltered(&self) -> Result<Compiled> {
        self.compile_with(&Filters::default())
    }

    /// The statement, checked, with the filters of who runs it.
    fn compile_with(&self, filters: &Filters) -> Result<Compiled> {
        written(self, filters).finish()
    }

    /// The text alone, also of a statement that would be refused.
    fn to_text(&self) -> String {
        written(self, &Filters::default()).into_sql()
    }
}

fn written<S: Compile + ?Sized>(statement: &S, filters: &Filters) -> Writer {
    let mut writer = Writer::new(filters);
    statement.write(&mut writer);
    match writer.hidden_tables() {
        // The tables are known only at the end.
        Some(tables) => {
            let mut writer = Writer::apart_from(tables, filters);
            statement.write(&mut writer);
            writer
        }
        None => writer,
    }
}

impl Compile for Select {
    fn write(&self, w: &mut Writer) {
        w.select(self, true);
    }
}

/// Checks the values that a column is to be given: that they can be sent, and are not longer than the column.
pub(crate) fn check_value(table: &TableDef, column: &ColumnDef, value: &Value) -> Result<()> {
    if let Some(reason) = value.refusal() {
        return Err(refused(table, column, reason));
    }
    check_raw(table, column, value.as_bytes())
}

/// Like [`check_value`], for bytes that are not yet a value.
#[inline]
pub(crate) fn check_raw(table: &TableDef, column: &ColumnDef, raw: Option<&[u8]>) -> Result<()> {
    let (Some(limit), Some(bytes)) = (column.length, raw) else { return Ok(()) };
    // A text of no more bytes than the limit has no more characters either.
    if bytes.len() <= limit as usize {
        return Ok(());
    }
    let characters = String::from_utf8_lossy(bytes).chars().count();
    if characters <= limit as usize {
        return Ok(());
    }
    let shown = format!("{}.{}", table.display_name(), column.name);
    let message = format!("the value for `{shown}` is longer than {limit} characters");
    Err(named(Error::new(crate::error::ErrorKind::Encode, message), table, column))
}

/// A value that cannot be sent, with the column that it was for.
pub(crate) fn refused(table: &TableDef, column: &ColumnDef, reason: &crate::types::EncodeError) -> Error {
    let shown = format!("{}.{}", table.display_name(), column.name);
    let message = format!("the value for `{shown}` cannot be sent: {reason}");
    named(Error::new(crate::error::ErrorKind::Encode, message), table, column)
}

fn named(error: Error, table: &TableDef, column: &ColumnDef) -> Error {
    error.with_model(table.model).with_table(table.display_name()).with_column(column.name)
}
