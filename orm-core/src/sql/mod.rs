//! Statements as data, and the typed skin over them.
//!
//! [`Column`] and [`Expr`] carry the type of a value and the tables that it reads; [`scope`] is the FROM clause as a
//! type. Underneath, everything is an untyped tree ([`Node`], [`Select`]) that the compile layer turns into text. No text
//! is made here, and nothing does I/O.

mod aggregate;
mod alias;
mod argument;
mod arithmetic;
mod assign;
mod case;
mod changes;
mod column;
mod columns;
mod comparable;
mod expr;
mod filters;
pub mod func;
mod group;
mod insert;
mod merge;
mod named;
mod node;
mod over;
mod raw;
pub mod scope;
mod select;
mod selection;
mod text;
mod tree;
mod tuple;
mod window;
mod write;

pub use crate::types::Condition;
pub use aggregate::{
    Aggregate, Aggregates, AvgSql, OrderedSet, Percentile, SumSql, count, grouping, mode, percentile_cont,
    percentile_disc,
};
pub use alias::{AliasTag, Aliased, AllColumns, Anonymous, At, Subquery};
pub use argument::{Alternatives, Argument, Arguments, Bare, OrNull, value};
pub use arithmetic::{Arithmetic, Bits, FractionSql, IntegerExpression, IntegerSql, ModuloSql, NumericSql};
pub use assign::{Assign, Assignments, IntoValue};
pub use case::{Case, CaseStart, case};
pub use changes::{Change, ChangeSet, Changes};
pub use column::Column;
pub use columns::ColumnList;
pub use expr::{
    Compared, Comparison, Expr, Expression, IntoExpr, Joined, Order, OrderTerm, SqlOf, TextSql, all_of, any_of,
};
pub use filters::Filters;
pub use func::func;
pub use group::{AllNullable, GroupKeys, GroupSets};
pub(crate) use insert::{BulkInsert, Conflict, ConflictAction, ConflictTarget, InsertRows, excluded_source};
pub use insert::{Excluded, InsertColumns, OneField, RowsFor, excluded};
pub use merge::{Given, IntoMergeSource, given};
pub(crate) use merge::{Merge, MergeAction, MergeArm, MergeUsing};
pub use named::NamedColumn;
pub use node::{Args, BinaryOp, Call, FunctionName, IsTest, LinkRef, Node, QualifiedName, UnaryOp};
pub use over::{
    Bound, CountedBound, IntoOver, Neighbour, Window, WindowFunction, cume_dist, current_row, dense_rank, first_value,
    following, lag, last_value, lead, nth_value, ntile, percent_rank, preceding, rank, row_number, unbounded_following,
    unbounded_preceding, window,
};
pub use raw::{RawExpr, RawPart, RawSql, SqlParam, raw_expr};
pub use scope::{AsScope, InScope};
pub use select::{
    Distinct, Eager, FromItem, Grouping, Join, JoinKind, Lock, LockStrength, LockWait, OrderBy, Per, Projection, Select,
};
pub(crate) use selection::is_there;
pub use selection::{ModelSource, Selection, SubqueryOf, WholeRow};
pub use text::{Escaped, IntoPattern, IntoText, TextExpression, TextParts, escape};
pub use tree::{Branch, Tree};
pub use tuple::{IntoTuple, TupleCompared, TupleExpression, TupleList};
pub use window::{Frame, FrameBound, FrameExclude, FrameUnit, Over, WindowDef};
pub(crate) use write::{
    ArrayInsert, ArrayUpdate, ArrayUpsert, BulkDelete, BulkUpdate, Followers, Input, InsertRow, KeyedDelete,
    KeyedUpdate, LinkWrite, TakeKeys,
};
