//! A value that the other side does not have is a clear error and not a panic, nor another value.

use orm_core::prelude::*;
use orm_core::{Error, ErrorKind};
use orm_tests::TestDb;

/// Reads `$sql` as a `$ty`; the error.
macro_rules! read {
    ($ty:ty, $sql:literal, $column_type:literal) => {{
        #[derive(Model, Debug, Clone)]
        #[model(table = "holder")]
        struct Holder {
            #[model(primary_key)]
            id: i32,
            value: $ty,
        }
        let db = TestDb::with::<Holder>().await;
        db.run(&["INSERT INTO holder VALUES (1, ", $sql, ")"].concat()).await;
        let error = db.engine.query::<Holder>().all().await.expect_err($sql);
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.to_string(), "column `holder.value` holds no value of the field's type", "{}", $sql);
        assert_eq!((error.table(), error.column()), (Some("holder"), Some("value")));
        let mut session = db.engine.session();
        let error = session.query::<Holder>().all().await.expect_err($sql);
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        // The connection is of use afterwards.
        assert_eq!(db.engine.query::<Holder>().count().await.expect("a count"), 1);
    }};
}

/// Writes a `$ty`; the error.
macro_rules! write {
    ($ty:ty, $value:expr) => {{
        #[derive(Model, Debug, Clone)]
        #[model(table = "holder")]
        struct Holder {
            #[model(primary_key)]
            id: i32,
            value: $ty,
        }
        let db = TestDb::with::<Holder>().await;
        let mut session = db.engine.session();
        session.add(Holder::builder().id(1).value($value));
        let error = session.commit().await.expect_err(stringify!($value));
        refused(&error, stringify!($value));
        assert_eq!((error.table(), error.column(), error.model()), (Some("holder"), Some("value"), Some("Holder")));
        let error = db
            .engine
            .query::<Holder>()
            .filter(Holder::id.eq(1))
            .update(Holder::value.set($value))
            .await
            .expect_err(stringify!($value));
        refused(&error, stringify!($value));
        assert_eq!(error.column(), Some("value"), "{error}");
    }};
}

fn refused(error: &Error, what: &str) {
    assert_eq!(error.kind(), ErrorKind::Encode, "{what}: {error}");
    assert!(error.to_string().starts_with("the value for `holder.value` cannot be sent: "), "{what}: {error}");
}

#[tokio::test]
async fn infinite_times_are_no_times() {
    read!(chrono::NaiveDate, "'infinity'", "date");
    read!(chrono::NaiveDate, "'-infinity'", "date");
    read!(chrono::NaiveDateTime, "'infinity'", "timestamp");
    read!(chrono::NaiveDateTime, "'-infinity'", "timestamp");
    read!(chrono::DateTime<chrono::Utc>, "'infinity'", "timestamptz");
    read!(chrono::DateTime<chrono::FixedOffset>, "'-infinity'", "timestamptz");
    read!(time::Date, "'infinity'", "date");
    read!(time::Date, "'-infinity'", "date");
    read!(time::PrimitiveDateTime, "'infinity'", "timestamp");
    read!(time::OffsetDateTime, "'-infinity'", "timestamptz");
    read!(jiff::civil::Date, "'infinity'", "date");
    read!(jiff::civil::Date, "'-infinity'", "date");
    read!(jiff::civil::DateTime, "'infinity'", "timestamp");
    read!(jiff::Timestamp, "'-infinity'", "timestamptz");
}

#[tokio::test]
async fn times_beyond_the_librarys_range() {
    read!(chrono::NaiveDate, "'5874897-12-31'", "date");
    read!(chrono::NaiveDateTime, "'294276-12-31 23:59:59.999999'", "timestamp");
    read!(chrono::DateTime<chrono::Utc>, "'294276-12-31 23:59:59.999999+00'", "timestamptz");
    read!(time::Date, "'10000-01-01'", "date");
    read!(time::PrimitiveDateTime, "'10000-01-01'", "timestamp");
    read!(time::OffsetDateTime, "'294276-12-31 23:59:59.999999+00'", "timestamptz");
    read!(jiff::civil::Date, "'10000-01-01'", "date");
    read!(jiff::civil::DateTime, "'10000-01-01'", "timestamp");
    read!(jiff::Timestamp, "'10000-01-01+00'", "timestamptz");
}

/// PostgreSQL's `24:00` is not midnight at the day's beginning.
#[tokio::test]
async fn the_end_of_the_day() {
    read!(chrono::NaiveTime, "'24:00'", "time");
    read!(time::Time, "'24:00'", "time");
    read!(jiff::civil::Time, "'24:00'", "time");
}

#[tokio::test]
async fn times_beyond_the_servers_range() {
    write!(chrono::NaiveDate, chrono::NaiveDate::MIN);
    write!(chrono::NaiveDateTime, chrono::NaiveDateTime::MIN);
    write!(chrono::DateTime<chrono::Utc>, chrono::DateTime::<chrono::Utc>::MIN_UTC);
    write!(time::Date, time::Date::MIN);
    write!(time::PrimitiveDateTime, time::PrimitiveDateTime::MIN);
    write!(time::OffsetDateTime, time::PrimitiveDateTime::MIN.assume_utc());
    write!(jiff::civil::Date, jiff::civil::Date::MIN);
    write!(jiff::civil::DateTime, jiff::civil::DateTime::MIN);
    write!(jiff::Timestamp, jiff::Timestamp::MIN);
}

