//! Queries as values, and those who run them.
//!
//! A [`Query`] borrows nobody until it is bound: [`query::<Course>()`](query) is a plain value that is turned into text
//! without a database, and `engine.query::<Course>()` is the same, bound to who runs it.

mod bulk;
mod conditions;
mod copy;
mod cursor;
mod db;
mod derived;
mod dynamic;
mod edge;
mod executor;
mod exists;
mod explain;
mod fetch;
mod given;
mod group;
mod insert;
mod joins;
mod keyset;
mod load;
mod lock;
mod merge;
mod near_keys;
mod nested;
mod page;
#[cfg(feature = "json")]
mod plan;
mod projection;
mod related;
mod returning;
mod rows;
mod select;
mod sets;
mod sql;
mod stream;
mod times;

pub use bulk::{Delete, Update};
pub(crate) use conditions::{beyond_key, select_by_keys};
pub use copy::{CopyIn, CopyPlan, CopyRow, Copying, OfColumns, OfModel};
pub(crate) use cursor::RowKey;
pub use db::Db;
pub use derived::{
    ArrayOf, OneColumn, Quantified, SeriesBound, SetFunction, UsedTables, Values, ValuesPart, ValuesRow, WholeNumber,
    generate_series, generate_series_by, query_from, unnest, values,
};
pub(crate) use edge::{Choice, Sorting, edge_select};
pub(crate) use executor::row_key;
pub use executor::{BulkWrite, Executor, Takes, Unbound};
pub use explain::{Explain, Explained};
pub use fetch::{Boxed, Fetch, Job, Ready};
pub use insert::{
    ByColumns, ByName, Insert, InsertInto, InsertOrUpdate, InsertOutcome, OnConflict, Written, insert, insert_into,
};
pub use joins::{Maybe, Rooted};
pub use keyset::KeyPage;
pub use load::{InRow, Load, LoadInto, Loads, Whole};
pub use lock::{CanLock, LockTargets};
pub use merge::{Merge, MergeInto, Merging, WhenMatched, WhenNotMatched, merge_into};
pub(crate) use near_keys::{KeyColumns, KeyPlaces, NearKeys};
pub use nested::{Joined, LoadJoined, Nested, OfEnd, Part};
pub use page::Page;
pub(crate) use page::is_beyond;
#[cfg(feature = "json")]
pub use plan::{Plan, PlanActual, PlanBuffers, PlanNode};
pub use projection::{
    AlwaysThere, Ends, FieldSource, Fills, FillsField, Loading, NestedIn, Parts, Planner, Projected, Projection,
    ProjectionOf, ProvidedBy, Slot, Together,
};
pub use related::{ByKey, ByObject, LeadsToOne, Referent, Referred};
pub use returning::Returning;
pub use rows::Rows;
pub(crate) use rows::read_count;
pub use select::{Dynamic, Query, query};
pub use sets::Combined;
pub use sql::{AsModel, AsProjection, AsValues, ReadBy, Sql, SqlOf, SqlOut, SqlRow};
pub use stream::RowStream;
pub use times::{TimeBound, generate_times};
