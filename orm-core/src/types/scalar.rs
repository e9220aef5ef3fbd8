//! The builtin scalar types: numbers, booleans, text and bytes.

use postgres_types::{FromSql, IsNull, ToSql, Type};

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, KeyType, NotNull};
use super::typedef::TypeDef;

/// The tags of the builtin SQL types.
pub mod sql {
    use super::super::typedef::SqlType;

    macro_rules! tags {
        ($($(#[$doc:meta])* $tag:ident),* $(,)?) => { $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $tag;
            impl SqlType for $tag {}
        )* };
    }
    tags! {
        /// `boolean`
        Bool,
        /// `smallint`
        Int2,
        /// `integer`
        Int4,
        /// `bigint`
        Int8,
        /// `real`
        Float4,
        /// `double precision`
        Float8,
        /// `numeric`
        Numeric,
        /// `text`, `varchar`, `char`
        Text,
        /// `bytea`
        Bytea,
        /// `uuid`
        Uuid,
        /// `date`
        Date,
        /// `time`
        Time,
        /// `timestamp`
        Timestamp,
        /// `timestamp with time zone`
        Timestamptz,
        /// `interval`
        Interval,
        /// `jsonb`
        Jsonb,
        /// `tsvector`
        TsVector,
        /// `tsquery`
        TsQuery,
        /// `inet` and `cidr`
        Inet,
    }

    /// An array of `E`.
    #[derive(Debug)]
    pub struct Array<E>(std::marker::PhantomData<fn() -> E>);
    impl<E: SqlType> SqlType for Array<E> {}

    /// A range of `E`.
    #[derive(Debug)]
    pub struct Range<E>(std::marker::PhantomData<fn() -> E>);
    impl<E: SqlType> SqlType for Range<E> {}

    /// A multirange of `E`.
    #[derive(Debug)]
    pub struct Multirange<E>(std::marker::PhantomData<fn() -> E>);
    impl<E: SqlType> SqlType for Multirange<E> {}
}

/// Implements [`Field`] by the driver's own conversions.
macro_rules! field_by_driver {
    ($($rust:ty => $tag:ident $def:expr, $ty:ident);* $(;)?) => { $(
        #[diagnostic::do_not_recommend]
        impl $crate::types::Field for $rust {
            type Sql = $crate::types::sql::$tag;
            type Read = Self;
            type Nullable = Option<Self>;
            type Null = $crate::types::NotNull;
            const TYPE: &'static $crate::types::TypeDef = &$def;

            fn encode(
                &self,
                out: &mut $crate::types::Encoder<'_>,
            ) -> Result<$crate::types::Encoded, $crate::types::EncodeError> {
                $crate::types::scalar::encode_by_driver(self, &postgres_types::Type::$ty, out)
            }

            #[inline]
            fn decode(raw: Option<&[u8]>) -> Result<Self, $crate::types::DecodeError> {
                $crate::types::scalar::decode_by_driver(&postgres_types::Type::$ty, raw)
            }
        }

        #[diagnostic::do_not_recommend]
        impl $crate::types::ArrayElement for $rust {}
    )* };
}
#[cfg(any(
    feature = "chrono",
    feature = "time",
    feature = "jiff",
    feature = "uuid",
    feature = "json",
    feature = "decimal"
))]
#[cfg(any(feature = "uuid", feature = "decimal"))]
pub(super) use field_by_driver;

pub(super) fn encode_by_driver<T: ToSql>(value: &T, ty: &Type, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
    match value.to_sql(ty, out.buffer()) {
        Ok(IsNull::No) => Ok(Encoded::Value),
        Ok(IsNull::Yes) => Ok(Encoded::Null),
        Err(reason) => Err(EncodeError::new(reason.to_string())),
    }
}

pub(super) fn decode_by_driver<'a, T: FromSql<'a>>(ty: &Type, raw: Option<&'a [u8]>) -> Result<T, DecodeError> {
    T::from_sql(ty, raw.ok_or(DecodeError::Null)?).map_err(DecodeError::Invalid)
}

field_by_driver! {
    bool => Bool TypeDef::builtin("bool", "boolean", 16, 1000), BOOL;
    i16 => Int2 TypeDef::builtin("int2", "smallint", 21, 1005), INT2;
    i32 => Int4 TypeDef::builtin("int4", "integer", 23, 1007), INT4;
    i64 => Int8 TypeDef::builtin("int8", "bigint", 20, 1016), INT8;
    f32 => Float4 TypeDef::builtin("float4", "real", 700, 1021), FLOAT4;
    f64 => Float8 TypeDef::builtin("float8", "double precision", 701, 1022), FLOAT8;
}

static TEXT: TypeDef = TypeDef::builtin("text", "text", 25, 1009)
    // varchar, bpchar and name have the same binary format; varchar[] and text[] are told apart by the array's element.
    .accepting(&[1043, 1042, 19]);
static BYTEA: TypeDef = TypeDef::builtin("bytea", "bytea", 17, 1001);

/// Whether a text has a NUL in it, which PostgreSQL's have not. All of it is looked at: that is faster than to stop.
pub(super) fn has_nul(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte == 0))
}

#[inline]
pub(super) fn encode_text(text: &str, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
    if has_nul(text) {
        return Err(EncodeError::new("PostgreSQL text cannot hold a NUL byte"));
    }
    out.put(text.as_bytes());
    Ok(Encoded::Value)
}

#[inline]
pub(super) fn encode_bytes(bytes: &[u8], out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
    out.put(bytes);
    Ok(Encoded::Value)
}

#[diagnostic::do_not_recommend]
impl Field for String {
    type Sql = sql::Text;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &TEXT;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        encode_text(self, out)
    }

    // The driver would ask first which type of text it is.
    #[inline]
    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        match std::str::from_utf8(raw.ok_or(DecodeError::Null)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(reason) => Err(DecodeError::Invalid(reason.into())),
        }
    }
}

impl super::ArrayElement for String {}

#[diagnostic::do_not_recommend]
impl Field for Vec<u8> {
    type Sql = sql::Bytea;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &BYTEA;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        encode_bytes(self, out)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        Ok(raw.ok_or(DecodeError::Null)?.to_vec())
    }
}

#[diagnostic::do_not_recommend]
impl super::ArrayElement for Vec<u8> {}

macro_rules! key_type {
    ($($ty:ty),*) => { $(
        impl KeyType for $ty {
            fn placeholder() -> Self {
                <$ty>::default()
            }
        }
    )* };
}
key_type!(bool, i16, i32, i64, String, Vec<u8>);
