//! Queries as values, and those who run them.
//!
//! A [`Query`] borrows nobody until it is bound: [`query::<Course>()`](query) is a plain value that is turned into text
//! without a database, and `engine.query::<Course>()` is the same, bound to who runs it.

mod bulk;
mod conditions;
mod copy;
mod db;
mod edge;
mod executor;
mod exists;
mod insert;
mod load;
mod merge;
mod nested;
mod returning;
mod rows;
mod select;
mod stream;

pub use bulk::{Delete, Update};
pub(crate) use conditions::{beyond_key, select_by_keys};
pub use copy::{CopyIn, CopyPlan, CopyRow, Copying, OfColumns, OfModel};
pub use db::Db;
pub(crate) use edge::{Choice, EdgeKey, EdgeRow, KeyPlaces, NearKeys, edge_key, edge_select, positions};
pub use executor::{BulkWrite, Executor, Takes, Unbound};
pub use insert::{
    ByColumns, ByName, Insert, InsertInto, InsertOrUpdate, InsertOutcome, OnConflict, Written, insert, insert_into,
};
pub use load::{InRow, Load, LoadInto, Loads, Whole};
pub use merge::{Merge, MergeInto, Merging, WhenMatched, WhenNotMatched, merge_into};
pub(crate) use nested::is_there;
pub use nested::{Joined, LoadJoined, Nested, OfEnd, Part};
pub use returning::Returning;
pub use rows::Rows;
pub use select::{Dynamic, Query, query};
pub use stream::RowStream;
