//! The names that an application imports: `use orm_core::prelude::*`.

pub use crate::engine::Engine;
pub use crate::query::{Db, Executor, Query, Unbound, query};
pub use crate::schema::{BelongsTo, Handle, HasMany, HasOne, Metadata, Model, Relation};
pub use crate::session::{Session, SessionMaker};
pub use crate::sql::{AllColumns, Column, Expr, Expression, Order, all_of, any_of, count};
pub use crate::sql::{
    ArrayExpression, ContainerExpression, NetworkExpression, RangeExpression, SearchExpression, TrigramExpression,
    all_elements, any_element, array_of, phraseto_tsquery, plainto_tsquery, to_tsquery, websearch_to_tsquery,
};
#[cfg(feature = "json")]
pub use crate::sql::{JsonExpression, jsonb_build_array, jsonb_build_object};
pub use crate::types::Auto;
pub use crate::{aliased, subquery};
pub use orm_derive::{Enum, Model, Newtype};
