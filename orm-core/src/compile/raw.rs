//! SQL of the user's own to text: it is copied, and its values become parameters.

use super::writer::Writer;
use super::{Compile, Compiled, Matching, ResultColumn};
use crate::schema::TableDef;
use crate::sql::{RawPart, RawSql};

impl Writer {
    /// Writes a statement; a value that stands in it several times is one parameter.
    pub(super) fn raw_sql(&mut self, raw: &RawSql) -> &mut Self {
        let mut numbers: Vec<Option<usize>> = vec![None; raw.values.len()];
        for (index, piece) in raw.pieces.iter().enumerate() {
            self.push(piece);
            let Some(&place) = raw.places.get(index) else { continue };
            match numbers.get(place).copied().flatten() {
                Some(number) => {
                    self.placeholder(number);
                }
                None => {
                    self.param(raw.values[place].clone());
                    numbers[place] = Some(self.params());
                }
            }
        }
        self
    }

    /// Writes a statement that stands for a table, and has its columns compared with those of the table before the whole
    /// is sent.
    pub(super) fn raw_source(&mut self, raw: &RawSql, table: &'static TableDef) {
        match raw.compile_for_table(table) {
            Ok(compiled) => self.require(compiled),
            Err(error) => self.fail(error),
        }
        self.push("(").raw_sql(raw).push(")");
    }

    /// Writes an expression, in parentheses: its text may have operators that bind looser than those around it.
    pub(super) fn raw_expr(&mut self, parts: &[RawPart]) {
        self.push("(");
        for part in parts {
            match part {
                RawPart::Text(sql) => {
                    self.push(sql);
                }
                RawPart::Node(node) => self.node(node),
            }
        }
        self.push(")");
    }
}

impl Compile for RawSql {
    fn write(&self, w: &mut Writer) {
        w.raw_sql(self);
    }
}

impl RawSql {
    /// The statement, whose columns are found by the names of the table's.
    pub(crate) fn compile_for_table(&self, table: &'static TableDef) -> crate::error::Result<Compiled> {
        let mut compiled = self.compile_unfiltered()?;
        compiled.table = Some(table);
        compiled.columns = table.columns.iter().map(|column| ResultColumn::column(table, column)).collect();
        let names = table.columns.iter().map(|column| column.name).collect();
        compiled.matching = Matching::Names { of: table.model, names };
        Ok(compiled)
    }
}
