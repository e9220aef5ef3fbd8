//! [`Field`], the trait of what can stand in a column, and the small traits around it.

use std::error::Error as StdError;
use std::fmt;

use bytes::BytesMut;

use super::scalar::{encode_bytes, encode_text};
use super::typedef::{SqlType, TypeDef};
use super::value::Value;
use crate::error::{Error, ErrorKind};

/// A Rust type that can stand in a column.
///
/// The types of this crate, of the standard library and of the optional crates implement it already; `#[derive(Enum)]`
/// and `#[derive(Newtype)]` write it for enums and wrappers. A type with an encoding of its own implements it by hand:
///
/// ```
/// use orm_core::types::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull, TypeDef, sql};
///
/// /// A temperature, stored as a `double precision`.
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// struct Celsius(f64);
///
/// impl Field for Celsius {
///     type Sql = sql::Float8;              // may be compared with every other double precision
///     type Read = Self;                    // a column of it reads as itself
///     type Nullable = Option<Self>;        // and so after a left join
///     type Null = NotNull;
///     const TYPE: &'static TypeDef = <f64 as Field>::TYPE;
///
///     fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
///         self.0.encode(out)
///     }
///
///     fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
///         f64::decode(raw).map(Self)
///     }
/// }
///
/// orm_core::comparable!(Celsius);          // and values of it may stand in comparisons
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a column",
    label = "not a column type",
    note = "columns are numbers, text, bytes, ranges, network addresses, arrays of one dimension, `Option` and `Auto` of them, types with `#[derive(Enum)]` or `#[derive(Newtype)]`, and, behind features of orm-core, those of chrono, time, jiff, uuid, serde_json and rust_decimal",
    note = "for a field that is not a column, write `#[model(skip)]`"
)]
pub trait Field: Sized + Clone + Send + Sync + 'static {
    /// The tag by which expressions of this type are compared.
    type Sql: SqlType;
    /// What a column of this type reads as: `T` for [`Auto<T>`](super::Auto), otherwise itself.
    type Read: Field<Sql = Self::Sql>;
    /// What it reads as where the row may be missing: `Option<T>`.
    type Nullable: Field<Sql = Self::Sql>;
    /// Whether the column may be NULL: [`NotNull`] or [`MaybeNull`].
    type Null: Nullability;
    /// The PostgreSQL type on the wire and in DDL.
    const TYPE: &'static TypeDef;
    /// Whether the server makes the value; true of [`Auto`](super::Auto) alone.
    const AUTO: bool = false;

    /// Writes the value in PostgreSQL's binary format.
    ///
    /// # Errors
    ///
    /// An [`EncodeError`] where the value is none that PostgreSQL can hold, for example text with a NUL byte.
    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError>;

    /// Reads the value from PostgreSQL's binary format; `None` is NULL.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] where the bytes are not a value of this type.
    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError>;
}

/// Whether a column may be NULL, as a type.
pub trait Nullability: 'static {
    /// `A` if the value may be NULL, otherwise `B`.
    type If<A: Field, B: Field>: Field;
    /// NULL if this or the other may be.
    type Or<N: Nullability>: Nullability;
    /// What a condition of such operands is: `bool` or `Option<bool>`.
    type Bool: Condition;
    /// Whether it may be NULL.
    const NULLABLE: bool;
}

/// A condition: `bool`, or `Option<bool>`, of which NULL counts as false in a filter.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a condition", label = "a condition is true, false or NULL")]
pub trait Condition: Field<Sql = super::sql::Bool> {}
#[diagnostic::do_not_recommend]
impl Condition for bool {}
#[diagnostic::do_not_recommend]
impl Condition for Option<bool> {}

/// A column that is never NULL.
#[derive(Debug)]
pub struct NotNull;

/// A column that may be NULL.
#[derive(Debug)]
pub struct MaybeNull;

impl Nullability for NotNull {
    type If<A: Field, B: Field> = B;
    type Or<N: Nullability> = N;
    type Bool = bool;
    const NULLABLE: bool = false;
}

impl Nullability for MaybeNull {
    type If<A: Field, B: Field> = A;
    type Or<N: Nullability> = Self;
    type Bool = Option<bool>;
    const NULLABLE: bool = true;
}

#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> Field for Option<T> {
    type Sql = T::Sql;
    type Read = Self;
    type Nullable = Self;
    type Null = MaybeNull;
    const TYPE: &'static TypeDef = T::TYPE;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        self.as_ref().map_or(Ok(Encoded::Null), |value| value.encode(out))
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        raw.map(|bytes| T::decode(Some(bytes))).transpose()
    }
}

