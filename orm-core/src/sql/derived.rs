//! What stands in a FROM clause and is no table: subqueries of columns, combined queries, values, functions, and common
//! table expressions.

use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::Arc;

use super::alias::{AliasTag, Aliased, Subquery};
use super::column::Column;
use super::node::Node;
use super::select::{Distinct, FromItem, Projection, Select};
use super::write::{BulkDelete, BulkUpdate};
use crate::schema::{ColumnDef, Model, Source, SourceRef, TableDef};
use crate::types::{Field, Value};

/// What the rows of a subquery are: a model, or what was selected ([`Selected`]).
pub trait Shape: 'static {
    /// Its columns, as they are seen from `S`.
    type Cols<S>;

    /// The columns.
    fn cols<S>() -> Self::Cols<S>;

    /// The names that the columns have in the statement; none if they have those of a table.
    #[doc(hidden)]
    fn names() -> &'static [&'static str];

    /// The table whose columns they are.
    #[doc(hidden)]
    fn def() -> &'static TableDef;
}

#[diagnostic::do_not_recommend]
impl<M: Model> Shape for M {
    type Cols<S> = M::Columns<S>;

    fn cols<S>() -> M::Columns<S> {
        M::columns()
    }

    fn names() -> &'static [&'static str] {
        &[]
    }

    fn def() -> &'static TableDef {
        M::table()
    }
}

/// Rows of columns and expressions, as [`select`](crate::Query::select) makes them: `R` is the type of a row.
#[derive(Debug)]
pub struct Selected<R>(PhantomData<fn() -> R>);

impl<R: Tabular> Shape for Selected<R> {
    type Cols<S> = R::Cols<S>;

    fn cols<S>() -> R::Cols<S> {
        R::cols()
    }

    fn names() -> &'static [&'static str] {
        R::NAMES
    }

    fn def() -> &'static TableDef {
        &NO_TABLE
    }
}

/// Names for the columns of rows of type `R`; written by the macros that take names.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the names do not fit rows of `{R}`",
    label = "as many names are needed as columns are selected"
)]
pub trait Naming<R> {
    /// The rows, whose columns have these names.
    type Shape: Shape;
}

/// Gives the columns of a subquery names; written by the macros that take names.
#[doc(hidden)]
pub fn named<N, R, Tag, O>(rows: Subquery<Selected<R>, Tag, O>) -> Subquery<N::Shape, Tag, O>
where
    N: Naming<R>,
    R: Tabular,
    Tag: AliasTag,
{
    let mut item = rows.item();
    drop(rows);
    match &mut item {
        FromItem::Rows { columns, .. } => *columns = N::Shape::names(),
        FromItem::Cte { cte, .. } => Arc::make_mut(cte).columns = N::Shape::names(),
        // What it is, is said where it is defined.
        FromItem::Itself { .. }
        | FromItem::Source(_)
        | FromItem::Subquery { .. }
        | FromItem::Raw { .. }
        | FromItem::Link(_) => {}
    }
    Subquery::of(item)
}

/// Stands for the table of what is none; for generated code.
#[doc(hidden)]
#[must_use]
pub fn no_table() -> &'static TableDef {
    &NO_TABLE
}

/// Stands for the table of what is none.
static NO_TABLE: TableDef = TableDef::new("subquery", "", "subquery", &[], &[], &[]);

/// Whether it stands for the table of what is none.
pub(crate) fn is_no_table(table: &TableDef) -> bool {
    std::ptr::eq(table, &raw const NO_TABLE)
}

/// A row whose parts can be the columns of a subquery: a field, or a tuple of up to sixteen.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` cannot be the columns of a subquery",
    label = "not a column, nor a tuple of up to sixteen",
    note = "select columns and expressions for it; a query of whole models is a subquery by itself: `query::<Course>().subquery()`"
)]
pub trait Tabular: Send + 'static {
    /// The columns, as they are seen from `S`.
    type Cols<S>;
    /// Their names.
    const NAMES: &'static [&'static str];

    /// The columns.
    fn cols<S>() -> Self::Cols<S>;

    /// The columns as expressions.
    #[doc(hidden)]
    fn columns_of(source: SourceRef) -> Vec<Node>;
}

const NAMES: [&str; 16] =
    ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14", "c15"];

/// The column of a subquery at a place.
struct Place<T, const N: usize>(PhantomData<T>);

impl<T: Field, const N: usize> Place<T, N> {
    const DEF: &'static ColumnDef = &ColumnDef::of::<T>(NAMES[N], NAMES[N]);
}

#[diagnostic::do_not_recommend]
impl<T: Field> Tabular for T {
    type Cols<S> = (Column<S, T>,);
    const NAMES: &'static [&'static str] = &["c0"];

    fn cols<S>() -> Self::Cols<S> {
        (Column::new(Place::<T, 0>::DEF),)
    }

    fn columns_of(source: SourceRef) -> Vec<Node> {
        vec![Node::column(source, Place::<T, 0>::DEF)]
    }
}

