//! Trees of rows to text: a query by `WITH RECURSIVE`, which ends in a circle too, because it takes no row twice.

use super::ResultColumn;
use super::dml::{input_name, named_inputs};
use super::writer::Writer;
use crate::schema::{SourceRef, TableDef};
use crate::sql::{Branch, FromItem, KeyedDelete, Node, Projection, Select, Tree};
use crate::types::Field;

/// What the rows of the tree and those that were sent are called: no table is likely to have such a name, and it would not
/// be seen.
const TREE: &str = "the tree";
const ROWS: &str = "the rows";

/// The columns that the query keeps of a row, each once.
fn carried(wanted: &[usize], branches: &[Branch]) -> Vec<usize> {
    let mut columns: Vec<usize> = Vec::new();
    for &column in wanted.iter().chain(branches.iter().flat_map(|branch| &branch.targets)) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

impl Writer {
    /// `… IN (WITH RECURSIVE …)`: columns that are those of a row of the tree.
    pub(super) fn in_tree(&mut self, columns: &[Node], tree: &Tree, targets: &[usize]) {
        match columns {
            [column] => self.node(column),
            columns => {
                self.push("(").separated(", ", columns, Self::node).push(")");
            }
        }
        let (table, source) = (tree.table, SourceRef::Table(tree.table));
        let carried = carried(targets, &tree.branches);
        let mut top = Select::of(source, Projection::One, FromItem::Source(source));
        top.projection = carried
            .iter()
            .map(|&column| {
                let column = &table.columns[column];
                Projection::Expr { node: Node::column(source, column), ty: column.ty }
            })
            .collect();
        top.predicates.push(tree.chosen.clone());
        self.push(" IN (WITH RECURSIVE ");
        self.tree_rows(table, &carried, &tree.branches, |w| w.select(&top, false));
        self.push(" SELECT ").separated(", ", targets, |w, &column| {
            w.ident(&input_name("c", column));
        });
        self.push(" FROM ").ident(TREE).push(")");
    }

    /// `"the tree" (…) AS (… UNION …)`, from the rows that `top` selects down.
    fn tree_rows(
        &mut self,
        table: &'static TableDef,
        carried: &[usize],
        branches: &[Branch],
        top: impl FnOnce(&mut Self),
    ) {
        self.ident(TREE).push(" (").separated(", ", carried, |w, &column| {
            w.ident(&input_name("c", column));
        });
        self.push(") AS (");
        top(self);
        self.push(" UNION SELECT ").separated(", ", carried, |w, &column| {
            w.push("\"child\".").ident(table.columns[column].name);
        });
        self.push(" FROM ").table(table).push(" AS \"child\" JOIN ").ident(TREE).push(" ON ");
        self.separated(" OR ", branches, |w, branch| {
            w.separated(" AND ", branch.columns.iter().zip(&branch.targets), |w, (&column, &target)| {
                w.push("\"child\".").ident(table.columns[column].name).push(" = ");
                w.in_row(TREE, "c", target);
            });
        });
        if let Some(mark) = table.soft_delete_column().filter(|_| !self.has_deleted()) {
            self.push(" WHERE \"child\".").ident(mark.name).push(" IS NULL");
        }
        self.push(")");
    }

    /// `"the tree"."c0"`
    fn in_row(&mut self, of: &str, prefix: &str, index: usize) {
        self.ident(of).push(".").ident(&input_name(prefix, index));
    }

    /// Deletes the rows that were sent with all that are below them, also marked ones. Returns the ordinals of those that
    /// were sent and met, or NULL, in front of the keys of all. The version is not a condition, which would leave a row in
    /// the way of the foreign key: a row that has another comes back without its ordinal.
    pub(super) fn tree_delete(&mut self, statement: &KeyedDelete) {
        let KeyedDelete { table, keys, key_arrays, branches, ordinals: _ } = statement;
        let names: Vec<String> = (0..keys.len()).map(|i| input_name("k", i)).collect();
        let primary_key = table.primary_key;
        self.push("WITH RECURSIVE ").ident(ROWS).push(" AS (SELECT * FROM ");
        self.rows("input", &named_inputs(table, keys, key_arrays, &names));
        self.push("), ");
        let carried = carried(primary_key, branches);
        let before = self.let_in(true, &[]);
        self.tree_rows(table, &carried, branches, |w| {
            w.push("SELECT ").separated(", ", &carried, |w, &column| {
                w.push("\"top\".").ident(table.columns[column].name);
            });
            w.push(" FROM ").table(table).push(" AS \"top\" JOIN ").ident(ROWS).push(" ON ");
            w.separated(" AND ", primary_key.iter().enumerate(), |w, (i, &key)| {
                w.push("\"top\".").ident(table.columns[key].name).push(" = ");
                w.in_row(ROWS, "k", i);
            });
        });
        self.restore(before);
        self.push(" DELETE FROM ").table(table).push(" AS \"target\" USING ").ident(TREE);
        self.push(" LEFT JOIN ").ident(ROWS).push(" ON ");
        self.separated(" AND ", primary_key.iter().enumerate(), |w, (i, &key)| {
            w.in_row(ROWS, "k", i);
            w.push(" = ");
            w.in_row(TREE, "c", key);
        });
        self.push(" WHERE ").separated(" AND ", primary_key, |w, &key| {
            w.push("\"target\".").ident(table.columns[key].name).push(" = ");
            w.in_row(TREE, "c", key);
        });
        self.push(" RETURNING ");
        match table.version_column() {
            Some(version) => {
                self.push("CASE WHEN \"target\".").ident(table.columns[version].name).push(" = ");
                self.in_row(ROWS, "k", primary_key.len());
                self.push(" THEN ").ident(ROWS).push(".\"n\" END")
            }
            None => self.ident(ROWS).push(".\"n\""),
        };
        self.expect(ResultColumn { ty: <i64 as Field>::TYPE, of: None });
        for &key in primary_key {
            self.push(", \"target\".").ident(table.columns[key].name);
            self.expect(ResultColumn::column(table, &table.columns[key]));
        }
    }
}
