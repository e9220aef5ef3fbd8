//! Expressions as an untyped tree.

use std::borrow::Cow;
use std::sync::Arc;

use super::select::{OrderBy, Select};
use super::window::Over;
use crate::schema::{ColumnDef, EdgeLink, SourceRef, TableDef};
use crate::types::{TypeDef, Value};

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
    /// A function with what only aggregates and window functions have, or one by a name that is quoted.
    Call(Box<Call>),
    /// One operand.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Self>,
    },
    /// `CAST (… AS …)`.
    Cast {
        /// The operand.
        operand: Box<Self>,
        /// The type.
        ty: &'static TypeDef,
    },
    /// `CASE WHEN … THEN … ELSE … END`.
    Case {
        /// Conditions, each with the value that it gives.
        whens: Vec<(Self, Self)>,
        /// What it is otherwise; NULL if that is not said.
        otherwise: Option<Box<Self>>,
    },
    /// `(SELECT …)`: the value of a query of one column and at most one row.
    Scalar(Arc<Select>),
    /// `ARRAY[…]`.
    Array(Vec<Self>),
    /// `…[1]`, or `…[1:2]`.
    Subscript {
        /// The array.
        operand: Box<Self>,
        /// The place, or the first of several.
        index: Box<Self>,
        /// The last of several.
        to: Option<Box<Self>>,
    },
    /// `ANY (…)` or `ALL (…)` of an array, at the right of a comparison.
    Quantified {
        /// Whether it is `ALL`.
        all: bool,
        /// The array.
        operand: Box<Self>,
    },
}

/// A call of a function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub function: FunctionName,
    /// The arguments.
    pub args: Args,
    /// Whether equal arguments count once.
    pub distinct: bool,
    /// The order in which an aggregate takes its arguments.
    pub order_by: Vec<OrderBy>,
    /// `WITHIN GROUP (ORDER BY …)`.
    pub within_group: Vec<OrderBy>,
    /// `FILTER (WHERE …)`.
    pub filter: Option<Node>,
    /// `OVER …`.
    pub over: Option<Over>,
}

/// The arguments of a call.
#[derive(Debug, Clone)]
pub enum Args {
    /// `*`
    Star,
    /// Expressions.
    List(Vec<Node>),
}

/// What a function is called.
#[derive(Debug, Clone)]
pub enum FunctionName {
    /// One of PostgreSQL's own, as this crate has it.
    Known(&'static str),
    /// One that the caller names. It is quoted.
    Named {
        /// The schema.
        schema: Option<Cow<'static, str>>,
        /// The name.
        name: Cow<'static, str>,
    },
}

impl Call {
    pub(crate) fn of(function: FunctionName, args: Args) -> Self {
        Self {
            function,
            args,
            distinct: false,
            order_by: Vec::new(),
            within_group: Vec::new(),
            filter: None,
            over: None,
        }
    }
}

/// Unary operators, which stand before their operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `~`
    BitNot,
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
    /// `%`
    Mod,
    /// `||`
    Concat,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `#`
    BitXor,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `NOT ILIKE`
    NotIlike,
    /// `SIMILAR TO`
    SimilarTo,
    /// `NOT SIMILAR TO`
    NotSimilarTo,
    /// `~`
    Regex,
    /// `~*`
    RegexIgnoreCase,
    /// `!~`
    NotRegex,
    /// `!~*`
    NotRegexIgnoreCase,
    /// `->`
    JsonGet,
    /// `->>`
    JsonGetText,
    /// `#>`
    JsonPath,
    /// `#>>`
    JsonPathText,
    /// `#-`
    JsonDelete,
    /// `@?`
    JsonPathExists,
    /// `@@`
    Matches,
    /// `?`
    HasKey,
    /// `?|`
    HasAnyKey,
    /// `?&`
    HasAllKeys,
    /// `@>`
    Contains,
    /// `<@`
    ContainedBy,
    /// `&&`
    Overlaps,
    /// `-|-`
    Adjacent,
    /// `&<`
    NotRightOf,
    /// `&>`
    NotLeftOf,
    /// `<<=`
    ContainedByOrEquals,
    /// `>>=`
    ContainsOrEquals,
    /// `<->`
    Distance,
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
