//! The types of chrono, time, jiff, uuid, serde_json and rust_decimal.

use orm_core::types::Json;
use serde::{Deserialize, Serialize};

use crate::round_trip;

mod of_chrono {
    use super::*;
    use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a date")
    }
    fn time(hour: u32, minute: u32, second: u32, micro: u32) -> NaiveTime {
        NaiveTime::from_hms_micro_opt(hour, minute, second, micro).expect("a time")
    }
    fn first() -> NaiveDateTime {
        // The first that PostgreSQL has: 24 November 4714 BC.
        date(-4713, 11, 24).and_time(time(0, 0, 0, 0))
    }
    fn last() -> NaiveDateTime {
        NaiveDateTime::MAX.with_nanosecond_zero()
    }
    trait Whole {
        fn with_nanosecond_zero(self) -> Self;
    }
    impl Whole for NaiveDateTime {
        fn with_nanosecond_zero(self) -> Self {
            chrono::Timelike::with_nanosecond(&self, 0).expect("no nanoseconds")
        }
    }

    round_trip!(dates: NaiveDate, "date", [date(1970, 1, 1), date(2000, 2, 29), date(1, 1, 1), date(0, 12, 31), date(-4713, 11, 24), NaiveDate::MAX]);
    round_trip!(times: NaiveTime, "time without time zone", [time(0, 0, 0, 0), time(12, 30, 59, 1), time(23, 59, 59, 999_999)]);
    round_trip!(timestamps: NaiveDateTime, "timestamp without time zone", [date(2000, 1, 1).and_time(time(0, 0, 0, 1)), first(), last()]);
    round_trip!(instants: DateTime<Utc>, "timestamp with time zone", [DateTime::UNIX_EPOCH, first().and_utc(), last().and_utc()]);
    round_trip!(
        instants_elsewhere: DateTime<FixedOffset>,
        "timestamp with time zone",
        [FixedOffset::east_opt(5 * 3600 + 1800).expect("an offset").with_ymd_and_hms(2024, 3, 31, 2, 30, 0).unwrap()]
    );
}

mod of_time {
    use super::*;
    use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

    fn date(year: i32, month: Month, day: u8) -> Date {
        Date::from_calendar_date(year, month, day).expect("a date")
    }
    fn last() -> Time {
        Time::from_hms_micro(23, 59, 59, 999_999).expect("a time")
    }

    round_trip!(dates: Date, "date", [date(2000, Month::February, 29), date(0, Month::January, 1), date(-4713, Month::November, 24), Date::MAX]);
    round_trip!(times: Time, "time without time zone", [Time::MIDNIGHT, last()]);
    round_trip!(
        timestamps: PrimitiveDateTime,
        "timestamp without time zone",
        [
            PrimitiveDateTime::new(date(1999, Month::December, 31), last()),
            PrimitiveDateTime::new(date(-4713, Month::November, 24), Time::MIDNIGHT),
            PrimitiveDateTime::new(Date::MAX, last())
        ]
    );
    round_trip!(
        instants: OffsetDateTime,
        "timestamp with time zone",
        [
            OffsetDateTime::UNIX_EPOCH,
            PrimitiveDateTime::new(Date::MAX, last()).assume_utc(),
            PrimitiveDateTime::new(date(2024, Month::March, 31), last()).assume_offset(UtcOffset::from_hms(5, 30, 0).expect("an offset"))
        ]
    );
}

mod of_jiff {
    use super::*;
    use jiff::Timestamp;
    use jiff::civil::{Date, DateTime, Time, date, time};

    round_trip!(dates: Date, "date", [date(2000, 2, 29), date(0, 1, 1), date(-4713, 11, 24), Date::MAX]);
    round_trip!(times: Time, "time without time zone", [Time::MIN, time(23, 59, 59, 999_999_000)]);
    round_trip!(
        timestamps: DateTime,
        "timestamp without time zone",
        [date(1999, 12, 31).at(23, 59, 59, 1_000), date(-4713, 11, 24).at(0, 0, 0, 0), date(9999, 12, 31).at(23, 59, 59, 999_999_000)]
    );
    round_trip!(
        instants: Timestamp,
        "timestamp with time zone",
        [Timestamp::UNIX_EPOCH, "-004713-11-24T00:00:00Z".parse().expect("an instant"), "9999-12-30T21:59:59.999999Z".parse().expect("an instant")]
    );
}

round_trip!(uuids: uuid::Uuid, "uuid", [uuid::Uuid::nil(), uuid::Uuid::max(), uuid::Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0)]);

mod of_rust_decimal {
    use super::*;
    use rust_decimal::Decimal;

    fn decimal(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }
    round_trip!(
        decimals: Decimal,
        "numeric",
        [
            Decimal::ZERO,
            Decimal::ONE,
            Decimal::MIN,
            Decimal::MAX,
            decimal("0.0000000000000000000000000001"),
            decimal("-7922816251426433759354395.0335"),
            decimal("12345.6700"),
            decimal("10000"),
            decimal("99999999")
        ]
    );
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    numbers: Vec<u32>,
    more: Option<Box<Self>>,
}

fn address() -> Address {
    Address { street: "«it's» \\ \" 🦀\n".into(), numbers: vec![0, u32::MAX], more: None }
}

round_trip!(
    documents: Json<Address>,
    "jsonb",
    [Json(address()), Json(Address { more: Some(Box::new(address())), ..address() })]
);
round_trip!(
    values: serde_json::Value,
    "jsonb",
    [
        serde_json::Value::Null,
        serde_json::json!({}),
        serde_json::json!([1, -1.5, true, null, "x", {"a": [[]]}]),
        serde_json::json!(i64::MIN),
        serde_json::json!(u64::MAX)
    ]
);
round_trip!(lists: Json<Vec<Option<f64>>>, "jsonb", [Json(vec![]), Json(vec![None, Some(0.1)])]);
