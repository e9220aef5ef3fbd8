//! Statements as data, and the typed skin over them.
//!
//! [`Column`] and [`Expr`] carry the type of a value and the tables that it reads; [`scope`] is the FROM clause as a
//! type. Underneath, everything is an untyped tree ([`Node`], [`Select`]) that the compile layer turns into text. No text
//! is made here, and nothing does I/O.

mod aggregate;
mod alias;
mod argument;
mod arithmetic;
mod array;
mod assign;
mod case;
mod changes;
mod column;
mod columns;
mod comparable;
mod container;
mod derived;
mod embedded;
mod expr;
mod filters;
pub mod func;
mod group;
mod insert;
#[cfg(feature = "json")]
mod json;
mod member;
mod merge;
mod named;
mod network;
mod node;
mod operators;
mod over;
mod range;
mod raw;
pub mod scope;
mod search;
mod select;
mod selection;
mod temporal;
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
pub use array::{AnyElement, ArrayExpression, ArrayType, all_elements, any_element, array_of};
pub use assign::{Assign, Assignments, IntoValue};
pub use case::{Case, CaseStart, case};
pub use changes::{Change, ChangeSet, Changes, Changing};
pub use column::Column;
pub use columns::ColumnList;
pub use container::{ContainerExpression, ContainerSql, OverlapSql};
pub use derived::{
    Body, Cte, CteBody, Hinted, JoinTarget, Naming, Selected, Shape, Tabular, Uncorrelated, cte, itself, materialized,
    named, no_table, not_materialized, recursive,
};
pub(crate) use derived::{BodyKind, SetOp, is_no_table};
pub use embedded::{AssignEmbedded, EmbeddedColumns, MayBeMissing, OfEmbedded, change_embedded, select_embedded};
pub use expr::{
    Compared, Comparison, Expr, Expression, IntoExpr, Joined, Order, OrderTerm, SqlOf, TextSql, all_of, any_of,
};
pub use filters::Filters;
pub use func::func;
pub use group::{AllNullable, GroupKeys, GroupSets};
pub(crate) use insert::{BulkInsert, Conflict, ConflictAction, ConflictTarget, InsertRows, excluded_source};
pub use insert::{Excluded, InsertColumns, OneField, RowsFor, excluded};
#[cfg(feature = "json")]
pub use json::{
    JsonArray, JsonExpression, JsonItem, JsonKey, JsonKeySql, JsonObject, JsonSql, jsonb_build_array,
    jsonb_build_object,
};
pub use member::Member;
pub use merge::{Given, IntoMergeSource, given};
pub(crate) use merge::{Merge, MergeAction, MergeArm, MergeUsing};
pub use named::NamedColumn;
pub use network::{NetworkExpression, NetworkSql};
pub use node::{Args, BinaryOp, Call, FunctionName, IsTest, LinkRef, Node, QualifiedName, UnaryOp};
pub use operators::{Follows, FollowsBoth};
pub use over::{
    Bound, CountedBound, IntoOver, Neighbour, Window, WindowFunction, cume_dist, current_row, dense_rank, first_value,
    following, lag, last_value, lead, nth_value, ntile, percent_rank, preceding, rank, row_number, unbounded_following,
    unbounded_preceding, window,
};
pub use range::{RangeExpression, RangeType};
pub use raw::{RawExpr, RawPart, RawSql, SqlParam, raw_expr};
pub use scope::{AsScope, InScope};
pub use search::{
    SearchExpression, TrigramExpression, TsQuerySql, TsVectorSql, phraseto_tsquery, plainto_tsquery, to_tsquery,
    websearch_to_tsquery,
};
pub use select::{
    Distinct, Eager, FromItem, Grouping, Join, JoinKind, Lock, LockStrength, LockWait, OrderBy, Per, Projection, Select,
};
pub(crate) use selection::is_there;
pub use selection::{ModelSource, Selection, SubqueryOf, WholeRow};
pub use temporal::{Divided, ExtractSql, Minus, Operation, Operator, Plus, TemporalOperand, TemporalSql, Times};
pub use text::{Escaped, IntoPattern, IntoText, TextExpression, TextParts, escape};
pub use tree::{Branch, Tree};
pub use tuple::{IntoTuple, TupleCompared, TupleExpression, TupleList};
pub use window::{Frame, FrameBound, FrameExclude, FrameUnit, Over, WindowDef};
pub(crate) use write::{
    ArrayInsert, ArrayUpdate, ArrayUpsert, BulkDelete, BulkUpdate, Followers, Input, InsertRow, KeyedDelete,
    KeyedUpdate, LinkWrite, TakeKeys,
};