/// What [`Field::encode`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoded {
    /// The bytes of a value.
    Value,
    /// Nothing: the value is NULL.
    Null,
}

/// Where a value's bytes are written.
#[derive(Debug)]
pub struct Encoder<'a> {
    buffer: &'a mut BytesMut,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(buffer: &'a mut BytesMut) -> Self {
        Self { buffer }
    }

    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        self.buffer
    }
}

/// Why a value cannot be sent. It does not contain the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError(String);

impl EncodeError {
    /// An error with its reason, in lower case and without a full stop.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for EncodeError {}

/// Why bytes from the server are not a value of the field's type.
#[derive(Debug)]
pub enum DecodeError {
    /// The value is NULL, and the field is not an `Option`.
    Null,
    /// The value is an array with a NULL in it, and its elements are not `Option`s.
    NullElement,
    /// The bytes are not a value of that type.
    Invalid(Box<dyn StdError + Send + Sync>),
}

impl DecodeError {
    /// An error with its reason, in lower case and without a full stop.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into().into())
    }

    /// The error of a column, which is shown with its table.
    pub(crate) fn of_column(self, shown: &str) -> Error {
        let error = |what: &str| Error::new(ErrorKind::Decode, format!("column `{shown}` {what}"));
        match self {
            Self::Null => error("is null but the field is not an `Option`"),
            Self::NullElement => {
                error("holds an array with a null in it, but the elements of the field are not `Option`s")
            }
            Self::Invalid(source) => error("holds no value of the field's type").with_source(source),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("the value is null but the field is not an `Option`"),
            Self::NullElement => {
                f.write_str("the value is an array with a null in it, but the elements of the field are not `Option`s")
            }
            Self::Invalid(reason) => write!(f, "{reason}"),
        }
    }
}

impl StdError for DecodeError {}

/// What a builder's setter takes for a field of type `T`: a `T`, and what obviously becomes one.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot be assigned to a field of type `{T}`", label = "not a `{T}`")]
pub trait IntoField<T> {
    /// Converts.
    fn into_field(self) -> T;

    /// Encodes what this becomes; what is borrowed need not be owned for it.
    #[doc(hidden)]
    fn encode_as(self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError>
    where
        Self: Sized,
        T: Field,
    {
        self.into_field().encode(out)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field> IntoField<T> for T {
    fn into_field(self) -> T {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field> IntoField<Option<T>> for T {
    fn into_field(self) -> Option<T> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field> IntoField<super::Auto<T>> for T {
    fn into_field(self) -> super::Auto<T> {
        super::Auto::Value(self)
    }
}

macro_rules! into_field {
    ($($from:ty => $to:ty: $encode:ident),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl IntoField<$to> for $from {
            fn into_field(self) -> $to {
                <$to>::from(self)
            }

            fn encode_as(self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
                $encode(&self, out)
            }
        }

        #[diagnostic::do_not_recommend]
        impl IntoField<Option<$to>> for $from {
            fn into_field(self) -> Option<$to> {
                Some(<$to>::from(self))
            }

            fn encode_as(self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
                $encode(&self, out)
            }
        }

        #[diagnostic::do_not_recommend]
        impl IntoField<super::Auto<$to>> for $from {
            fn into_field(self) -> super::Auto<$to> {
                super::Auto::Value(<$to>::from(self))
            }
        }
    )* };
}
into_field!(
    &str => String: encode_text,
    &String => String: encode_text,
    Box<str> => String: encode_text,
    std::borrow::Cow<'_, str> => String: encode_text,
    &[u8] => Vec<u8>: encode_bytes,
);

/// A field that can hold a foreign key which the flush fills in later.
///
/// A builder that was given the parent instead of its key puts [`placeholder`](KeyType::placeholder) in the key's field
/// until the object is flushed.
#[diagnostic::on_unimplemented(
    message = "a foreign key of type `{Self}` cannot be filled in later",
    note = "implement `KeyType` for it, or set the key column instead of the relationship"
)]
pub trait KeyType: Field {
    /// Any value of the type.
    fn placeholder() -> Self;
}

impl<T: Field<Null = NotNull, Read = T>> KeyType for Option<T> {
    fn placeholder() -> Self {
        None
    }
}

/// A column type that may reference a column of type `T`: both are the same SQL type.
#[diagnostic::on_unimplemented(
    message = "a column of type `{Self}` cannot reference a column of type `{T}`",
    label = "the two columns of a foreign key must have the same SQL type"
)]
pub trait CanReference<T> {}

// Otherwise rustc reports the bound instead of what `CanReference` says.
#[diagnostic::do_not_recommend]
impl<T: Field, U: Field> CanReference<T> for U where U::Sql: SameAs<T::Sql> {}

/// The two types are one.
pub trait SameAs<T> {}
impl<T> SameAs<T> for T {}

/// The primary key of a model: one field, or a tuple of up to eight for a composite key.
pub trait Key: Clone + Send + Sync + 'static {
    /// The key's parts, in the order of the columns.
    fn into_values(self) -> Vec<Value>;

