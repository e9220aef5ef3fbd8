//! Tables as data.

use super::column::ColumnDef;
use super::index::{CheckDef, IndexDef, UniqueDef};
use super::key::ForeignKeyDef;
use super::relation::RelationDef;
use super::view::ViewDef;
use crate::error::Error;
use crate::types::DecodeError;

/// A table and the model that it belongs to. One static a model, made by the derive.
#[derive(Debug)]
pub struct TableDef {
    /// The Rust name of the model.
    pub model: &'static str,
    /// The module in which the model is declared.
    pub module: &'static str,
    /// The schema, where it is not the default one.
    pub schema: Option<&'static str>,
    /// The table's name.
    pub name: &'static str,
    /// The columns, in the order of the fields.
    pub columns: &'static [ColumnDef],
    /// The positions of the primary key's columns.
    pub primary_key: &'static [usize],
    /// The names of the primary key's columns.
    pub key_names: &'static [&'static str],
    /// `UNIQUE` constraints.
    pub uniques: &'static [UniqueDef],
    /// Indexes beside those of constraints and foreign keys.
    pub indexes: &'static [IndexDef],
    /// `CHECK` constraints.
    pub checks: &'static [CheckDef],
    /// Foreign keys.
    pub foreign_keys: &'static [ForeignKeyDef],
    /// The relationships that are fields of the model, in their order.
    pub relations: &'static [&'static RelationDef],
    /// The position of the column that tells when a row was deleted, where rows are marked and not deleted.
    pub soft_delete: Option<usize>,
    /// The comment.
    pub comment: Option<&'static str>,
    /// What makes it a view, where it is none of the tables.
    pub view: Option<ViewDef>,
}

impl TableDef {
    /// A table without constraints beside its primary key.
    #[must_use]
    pub const fn new(
        model: &'static str,
        module: &'static str,
        name: &'static str,
        columns: &'static [ColumnDef],
        primary_key: &'static [usize],
        key_names: &'static [&'static str],
    ) -> Self {
        Self {
            model,
            module,
            schema: None,
            name,
            columns,
            primary_key,
            key_names,
            uniques: &[],
            indexes: &[],
            checks: &[],
            foreign_keys: &[],
            relations: &[],
            soft_delete: None,
            comment: None,
            view: None,
        }
    }

    /// Whether two descriptions are of one table in the database.
    #[must_use]
    #[inline]
    pub fn is_same_table(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || (self.name == other.name && self.schema == other.schema)
    }

    /// The table's name with its schema, without quotes, for messages.
    #[must_use]
    pub fn display_name(&self) -> String {
        match self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// The position of the column with that name in the database.
    #[must_use]
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub(crate) fn key_names(&self) -> &'static [&'static str] {
        self.key_names
    }

    /// The columns of the primary key.
    pub fn key_columns(&self) -> impl ExactSizeIterator<Item = &'static ColumnDef> + Clone {
        let columns = self.columns;
        self.primary_key.iter().map(move |&index| &columns[index])
    }

    /// The foreign key over exactly these columns, if there is one.
    #[must_use]
    pub fn foreign_key_over(&self, columns: &[&str]) -> Option<&'static ForeignKeyDef> {
        self.foreign_keys.iter().find(|key| key.columns == columns)
    }

    /// A value of a column that the field cannot hold.
    pub(crate) fn decode_error(&self, column: usize, reason: DecodeError) -> Error {
        let (table, column) = (self.display_name(), self.columns[column].name);
        reason.of_column(&format!("{table}.{column}")).with_model(self.model).with_table(table).with_column(column)
    }

    /// The column that tells when a row was deleted, where rows are marked and not deleted.
    pub(crate) fn soft_delete_column(&self) -> Option<&'static ColumnDef> {
        self.soft_delete.map(|column| &self.columns[column])
    }

    /// The columns that an update of the columns `set` sets too, each to the SQL of its own definition.
    pub(crate) fn touched_by_update(&self, is_set: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.columns.len()).filter(|&column| self.columns[column].on_update.is_some() && !is_set(column)).collect()
    }

    /// The columns that marking a row as deleted sets, by itself or as any update does.
    pub(crate) fn touched_by_mark(&self) -> Vec<usize> {
        self.soft_delete.into_iter().chain(self.touched_by_update(|_| false)).collect()
    }

    /// The columns that are not as they were in a row that was marked as deleted.
    pub(crate) fn changed_by_mark(&self) -> Vec<usize> {
        let changed: Vec<usize> = self.touched_by_mark().into_iter().chain(self.version_column()).collect();
        let made = self.made_by_write(|column| changed.contains(&column));
        changed.iter().copied().chain(made).collect()
    }

    /// The columns that the server may make anew whatever is written, by their own expression or by a trigger, without
    /// those that are known `already`.
    pub(crate) fn made_by_write(&self, already: impl Fn(usize) -> bool) -> Vec<usize> {
        let is_made = |column: usize| self.columns[column].generated.is_some() || self.columns[column].trigger;
        (0..self.columns.len()).filter(|&column| is_made(column) && !already(column)).collect()
    }

    /// The column whose value is the row's version.
    pub(crate) fn version_column(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.version)
    }
}

/// The columns of a table by name, as positions.
pub(crate) fn positions(table: &TableDef, names: &[&str]) -> Vec<usize> {
    names.iter().filter_map(|name| table.column_index(name)).collect()
}
