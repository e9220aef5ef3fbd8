//! What the date and time types of the optional crates share: PostgreSQL's types, their ranges, and no infinity.
//!
//! The driver converts; here is refused what it would hand on to the server, or would read as another value.

#[cfg(feature = "jiff")]
use std::error::Error as StdError;
use std::ops::Range;

#[cfg(feature = "jiff")]
use bytes::BytesMut;
#[cfg(feature = "jiff")]
use postgres_types::IsNull;
use postgres_types::{FromSql, ToSql, Type};

use super::field::{DecodeError, EncodeError, Encoded, Encoder};
use super::scalar::{decode_by_driver, encode_by_driver};
use super::typedef::TypeDef;

pub(super) static DATE: TypeDef = TypeDef::builtin("date", "date", 1082, 1182);
pub(super) static TIME: TypeDef = TypeDef::builtin("time", "time", 1083, 1183);
pub(super) static TIMESTAMP: TypeDef = TypeDef::builtin("timestamp", "timestamp", 1114, 1115);
pub(super) static TIMESTAMPTZ: TypeDef = TypeDef::builtin("timestamptz", "timestamptz", 1184, 1185);

/// Days since 2000-01-01, from 4714-11-24 BC.
const DATES: Range<i64> = -2_451_545..2_145_031_949;
/// Microseconds since midnight. PostgreSQL has `24:00` too, which the libraries would take for the day's beginning.
const TIMES: Range<i64> = 0..86_400_000_000;
/// Microseconds since 2000-01-01, from 4714-11-24 BC to the end of the year 294276.
const TIMESTAMPS: Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

fn is_in_range(ty: &Type, raw: &[u8]) -> bool {
    match *raw {
        [a, b, c, d] => DATES.contains(&i64::from(i32::from_be_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => {
            let range = if *ty == Type::TIME { TIMES } else { TIMESTAMPS };
            range.contains(&i64::from_be_bytes([a, b, c, d, e, f, g, h]))
        }
        // The driver says what is wrong with others.
        _ => true,
    }
}

pub(super) fn encode<T: ToSql>(value: &T, ty: &Type, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
    let start = out.buffer().len();
    let encoded = encode_by_driver(value, ty, out)?;
    if is_in_range(ty, &out.buffer()[start..]) {
        Ok(encoded)
    } else {
        Err(EncodeError::new(format!("it is outside the range of PostgreSQL's `{}`", ty.name())))
    }
}

pub(super) fn decode<'a, T: FromSql<'a>>(ty: &Type, raw: Option<&'a [u8]>) -> Result<T, DecodeError> {
    let raw = raw.ok_or(DecodeError::Null)?;
    if is_in_range(ty, raw) {
        decode_by_driver(ty, Some(raw))
    } else {
        Err(DecodeError::new(format!(
            "infinity or the end of the day, which PostgreSQL's `{}` has and the field's type has not",
            ty.name()
        )))
    }
}

/// Microseconds, which are written as they are.
#[cfg(feature = "jiff")]
#[derive(Debug)]
pub(super) struct Micros(pub(super) i64);

#[cfg(feature = "jiff")]
impl ToSql for Micros {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres_types::to_sql_checked!();
}

/// Implements [`Field`](super::Field) for a date or time, of which `$cut` takes what is below a microsecond: the driver
/// would round some up, which may be the next day.
macro_rules! calendar_field {
    ($($rust:ty => $tag:ident $ty:ident, $cut:expr);* $(;)?) => { $(
        #[diagnostic::do_not_recommend]
        impl $crate::types::Field for $rust {
            type Sql = $crate::types::sql::$tag;
            type Read = Self;
            type Nullable = Option<Self>;
            type Null = $crate::types::NotNull;
            const TYPE: &'static $crate::types::TypeDef = &$crate::types::calendar::$ty;

            fn encode(
                &self,
                out: &mut $crate::types::Encoder<'_>,
            ) -> Result<$crate::types::Encoded, $crate::types::EncodeError> {
                $crate::types::calendar::encode(&($cut)(*self), &postgres_types::Type::$ty, out)
            }

            fn decode(raw: Option<&[u8]>) -> Result<Self, $crate::types::DecodeError> {
                $crate::types::calendar::decode(&postgres_types::Type::$ty, raw)
            }
        }

        #[diagnostic::do_not_recommend]
        impl $crate::types::ArrayElement for $rust {}
    )* };
}
pub(super) use calendar_field;
