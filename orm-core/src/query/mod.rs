//! Queries as values, and those who run them.
//!
//! A [`Query`] borrows nobody until it is bound: [`query::<Course>()`](query) is a plain value that is turned into text
//! without a database, and `engine.query::<Course>()` is the same, bound to who runs it.

mod bulk;
mod conditions;
mod db;
mod derived;
mod dynamic;
mod edge;
mod executor;
mod exists;
mod joins;
mod load;
mod nested;
mod related;
mod rows;
mod select;
mod sets;
mod stream;

pub use bulk::{Delete, Update};
pub(crate) use conditions::{beyond_key, select_by_keys};
pub use db::Db;
pub use derived::{
    ArrayOf, OneColumn, Quantified, ReadBy, SeriesBound, SetFunction, Values, ValuesRow, WholeNumber, generate_series,
    generate_series_by, query_from, unnest, values,
};
pub(crate) use edge::{Choice, EdgeKey, EdgeRow, KeyPlaces, NearKeys, edge_key, edge_select, positions};
pub use executor::{BulkWrite, Executor, Takes, Unbound};
pub use joins::{Maybe, Rooted};
pub use load::{InRow, Load, LoadInto, Loads, Whole};
pub use nested::{Joined, LoadJoined, Nested, OfEnd, Part};
pub use related::{ByKey, ByObject, LeadsToOne, Referent, Referred};
pub use rows::Rows;
pub use select::{Dynamic, Query, query};
pub use sets::Combined;
pub use stream::RowStream;
