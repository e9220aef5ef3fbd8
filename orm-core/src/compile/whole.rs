//! Statements that fail where they would write fewer rows than they should, to text.

use super::Compile;
use super::dml::Write;
use super::writer::Writer;
use crate::schema::TableDef;
use crate::sql::InsertRow;
use crate::types::Value;

impl Writer {
    /// A statement that fails if it has not written this many rows. Its rows come back if it returns any; if not, their
    /// number does.
    pub(super) fn whole_write(&mut self, write: &Write, rows: i64) {
        match write {
            Write::ArrayInsert(statement) if !statement.returning.is_empty() => self.array_insert(statement, true),
            Write::InsertRow(statement) if !statement.returning.is_empty() => self.whole_row(statement),
            _ => {
                self.push("WITH \"written\" AS (");
                write.write(self);
                self.push(" RETURNING 1) SELECT count(*) / (count(*) = ").param(Value::of(&rows));
                self.push(")::integer FROM \"written\"");
                self.tell_count();
            }
        }
    }

    fn whole_row(&mut self, statement: &InsertRow) {
        let InsertRow { table, returning, .. } = statement;
        self.push("WITH \"written\" AS (");
        self.insert_row(statement);
        self.push(") SELECT ").separated(", ", returning, |w, &column| {
            w.push("\"written\".").ident(table.columns[column].name);
        });
        self.push(" FROM (VALUES (1)) AS \"sent\" LEFT JOIN \"written\" ON TRUE");
        self.none_left_out(table, "written");
    }

    /// Divides by zero for each row that was sent and did not come back: that of an outer join has no key.
    pub(super) fn none_left_out(&mut self, table: &'static TableDef, written: &str) {
        let Some(key) = table.key_columns().next() else { return };
        self.push(" WHERE 1 / (").ident(written).push(".").ident(key.name).push(" IS NOT NULL)::integer = 1");
    }
}
