//! A type of PostgreSQL that this crate does not know, with a binary format of its own.

use orm_core::types::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull, SqlType, TypeDef};

/// PostgreSQL's `point`: two numbers of eight bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A tag of its own: a point is compared with nothing else.
impl SqlType for Point {}

static POINT: TypeDef = TypeDef::named("point");

impl Field for Point {
    type Sql = Self;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &POINT;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        out.put(&self.x.to_be_bytes());
        out.put(&self.y.to_be_bytes());
        Ok(Encoded::Value)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let number = |bytes: &[u8]| f64::decode(Some(bytes));
        let (x, y) = raw.ok_or(DecodeError::Null)?.split_at_checked(8).ok_or_else(|| DecodeError::new("too short"))?;
        Ok(Self { x: number(x)?, y: number(y)? })
    }
}

orm_core::comparable!(Point);
