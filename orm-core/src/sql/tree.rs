//! Rows that point to rows of their own table, as data: what is below some of them.

use super::node::Node;
use crate::schema::TableDef;

/// A foreign key of a table to itself, by positions of columns.
#[derive(Debug, Clone)]
pub struct Branch {
    /// The columns of the child.
    pub(crate) columns: Vec<usize>,
    /// The columns of the parent that they point to.
    pub(crate) targets: Vec<usize>,
}

/// Rows of a table, and all that are below them.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(crate) table: &'static TableDef,
    /// Which rows are at the top.
    pub(crate) chosen: Node,
    pub(crate) branches: Vec<Branch>,
}
