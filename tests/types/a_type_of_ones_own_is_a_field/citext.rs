//! A type of an extension, which has another number in every database.

use orm_core::types::{
    ArrayElement, DecodeError, EncodeError, Encoded, Encoder, Field, KeyType, NotNull, SqlType, TypeDef,
};

/// The extension's `citext`: text that is compared without regard to case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseInsensitive(pub String);

impl SqlType for CaseInsensitive {}

static CITEXT: TypeDef = TypeDef::named("citext");

impl Field for CaseInsensitive {
    type Sql = Self;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &CITEXT;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        self.0.encode(out)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        String::decode(raw).map(Self)
    }
}

orm_core::comparable!(CaseInsensitive);
impl ArrayElement for CaseInsensitive {}

/// It can be a foreign key that the session fills in.
impl KeyType for CaseInsensitive {
    fn placeholder() -> Self {
        Self(String::new())
    }
}
