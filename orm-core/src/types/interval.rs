//! [`Interval`], a span of time as PostgreSQL has it, and [`Moment`], what can be calculated with it.

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull};
use super::{ArrayElement, TypeDef, sql};

static INTERVAL: TypeDef = TypeDef::builtin("interval", "interval", 1186, 1187);

/// A span of time, as PostgreSQL's `interval` has it: months, days and microseconds, which are kept apart because a month
/// has not always as many days, nor a day as many hours.
///
/// ```
/// use orm_core::types::Interval;
///
/// let week = Interval::days(7);
/// assert_eq!(week, Interval::weeks(1));
/// let long = Interval::new(14, 3, 4_500_000);
/// assert_eq!(long.to_string(), "P14M3DT4.500000S");
/// assert_ne!(Interval::days(1), Interval::hours(24));
/// ```
///
/// Two are equal in Rust if all three parts are; PostgreSQL counts a month as 30 days and a day as 24 hours when it compares.
/// The longest parts with the same sign are PostgreSQL's `infinity`, from version 17 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Interval {
    months: i32,
    days: i32,
    microseconds: i64,
}

const SECOND: i64 = 1_000_000;

impl Interval {
    /// So many months, days and microseconds.
    #[must_use]
    pub const fn new(months: i32, days: i32, microseconds: i64) -> Self {
        Self { months, days, microseconds }
    }

    /// So many years, of twelve months each.
    #[must_use]
    pub const fn years(years: i16) -> Self {
        Self::new(years as i32 * 12, 0, 0)
    }

    /// So many months.
    #[must_use]
    pub const fn months(months: i32) -> Self {
        Self::new(months, 0, 0)
    }

    /// So many weeks, of seven days each.
    #[must_use]
    pub const fn weeks(weeks: i16) -> Self {
        Self::new(0, weeks as i32 * 7, 0)
    }

    /// So many days.
    #[must_use]
    pub const fn days(days: i32) -> Self {
        Self::new(0, days, 0)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i32) -> Self {
        Self::new(0, 0, hours as i64 * 3600 * SECOND)
    }

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: i32) -> Self {
        Self::new(0, 0, minutes as i64 * 60 * SECOND)
    }

    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: i32) -> Self {
        Self::new(0, 0, seconds as i64 * SECOND)
    }

    /// So many microseconds.
    #[must_use]
    pub const fn microseconds(microseconds: i64) -> Self {
        Self::new(0, 0, microseconds)
    }

    /// The months, the days and the microseconds.
    #[must_use]
    pub const fn parts(self) -> (i32, i32, i64) {
        (self.months, self.days, self.microseconds)
    }

    /// Both together, part by part; `None` if a part is too long.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            months: self.months.checked_add(other.months)?,
            days: self.days.checked_add(other.days)?,
            microseconds: self.microseconds.checked_add(other.microseconds)?,
        })
    }

    /// The same span the other way; `None` if a part has no opposite.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        Some(Self {
            months: self.months.checked_neg()?,
            days: self.days.checked_neg()?,
            microseconds: self.microseconds.checked_neg()?,
        })
    }
}

/// In the form of ISO 8601, with its three parts.
impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, micros) = (if self.microseconds < 0 { "-" } else { "" }, self.microseconds.unsigned_abs());
        let second = SECOND.unsigned_abs();
        write!(f, "P{}M{}DT{sign}{}.{:06}S", self.months, self.days, micros / second, micros % second)
    }
}

#[diagnostic::do_not_recommend]
impl Field for Interval {
    type Sql = sql::Interval;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &INTERVAL;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        out.put(&self.microseconds.to_be_bytes());
        out.put(&self.days.to_be_bytes());
        out.put(&self.months.to_be_bytes());
        Ok(Encoded::Value)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let raw: &[u8; 16] =
            raw.ok_or(DecodeError::Null)?.try_into().map_err(|_| DecodeError::new("an interval has 16 bytes"))?;
        // Each part by its width: eight bytes, four and four.
        let [a, b, c, d, e, f, g, h, days @ .., i, j, k, l] = *raw;
        Ok(Self {
            months: i32::from_be_bytes([i, j, k, l]),
            days: i32::from_be_bytes(days),
            microseconds: i64::from_be_bytes([a, b, c, d, e, f, g, h]),
        })
    }
}

#[diagnostic::do_not_recommend]
impl ArrayElement for Interval {}

/// A date, time, timestamp or interval that can be calculated with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no date, time or interval that can be calculated with",
    label = "not one of chrono, time or jiff, nor an `Interval`"
)]
pub trait Moment: Field<Null = NotNull, Read = Self> {
    /// What it is with an interval added: of a date a timestamp, and of any other it is the same.
    type Shifted: Field<Null = NotNull, Read = Self::Shifted>;
}

macro_rules! moments {
    ($($ty:ty => $shifted:ty),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl Moment for $ty {
            type Shifted = $shifted;
        }
    )* };
}
moments!(Interval => Self);
#[cfg(feature = "chrono")]
moments! {
    chrono::NaiveDate => chrono::NaiveDateTime,
    chrono::NaiveTime => Self,
    chrono::NaiveDateTime => Self,
    chrono::DateTime<chrono::Utc> => Self,
    chrono::DateTime<chrono::FixedOffset> => Self,
}
#[cfg(feature = "time")]
moments! {
    time::Date => time::PrimitiveDateTime,
    time::Time => Self,
    time::PrimitiveDateTime => Self,
    time::OffsetDateTime => Self,
}
#[cfg(feature = "jiff")]
moments! {
    jiff::civil::Date => jiff::civil::DateTime,
    jiff::civil::Time => Self,
    jiff::civil::DateTime => Self,
    jiff::Timestamp => Self,
}
