//! [`Json<T>`]: any serializable value as `jsonb`, and `serde_json::Value` itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull};
use super::{ArrayElement, TypeDef, sql};

static JSONB: TypeDef = TypeDef::builtin("jsonb", "jsonb", 3802, 3807);

#[diagnostic::do_not_recommend]
impl Field for serde_json::Value {
    type Sql = sql::Jsonb;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &JSONB;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        encode(self, out)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        decode(raw)
    }
}

impl ArrayElement for serde_json::Value {}

/// A value that is stored as `jsonb` by its serde implementation.
///
/// A JSON `null` is a value, not an SQL NULL; for the latter the field is an `Option<Json<T>>`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Json<T>(pub T);

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Field for Json<T> {
    type Sql = sql::Jsonb;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &JSONB;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        encode(&self.0, out)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        decode(raw).map(Self)
    }
}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> ArrayElement for Json<T> {}

/// The version of the binary format of `jsonb`, before the text.
const VERSION: u8 = 1;

fn encode<T: Serialize>(value: &T, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
    let text = serde_json::to_vec(value).map_err(|reason| EncodeError::new(reason.to_string()))?;
    if has_nul(&text) {
        return Err(EncodeError::new("PostgreSQL's `jsonb` cannot hold a NUL character"));
    }
    out.put(&[VERSION]);
    out.put(&text);
    Ok(Encoded::Value)
}

fn decode<T: DeserializeOwned>(raw: Option<&[u8]>) -> Result<T, DecodeError> {
    let raw = raw.ok_or(DecodeError::Null)?;
    // A column of type `json`, which a field may name by `sql_type`, has the text alone.
    let text = raw.strip_prefix(&[VERSION]).unwrap_or(raw);
    serde_json::from_slice(text).map_err(|reason| DecodeError::Invalid(reason.into()))
}

/// Whether the text has an escaped NUL; a backslash that is itself escaped begins nothing.
fn has_nul(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        if rest[at + 1..].starts_with(b"u0000") {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

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
