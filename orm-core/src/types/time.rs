//! Date and time types of the crate time.

use super::calendar::calendar_field;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

calendar_field! {
    Date => Date DATE, |date: Date| date;
    Time => Time TIME, |time: Time| time.replace_nanosecond(whole(time.nanosecond())).unwrap_or(time);
    PrimitiveDateTime => Timestamp TIMESTAMP, |time: PrimitiveDateTime| time.replace_nanosecond(whole(time.nanosecond())).unwrap_or(time);
    OffsetDateTime => Timestamptz TIMESTAMPTZ, |time: OffsetDateTime| time.replace_nanosecond(whole(time.nanosecond())).unwrap_or(time);
}

fn whole(nanoseconds: u32) -> u32 {
    nanoseconds / 1000 * 1000
}