/// Rounded to microseconds, the last nanosecond of a day would be the next day's, and `24:00` is no time of the library.
#[tokio::test]
async fn nanoseconds_are_cut_and_not_rounded_up() -> orm_core::Result<()> {
    #[derive(Model, Debug, Clone)]
    struct Clock {
        #[model(primary_key)]
        id: Auto<i32>,
        chrono: chrono::NaiveTime,
        time: time::Time,
        jiff: jiff::civil::Time,
        leap: chrono::NaiveTime,
    }
    let db = TestDb::with::<Clock>().await;
    let mut session = db.engine.session();
    let leap = chrono::NaiveTime::from_hms_nano_opt(23, 59, 59, 1_999_999_999).expect("a leap second");
    session.add(
        Clock::builder()
            .chrono(chrono::NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_999).expect("a time"))
            .time(time::Time::MAX)
            .jiff(jiff::civil::Time::MAX)
            .leap(leap),
    );
    let error = session.commit().await.unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("leap")));
    let handle = session.new_objects::<Clock>()[0];
    session[handle].leap = chrono::NaiveTime::MIN;
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT chrono, time, jiff FROM clock").await,
        ["23:59:59.999999|23:59:59.999999|23:59:59.999999"]
    );
    db.engine.query::<Clock>().one().await?;
    Ok(())
}

#[tokio::test]
async fn numbers_that_are_no_decimals() {
    read!(rust_decimal::Decimal, "'NaN'", "numeric");
    read!(rust_decimal::Decimal, "'Infinity'", "numeric");
    read!(rust_decimal::Decimal, "'-Infinity'", "numeric");
    read!(rust_decimal::Decimal, "79228162514264337593543950336", "numeric");
    read!(rust_decimal::Decimal, "1e1000", "numeric");
}

/// More than 28 digits behind the point are rounded to those that the type has.
#[tokio::test]
async fn tiny_decimals_are_rounded() -> orm_core::Result<()> {
    #[derive(Model, Debug, Clone)]
    struct Tiny {
        #[model(primary_key)]
        id: Auto<i32>,
        value: rust_decimal::Decimal,
    }
    let db = TestDb::with::<Tiny>().await;
    db.run("INSERT INTO tiny (value) VALUES (1e-1000), (1.00000000000000000000000000009), (3.141592653589793238462643383279)").await;
    let values = db.engine.query::<Tiny>().order_by(Tiny::id.asc()).select(Tiny::value).all().await?;
    assert_eq!(values[0], rust_decimal::Decimal::ZERO);
    assert_eq!(values[2].to_string(), "3.1415926535897932384626433833");
    Ok(())
}

#[tokio::test]
async fn a_document_of_another_shape() {
    read!(orm_core::types::Json<Vec<i32>>, "'{\"a\": 1}'", "jsonb");
    read!(orm_core::types::Json<String>, "'null'", "jsonb");
}

#[tokio::test]
async fn a_nul_byte_in_a_text() {
    write!(String, "a\0b");
    write!(Vec<String>, vec!["ok".to_owned(), "a\0b".to_owned()]);
    write!(orm_core::types::Json<String>, orm_core::types::Json("a\0b".to_owned()));
    write!(serde_json::Value, serde_json::json!({"a\0b": 1}));
}

/// An escaped backslash before `u0000` is no NUL.
#[tokio::test]
async fn what_only_looks_like_a_nul_byte_is_fine() -> orm_core::Result<()> {
    #[derive(Model, Debug, Clone)]
    struct Text {
        #[model(primary_key)]
        id: Auto<i32>,
        value: serde_json::Value,
    }
    let db = TestDb::with::<Text>().await;
    let value = serde_json::json!({"\\u0000": "\\\\u0000 \\u0001 \u{1}"});
    let mut session = db.engine.session();
    session.add(Text::builder().value(value.clone()));
    session.commit().await?;
    assert_eq!(db.engine.query::<Text>().one().await?.value, value);
    Ok(())
}

#[tokio::test]
async fn a_refused_value_in_a_filter_or_a_key_is_named() {
    #[derive(Model, Debug, Clone)]
    #[model(table = "holder")]
    struct Holder {
        #[model(primary_key)]
        value: String,
    }
    let db = TestDb::with::<Holder>().await;
    let error = db.engine.query::<Holder>().filter(Holder::value.eq("secret\0")).all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.to_string().contains("NUL byte") && !error.to_string().contains("secret"), "{error}");
    let error = db.engine.query::<Holder>().filter(Holder::value.in_(["ok", "secret\0"])).all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    let mut session = db.engine.session();
    let error = session.get::<Holder>("secret\0".to_owned()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    session.add_all([Holder::builder().value("fine"), Holder::builder().value("secret\0")]);
    let error = session.commit().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value for `holder.value` cannot be sent: PostgreSQL text cannot hold a NUL byte"
    );
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_and_a_place_beyond_the_document() {
    use orm_core::types::{Lexeme, Range, TsVector, Weight};
    use std::ops::Bound;

    write!(Range<i32>, Range::new(Bound::Included(5), Bound::Included(1)));
    let document =
        |position| TsVector { lexemes: vec![Lexeme { word: "cat".into(), positions: vec![(position, Weight::A)] }] };
    write!(TsVector, document(0));
    write!(TsVector, document(16384));
}

#[tokio::test]
async fn the_infinite_end_of_a_range_of_dates() {
    use orm_core::types::Range;

    read!(Range<chrono::NaiveDate>, "'[2024-01-01,infinity)'", "daterange");
    read!(std::net::IpAddr, "'10.0.0.1/8'", "inet");
}
