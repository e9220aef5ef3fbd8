//! Everything that generated code may name. Not part of the public API.

pub use crate::comparable;
pub use crate::error::{Error, Result};
pub use crate::query::{
    AsModel, AsProjection, Boxed, FieldSource, Fills, Loading, Planner, Projection, Slot, Sql, SqlRow, Together,
};
pub use crate::schema::{
    Adopter, BelongsTo, CheckDef, ColumnDef, Deferrable, Dump, ForeignKeyAction, ForeignKeyDef, HasMany, HasOne,
    IndexDef, IntoChild, IntoLink, IntoModel, IsSet, Link, LinkTable, Linked, Many, Materialized, MaybeOne, Model,
    OnParentDelete, OrderDef, Orphans, Registered, Relation, RelationDef, RelationField, RelationKind, Set, SetUnder,
    Source, SourceRef, TableDef, ToOneOf, UniqueDef, ViewDef, Writable, check_back_populates, inverse_of,
};
pub use crate::schema::{
    Cells, ColumnPart, Embed, EmbedIn, EmbeddedCells, Place, Presence, joined, names, names_len, width,
};
pub use crate::sql::scope::Nullable;
pub use crate::sql::{Assignments, At, ChangeSet, Changes, Column, IntoExpr, Node};
pub use crate::sql::{
    Changing, EmbeddedColumns, InScope, OfEmbedded, Projection as SelectItem, Selection, change_embedded,
    select_embedded,
};
pub use crate::sql::{Member, RawSql, SqlParam};
pub use crate::types::{
    ArrayElement, Auto, CanReference, DecodeError, EncodeError, Encoded, Encoder, EnumDef, Field, FromRow, IntoField,
    KeyType, MaybeNull, NotNull, Nullability, RowReader, SqlType, TypeDef, Value, VersionType, check_soft_delete,
    check_version,
};
pub use crate::types::{CompositeDef, MemberDef, Members, begin_members, put_member};
pub use inventory;
pub use orm_derive::sql_of;

/// Puts a future in a box.
pub fn boxed<'f, T>(future: impl Future<Output = Result<T>> + Send + 'f) -> Boxed<'f, T> {
    Box::pin(future)
}

/// The statement of these parts.
pub fn sql<const N: usize>(pieces: &'static [&'static str], places: &'static [usize], values: [Value; N]) -> Sql {
    Sql::new(RawSql::new(pieces, places, values.into()))
}

/// A parameter.
pub fn param<P: SqlParam>(value: P) -> Value {
    value.into_value()
}

/// Reads a column's value.
///
/// # Errors
///
/// A [`DecodeError`] where the bytes are no `T`.
pub fn decode<T: Field>(raw: Option<&[u8]>) -> Result<T, DecodeError> {
    T::decode(raw)
}

/// The value of a required field: the builder's type says that it is set.
pub fn expect_set<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => unreachable!("a builder whose type says that every required column is set lacks one"),
    }
}

/// The value of a foreign key that a relationship may set later.
pub fn key_or_placeholder<T: KeyType>(value: Option<T>) -> T {
    value.unwrap_or_else(T::placeholder)
}
