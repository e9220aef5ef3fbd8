//! Date and time types of the crate chrono.

use super::calendar::calendar_field;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

calendar_field! {
    NaiveDate => Date DATE, |date: NaiveDate| date;
    NaiveTime => Time TIME, cut;
    NaiveDateTime => Timestamp TIMESTAMP, cut;
    DateTime<Utc> => Timestamptz TIMESTAMPTZ, cut;
    DateTime<FixedOffset> => Timestamptz TIMESTAMPTZ, cut;
}

fn cut<T: Timelike + Copy>(time: T) -> T {
    // A leap second counts on from 1 000 000 000.
    time.with_nanosecond(time.nanosecond() / 1000 * 1000).unwrap_or(time)
}
