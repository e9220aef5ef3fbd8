//! `MERGE` to text.

use super::dml::{input_name, named_inputs};
use super::writer::{Named, Writer};
use crate::schema::{SourceRef, TableDef};
use crate::sql::{BinaryOp, FromItem, Merge, MergeAction, MergeArm, MergeUsing, Node};
use crate::types::Value;

impl Writer {
    pub(super) fn merge(&mut self, statement: &Merge) {
        let Merge { table, using, on, arms } = statement;
        let outer = self.enter();
        let target = SourceRef::Table(table);
        self.declare(Named::Source(target));
        self.push("MERGE INTO ").table(table).push(" USING ");
        self.merge_using(using);
        self.push(" ON ");
        match self.implied(&FromItem::Source(target), false) {
            Some(implied) => self.node(&on.clone().and(implied)),
            None => self.node(on),
        }
        for arm in arms {
            self.merge_arm(table, arm);
        }
        self.leave(outer);
    }

    fn merge_using(&mut self, using: &MergeUsing) {
        match using {
            MergeUsing::Item(item) => {
                self.declare_item(item);
                // As a condition of the merge, it would only make the rows match nothing.
                match self.implied(item, false) {
                    Some(chosen) => {
                        self.is_derived();
                        self.write_chosen(item, chosen);
                    }
                    None => self.write_item(item),
                }
            }
            MergeUsing::Given { source, columns, arrays, .. } => {
                let table = source.table();
                self.declare(Named::Source(*source));
                let names: Vec<String> = (0..columns.len()).map(|i| input_name("v", i)).collect();
                self.push("(SELECT ").separated(", ", columns.iter().zip(&names), |w, (&column, name)| {
                    w.ident(name).push(" AS ").ident(table.columns[column].name);
                });
                self.push(" FROM ");
                self.rows("rows", &named_inputs(table, columns, arrays, &names));
                self.push(") AS ").qualifier(Named::Source(*source));
            }
        }
    }

    fn merge_arm(&mut self, table: &'static TableDef, arm: &MergeArm) {
        self.push(if arm.is_matched { " WHEN MATCHED" } else { " WHEN NOT MATCHED" });
        if !arm.predicates.is_empty() {
            self.push(" AND ").node(&Node::All(arm.predicates.clone()));
        }
        self.push(" THEN ");
        match &arm.action {
            MergeAction::Nothing => _ = self.push("DO NOTHING"),
            MergeAction::Update(set) => {
                self.push("UPDATE SET ");
                self.assignments(table, set);
                let is_set = |column: usize| set.iter().any(|(other, _)| other.name == table.columns[column].name);
                self.touch_in_conflict(table, &table.touched_by_update(is_set));
            }
            MergeAction::Delete => self.merge_delete(table),
            MergeAction::Insert(set) => {
                self.push("INSERT (").separated(", ", set, |w, (column, _)| _ = w.ident(column.name));
                self.push(") VALUES (").separated(", ", set, |w, (column, value)| w.checked(table, column, value));
                self.push(")");
            }
        }
    }

    /// Deletes the row, or marks it where the model says so.
    fn merge_delete(&mut self, table: &'static TableDef) {
        let Some(mark) = table.soft_delete_column() else {
            self.push("DELETE");
            return;
        };
        self.push("UPDATE SET ").ident(mark.name).push(" = now()");
        if let Some(version) = table.version_column().map(|version| &table.columns[version]) {
            let now = Node::column(SourceRef::Table(table), version);
            let next = Node::binary(BinaryOp::Add, now, Node::Param(Value::of(&1i16)));
            self.push(", ").ident(version.name).push(" = ").node(&next);
        }
        self.touch_in_conflict(table, &table.touched_by_update(|_| false));
    }
}
