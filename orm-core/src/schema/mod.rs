//! What a model is, as data: tables, columns, keys, indexes, relationships, and the fields that hold relationships.
//!
//! The derive writes these as statics and implements [`Model`]. Every layer to the right reads them; nothing here knows
//! SQL text or does I/O.

mod column;
mod embed;
mod fresh;
mod handle;
mod index;
mod key;
mod list;
mod metadata;
mod model;
mod relation;
mod relationship;
mod table;
mod view;

pub use column::{ColumnDef, Embedded, Identity};
pub(crate) use embed::store_cells;
pub use embed::{Cells, ColumnPart, Embed, EmbedIn, EmbeddedCells, Place, Presence, joined, names, names_len, width};
pub use handle::Handle;
pub use handle::RawHandle;
pub use index::{CheckDef, IndexDef, UniqueDef};
pub use key::{Deferrable, ForeignKeyAction, ForeignKeyDef};
pub(crate) use metadata::BareLink;
pub use metadata::{Metadata, Models, Registered};
pub use model::{
    Adopter, Dump, IntoChild, IntoLink, IntoModel, IsSet, Link, Linked, Model, Set, SetUnder, Source, SourceRef,
};
pub use relation::{
    BackPopulates, Inverse, Kind, LinkTable, Many, MaybeOne, OnParentDelete, OneAtMost, OrderDef, Orphans, Relation,
    RelationDef, RelationKind, ToOne, ToOneKind, ToOneOf, check_back_populates, inverse_of,
};
pub(crate) use relation::{Edge, EdgeLink, is_inverse};
pub use relationship::{BelongsTo, Handles, HasMany, HasOne, RelationField};
pub use table::TableDef;
pub(crate) use table::positions;
pub use view::{Materialized, ViewDef, Writable};
