//! Date and time types of the crate jiff.

use super::calendar::{Micros, calendar_field};
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};

calendar_field! {
    Date => Date DATE, |date: Date| date;
    Time => Time TIME, |time: Time| whole(time.duration_since(Time::midnight()));
    DateTime => Timestamp TIMESTAMP, |time: DateTime| whole(time.duration_since(BASE));
    Timestamp => Timestamptz TIMESTAMPTZ, |instant: Timestamp| whole(instant.duration_since(BASE_INSTANT));
}

/// PostgreSQL counts from here.
const BASE: DateTime = DateTime::constant(2000, 1, 1, 0, 0, 0, 0);
const BASE_INSTANT: Timestamp = Timestamp::constant(946_684_800, 0);

/// The driver's own conversion rounds, and refuses the last days that the library has.
fn whole(duration: SignedDuration) -> Micros {
    // Nanoseconds between any two of the library's times are less than 2^70: the quotient fits.
    Micros(duration.as_nanos().div_euclid(1000) as i64)
}
