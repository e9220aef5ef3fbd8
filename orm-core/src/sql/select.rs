//! `SELECT` as data.

use std::borrow::Cow;
use std::sync::Arc;

use super::derived::{Body, Cte};
use super::node::{LinkRef, Node};
use super::raw::RawSql;
use super::window::WindowDef;
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
    /// The names of the engine's filters that are left out, of its own rows and of the queries inside it.
    pub unfiltered: Vec<Cow<'static, str>>,
    /// Ends of to-one relationships that are read in the same rows, behind the projection.
    pub eager: Vec<Eager>,
    /// At most that many rows for each value of these expressions.
    pub per: Option<Per>,
    /// `GROUP BY`.
    pub group_by: Vec<Grouping>,
    /// `HAVING`, all of which must hold.
    pub having: Vec<Node>,
    /// `WINDOW`: names, with what they mean.
    pub windows: Vec<(&'static str, WindowDef)>,
    /// `FOR UPDATE` and the like.
    pub locks: Vec<Lock>,
    /// What is read behind all else, whatever its type: the keys of a cursor.
    pub behind: Vec<Node>,
    /// Why the query is refused before it is sent, whatever else it says.
    pub misuse: Option<&'static str>,
}

/// One item of the GROUP BY clause.
#[derive(Debug, Clone)]
pub enum Grouping {
    /// An expression.
    By(Node),
    /// `ROLLUP (…)`
    Rollup(Vec<Node>),
    /// `CUBE (…)`
    Cube(Vec<Node>),
    /// `GROUPING SETS ((…), …)`
    Sets(Vec<Vec<Node>>),
}

/// A locking clause.
#[derive(Debug, Clone)]
pub struct Lock {
    /// How the rows are locked.
    pub strength: LockStrength,
    /// The tables whose rows are locked; all if none is named.
    pub of: Vec<SourceRef>,
    /// What is done about rows that are locked already.
    pub wait: LockWait,
}

/// How rows are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockStrength {
    /// `FOR UPDATE`
    Update,
    /// `FOR NO KEY UPDATE`
    NoKeyUpdate,
    /// `FOR SHARE`
    Share,
    /// `FOR KEY SHARE`
    KeyShare,
}

/// What is done about rows that are locked already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockWait {
    /// They are waited for.
    #[default]
    Wait,
    /// `NOWAIT`: they are an error.
    Error,
    /// `SKIP LOCKED`: they are left out.
    Skip,
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
#[derive(Debug, Clone, Default)]
pub enum Distinct {
    /// They are not.
    #[default]
    No,
    /// `DISTINCT`.
    Rows,
    /// `DISTINCT ON (…)`: all but the first of those that are equal in these expressions.
    On(Vec<Node>),
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
        /// Whether it sees the items before it.
        lateral: bool,
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
    /// Rows under an alias: selected columns, combined queries, values, a function.
    Rows {
        /// The alias.
        source: SourceRef,
        /// The names of the columns; none if they are those of the source's table.
        columns: &'static [&'static str],
        /// What gives them.
        body: Arc<Body>,
        /// Whether it sees the items before it.
        lateral: bool,
    },
    /// A common table expression, which is defined at the head of the statement.
    Cte {
        /// The alias.
        source: SourceRef,
        /// What it is.
        cte: Arc<Cte>,
    },
    /// The common table expression that is being defined.
    Itself {
        /// The alias.
        source: SourceRef,
        /// Which one.
        tag: std::any::TypeId,
    },
}

impl FromItem {
    /// Lets it see the items before it.
    pub(crate) fn into_lateral(mut self) -> Self {
        if let Self::Subquery { lateral, .. } | Self::Rows { lateral, .. } = &mut self {
            *lateral = true;
        }
        self
    }

    /// Gives it another alias.
    pub(crate) fn rename(&mut self, to: SourceRef) {
        match self {
            Self::Source(source)
            | Self::Subquery { source, .. }
            | Self::Raw { source, .. }
            | Self::Rows { source, .. }
            | Self::Cte { source, .. }
            | Self::Itself { source, .. } => *source = to,
            Self::Link(_) => {}
        }
    }

