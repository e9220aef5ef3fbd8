//! Statements as data, and the typed skin over them.
//!
//! [`Column`] and [`Expr`] carry the type of a value and the tables that it reads; [`scope`] is the FROM clause as a
//! type. Underneath, everything is an untyped tree ([`Node`], [`Select`]) that the compile layer turns into text. No text
//! is made here, and nothing does I/O.

mod alias;
mod arithmetic;
mod array;
mod assign;
mod column;
mod columns;
mod comparable;
mod container;
mod expr;
#[cfg(feature = "json")]
mod json;
mod network;
mod node;
mod operators;
mod range;
pub mod scope;
mod search;
mod select;
mod selection;
mod window;
mod write;

pub use crate::types::Condition;
pub use alias::{AliasTag, Aliased, AllColumns, Anonymous, At, Subquery};
pub use arithmetic::{Arithmetic, NumericSql};
pub use array::{AnyElement, ArrayExpression, ArrayType, all_elements, any_element, array_of};
pub use assign::{Assign, Assignments, IntoValue};
pub use column::Column;
pub use columns::ColumnList;
pub use container::{ContainerExpression, ContainerSql, OverlapSql};
pub use expr::{
    Compared, Comparison, Expr, Expression, IntoExpr, Joined, Order, OrderTerm, SqlOf, TextSql, all_of, any_of, count,
};
#[cfg(feature = "json")]
pub use json::{
    JsonArray, JsonExpression, JsonItem, JsonKey, JsonKeySql, JsonObject, JsonSql, jsonb_build_array,
    jsonb_build_object,
};
pub use network::{NetworkExpression, NetworkSql};
pub use node::{Args, BinaryOp, Call, FunctionName, IsTest, LinkRef, Node, UnaryOp};
pub use operators::{Follows, FollowsBoth};
pub use range::{RangeExpression, RangeType};
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
pub use window::{Frame, FrameBound, FrameExclude, FrameUnit, Over, WindowDef};
pub(crate) use write::{
    ArrayInsert, ArrayUpdate, ArrayUpsert, BulkDelete, BulkUpdate, Followers, Input, InsertRow, KeyedDelete,
    KeyedUpdate, LinkWrite, TakeKeys,
};
