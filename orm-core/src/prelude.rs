//! The names that an application imports: `use orm_core::prelude::*`.

pub use crate::engine::Engine;
pub use crate::query::{Db, Executor, Query, Unbound, query, query_from};
pub use crate::schema::{BelongsTo, Handle, HasMany, HasOne, Metadata, Model, Relation};
pub use crate::session::{Session, SessionMaker};
pub use crate::sql::{AllColumns, Column, Expr, Expression, Order, all_of, any_of, count};
pub use crate::types::Auto;
pub use crate::{aliased, cte, recursive, subquery};
pub use orm_derive::{Enum, Model, Newtype};
