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
mod explain;
mod load;
mod nested;
#[cfg(feature = "json")]
mod plan;
mod rows;
mod select;
mod stream;

pub use bulk::{Delete, Update};
pub(crate) use conditions::{beyond_key, select_by_keys};
pub use db::Db;
pub(crate) use edge::{Choice, EdgeKey, EdgeRow, KeyPlaces, NearKeys, edge_key, edge_select, positions};
pub use executor::{BulkWrite, Executor, Takes, Unbound};
pub use explain::{Explain, Explained};
pub use load::{InRow, Load, LoadInto, Loads, Whole};
pub(crate) use nested::is_there;
pub use nested::{Joined, LoadJoined, Nested, OfEnd, Part};
#[cfg(feature = "json")]
pub use plan::{Plan, PlanActual, PlanBuffers, PlanNode};
pub use rows::Rows;
pub use select::{Dynamic, Query, query};
pub use stream::RowStream;
