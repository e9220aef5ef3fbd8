//! The names that an application imports: `use orm_core::prelude::*`.

pub use crate::engine::Engine;
pub use crate::query::{Db, Executor, Projection, Query, Unbound, query};
pub use crate::schema::{BelongsTo, Handle, HasMany, HasOne, Metadata, Model, Relation};
pub use crate::session::{Session, SessionMaker};
pub use crate::sql::{Column, Expr, Expression, Order, all_of, any_of};
pub use crate::types::Auto;
pub use crate::{__sql as sql, aliased, subquery};
pub use orm_derive::{Composite, Enum, Model, Newtype, Projection};
