//! Expressions as an untyped tree.

use std::borrow::Cow;
use std::sync::Arc;

use super::raw::RawPart;
use super::select::{OrderBy, Select};
use super::tree::Tree;
use super::window::Over;
use crate::schema::{ColumnDef, EdgeLink, SourceRef};
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
        link: Box<LinkRef>,
        /// The column's name.
        column: &'static str,
    },
    /// A value, sent as a parameter.
    Param(Value),
    /// Two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left operand, and the right one.
        operands: Box<[Self; 2]>,
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
    /// `… IN (WITH RECURSIVE …)`: rows whose columns are those of a row of a tree.
    InTree {
        /// The columns.
        columns: Vec<Self>,
        /// The tree.
        tree: Arc<Tree>,
        /// The columns of the tree's table that they are compared with.
        targets: Vec<usize>,
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
    /// A member of a composite value.
    Member {
        /// The value.
        operand: Box<Self>,
        /// The member's name.
        name: &'static str,
    },
    /// SQL as the user wrote it, with expressions between.
    Raw(Vec<RawPart>),
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
    /// `ANY (…)` or `ALL (…)` of a query or an array, on the right side of an operator.
    Quantified {
        /// Whether all of its values are meant.
        all: bool,
        /// The array, or the query of one column.
        operand: Box<Self>,
    },
    /// A filter over a table, in which the table is this source, or the link table.
    Over {
        /// The source.
        source: SourceRef,
        /// The link table, where it is one.
        link: Option<Box<LinkRef>>,
        /// The filter's condition.
        node: Box<Self>,
        /// Which filter it is.
        filter: usize,
    },
    /// A text of this crate in single quotes: no value of a caller, so equal expressions have equal texts.
    Word(&'static str),
    /// `… COLLATE "…"`.
    Collate {
        /// The operand.
        operand: Box<Self>,
        /// The collation.
        collation: QualifiedName,
    },
}

/// A name that the caller gives, with its schema if that is said. It is quoted.
///
/// It is made of a name, or of a schema and a name:
///
/// ```
/// use orm_core::sql::QualifiedName;
///
/// let name = QualifiedName::from("similarity");
/// assert_eq!((name.schema, name.name), (None, "similarity".into()));
/// let name = QualifiedName::from(("extensions", "similarity"));
/// assert_eq!(name.schema, Some("extensions".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualifiedName {
    /// The schema.
    pub schema: Option<Cow<'static, str>>,
    /// The name.
    pub name: Cow<'static, str>,
}

impl From<&'static str> for QualifiedName {
    fn from(name: &'static str) -> Self {
        Self { schema: None, name: name.into() }
    }
}

impl From<String> for QualifiedName {
    fn from(name: String) -> Self {
        Self { schema: None, name: name.into() }
    }
}

impl<S: Into<Cow<'static, str>>, N: Into<Cow<'static, str>>> From<(S, N)> for QualifiedName {
    fn from((schema, name): (S, N)) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }
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
    /// The table's model, where it has one.
    pub model: Option<SourceRef>,
}

impl LinkRef {
    pub(crate) fn of(link: EdgeLink, id: usize) -> Self {
        Self { schema: link.schema, table: link.table, id, model: link.model.map(SourceRef::Table) }
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
    /// `ESCAPE`, of a pattern and on the right side of `LIKE` and its like alone.
    Escape,
}

impl Node {
    pub(crate) fn binary(op: BinaryOp, lhs: Self, rhs: Self) -> Self {
        // In their box they are moved no more.
        let mut operands = Box::new([lhs, rhs]);
        let [lhs, rhs] = &mut *operands;
        lhs.meet(rhs);
        Self::Binary { op, operands }
    }

    /// Two operands that meet: the type of a value beside a column with a SQL type of its own is left to the server.
    pub(crate) fn beside(mut lhs: Self, mut rhs: Self) -> (Self, Self) {
        lhs.meet(&mut rhs);
        (lhs, rhs)
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

    /// What is written of a conjunction or disjunction of a single operand: that operand.
    pub(crate) fn alone(&self) -> &Self {
        match self {
            Self::All(inner) | Self::Any(inner) => match inner.as_slice() {
                [single] => single.alone(),
                _ => self,
            },
            _ => self,
        }
    }

    pub(crate) fn column(source: SourceRef, column: &'static ColumnDef) -> Self {
        Self::Column { source, column }
    }

    fn meet(&mut self, other: &mut Self) {
        if self.has_own_type() {
            other.leave_type();
        } else if other.has_own_type() {
            self.leave_type();
        }
    }

    /// Whether it is a column that has a SQL type of its own.
    fn has_own_type(&self) -> bool {
        matches!(self, Self::Column { column, .. } if column.sql_type.is_some())
    }

    fn leave_type(&mut self) {
        if let Self::Param(value) = self {
            value.leave_type();
        }
    }

    /// Leaves a parameter's type to the server: the column that it meets has a SQL type of its own.
    pub(crate) fn undeclared(self) -> Self {
        match self {
            Self::Param(value) => Self::Param(value.undeclared()),
            other => other,
        }
    }
}
