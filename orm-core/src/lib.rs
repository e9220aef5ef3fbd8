//! An ORM for PostgreSQL with a real unit of work: models from plain structs, sessions, and queries that the compiler
//! checks.
//!
//! The modules in the order of the data's path; each uses only those before it.
//!
//! - [`Error`] and [`ErrorKind`]: what can go wrong, by what a caller can do about it.
//! - [`types`]: Rust values and PostgreSQL values, [`types::Field`] and [`types::Auto`].
//! - [`schema`]: what `#[derive(Model)]` makes of a struct: tables, columns, relationships, and the fields that hold them.
//! - [`mod@sql`]: statements as data, and the typed skin over them.
//! - [`Engine`]: the pool of connections, and `create_all`.
//! - [`Query`]: queries as values, and [`Executor`], who runs them.
//! - [`Session`]: the unit of work.
//!
//! # Example
//!
//! ```no_run
//! use orm_core::prelude::*;
//!
//! #[derive(Model, Debug, Clone)]
//! #[model(table = "course")]
//! struct Course {
//!     #[model(primary_key)]
//!     id: Auto<i32>,
//!     #[model(length = 40, unique)]
//!     name: String,
//! }
//!
//! # async fn demo() -> orm_core::Result<()> {
//! let engine = Engine::new("postgresql://postgres:123@localhost:5432/netology_db")?;
//! engine.create_all::<Course>().await?;
//!
//! let mut session = engine.session();
//! let python = session.add(Course::builder().name("Python"));
//! session.commit().await?;
//! assert_eq!(session[python].id.get(), Some(1));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `chrono`, `time`, `jiff` | their dates and times as fields |
//! | `uuid` | `uuid::Uuid` |
//! | `json` | `types::Json<T>` and `serde_json::Value` as `jsonb`; plans as trees |
//! | `decimal` | `rust_decimal::Decimal` as `numeric` |
//! | `serde` | `Serialize` and `Deserialize` for `Auto` |
//! | `tls` | encrypted connections, by rustls |

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod compile;
mod engine;
mod error;
mod hash;
pub mod prelude;
mod query;
pub mod schema;
mod session;
pub mod sql;
pub mod types;

#[doc(inline)]
pub use __sql as sql;
pub use compile::{IsolationLevel, Param, SqlStatement};
pub use engine::{Engine, EngineBuilder, RawConnection, Recording, Repeated, Statement, TestTransaction, TlsMode};
pub use error::{ConstraintKind, Error, ErrorKind, Result};
pub use orm_derive::{Changes, Composite, Embed, Enum, Model, Newtype, Projection};
pub use query::{
    AlwaysThere, ByColumns, ByName, CanLock, CopyIn, CopyRow, Copying, Db, Delete, Dynamic, Ends, Executor, Explain,
    Fills, FillsField, InRow, Insert, InsertInto, InsertOrUpdate, InsertOutcome, Joined, KeyPage, Load, LoadJoined,
    Loads, LockTargets, Merge, MergeInto, Merging, Nested, NestedIn, OfColumns, OfEnd, OfModel, OnConflict, Page, Part,
    Projected, Projection, ProjectionOf, ProvidedBy, Query, Returning, RowStream, Rows, Sql, SqlOf, SqlOut, SqlRow,
    Takes, Unbound, Update, WhenMatched, WhenNotMatched, Whole, Written, insert, insert_into, merge_into, query,
};
pub use query::{
    ArrayOf, Combined, LeadsToOne, Maybe, OneColumn, Quantified, Referent, Rooted, SeriesBound, SetFunction, TimeBound,
    UsedTables, Values, ValuesPart, ValuesRow, WholeNumber, generate_series, generate_series_by, generate_times,
    query_from, unnest, values,
};
#[doc(hidden)]
pub use query::{
    AsModel, AsProjection, AsValues, Boxed, BulkWrite, CopyPlan, Explained, Fetch, FieldSource, Job, LoadInto, Loading,
    Parts, Planner, ReadBy, Ready, Slot,
};
#[doc(hidden)]
pub use query::{ByKey, ByObject, Referred};
#[cfg(feature = "json")]
pub use query::{Plan, PlanActual, PlanBuffers, PlanNode};
#[doc(hidden)]
pub use session::guard as __guard;
pub use session::{
    Batches, ChangeKind, HookResult, MaybeRetryable, ObjectChange, Savepoint, Session, SessionMaker, State, Upsert,
    Upserted,
};
pub use sql::{Changes, excluded, given};
pub use tokio_postgres;
