//! [`Auto`]: a value that the server makes.

use std::fmt;

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, KeyType, NotNull};
use super::typedef::TypeDef;

/// A value that the server makes: an identity key, or a column's default.
///
/// It is pending until the object is flushed, unless it was given a value. Without a value it prints as `None`, with one
/// as the value.
///
/// ```
/// use orm_core::types::Auto;
///
/// let mut id = Auto::Pending;
/// assert_eq!(id.get(), None);
/// id = Auto::Value(7);
/// assert_eq!(id.get(), Some(7));
/// assert_eq!(id.to_string(), "7");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Auto<T> {
    /// The server has not made it yet.
    #[default]
    Pending,
    /// The value.
    Value(T),
}

impl<T> Auto<T> {
    /// The value by copy, or `None` while it is pending.
    #[must_use]
    pub const fn get(&self) -> Option<T>
    where
        T: Copy,
    {
        match self {
            Self::Pending => None,
            Self::Value(value) => Some(*value),
        }
    }

    /// The value by reference, or `None` while it is pending.
    #[must_use]
    pub const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Pending => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The value itself, or `None` while it is pending.
    #[must_use]
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Pending => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Whether the server has not made the value yet.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }
}

impl<T> From<T> for Auto<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: fmt::Display> fmt::Display for Auto<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.pad("None"),
            Self::Value(value) => value.fmt(f),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> Field for Auto<T> {
    type Sql = T::Sql;
    type Read = T;
    type Nullable = T::Nullable;
    type Null = NotNull;
    const TYPE: &'static TypeDef = T::TYPE;
    const AUTO: bool = true;

    /// A pending value is written as NULL: the flush knows that the column is never NULL and asks the server for it.
    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        match self {
            Self::Pending => Ok(Encoded::Null),
            Self::Value(value) => value.encode(out),
        }
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        T::decode(raw).map(Self::Value)
    }
}

impl<T: KeyType + Field<Null = NotNull, Read = T>> KeyType for Auto<T> {
    fn placeholder() -> Self {
        Self::Pending
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize> serde::Serialize for Auto<T> {
    /// A pending value is serialized as `null`, another as the value.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Auto<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| value.map_or(Self::Pending, Self::Value))
    }
}