    /// What its columns are qualified by, unless it is a table without a model.
    pub(crate) fn source(&self) -> Option<SourceRef> {
        match self {
            Self::Source(source)
            | Self::Subquery { source, .. }
            | Self::Raw { source, .. }
            | Self::Rows { source, .. }
            | Self::Cte { source, .. }
            | Self::Itself { source, .. } => Some(*source),
            Self::Link(_) => None,
        }
    }

    /// Whether it locks the rows that it finds.
    fn is_locking(&self) -> bool {
        match self {
            Self::Subquery { select, .. } => select.is_locking(),
            Self::Rows { body, .. } => body.0.is_locking(),
            Self::Cte { cte, .. } => cte.body.is_locking(),
            Self::Source(_) | Self::Raw { .. } | Self::Itself { .. } | Self::Link(_) => false,
        }
    }
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
    /// `RIGHT JOIN`
    Right,
    /// `FULL JOIN`
    Full,
    /// `CROSS JOIN`, which has no condition.
    Cross,
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
            unfiltered: Vec::new(),
            eager: Vec::new(),
            per: None,
            group_by: Vec::new(),
            having: Vec::new(),
            windows: Vec::new(),
            locks: Vec::new(),
            behind: Vec::new(),
            misuse: None,
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
        if self.has_the_rows_of_its_from() {
            self.projection = vec![count];
            return self;
        }
        if !self.group_by.is_empty() || !self.having.is_empty() {
            // What the query is to give may not be had of a group; that there is one is all that counts.
            if matches!(self.distinct, Distinct::No) && self.per.is_none() {
                self.projection = vec![Projection::One];
            }
        }
        self.counted(count)
    }

    /// The number of its rows, whatever they are made of: counted from outside.
    pub(crate) fn into_count_of_rows(mut self) -> Self {
        self.order_by.clear();
        self.eager.clear();
        self.counted(Projection::Expr { node: Node::CountAll, ty: <i64 as crate::types::Field>::TYPE })
    }

    fn counted(self, count: Projection) -> Self {
        let source = super::alias::anonymous(self.root.table());
        Self::of(source, count, FromItem::Subquery { source, select: Arc::new(self), lateral: false })
    }

    /// Whether there is a row for each of the FROM clause that the conditions let through.
    fn has_the_rows_of_its_from(&self) -> bool {
        let is_cut = self.limit.is_some()
            || self.offset.is_some()
            || !matches!(self.distinct, Distinct::No)
            || self.per.is_some();
        !is_cut && self.group_by.is_empty() && self.having.is_empty() && self.locks.is_empty()
    }

    /// Whether it locks the rows that it finds.
    pub(crate) fn is_locking(&self) -> bool {
        let items = [&self.from].into_iter().chain(self.joins.iter().map(|join| &join.item));
        !self.locks.is_empty() || items.into_iter().any(FromItem::is_locking)
    }

    /// Whether it locks the rows of the model that it starts at.
    pub(crate) fn locks_its_root(&self) -> bool {
        self.locks.iter().any(|lock| lock.of.is_empty() || lock.of.contains(&self.root))
    }

    /// Whether there are rows, whatever they are made of: an aggregate makes one of none, and a function several of one.
    pub(crate) fn into_exists_of_rows(mut self) -> Self {
        let is_plain =
            |item: &Projection| !matches!(item, Projection::Expr { node, .. } if !matches!(node, Node::Column { .. }));
        if self.projection.iter().all(is_plain) {
            return self.into_exists();
        }
        self.order_by.clear();
        self
    }

    /// Whether there are rows: `SELECT 1`, for `EXISTS`.
    pub(crate) fn into_exists(mut self) -> Self {
        self.projection = vec![Projection::One];
        self.order_by.clear();
        self.eager.clear();
        self
    }
}
