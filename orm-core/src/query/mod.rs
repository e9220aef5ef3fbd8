//! Queries as values, and those who run them.
//!
//! A [`Query`] borrows nobody until it is bound: [`query::<Course>()`](query) is a plain value that is turned into text
//! without a database, and `engine.query::<Course>()` is the same, bound to who runs it.

mod bulk;
mod conditions;
mod db;
mod edge;
mod executor;
mod exists;
mod fetch;
mod load;
mod nested;
mod projection;
mod rows;
mod select;
mod sql;
mod stream;

pub use bulk::{Delete, Update};
pub(crate) use conditions::{beyond_key, select_by_keys};
pub use db::Db;
pub(crate) use edge::{Choice, EdgeKey, EdgeRow, KeyPlaces, NearKeys, edge_key, edge_select, positions};
pub use executor::{BulkWrite, Executor, Takes, Unbound};
pub use fetch::{Boxed, Fetch, Job, Ready};
pub use load::{InRow, Load, LoadInto, Loads, Whole};
pub(crate) use nested::is_there;
pub use nested::{Joined, LoadJoined, Nested, OfEnd, Part};
pub use projection::{
    AlwaysThere, Ends, FieldSource, Fills, FillsField, Loading, NestedIn, Parts, Planner, Projected, Projection,
    ProjectionOf, ProvidedBy, Slot,
};
pub use rows::Rows;
pub use select::{Dynamic, Query, query};
pub use sql::{AsModel, AsProjection, AsValues, ReadBy, Sql, SqlOf, SqlOut, SqlRow};
pub use stream::RowStream;
