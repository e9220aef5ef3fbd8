//! The keys of new rows, and what else the server makes of a column, to text.

use super::ResultColumn;
use super::ddl::write_column_type;
use super::writer::Writer;
use crate::schema::{ColumnDef, Identity, TableDef};
use crate::sql::TakeKeys;
use crate::types::{TypeDef, Value};

/// Whether the server makes a value in the place of NULL. What a trigger makes has no expression: it finds NULL.
pub(super) fn is_made_for_null(column: &ColumnDef) -> bool {
    column.auto && (column.default.is_some() || column.identity != Identity::No || !column.trigger)
}

impl Writer {
    pub(super) fn take_keys(&mut self, statement: &TakeKeys) {
        let TakeKeys { table, column, count } = *statement;
        let def = &table.columns[column];
        let array = statement.key_array();
        self.push(if array.is_some() { "SELECT array_agg((" } else { "SELECT (" });
        self.server_value(table, def);
        self.push(")::");
        write_column_type(self, def);
        self.push(if array.is_some() { ") FROM generate_series(1, " } else { " FROM generate_series(1, " });
        self.param(Value::of(&count)).push(")");
        self.expect(ResultColumn { ty: array.unwrap_or(def.ty), of: Some((table, def)) });
    }

    /// A column of the rows that are sent, with what the server makes in the place of NULL if the column is such.
    pub(super) fn value_or_default(&mut self, table: &'static TableDef, column: &'static ColumnDef, name: &str) {
        if !is_made_for_null(column) {
            self.ident(name);
            return;
        }
        self.push("COALESCE (").ident(name).push(", ");
        self.server_value(table, column);
        self.push(") AS ").ident(name);
    }

    /// What the server makes a column's value of: the next of its sequence, or the default.
    pub(super) fn server_value(&mut self, table: &'static TableDef, column: &'static ColumnDef) {
        match (column.identity, column.default) {
            (Identity::No, Some(default)) => {
                self.push("(").push(default).push(")");
            }
            _ => {
                let mut name = Self::default();
                name.table(table);
                // As a subquery, the sequence is looked up once and not for every row; so is the name that is told of it.
                self.push("nextval((SELECT pg_get_serial_sequence(").literal(&name.into_sql()).push(", ");
                self.literal(column.name).push(")::regclass))");
            }
        }
    }

    /// The keys as one array, in the order of the rows that were sent, and those of the rows that were made: the order of
    /// these says nothing, but where it is the same, so are the keys.
    ///
    /// If it is to be whole, there is a division by zero where they are not the same.
    pub(super) fn key_arrays(
        &mut self,
        (table, key): (&'static TableDef, &'static ColumnDef),
        sent: &str,
        array: &'static TypeDef,
        is_whole: bool,
    ) {
        self.ident(key.name).push(") SELECT \"sent\".\"keys\", \"made\".\"keys\" FROM (SELECT array_agg(").ident(sent);
        self.push("::");
        write_column_type(self, key);
        self.push(" ORDER BY \"n\") AS \"keys\" FROM \"input\") AS \"sent\", (SELECT array_agg(").ident(key.name);
        self.push(") AS \"keys\" FROM \"output\") AS \"made\"");
        if is_whole {
            self.push(" WHERE 1 / (\"sent\".\"keys\" IS NOT DISTINCT FROM \"made\".\"keys\"::");
            write_column_type(self, key);
            self.push("[])::integer = 1");
        }
        let expected = ResultColumn { ty: array, of: Some((table, key)) };
        self.expect(expected);
        self.expect(expected);
    }
}
