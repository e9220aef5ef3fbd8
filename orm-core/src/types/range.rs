//! [`Range`] and [`Multirange`]: PostgreSQL's ranges of numbers, dates and times.

use std::error::Error as StdError;
use std::ops::{Bound, Deref, RangeBounds};

use bytes::{BufMut, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::types::{RangeBound, empty_range_to_sql, range_from_sql, range_to_sql};

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, IntoField, NotNull};
use super::{ArrayElement, TypeDef, sql};

/// A type of which PostgreSQL has ranges: `i32`, `i64`, and the numbers, dates and timestamps of the optional crates.
#[diagnostic::on_unimplemented(
    message = "PostgreSQL has no ranges of `{Self}`",
    label = "not the bound of a range",
    note = "ranges are of `i32`, `i64`, and, behind features of orm-core, of decimals, dates and timestamps"
)]
pub trait RangeElement: ArrayElement + Field<Null = NotNull, Read = Self> + PartialOrd {
    /// The range's type.
    const RANGE: &'static TypeDef;
    /// The multirange's type.
    const MULTIRANGE: &'static TypeDef;
}

macro_rules! range_element {
    ($($(#[$feature:meta])* $range:ident $range_oid:literal $range_array:literal, $multirange:ident $multirange_oid:literal $multirange_array:literal: $($ty:ty),+);* $(;)?) => { $(
        $(#[$feature])*
        const _: () = {
            static RANGE: TypeDef = TypeDef::builtin(stringify!($range), stringify!($range), $range_oid, $range_array);
            static MULTIRANGE: TypeDef =
                TypeDef::builtin(stringify!($multirange), stringify!($multirange), $multirange_oid, $multirange_array);
            $(
                #[diagnostic::do_not_recommend]
                impl RangeElement for $ty {
                    const RANGE: &'static TypeDef = &RANGE;
                    const MULTIRANGE: &'static TypeDef = &MULTIRANGE;
                }
            )+
        };
    )* };
}
range_element! {
    int4range 3904 3905, int4multirange 4451 6150: i32;
    int8range 3926 3927, int8multirange 4536 6157: i64;
    #[cfg(feature = "decimal")] numrange 3906 3907, nummultirange 4532 6151: rust_decimal::Decimal;
    #[cfg(feature = "chrono")] daterange 3912 3913, datemultirange 4535 6155: chrono::NaiveDate;
    #[cfg(feature = "chrono")] tsrange 3908 3909, tsmultirange 4533 6152: chrono::NaiveDateTime;
    #[cfg(feature = "chrono")] tstzrange 3910 3911, tstzmultirange 4534 6153:
        chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::FixedOffset>;
    #[cfg(feature = "time")] daterange 3912 3913, datemultirange 4535 6155: time::Date;
    #[cfg(feature = "time")] tsrange 3908 3909, tsmultirange 4533 6152: time::PrimitiveDateTime;
    #[cfg(feature = "time")] tstzrange 3910 3911, tstzmultirange 4534 6153: time::OffsetDateTime;
    #[cfg(feature = "jiff")] daterange 3912 3913, datemultirange 4535 6155: jiff::civil::Date;
    #[cfg(feature = "jiff")] tsrange 3908 3909, tsmultirange 4533 6152: jiff::civil::DateTime;
    #[cfg(feature = "jiff")] tstzrange 3910 3911, tstzmultirange 4534 6153: jiff::Timestamp;
}

/// A range of PostgreSQL: `int4range`, `int8range`, `numrange`, `daterange`, `tsrange` or `tstzrange`, by its type.
///
/// Rust's own ranges become one by `into`, and stand in comparisons and in `set` as they are. PostgreSQL keeps ranges of
/// integers and dates in one form, with the lower bound and without the upper one: `1..=5` comes back as `1..6`, and one without
/// any point as [empty](Self::empty). A lower bound above the upper one is refused before it is sent.
///
/// ```
/// use orm_core::types::Range;
/// use std::ops::Bound;
///
/// let range = Range::from(1..5);
/// assert_eq!(range.bounds(), Some((Bound::Included(&1), Bound::Excluded(&5))));
/// assert!(range.contains(&4) && !range.contains(&5));
/// assert!(!Range::<i32>::empty().contains(&1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range<T> {
    /// `None` if it is empty.
    bounds: Option<(Bound<T>, Bound<T>)>,
}

impl<T> Range<T> {
    /// The range between two bounds.
    #[must_use]
    pub const fn new(lower: Bound<T>, upper: Bound<T>) -> Self {
        Self { bounds: Some((lower, upper)) }
    }

    /// The range without any point.
    #[must_use]
    pub const fn empty() -> Self {
        Self { bounds: None }
    }

    /// The range of all points.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self::new(Bound::Unbounded, Bound::Unbounded)
    }

    /// The lower and the upper bound; `None` if it is [empty](Self::empty).
    #[must_use]
    pub fn bounds(&self) -> Option<(Bound<&T>, Bound<&T>)> {
        self.bounds.as_ref().map(|(lower, upper)| (lower.as_ref(), upper.as_ref()))
    }

    /// Whether it is [the empty range](Self::empty). One of which PostgreSQL alone knows that it has no point, such as `1..1`, is
    /// empty once it was stored.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bounds.is_none()
    }

    /// Whether a point is in it.
    #[must_use]
    pub fn contains(&self, point: &T) -> bool
    where
        T: PartialOrd,
    {
        self.bounds().is_some_and(|bounds| bounds.contains(point))
    }
}

