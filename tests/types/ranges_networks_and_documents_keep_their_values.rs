//! Ranges and multiranges, addresses and networks, and documents of the full text search.

use std::net::IpAddr;
use std::ops::Bound;

use orm_core::types::{Cidr, Inet, Interval, Lexeme, Multirange, Range, TsVector, Weight};

use crate::round_trip;

// Of integers and dates PostgreSQL keeps one form alone; others come back in it, which `language` shows.
round_trip!(
    integers: Range<i32>,
    "int4range",
    [Range::empty(), Range::unbounded(), (1..5).into(), (i32::MIN..i32::MAX).into(), (1..).into(), (..0).into()]
);
round_trip!(
    big_integers: Range<i64>,
    "int8range",
    [Range::empty(), Range::unbounded(), (1..5).into(), (i64::MIN..i64::MAX).into()]
);
round_trip!(
    decimals: Range<rust_decimal::Decimal>,
    "numrange",
    [
        Range::empty(),
        (rust_decimal::Decimal::new(15, 1)..=rust_decimal::Decimal::new(25, 1)).into(),
        Range::new(Bound::Excluded(rust_decimal::Decimal::ONE), Bound::Excluded(rust_decimal::Decimal::TWO)),
        Range::new(Bound::Excluded(rust_decimal::Decimal::ONE), Bound::Unbounded),
    ]
);
round_trip!(
    chrono_dates: Range<chrono::NaiveDate>,
    "daterange",
    [
        Range::empty(),
        (chrono::NaiveDate::from_ymd_opt(1, 1, 1).expect("a date")
            ..chrono::NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date")).into(),
    ]
);
round_trip!(
    chrono_timestamps: Range<chrono::NaiveDateTime>,
    "tsrange",
    [
        Range::unbounded(),
        (chrono::DateTime::UNIX_EPOCH.naive_utc()..=chrono::DateTime::UNIX_EPOCH.naive_utc()).into(),
    ]
);
round_trip!(
    chrono_instants: Range<chrono::DateTime<chrono::Utc>>,
    "tstzrange",
    [Range::empty(), (chrono::DateTime::UNIX_EPOCH..).into(), (..=chrono::DateTime::UNIX_EPOCH).into()]
);
round_trip!(
    time_dates: Range<time::Date>,
    "daterange",
    [(time::Date::from_ordinal_date(2024, 1).expect("a date")..).into()]
);
round_trip!(
    time_instants: Range<time::OffsetDateTime>,
    "tstzrange",
    [(time::OffsetDateTime::UNIX_EPOCH..).into()]
);
round_trip!(
    jiff_dates: Range<jiff::civil::Date>,
    "daterange",
    [(jiff::civil::date(2024, 2, 29)..jiff::civil::date(2024, 3, 1)).into()]
);
round_trip!(
    jiff_instants: Range<jiff::Timestamp>,
    "tstzrange",
    [(jiff::Timestamp::UNIX_EPOCH..).into()]
);
round_trip!(
    multiranges: Multirange<i32>,
    "int4multirange",
    [Multirange::default(), [1..2, 5..9].into_iter().collect(), [Range::unbounded()].into_iter().collect()]
);
round_trip!(
    big_multiranges: Multirange<i64>,
    "int8multirange",
    [[i64::MIN..0, 5..i64::MAX].into_iter().collect()]
);
round_trip!(
    decimal_multiranges: Multirange<rust_decimal::Decimal>,
    "nummultirange",
    [[rust_decimal::Decimal::ONE..=rust_decimal::Decimal::TWO].into_iter().collect()]
);
round_trip!(
    date_multiranges: Multirange<chrono::NaiveDate>,
    "datemultirange",
    [[..chrono::NaiveDate::from_ymd_opt(2024, 2, 29).expect("a date")].into_iter().collect()]
);
round_trip!(
    timestamp_multiranges: Multirange<chrono::NaiveDateTime>,
    "tsmultirange",
    [[chrono::DateTime::UNIX_EPOCH.naive_utc()..].into_iter().collect()]
);
round_trip!(
    instant_multiranges: Multirange<chrono::DateTime<chrono::Utc>>,
    "tstzmultirange",
    [[chrono::DateTime::UNIX_EPOCH..].into_iter().collect()]
);

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

round_trip!(
    addresses: IpAddr,
    "inet",
    [ip("0.0.0.0"), ip("127.0.0.1"), ip("255.255.255.255"), ip("::"), ip("fe80::1"), ip("::ffff:1.2.3.4")]
);
round_trip!(
    interfaces: Inet,
    "inet",
    [
        Inet::from(ip("1.2.3.4")),
        Inet::new(ip("1.2.3.4"), 0).expect("a prefix"),
        Inet::new(ip("1.2.3.4"), 24).expect("a prefix"),
        Inet::new(ip("2001:db8::1"), 64).expect("a prefix"),
    ]
);
round_trip!(
    networks: Cidr,
    "cidr",
    [
        Cidr::new(ip("0.0.0.0"), 0).expect("a network"),
        Cidr::new(ip("10.0.0.0"), 8).expect("a network"),
        Cidr::new(ip("1.2.3.4"), 32).expect("a network"),
        Cidr::new(ip("::"), 0).expect("a network"),
        Cidr::new(ip("2001:db8::"), 32).expect("a network"),
    ]
);
round_trip!(
    documents: TsVector,
    "tsvector",
    [
        TsVector::default(),
        TsVector {
            lexemes: vec![
                Lexeme { word: "cat".into(), positions: vec![] },
                Lexeme { word: "rat".into(), positions: vec![(1, Weight::A), (3, Weight::B), (9, Weight::C), (16383, Weight::D)] },
                Lexeme { word: "жук".into(), positions: vec![(2, Weight::D)] },
            ],
        },
    ]
);

#[test]
fn a_network_has_no_bits_behind_its_prefix() {
    assert_eq!(Cidr::new(ip("10.0.0.1"), 8), None);
    assert_eq!(Cidr::new(ip("10.0.0.0"), 33), None);
    assert_eq!(Inet::new(ip("::"), 129), None);
    let interface = Inet::new(ip("2001:db8::1"), 32).expect("a prefix");
    assert_eq!(interface.network().to_string(), "2001:db8::/32");
    assert_eq!(Inet::new(ip("1.2.3.4"), 0).expect("a prefix").network().to_string(), "0.0.0.0/0");
}

#[test]
fn a_range_knows_its_points() {
    assert!(Range::from(1..=3).contains(&3) && !Range::from(1..3).contains(&3));
    assert!(Range::<i32>::unbounded().contains(&i32::MIN));
    assert!(Range::<i32>::default().is_empty());
}

round_trip!(
    intervals: Interval,
    "interval",
    [
        Interval::default(),
        Interval::new(14, -3, 4_500_000),
        Interval::hours(24),
        Interval::days(1),
        Interval::months(-1),
        Interval::new(i32::MAX, 0, 0),
        Interval::new(i32::MIN, i32::MIN, -1),
        Interval::new(0, i32::MAX, i64::MAX),
        Interval::microseconds(i64::MIN),
    ]
);
