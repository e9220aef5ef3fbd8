//! [`Json<T>`]: any serializable value as `jsonb`, and `serde_json::Value` itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull};
use super::scalar::{encode_by_driver, field_by_driver};
use super::{ArrayElement, TypeDef, sql};

static JSONB: TypeDef = TypeDef::builtin("jsonb", "jsonb", 3802, 3807);

field_by_driver! {
    serde_json::Value => Jsonb JSONB, JSONB;
}

/// A value that is stored as `jsonb` by its serde implementation.
///
/// A JSON `null` is a value, not an SQL NULL; for the latter the field is an `Option<Json<T>>`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + std::fmt::Debug + 'static> Field for Json<T> {
    type Sql = sql::Jsonb;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &JSONB;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        encode_by_driver(&postgres_types::Json(&self.0), &postgres_types::Type::JSONB, out)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        super::scalar::decode_by_driver::<postgres_types::Json<T>>(&postgres_types::Type::JSONB, raw)
            .map(|json| Self(json.0))
    }
}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + std::fmt::Debug + 'static> ArrayElement for Json<T> {}

impl<T> std::ops::Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> std::ops::DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
