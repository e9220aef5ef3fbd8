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
mod expr;
mod member;
mod node;
mod raw;
pub mod scope;
mod select;
mod selection;
mod write;

pub use crate::types::Condition;
pub use alias::{AliasTag, Aliased, Anonymous, At, Subquery};
pub use arithmetic::{Arithmetic, NumericSql};
pub use assign::{Assign, Assignments, IntoValue};
pub use column::Column;
pub use columns::ColumnList;
pub use expr::{
    Compared, Comparison, Expr, Expression, IntoExpr, Joined, Order, OrderTerm, SqlOf, TextSql, all_of, any_of, count,
};
pub use member::Member;
pub use node::{BinaryOp, IsTest, LinkRef, Node};
pub use raw::{RawExpr, RawPart, RawSql, SqlParam, raw_expr};
pub use scope::{AsScope, InScope};
pub use select::{Distinct, Eager, FromItem, Join, JoinKind, OrderBy, Per, Projection, Select};
pub use selection::{Selection, SubqueryOf};
pub(crate) use write::{
    ArrayInsert, ArrayUpdate, ArrayUpsert, BulkDelete, BulkUpdate, Followers, Input, InsertRow, KeyedDelete,
    KeyedUpdate, LinkWrite, TakeKeys,
};
