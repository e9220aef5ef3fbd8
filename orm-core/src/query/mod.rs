//! Queries as values, and those who run them.
//!
//! A [`Query`] borrows nobody until it is bound: [`query::<Course>()`](query) is a plain value that is turned into text
//! without a database, and `engine.query::<Course>()` is the same, bound to who runs it.

mod bulk;
mod conditions;
mod cursor;
mod db;
mod edge;
mod executor;
mod exists;
mod group;
mod keyset;
mod load;
mod lock;
mod nested;
mod page;
mod rows;
mod select;
mod stream;

pub use bulk::{Delete, Update};
pub(crate) use conditions::{beyond_key, select_by_keys};
pub(crate) use cursor::RowKey;
pub use db::Db;
pub(crate) use edge::{Choice, EdgeKey, EdgeRow, KeyPlaces, NearKeys, edge_key, edge_select, positions};
pub(crate) use executor::row_key;
pub use executor::{BulkWrite, Executor, Takes, Unbound};
pub use keyset::KeyPage;
pub use load::{InRow, Load, LoadInto, Loads, Whole};
pub use lock::{CanLock, LockTargets};
pub use nested::{Joined, LoadJoined, Nested, OfEnd, Part};
pub use page::Page;
pub(crate) use page::is_beyond;
pub use rows::Rows;
pub(crate) use rows::read_count;
pub use select::{Dynamic, Query, query};
pub use stream::RowStream;