macro_rules! tabular {
    ($($part:ident $place:literal),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($part: Field),*> Tabular for ($($part,)*) {
            type Cols<S> = ($(Column<S, $part>,)*);
            const NAMES: &'static [&'static str] = &[$(NAMES[$place]),*];

            fn cols<S>() -> Self::Cols<S> {
                ($(Column::new(Place::<$part, $place>::DEF),)*)
            }

            fn columns_of(source: SourceRef) -> Vec<Node> {
                vec![$(Node::column(source, Place::<$part, $place>::DEF)),*]
            }
        }
    };
}
tabular!(A 0);
tabular!(A 0, B 1);
tabular!(A 0, B 1, C 2);
tabular!(A 0, B 1, C 2, D 3);
tabular!(A 0, B 1, C 2, D 3, E 4);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14);
tabular!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15);

/// What gives the rows of an item of a FROM clause that is no table.
#[derive(Debug, Clone)]
pub struct Body(pub(crate) BodyKind);

#[derive(Debug, Clone)]
pub(crate) enum BodyKind {
    /// A query.
    Select(Box<Select>),
    /// Two of them, combined.
    Set { op: SetOp, all: bool, lhs: Box<Self>, rhs: Box<Self> },
    /// Rows that are sent, as one array a column.
    Arrays(Vec<Value>),
    /// A function that gives rows.
    Function(Node),
    /// A bulk delete that gives what its rows had.
    Delete(Box<BulkDelete>),
    /// A bulk update that gives what its rows have.
    Update(Box<BulkUpdate>),
    /// What is refused before anything is sent, with the reason.
    Refused(String),
}

/// How the rows of two queries are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetOp {
    Union,
    Intersect,
    Except,
}

impl BodyKind {
    /// Whether it locks the rows that it finds.
    pub(crate) fn is_locking(&self) -> bool {
        match self {
            Self::Select(select) => select.is_locking(),
            Self::Set { lhs, rhs, .. } => lhs.is_locking() || rhs.is_locking(),
            Self::Arrays(_) | Self::Function(_) | Self::Delete(_) | Self::Update(_) | Self::Refused(_) => false,
        }
    }

    pub(crate) fn select(select: Select) -> Self {
        Self::Select(Box::new(select))
    }

    /// A query as one of those that are combined: what was combined before is not asked from outside.
    pub(crate) fn operand(mut select: Select) -> Self {
        if !select.is_combination() {
            return Self::select(select);
        }
        let whole = std::mem::replace(&mut select.from, FromItem::Source(select.root));
        match whole {
            FromItem::Rows { body, .. } => Arc::unwrap_or_clone(body).0,
            // `is_combination` is of these alone.
            other => Self::select(Select { from: other, ..select }),
        }
    }
}

impl Select {
    /// Whether it is nothing but the rows of several queries combined.
    fn is_combination(&self) -> bool {
        let FromItem::Rows { source, columns, body, .. } = &self.from else { return false };
        let is_set = matches!(body.0, BodyKind::Set { .. });
        let is_whole = match self.projection.as_slice() {
            [Projection::Model(model)] => model == source,
            several => {
                several.len() == columns.len()
                    && several.iter().zip(*columns).all(|(item, name)| {
                        matches!(item, Projection::Expr { node: Node::Column { column, .. }, .. } if column.name == *name)
                    })
            }
        };
        is_set && is_whole && self.is_without_clauses()
    }

    fn is_without_clauses(&self) -> bool {
        let is_cut = self.limit.is_some() || self.offset.is_some() || !matches!(self.distinct, Distinct::No);
        let is_chosen = !self.predicates.is_empty() || !self.joins.is_empty() || !self.eager.is_empty();
        let is_grouped = !self.group_by.is_empty() || !self.having.is_empty() || self.per.is_some();
        let is_ordered = !self.order_by.is_empty() || !self.locks.is_empty() || !self.windows.is_empty();
        !is_cut && !is_chosen && !is_grouped && !is_ordered && !self.with_deleted
    }
}

/// A common table expression: `WITH "name" AS (…)`.
#[derive(Debug, Clone)]
pub struct Cte {
    /// The name that it would like to have.
    pub(crate) name: &'static str,
    /// Tells it from others, where it refers to itself.
    pub(crate) tag: TypeId,
    /// The names of its columns, where they are not those of a table.
    pub(crate) columns: &'static [&'static str],
    pub(crate) body: BodyKind,
    /// `MATERIALIZED` or `NOT MATERIALIZED`, where it is said.
    pub(crate) materialized: Option<bool>,
    pub(crate) recursive: bool,
}

/// What can be a common table expression, by [`cte!`](crate::cte).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a common table expression",
    label = "not a query that stands by itself",
    note = "it is made of a query, selected columns, `values(…)`, or a bulk update or delete, bound to nobody and without `outer`"
)]
pub trait CteBody {
    /// What its rows are.
    type Shape: Shape;

