//! `INSERT` of values or of a query's rows to text.

use super::ResultColumn;
use super::dml::{input_name, named_inputs};
use super::keys::is_made_for_null;
use super::writer::{Named, Spelling, Writer};
use crate::schema::{SourceRef, TableDef};
use crate::sql::{BulkInsert, ConflictAction, ConflictTarget, Input, InsertRows, excluded_source};
use crate::types::Field;

impl Writer {
    pub(super) fn insert(&mut self, statement: &BulkInsert) {
        let BulkInsert { table, columns, rows, conflict, .. } = statement;
        let outer = self.enter();
        let source = SourceRef::Table(table);
        let action = conflict.as_ref().map(|conflict| &conflict.action);
        if matches!(action, Some(ConflictAction::Update { .. })) {
            // First: the name is the server's, and a table of this name gives way to it.
            self.declare(Named::Source(excluded_source(table)));
        }
        self.declare(Named::Source(source));
        self.push("INSERT INTO ").table(table).renamed(table);
        match rows {
            InsertRows::Rows(values) => self.values_rows(table, columns, values),
            InsertRows::Select(select) => {
                self.push(" (").column_names(table, columns).push(") ");
                self.select(select, false);
            }
            InsertRows::Arrays { arrays, .. } => {
                self.push(" (").column_names(table, columns).push(") ");
                self.inserted_arrays(table, columns, arrays);
            }
        }
        if let Some(conflict) = conflict {
            self.conflict_target(table, &conflict.target);
            self.conflict_action(table, &conflict.action);
        }
        self.insert_returning(statement);
        self.leave(outer);
    }

    fn inserted_arrays(&mut self, table: &'static TableDef, columns: &[usize], arrays: &[Input]) {
        let is_made = columns.iter().any(|&column| is_made_for_null(&table.columns[column]));
        if !is_made && self.unnested(table, columns, arrays) {
            return;
        }
        let names: Vec<String> = (0..columns.len()).map(|i| input_name("v", i)).collect();
        self.push("SELECT ").separated(", ", columns.iter().zip(&names), |w, (&column, name)| {
            w.value_or_default(table, &table.columns[column], name);
        });
        self.push(" FROM ");
        self.rows("rows", &named_inputs(table, columns, arrays, &names));
        self.push(" ORDER BY \"n\"");
    }

    fn conflict_target(&mut self, table: &'static TableDef, target: &ConflictTarget) {
        self.push(" ON CONFLICT");
        match target {
            ConflictTarget::Any => {}
            ConflictTarget::Constraint(name) => {
                self.push(" ON CONSTRAINT ").ident(name);
            }
            ConflictTarget::Columns { columns, predicates } => {
                self.push(" (").column_names(table, columns).push(")");
                // The server finds the index by this condition: it knows no table's name here, and proves nothing of a
                // parameter.
                let before = self.spell(Spelling::Bare);
                self.where_clause(predicates);
                self.spell(before);
            }
        }
    }

    fn conflict_action(&mut self, table: &'static TableDef, action: &ConflictAction) {
        let ConflictAction::Update { set, predicates } = action else {
            self.push(" DO NOTHING");
            return;
        };
        self.push(" DO UPDATE SET ");
        self.assignments(table, set);
        let is_set = |column: usize| set.iter().any(|(other, _)| other.name == table.columns[column].name);
        self.touch_in_conflict(table, &table.touched_by_update(is_set));
        self.where_clause(predicates);
    }

    /// What the caller has asked for, whether the row is new, and what is asked for beside.
    fn insert_returning(&mut self, statement: &BulkInsert) {
        let BulkInsert { table, projection, tells, returning, .. } = statement;
        if projection.is_empty() && !tells && returning.is_empty() {
            return;
        }
        self.push(" RETURNING ").separated(", ", projection, |w, item| w.projection(item, true));
        let mut separator = if projection.is_empty() { "" } else { ", " };
        if *tells {
            self.push(separator).is_new(table);
            separator = ", ";
        }
        for &column in returning {
            self.push(separator).qualifier(Named::Source(SourceRef::Table(table))).push(".");
            self.ident(table.columns[column].name);
            self.expect(ResultColumn::column(table, &table.columns[column]));
            separator = ", ";
        }
    }

    /// Whether the row that was written is new: the server tells by `xmax`, but not of a partitioned table. There, by
    /// whether a row of its key was there when the statement began.
    fn is_new(&mut self, table: &'static TableDef) {
        let target = Named::Source(SourceRef::Table(table));
        let mut name = Self::default();
        name.table(table);
        self.push("CASE WHEN (SELECT \"relkind\" = 'p' FROM \"pg_catalog\".\"pg_class\" WHERE \"oid\" = ");
        self.literal(&name.into_sql()).push("::regclass) THEN NOT EXISTS (SELECT FROM ").table(table);
        self.push(" AS \"before\" WHERE ").separated(" AND ", table.key_columns(), |w, key| {
            w.push("\"before\".").ident(key.name).push(" = ").qualifier(target).push(".").ident(key.name);
        });
        self.push(") ELSE ").qualifier(target).push(".\"xmax\" = 0 END");
        self.expect(ResultColumn { ty: <bool as Field>::TYPE, of: None });
    }
}
