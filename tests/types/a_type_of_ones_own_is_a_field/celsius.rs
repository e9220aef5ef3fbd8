//! A type that is stored as another that this crate knows.

use orm_core::types::{ArrayElement, DecodeError, EncodeError, Encoded, Encoder, Field, NotNull, TypeDef, sql};

/// A temperature, stored as a `double precision`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Celsius(pub f64);

impl Field for Celsius {
    type Sql = sql::Float8; // may be compared with every other double precision
    type Read = Self; // a column of it reads as itself
    type Nullable = Option<Self>; // and so after a left join
    type Null = NotNull;
    const TYPE: &'static TypeDef = <f64 as Field>::TYPE;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        self.0.encode(out)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        f64::decode(raw).map(Self)
    }
}

// Values of it may stand in comparisons, and `Vec<Celsius>` is a column, too.
orm_core::comparable!(Celsius);
impl ArrayElement for Celsius {}
