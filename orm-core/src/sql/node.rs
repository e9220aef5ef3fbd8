//! Expressions as an untyped tree.

use std::sync::Arc;

use super::raw::RawPart;
use super::select::Select;
use crate::schema::{ColumnDef, EdgeLink, SourceRef, TableDef};
use crate::types::Value;

/// An expression, without its type.
#[derive(Debug, Clone)]
pub enum Node {
    /// A column of a table or alias.
    Column {
        /// What it is qualified by.
        source: SourceRef,
        /// The column.
        column: &'static ColumnDef,
    },
    /// A column of a table that has no model, by name.
    LinkColumn {
        /// The link table's place in the statement.
        link: LinkRef,
        /// The column's name.
        column: &'static str,
    },
    /// A value, sent as a parameter.
    Param(Value),
    /// Two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left operand.
        lhs: Box<Self>,
        /// The right operand.
        rhs: Box<Self>,
    },
    /// All of these; true if there are none.
    All(Vec<Self>),
    /// Any of these; false if there are none.
    Any(Vec<Self>),
    /// `NOT …`.
    Not(Box<Self>),
    /// A postfix test such as `IS NULL`.
    Is {
        /// The operand.
        operand: Box<Self>,
        /// What it is tested for.
        test: IsTest,
    },
    /// `… BETWEEN … AND …`.
    Between {
        /// The operand.
        operand: Box<Self>,
        /// The lower bound.
        low: Box<Self>,
        /// The upper bound.
        high: Box<Self>,
    },
    /// `… = ANY ($1)`, or `… <> ALL ($1)`.
    InArray {
        /// The operand.
        operand: Box<Self>,
        /// The array.
        array: Value,
        /// Whether it is the negation.
        negated: bool,
    },
    /// `… IN (SELECT …)`.
    InSelect {
        /// The operand.
        operand: Box<Self>,
        /// The query, of one column.
        select: Arc<Select>,
        /// Whether it is the negation.
        negated: bool,
    },
    /// `(a, b) IN (SELECT * FROM UNNEST ($1, $2))`: rows whose columns are one of a list of tuples.
    InTuples {
        /// The columns.
        columns: Vec<Self>,
        /// One array a column.
        arrays: Vec<Value>,
    },
    /// `(a, b)`: several values as one.
    Tuple(Vec<Self>),
    /// `EXISTS (SELECT …)`.
    Exists(Arc<Select>),
    /// A function by its SQL name.
    Function {
        /// The name.
        name: &'static str,
        /// The arguments.
        args: Vec<Self>,
    },
    /// `count(*)`.
    CountAll,
    /// A member of a composite value.
    Member {
        /// The value.
        operand: Box<Self>,
        /// The member's name.
        name: &'static str,
    },
    /// SQL as the user wrote it, with expressions between.
    Raw(Vec<RawPart>),
}

/// Which of the link tables of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRef {
    /// The schema.
    pub schema: Option<&'static str>,
    /// The table.
    pub table: &'static str,
    /// Tells one use of the table from another.
    pub id: usize,
    /// The column that tells when a link was deleted, if the table has a model that marks its rows.
    pub soft_delete: Option<&'static str>,
}

impl LinkRef {
    pub(crate) fn of(link: EdgeLink, id: usize) -> Self {
        let soft_delete = link.model.and_then(TableDef::soft_delete_column).map(|column| column.name);
        Self { schema: link.schema, table: link.table, id, soft_delete }
    }
}

/// What an operand is tested for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsTest {
    /// `IS NULL`
    Null,
    /// `IS NOT NULL`
    NotNull,
    /// `IS TRUE`
    True,
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `LIKE`
    Like,
    /// `NOT LIKE`
    NotLike,
    /// `ILIKE`
    Ilike,
    /// `IS DISTINCT FROM`
    IsDistinctFrom,
    /// `IS NOT DISTINCT FROM`
    IsNotDistinctFrom,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
}

impl Node {
    pub(crate) fn binary(op: BinaryOp, lhs: Self, rhs: Self) -> Self {
        let (lhs, rhs) = match (lhs, rhs) {
            (lhs @ Self::Column { column, .. }, rhs) if column.sql_type.is_some() => (lhs, rhs.undeclared()),
            (lhs, rhs @ Self::Column { column, .. }) if column.sql_type.is_some() => (lhs.undeclared(), rhs),
            operands => operands,
        };
        Self::Binary { op, lhs: Box::new(lhs), rhs: Box::new(rhs) }
    }

    /// Joins two conditions with AND, without nesting what is a conjunction already.
    pub(crate) fn and(self, other: Self) -> Self {
        let mut all = match self {
            Self::All(all) => all,
            single => vec![single],
        };
        match other {
            Self::All(more) => all.extend(more),
            single => all.push(single),
        }
        Self::All(all)
    }

    /// Joins two conditions with OR.
    pub(crate) fn or(self, other: Self) -> Self {
        let mut any = match self {
            Self::Any(any) => any,
            single => vec![single],
        };
        match other {
            Self::Any(more) => any.extend(more),
            single => any.push(single),
        }
        Self::Any(any)
    }

    pub(crate) fn column(source: SourceRef, column: &'static ColumnDef) -> Self {
        Self::Column { source, column }
    }

    /// Leaves a parameter's type to the server: the column that it meets has a SQL type of its own.
    pub(crate) fn undeclared(self) -> Self {
        match self {
            Self::Param(value) => Self::Param(value.undeclared()),
            other => other,
        }
    }
}
