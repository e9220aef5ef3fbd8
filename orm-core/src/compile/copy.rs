//! `COPY` to text, in the binary format.
//!
//! A `COPY` says nothing of the types of its columns, so each goes with a query of the same columns, which is prepared to
//! know them.

use super::writer::{Spelling, Writer};
use super::{Compile, Compiled};
use crate::error::Result;
use crate::schema::{SourceRef, TableDef};
use crate::sql::{Filters, FromItem, Node, Projection, Select};

/// `COPY … FROM STDIN`, or `COPY … TO STDOUT`.
#[derive(Debug, Clone)]
pub(crate) struct CopyStatement {
    pub(crate) sql: String,
    /// The query whose columns are those of the copy.
    pub(crate) described: Compiled,
}

/// Rows into columns of a table.
#[derive(Debug, Clone)]
pub(crate) struct CopyFrom {
    pub(crate) table: &'static TableDef,
    /// Positions of the columns.
    pub(crate) columns: Vec<usize>,
}

/// The rows of a query out.
#[derive(Debug, Clone)]
pub(crate) struct CopyTo<'s>(pub(crate) &'s Select);

impl CopyFrom {
    pub(crate) fn statement(&self) -> Result<CopyStatement> {
        let source = SourceRef::Table(self.table);
        let mut select = Select::of(source, Projection::One, FromItem::Source(source));
        let column = |&column: &usize| {
            let def = &self.table.columns[column];
            Projection::Expr { node: Node::column(source, def), ty: def.ty }
        };
        select.projection = self.columns.iter().map(column).collect();
        select.with_deleted = true;
        select.limit = Some(0);
        Ok(CopyStatement { sql: self.compile_unfiltered()?.sql, described: select.compile_unfiltered()? })
    }
}

impl Compile for CopyFrom {
    fn write(&self, w: &mut Writer) {
        w.about(self.table);
        w.push("COPY ").table(self.table).push(" (").column_names(self.table, &self.columns);
        w.push(") FROM STDIN (FORMAT binary)");
    }
}

impl CopyTo<'_> {
    pub(crate) fn statement(&self, filters: &Filters) -> Result<CopyStatement> {
        Ok(CopyStatement { described: self.0.compile_with(filters)?, sql: self.compile_with(filters)?.sql })
    }
}

impl Compile for CopyTo<'_> {
    fn write(&self, w: &mut Writer) {
        let before = w.spell(Spelling::Literal);
        w.push("COPY (");
        // Common table expressions stand within the parentheses.
        w.begin();
        w.select(self.0, false);
        w.push(") TO STDOUT (FORMAT binary)");
        w.spell(before);
    }
}