    /// The key of these parts, as a row has them.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] where one is missing, or its bytes are no value of its type.
    fn from_parts(parts: &[Option<&[u8]>]) -> Result<Self, DecodeError>;
}

impl<T: Field> Key for T {
    fn into_values(self) -> Vec<Value> {
        vec![Value::of(&self)]
    }

    fn from_parts(parts: &[Option<&[u8]>]) -> Result<Self, DecodeError> {
        T::decode(parts.first().copied().flatten())
    }
}

/// What `session.get` takes for a primary key of type `K`: a `K`, and what obviously becomes one.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a primary key of type `{K}`", label = "not a `{K}`")]
pub trait IntoKey<K> {
    /// The key, or `None` if the server has not made it yet.
    fn into_key(self) -> Option<K>;
}

#[diagnostic::do_not_recommend]
impl<K: Key> IntoKey<K> for K {
    fn into_key(self) -> Option<K> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field> IntoKey<T> for super::Auto<T> {
    fn into_key(self) -> Option<T> {
        self.into_option()
    }
}

#[diagnostic::do_not_recommend]
impl IntoKey<String> for &str {
    fn into_key(self) -> Option<String> {
        Some(self.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl IntoKey<String> for &String {
    fn into_key(self) -> Option<String> {
        Some(self.clone())
    }
}

macro_rules! tuple_key {
    ($($part:ident),*) => {
        impl<$($part: Field),*> Key for ($($part,)*) {
            #[allow(non_snake_case, reason = "the parts are named after their types")]
            fn into_values(self) -> Vec<Value> {
                let ($($part,)*) = self;
                vec![$(Value::of(&$part)),*]
            }

            fn from_parts(parts: &[Option<&[u8]>]) -> Result<Self, DecodeError> {
                let mut parts = parts.iter().copied();
                Ok(($($part::decode(parts.next().flatten())?,)*))
            }
        }
    };
}
tuple_key!(A, B);
tuple_key!(A, B, C);
tuple_key!(A, B, C, D);
tuple_key!(A, B, C, D, E);
tuple_key!(A, B, C, D, E, F);
tuple_key!(A, B, C, D, E, F, G);
tuple_key!(A, B, C, D, E, F, G, H);

/// A field that can count a row's versions.
#[diagnostic::on_unimplemented(
    message = "a version cannot be of type `{Self}`",
    label = "a version is an `i32` or an `i64`"
)]
pub trait VersionType: Field {
    /// The version of a new row.
    const FIRST: Self;
}

#[diagnostic::do_not_recommend]
impl VersionType for i32 {
    const FIRST: Self = 1;
}

#[diagnostic::do_not_recommend]
impl VersionType for i64 {
    const FIRST: Self = 1;
}

/// Checks at compile time that a field can be a version. For generated code.
#[doc(hidden)]
pub const fn check_version<T: VersionType>() {}

/// A SQL type whose values are points in time, so that `now()` can be assigned to its columns.
///
/// ```
/// use orm_core::types::{PointInTime, sql};
///
/// fn takes_now<S: PointInTime>() {}
/// takes_now::<sql::Timestamptz>();
/// ```
#[diagnostic::on_unimplemented(
    message = "this needs a point in time, and SQL type `{Self}` is none",
    label = "neither a date nor a timestamp"
)]
pub trait PointInTime {}

#[diagnostic::do_not_recommend]
impl PointInTime for super::sql::Timestamptz {}
#[diagnostic::do_not_recommend]
impl PointInTime for super::sql::Timestamp {}
#[diagnostic::do_not_recommend]
impl PointInTime for super::sql::Date {}

/// A field that can tell when a row was deleted.
#[diagnostic::on_unimplemented(
    message = "a `soft_delete` column cannot be of type `{Self}`",
    label = "not an `Option` of a point in time, for example `Option<DateTime<Utc>>`"
)]
pub trait SoftDeleteType: Field {}

#[diagnostic::do_not_recommend]
impl<T: Field> SoftDeleteType for Option<T>
where
    Self: Field,
    T::Sql: PointInTime,
{
}

/// Checks at compile time that a field can tell when a row was deleted. For generated code.
#[doc(hidden)]
pub const fn check_soft_delete<T: SoftDeleteType>() {}
