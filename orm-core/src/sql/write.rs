//! `INSERT`, `UPDATE` and `DELETE` as data.
//!
//! Those of the flush know their rows by key; those of a bulk operation by a condition. A statement over many rows takes
//! one array a column, so that its text and its number of parameters do not grow with them.

use std::borrow::Cow;

use super::node::Node;
use super::select::{Join, Projection};
use super::tree::Branch;
use crate::schema::{ColumnDef, EdgeLink, SourceRef, TableDef};
use crate::types::{TypeDef, Value, integer_array};

/// One column of the rows that a statement takes.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// An array with one element a row.
    Plain(Value),
    /// The elements of all rows' arrays one after the other, for a column that is an array itself: `UNNEST` would take an
    /// array of arrays apart.
    Nested {
        /// Whether each row has an array, which may be empty; otherwise it is NULL.
        present: Value,
        /// For each element, the ordinal of its row.
        rows: Value,
        elements: Value,
    },
}

/// `INSERT … VALUES` of one row.
#[derive(Debug, Clone)]
pub(crate) struct InsertRow {
    pub(crate) table: &'static TableDef,
    /// Positions of the columns that are sent.
    pub(crate) columns: Vec<usize>,
    pub(crate) values: Vec<Value>,
    /// Positions of the columns that the server makes.
    pub(crate) returning: Vec<usize>,
}

/// Keys that are taken from a column's sequence, or its default, ahead of an insert.
#[derive(Debug, Clone)]
pub(crate) struct TakeKeys {
    pub(crate) table: &'static TableDef,
    pub(crate) column: usize,
    pub(crate) count: i64,
}

impl TakeKeys {
    /// The type of an array of the keys, if they come in one: if they are integers.
    pub(crate) fn key_array(&self) -> Option<&'static TypeDef> {
        key_array(self.table, self.column)
    }
}

/// `INSERT … SELECT FROM UNNEST`, whose rows come back in the order of the arrays; or their keys as an array, and those
/// that were made as another.
#[derive(Debug, Clone)]
pub(crate) struct ArrayInsert {
    pub(crate) table: &'static TableDef,
    /// Positions of the columns that are sent. A column that the server makes is sent with NULL where it shall.
    pub(crate) columns: Vec<usize>,
    pub(crate) arrays: Vec<Input>,
    /// Positions of the columns that the server makes.
    pub(crate) returning: Vec<usize>,
}

impl ArrayInsert {
    /// The key, and the type of an array of it, if it is an integer and all that comes back: then it comes in arrays.
    pub(crate) fn key_array(&self) -> Option<(usize, &'static TypeDef)> {
        match self.returning[..] {
            [key] => Some((key, key_array(self.table, key)?)),
            _ => None,
        }
    }
}

/// The type of an array of keys, if this column is the primary key and an integer.
fn key_array(table: &TableDef, column: usize) -> Option<&'static TypeDef> {
    if table.primary_key == [column] { integer_array(table.columns[column].ty) } else { None }
}

/// `INSERT … SELECT FROM UNNEST … ON CONFLICT DO UPDATE`, whose rows come back whole and in the order of the arrays, each
/// with whether it is new.
#[derive(Debug, Clone)]
pub(crate) struct ArrayUpsert {
    pub(crate) table: &'static TableDef,
    /// Positions of the columns that are sent.
    pub(crate) columns: Vec<usize>,
    pub(crate) arrays: Vec<Input>,
    /// Positions of the columns whose values may be there already; all of them are sent.
    pub(crate) target: Vec<usize>,
    /// Positions of the columns that are updated of a row that is there.
    pub(crate) set: Vec<usize>,
}

/// `UPDATE` of one row by its key.
#[derive(Debug, Clone)]
pub(crate) struct KeyedUpdate {
    pub(crate) table: &'static TableDef,
    pub(crate) columns: Vec<usize>,
    pub(crate) values: Vec<Value>,
    /// Columns that are set to expressions.
    pub(crate) set: Vec<(usize, Node)>,
    /// Key columns (and the version), with the values that the row must have.
    pub(crate) keys: Vec<usize>,
    pub(crate) key_values: Vec<Value>,
    /// Columns that are set to the SQL of their own definition, or that mark the row as deleted.
    pub(crate) touched: Vec<usize>,
    pub(crate) returning: Vec<usize>,
    /// Rows that point to this one by what changes of it, and that the database does not change by itself.
    pub(crate) followers: Vec<Followers>,
}

