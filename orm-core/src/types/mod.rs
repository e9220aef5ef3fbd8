//! Rust values and PostgreSQL values: what a field of a model can be, and how it crosses the wire.
//!
//! [`Field`] is the trait of everything that can stand in a column. The sql layer asks it for the SQL type of an
//! expression, the flush for the encoding of an object, the engine for the decoding of a row. Nothing here does I/O.

mod array;
mod auto;
mod bytes;
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
mod calendar;
#[cfg(feature = "chrono")]
mod chrono;
mod composite;
#[cfg(feature = "decimal")]
mod decimal;
mod field;
mod interval;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "json")]
mod json;
mod network;
mod number;
mod range;
mod readable;
mod row;
mod scalar;
mod search;
#[cfg(feature = "time")]
mod time;
mod typedef;
#[cfg(feature = "uuid")]
mod uuid;
mod value;

pub use array::ArrayElement;
pub(crate) use array::{GrowingArray, raw_elements};
pub use auto::Auto;
pub(crate) use bytes::Bytes;
pub use composite::{CompositeDef, MemberDef, Members, begin_members, put_member};
pub(crate) use field::SameAs;
pub use field::{
    CanReference, Condition, DecodeError, EncodeError, Encoded, Encoder, Field, IntoField, IntoKey, Key, KeyType,
    MaybeNull, NotNull, Nullability, PointInTime, SoftDeleteType, VersionType, check_soft_delete, check_version,
};
pub use interval::{Interval, Moment};
#[cfg(feature = "json")]
pub use json::Json;
pub use network::{Cidr, Inet};
pub(crate) use number::{NumberHasher, integer, integer_array, is_integer};
pub use range::{Multirange, Range, RangeElement};
pub(crate) use readable::readable;
pub use row::{FromRow, RowReader};
pub use scalar::sql;
pub use search::{Lexeme, TsQuery, TsVector, Weight};
pub(crate) use typedef::is_builtin;
pub use typedef::{EnumDef, SqlType, TypeDef};
pub(crate) use value::RawParam;
pub use value::Value;
