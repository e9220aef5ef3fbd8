//! The names that an application imports: `use orm_core::prelude::*`.

pub use crate::engine::Engine;
pub use crate::query::{Db, Executor, Projection, Query, Unbound, insert, insert_into, merge_into, query, query_from};
pub use crate::schema::{BelongsTo, Embed, Handle, HasMany, HasOne, Metadata, Model, Relation};
pub use crate::session::{Session, SessionMaker};
pub use crate::sql::{
    Aggregates, AllColumns, Changes, Column, EmbeddedColumns, Expr, Expression, all_of, any_of, count, cume_dist,
    dense_rank, excluded, first_value, given, lag, last_value, lead, nth_value, ntile, percent_rank, rank, row_number,
    window,
};
pub use crate::sql::{
    ArrayExpression, ContainerExpression, NetworkExpression, RangeExpression, SearchExpression, TrigramExpression,
    all_elements, any_element, array_of, phraseto_tsquery, plainto_tsquery, to_tsquery, websearch_to_tsquery,
};
pub use crate::sql::{IntegerExpression, TextExpression, TextParts, TupleExpression, case, func, value};
#[cfg(feature = "json")]
pub use crate::sql::{JsonExpression, jsonb_build_array, jsonb_build_object};
pub use crate::types::Auto;
pub use crate::{__sql as sql, aliased, cte, recursive, subquery};
pub use orm_derive::{Changes, Composite, Embed, Enum, Model, Newtype, Projection};