macro_rules! from_std {
    ($($std:ty, $range:pat => $lower:expr, $upper:expr);* $(;)?) => { $(
        impl<T> From<$std> for Range<T> {
            fn from(range: $std) -> Self {
                let $range = range;
                Self::new($lower, $upper)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: RangeElement> IntoField<Range<T>> for $std {
            fn into_field(self) -> Range<T> {
                self.into()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: RangeElement> IntoField<Option<Range<T>>> for $std {
            fn into_field(self) -> Option<Range<T>> {
                Some(self.into())
            }
        }
    )* };
}
from_std! {
    std::ops::Range<T>, range => Bound::Included(range.start), Bound::Excluded(range.end);
    std::ops::RangeFrom<T>, range => Bound::Included(range.start), Bound::Unbounded;
    std::ops::RangeTo<T>, range => Bound::Unbounded, Bound::Excluded(range.end);
    std::ops::RangeToInclusive<T>, range => Bound::Unbounded, Bound::Included(range.end);
    (Bound<T>, Bound<T>), (lower, upper) => lower, upper;
}

impl<T> From<std::ops::RangeInclusive<T>> for Range<T> {
    fn from(range: std::ops::RangeInclusive<T>) -> Self {
        let (lower, upper) = range.into_inner();
        Self::new(Bound::Included(lower), Bound::Included(upper))
    }
}

#[diagnostic::do_not_recommend]
impl<T: RangeElement> IntoField<Range<T>> for std::ops::RangeInclusive<T> {
    fn into_field(self) -> Range<T> {
        self.into()
    }
}

#[diagnostic::do_not_recommend]
impl<T: RangeElement> IntoField<Option<Range<T>>> for std::ops::RangeInclusive<T> {
    fn into_field(self) -> Option<Range<T>> {
        Some(self.into())
    }
}

impl<T> From<std::ops::RangeFull> for Range<T> {
    fn from(_: std::ops::RangeFull) -> Self {
        Self::unbounded()
    }
}

/// The empty range.
impl<T> Default for Range<T> {
    fn default() -> Self {
        Self::empty()
    }
}

#[diagnostic::do_not_recommend]
impl<T: RangeElement> Field for Range<T> {
    type Sql = sql::Range<T::Sql>;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = T::RANGE;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        let Some((lower, upper)) = self.bounds() else {
            empty_range_to_sql(out.buffer());
            return Ok(Encoded::Value);
        };
        if let (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) =
            (lower, upper)
            && low > high
        {
            return Err(EncodeError::new("the lower bound of the range is above its upper bound"));
        }
        range_to_sql(|out| write_bound(lower, out), |out| write_bound(upper, out), out.buffer())
            .map_err(|reason| EncodeError::new(reason.to_string()))?;
        Ok(Encoded::Value)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        use postgres_protocol::types::Range::{Empty, Nonempty};
        match range_from_sql(raw.ok_or(DecodeError::Null)?).map_err(DecodeError::Invalid)? {
            Empty => Ok(Self::empty()),
            Nonempty(lower, upper) => Ok(Self::new(read_bound(&lower)?, read_bound(&upper)?)),
        }
    }
}

impl<T: RangeElement> ArrayElement for Range<T> {}

fn write_bound<T: Field>(
    bound: Bound<&T>,
    out: &mut BytesMut,
) -> Result<RangeBound<IsNull>, Box<dyn StdError + Sync + Send>> {
    let mut write = |value: &T| match value.encode(&mut Encoder::new(out))? {
        Encoded::Value => Ok::<_, EncodeError>(IsNull::No),
        Encoded::Null => Ok(IsNull::Yes),
    };
    Ok(match bound {
        Bound::Included(value) => RangeBound::Inclusive(write(value)?),
        Bound::Excluded(value) => RangeBound::Exclusive(write(value)?),
        Bound::Unbounded => RangeBound::Unbounded,
    })
}

fn read_bound<T: Field>(bound: &RangeBound<Option<&[u8]>>) -> Result<Bound<T>, DecodeError> {
    Ok(match bound {
        RangeBound::Inclusive(raw) => Bound::Included(T::decode(*raw)?),
        RangeBound::Exclusive(raw) => Bound::Excluded(T::decode(*raw)?),
        RangeBound::Unbounded => Bound::Unbounded,
    })
}

/// A multirange of PostgreSQL 14 and later: ranges one after another. It is read as a slice of them.
///
/// PostgreSQL puts them in order, joins those that touch, and leaves empty ones out.
///
/// ```
/// use orm_core::types::{Multirange, Range};
///
/// let open: Multirange<i32> = [8..12, 13..17].into_iter().collect();
/// assert!(open.contains(&Range::from(8..12)));
/// assert_eq!(open.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Multirange<T>(Vec<Range<T>>);

impl<T> Multirange<T> {
    /// The multirange of these ranges.
    #[must_use]
    pub const fn new(ranges: Vec<Range<T>>) -> Self {
        Self(ranges)
    }

    /// The ranges.
    #[must_use]
    pub fn into_ranges(self) -> Vec<Range<T>> {
        self.0
    }
}

impl<T> Default for Multirange<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Multirange<T> {
    type Target = [Range<T>];

    fn deref(&self) -> &[Range<T>] {
        &self.0
    }
}

impl<T, R: Into<Range<T>>> FromIterator<R> for Multirange<T> {
    fn from_iter<I: IntoIterator<Item = R>>(ranges: I) -> Self {
        Self(ranges.into_iter().map(Into::into).collect())
    }
}

impl<T> IntoIterator for Multirange<T> {
    type Item = Range<T>;
    type IntoIter = std::vec::IntoIter<Range<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[diagnostic::do_not_recommend]
impl<T: RangeElement> Field for Multirange<T> {
    type Sql = sql::Multirange<T::Sql>;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = T::MULTIRANGE;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        let too_long = |_| EncodeError::new("the multirange is longer than PostgreSQL can hold");
        out.put(&i32::try_from(self.0.len()).map_err(too_long)?.to_be_bytes());
        for range in &self.0 {
            let at = out.buffer().len();
            out.buffer().put_i32(0);
            range.encode(out)?;
            let len = i32::try_from(out.buffer().len() - at - 4).map_err(too_long)?;
            out.buffer()[at..at + 4].copy_from_slice(&len.to_be_bytes());
        }
        Ok(Encoded::Value)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let mut rest = raw.ok_or(DecodeError::Null)?;
        let count = take_len(&mut rest)?;
        let mut ranges = Vec::new();
        for _ in 0..count {
            let len = take_len(&mut rest)?;
            let (range, others) = rest.split_at_checked(len).ok_or_else(broken)?;
            rest = others;
            ranges.push(Range::decode(Some(range))?);
        }
        if rest.is_empty() { Ok(Self(ranges)) } else { Err(broken()) }
    }
}

impl<T: RangeElement> ArrayElement for Multirange<T> {}

fn take_len(rest: &mut &[u8]) -> Result<usize, DecodeError> {
    let (len, others) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
    *rest = others;
    usize::try_from(i32::from_be_bytes(*len)).map_err(|_| broken())
}

fn broken() -> DecodeError {
    DecodeError::new("the bytes are no multirange")
}
