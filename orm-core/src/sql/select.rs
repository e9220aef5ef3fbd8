//! `SELECT` as data.

use std::sync::Arc;

use super::node::{LinkRef, Node};
use crate::schema::SourceRef;
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
        }
    }

    /// The number of its rows.
    ///
    /// Ordering is left out; a query whose rows are not simply those of its FROM clause is counted from outside.
    pub(crate) fn into_count(mut self) -> Self {
        self.order_by.clear();
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
        self
    }
}
