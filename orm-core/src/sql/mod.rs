//! Statements as data, and the typed skin over them.
//!
//! [`Column`] and [`Expr`] carry the type of a value and the tables that it reads; [`scope`] is the FROM clause as a
//! type. Underneath, everything is an untyped tree ([`Node`], [`Select`]) that the compile layer turns into text. No text
//! is made here, and nothing does I/O.

mod alias;
mod arithmetic;
mod assign;
mod changes;
mod column;
mod columns;
mod comparable;
mod expr;
mod insert;
mod merge;
mod node;
pub mod scope;
mod select;
mod selection;
mod write;

pub use crate::types::Condition;
pub use alias::{AliasTag, Aliased, Anonymous, At, Subquery};
pub use arithmetic::{Arithmetic, NumericSql};
pub use assign::{Assign, Assignments, IntoValue};
pub use changes::{Change, ChangeSet, Changes};
pub use column::Column;
pub use columns::ColumnList;
pub use expr::{
    Compared, Comparison, Expr, Expression, IntoExpr, Joined, Order, OrderTerm, SqlOf, TextSql, all_of, any_of, count,
};
pub(crate) use insert::{BulkInsert, Conflict, ConflictAction, ConflictTarget, InsertRows, excluded_source};
pub use insert::{Excluded, InsertColumns, OneField, RowsFor, excluded};
pub use merge::{Given, IntoMergeSource, given};
pub(crate) use merge::{Merge, MergeAction, MergeArm, MergeUsing};
pub use node::{BinaryOp, IsTest, LinkRef, Node};
pub use scope::{AsScope, InScope};
pub use select::{Distinct, Eager, FromItem, Join, JoinKind, OrderBy, Per, Projection, Select};
pub use selection::{Selection, SubqueryOf};
pub(crate) use write::{
    ArrayInsert, ArrayUpdate, ArrayUpsert, BulkDelete, BulkUpdate, Followers, Input, InsertRow, KeyedDelete,
    KeyedUpdate, LinkWrite, TakeKeys,
};