/// Rows of another table (or the same) whose foreign key follows the row that it points to.
#[derive(Debug, Clone)]
pub(crate) struct Followers {
    pub(crate) table: &'static TableDef,
    pub(crate) columns: Vec<usize>,
    /// What the key is, and what it becomes.
    pub(crate) old: Vec<Value>,
    pub(crate) new: Vec<Value>,
}

/// `UPDATE … FROM UNNEST`: the same columns of many rows.
#[derive(Debug, Clone)]
pub(crate) struct ArrayUpdate {
    pub(crate) table: &'static TableDef,
    pub(crate) columns: Vec<usize>,
    pub(crate) arrays: Vec<Input>,
    pub(crate) keys: Vec<usize>,
    pub(crate) key_arrays: Vec<Input>,
    /// Columns that are set to the SQL of their own definition, or that mark the rows as deleted.
    pub(crate) touched: Vec<usize>,
    pub(crate) returning: Vec<usize>,
    /// Whether each row that was met comes back, by its ordinal; otherwise they are counted.
    pub(crate) ordinals: bool,
}

/// `DELETE` by key, of any number of rows, with all that are below them by these branches.
#[derive(Debug, Clone)]
pub(crate) struct KeyedDelete {
    pub(crate) table: &'static TableDef,
    pub(crate) keys: Vec<usize>,
    pub(crate) key_arrays: Vec<Input>,
    pub(crate) branches: Vec<Branch>,
    /// Whether each row that was met comes back, by its ordinal; otherwise they are counted.
    pub(crate) ordinals: bool,
}

/// Rows of a link table that are written or removed.
#[derive(Debug, Clone)]
pub(crate) struct LinkWrite {
    pub(crate) link: EdgeLink,
    pub(crate) insert: bool,
    pub(crate) arrays: Vec<Value>,
    /// The columns of the ends, for their types, `local` before `remote`.
    pub(crate) types: Vec<&'static ColumnDef>,
}

/// `UPDATE … SET … WHERE`.
#[derive(Debug, Clone)]
pub(crate) struct BulkUpdate {
    pub(crate) source: SourceRef,
    pub(crate) set: Vec<(&'static ColumnDef, Node)>,
    /// Inner joins, which become `FROM`.
    pub(crate) joins: Vec<Join>,
    pub(crate) predicates: Vec<Node>,
    /// Whether rows that are marked as deleted are updated too.
    pub(crate) with_deleted: bool,
    /// The names of the engine's filters that are left out.
    pub(crate) unfiltered: Vec<Cow<'static, str>>,
    /// What the caller has asked to have back.
    pub(crate) projection: Vec<Projection>,
    /// Columns that come back behind it.
    /// The rows as they were before, if they are among the joins: their primary keys come back ahead of the other columns.
    pub(crate) before: Option<SourceRef>,
    pub(crate) returning: Vec<usize>,
}

/// `DELETE … WHERE`; of a model that marks its rows, an update that does so.
#[derive(Debug, Clone)]
pub(crate) struct BulkDelete {
    pub(crate) source: SourceRef,
    /// Inner joins, which become `USING`.
    pub(crate) joins: Vec<Join>,
    pub(crate) predicates: Vec<Node>,
    /// Whether rows that are marked as deleted are deleted too.
    pub(crate) with_deleted: bool,
    /// The names of the engine's filters that are left out.
    pub(crate) unfiltered: Vec<Cow<'static, str>>,
    /// Whether the rows go, also where the model marks them.
    pub(crate) permanently: bool,
    /// What the caller has asked to have back.
    pub(crate) projection: Vec<Projection>,
    /// Columns that come back behind it.
    pub(crate) returning: Vec<usize>,
}

impl BulkDelete {
    /// The column that marks the rows, if they are not to go.
    pub(crate) fn mark(&self) -> Option<&'static ColumnDef> {
        self.source.table().soft_delete_column().filter(|_| !self.permanently)
    }
}
