//! Statements as data, and the typed skin over them.
//!
//! [`Column`] and [`Expr`] carry the type of a value and the tables that it reads; [`scope`] is the FROM clause as a
//! type. Underneath, everything is an untyped tree ([`Node`], [`Select`]) that the compile layer turns into text. No text
//! is made here, and nothing does I/O.

mod alias;
mod arithmetic;
mod assign;
mod column;
mod columns;
mod comparable;
mod derived;
mod expr;
mod node;
pub mod scope;
mod select;
mod selection;
mod window;
mod write;

pub use crate::types::Condition;
pub use alias::{AliasTag, Aliased, AllColumns, Anonymous, At, Subquery};
pub use arithmetic::{Arithmetic, NumericSql};
pub use assign::{Assign, Assignments, IntoValue};
pub use column::Column;
pub use columns::ColumnList;
pub use derived::{
    Body, Cte, CteBody, Hinted, JoinTarget, Naming, Selected, Shape, Tabular, Uncorrelated, cte, itself, materialized,
    named, no_table, not_materialized, recursive,
};
pub(crate) use derived::{BodyKind, SetOp, is_no_table};
pub use expr::{
    Compared, Comparison, Expr, Expression, IntoExpr, Joined, Order, OrderTerm, SqlOf, TextSql, all_of, any_of, count,
};
pub use node::{Args, BinaryOp, Call, FunctionName, IsTest, LinkRef, Node, UnaryOp};
pub use scope::{AsScope, InScope};
pub use select::{
    Distinct, Eager, FromItem, Grouping, Join, JoinKind, Lock, LockStrength, LockWait, OrderBy, Per, Projection, Select,
};
pub(crate) use selection::is_there;
pub use selection::{ModelSource, Selection, SubqueryOf, WholeRow};
pub use window::{Frame, FrameBound, FrameExclude, FrameUnit, Over, WindowDef};
pub(crate) use write::{
    ArrayInsert, ArrayUpdate, ArrayUpsert, BulkDelete, BulkUpdate, Followers, Input, InsertRow, KeyedDelete,
    KeyedUpdate, LinkWrite, TakeKeys,
};
