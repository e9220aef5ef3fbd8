//! `SELECT` as data.

use std::sync::Arc;

use super::node::{LinkRef, Node};
use super::raw::RawSql;
use crate::schema::{SourceRef, TableDef};
use crate::types::TypeDef;

/// A `SELECT`.
#[derive(Debug, Clone)]
pub struct Select {
    /// `DISTINCT`.
    pub distinct: Distinct,
    /// The model that the query starts at.
    pub root: SourceRef,
    /// What is selected.
    pub projection: Vec<Projection>,
    /// The first item of the FROM clause.
    pub from: FromItem,
    /// The joins, in their order.
    pub joins: Vec<Join>,
    /// The conditions, all of which must hold.
    pub predicates: Vec<Node>,
    /// The order.
    pub order_by: Vec<OrderBy>,
    /// `LIMIT`.
    pub limit: Option<u64>,
    /// `OFFSET`.
    pub offset: Option<u64>,
    /// Whether rows that are marked as deleted are among its own, those of its joins and of the queries inside it.
    pub with_deleted: bool,
    /// Ends of to-one relationships that are read in the same rows, behind the projection.
    pub eager: Vec<Eager>,
    /// At most that many rows for each value of these expressions.
    pub per: Option<Per>,
}

/// The end of a to-one relationship that a query reads in its own rows. Its alias is made when it is compiled.
#[derive(Debug, Clone, Copy)]
pub struct Eager {
    /// The one that it starts at, as its place in the list; `None` for the query's own model.
    pub near: Option<usize>,
    /// The name that its alias would like to have.
    pub name: &'static str,
    /// The table that it leads to.
    pub table: &'static TableDef,
    /// The columns of the start…
    pub local: &'static [&'static str],
    /// … that equal these of the end.
    pub remote: &'static [&'static str],
    /// Whether there is always an end.
    pub required: bool,
    /// Whether rows that are marked as deleted are ends, whatever the query says.
    pub with_deleted: bool,
}

/// A limit for each group of rows.
#[derive(Debug, Clone)]
pub struct Per {
    /// What tells the groups.
    pub group: Vec<Node>,
    /// How many rows of each, in the query's order.
    pub limit: u64,
}

/// Whether equal rows are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Distinct {
    /// They are not.
    #[default]
    No,
    /// `DISTINCT`.
    Rows,
}

/// One item of the select list.
#[derive(Debug, Clone)]
pub enum Projection {
    /// All columns of a model, in the order of its table.
    Model(SourceRef),
    /// An expression.
    Expr {
        /// The expression.
        node: Node,
        /// Its type.
        ty: &'static TypeDef,
    },
    /// The constant 1, for `EXISTS`.
    One,
}

/// One item of the FROM clause.
#[derive(Debug, Clone)]
pub enum FromItem {
    /// A table, or an alias of it.
    Source(SourceRef),
    /// A subquery under an alias.
    Subquery {
        /// The alias.
        source: SourceRef,
        /// The query.
        select: Arc<Select>,
    },
    /// A statement that the user wrote, under an alias, whose columns are those of the alias's model.
    Raw {
        /// The alias.
        source: SourceRef,
        /// The statement.
        sql: RawSql,
    },
    /// A table without a model.
    Link(LinkRef),
}

/// A join.
#[derive(Debug, Clone)]
pub struct Join {
    /// Its kind.
    pub kind: JoinKind,
    /// What is joined.
    pub item: FromItem,
    /// The condition.
    pub on: Node,
    /// Whether rows that are marked as deleted are joined, whatever the query says.
    pub with_deleted: bool,
}

/// Kinds of joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// `JOIN`
    Inner,
    /// `LEFT JOIN`
    Left,
}

/// One item of the ORDER BY clause.
#[derive(Debug, Clone)]
pub struct OrderBy {
    /// The expression.
    pub node: Node,
    /// Whether the order is descending.
    pub descending: bool,
    /// `NULLS FIRST` (true) or `NULLS LAST` (false), where it is said.
    pub nulls_first: Option<bool>,
}

impl Select {
    /// All rows of a source, as models.
    pub(crate) fn models(source: SourceRef) -> Self {
        Self::of(source, Projection::Model(source), FromItem::Source(source))
    }

    pub(crate) fn of(root: SourceRef, projection: Projection, from: FromItem) -> Self {
        Self {
            root,
            distinct: Distinct::No,
            projection: vec![projection],
            from,
            joins: Vec::new(),
            predicates: Vec::new(),
            order_by: Vec::new(),
            limit: None,
            offset: None,
            with_deleted: false,
            eager: Vec::new(),
            per: None,
        }
    }

    /// The tables whose columns are read, in the order of the columns.
    pub(crate) fn tables_read(&self) -> impl Iterator<Item = &'static TableDef> {
        let projected = self.projection.iter().filter_map(|item| match item {
            Projection::Model(source) => Some(source.table()),
            Projection::Expr { .. } | Projection::One => None,
        });
        projected.chain(self.eager.iter().map(|eager| eager.table))
    }

    /// Reads nothing but its own projection.
    pub(crate) fn without_eager(mut self) -> Self {
        self.eager.clear();
        self
    }

    /// The number of its rows.
    ///
    /// Ordering is left out; a query whose rows are not simply those of its FROM clause is counted from outside.
    pub(crate) fn into_count(mut self) -> Self {
        self.order_by.clear();
        self.eager.clear();
        let count = Projection::Expr { node: Node::CountAll, ty: <i64 as crate::types::Field>::TYPE };
        if self.limit.is_none() && self.offset.is_none() && self.distinct == Distinct::No {
            self.projection = vec![count];
            return self;
        }
        let source = super::alias::anonymous(self.root.table());
        Self::of(source, count, FromItem::Subquery { source, select: Arc::new(self) })
    }

    /// Whether there are rows: `SELECT 1`, for `EXISTS`.
    pub(crate) fn into_exists(mut self) -> Self {
        self.projection = vec![Projection::One];
        self.order_by.clear();
        self.eager.clear();
        self
    }
}