    /// What gives the rows, and whether it is said that they are to be kept.
    #[doc(hidden)]
    fn into_body(self) -> (Body, Option<bool>);
}

/// A query with a word about how the server is to run it; made by [`materialized`] and [`not_materialized`].
#[must_use = "it does nothing until it is given to `cte!`"]
#[derive(Debug, Clone)]
pub struct Hinted<Q> {
    query: Q,
    materialized: bool,
}

/// Makes a common table expression run once, whatever the query around it asks of it: `AS MATERIALIZED (…)`.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::{cte, sql::materialized};
/// # #[derive(Model, Debug, Clone)]
/// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32 }
/// cte!(let late = materialized(query::<Homework>().filter(Homework::number.gt(5))));
/// assert!(orm_core::query_from(&late).to_sql().starts_with(r#"WITH "late" AS MATERIALIZED (SELECT"#));
/// ```
pub fn materialized<Q: CteBody>(query: Q) -> Hinted<Q> {
    Hinted { query, materialized: true }
}

/// Makes a common table expression a part of the query that asks it: `AS NOT MATERIALIZED (…)`.
pub fn not_materialized<Q: CteBody>(query: Q) -> Hinted<Q> {
    Hinted { query, materialized: false }
}

#[diagnostic::do_not_recommend]
impl<Q: CteBody> CteBody for Hinted<Q> {
    type Shape = Q::Shape;

    fn into_body(self) -> (Body, Option<bool>) {
        (self.query.into_body().0, Some(self.materialized))
    }
}

/// A common table expression of a query; written by [`cte!`](crate::cte).
#[doc(hidden)]
pub fn cte<Tag: AliasTag, Q: CteBody>(query: Q) -> Subquery<Q::Shape, Tag> {
    let (Body(body), materialized) = query.into_body();
    defined(body, materialized, false)
}

/// A common table expression as it is seen from inside of itself; written by [`recursive!`](crate::recursive).
#[doc(hidden)]
pub fn itself<Tag: AliasTag, Q: CteBody>(_base: &Q) -> Subquery<Q::Shape, Tag> {
    let source = Aliased::<Q::Shape, Tag>::source();
    Subquery::of(FromItem::Itself { source, tag: TypeId::of::<Tag>() })
}

/// A common table expression that refers to itself; written by [`recursive!`](crate::recursive).
#[doc(hidden)]
pub fn recursive<Tag, B, Q>(base: B, step: Q, all: bool) -> Subquery<B::Shape, Tag>
where
    Tag: AliasTag,
    B: CteBody,
    Q: CteBody<Shape = B::Shape>,
{
    let (Body(lhs), materialized) = base.into_body();
    let (Body(rhs), _) = step.into_body();
    let body = BodyKind::Set { op: SetOp::Union, all, lhs: Box::new(lhs), rhs: Box::new(rhs) };
    defined(body, materialized, true)
}

fn defined<M: Shape, Tag: AliasTag>(body: BodyKind, materialized: Option<bool>, recursive: bool) -> Subquery<M, Tag> {
    let source = Aliased::<M, Tag>::source();
    let cte = Cte { name: Tag::NAME, tag: TypeId::of::<Tag>(), columns: M::names(), body, materialized, recursive };
    Subquery::of(FromItem::Cte { source, cte: Arc::new(cte) })
}

/// What can be joined on a condition: a model as `Homework::TABLE`; an alias, a subquery or a common table expression by
/// reference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be joined on a condition",
    label = "no table, alias, subquery or common table expression",
    note = "a model is joined as `Homework::TABLE`, everything else by reference: `&late`"
)]
pub trait JoinTarget {
    /// What its columns are qualified by.
    type Source: Source;
    /// The tables of the query around it that it reads.
    type Outers;

    /// The item of the FROM clause.
    #[doc(hidden)]
    fn into_item(self) -> FromItem;
}

#[diagnostic::do_not_recommend]
impl<M: Model> JoinTarget for super::alias::At<M> {
    type Source = M;
    type Outers = ();

    fn into_item(self) -> FromItem {
        FromItem::Source(M::source())
    }
}

#[diagnostic::do_not_recommend]
impl<M: Shape, Tag: AliasTag, O> JoinTarget for &Subquery<M, Tag, O> {
    type Source = Aliased<M, Tag>;
    type Outers = O;

    fn into_item(self) -> FromItem {
        self.item()
    }
}

/// The outer tables of a query that reads none.
#[diagnostic::on_unimplemented(
    message = "this subquery reads a table of the query around it",
    label = "a subquery that is joined sees no other table of the query",
    note = "join it by `join_lateral` or `left_join_lateral`, which let it see the tables that are joined before it"
)]
pub trait Uncorrelated {}

#[diagnostic::do_not_recommend]
impl Uncorrelated for () {}
