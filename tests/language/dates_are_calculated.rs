//! Q8 and Q9: arithmetic on dates, times and intervals.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use orm_core::prelude::*;
use orm_core::sql::func::{Unit, part};
use orm_core::types::Interval;
use orm_core::{Result, generate_times};
use orm_tests::TestDb;

use crate::selected;

/// A loan of a book.
#[derive(Model, Debug, Clone, PartialEq)]
struct Loan {
    #[model(primary_key)]
    id: Auto<i32>,
    day: NaiveDate,
    back: Option<NaiveDate>,
    since: DateTime<Utc>,
    until: NaiveDateTime,
    hour: NaiveTime,
    span: Interval,
    grace: Option<Interval>,
    days: i32,
}

/// The same table, with the types of the other crates.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "loan")]
struct TimeLoan {
    #[model(primary_key)]
    id: Auto<i32>,
    day: time::Date,
    since: time::OffsetDateTime,
    until: time::PrimitiveDateTime,
    hour: time::Time,
}

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "loan")]
struct JiffLoan {
    #[model(primary_key)]
    id: Auto<i32>,
    day: jiff::civil::Date,
    since: jiff::Timestamp,
    until: jiff::civil::DateTime,
    hour: jiff::civil::Time,
}

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).expect("a date")
}

fn noon(date: NaiveDate) -> NaiveDateTime {
    date.and_hms_opt(12, 0, 0).expect("a time")
}

async fn loans() -> Result<TestDb> {
    let db = TestDb::with::<(Loan,)>().await;
    let mut session = db.engine.session();
    let loan = |from: NaiveDate, back: Option<NaiveDate>, span: Interval, grace: Option<Interval>| {
        Loan::builder()
            .day(from)
            .back(back)
            .since(noon(from).and_utc())
            .until(noon(from) + TimeDelta::days(10))
            .hour(NaiveTime::from_hms_opt(9, 30, 0).expect("a time"))
            .span(span)
            .grace(grace)
            .days(14)
    };
    session.add_all([
        loan(day(1, 31), Some(day(2, 10)), Interval::new(1, 2, 3_000_000), None),
        loan(day(3, 1), None, Interval::days(7), Some(Interval::hours(36))),
    ]);
    session.commit().await?;
    Ok(db)
}

macro_rules! text {
    ($expression:expr) => {
        selected(&query::<Loan>().select($expression).to_sql()).replace(r#""loan"."#, "")
    };
}

#[test]
fn q08_dates_and_times_have_operators() {
    assert_eq!(text!(Loan::back - Loan::day), r#""back" - "day""#);
    assert_eq!(text!(Loan::day + 7), r#""day" + $1"#);
    assert_eq!(text!((Loan::day - Loan::days) - day(1, 1)), r#"("day" - "days") - $1"#);
    assert_eq!(text!(Loan::day + Interval::months(1)), r#""day" + $1"#);
    assert_eq!(text!(Loan::day + Loan::hour), r#""day" + "hour""#);
    assert_eq!(text!(Loan::since + Loan::span), r#""since" + "span""#);
    assert_eq!(text!(Loan::until - noon(day(1, 1))), r#""until" - $1"#);
    assert_eq!(text!(day(12, 31) - Loan::day), r#"$1 - "day""#);
    assert_eq!(text!(Interval::days(1) * Loan::days), r#"$1 * "days""#);
    assert_eq!(text!(Loan::span * 2.5 + Interval::days(1)), r#"("span" * $1) + $2"#);
    assert_eq!(text!(Loan::span / 2), r#""span" / $1"#);
    assert_eq!(text!(Loan::day.max() - Loan::day.min()), r#"max("day") - min("day")"#);
    let recent = query::<Loan>().filter(Loan::since.gt(func::now() - Interval::days(7))).to_sql();
    assert!(recent.ends_with(r#"WHERE "loan"."since" > (now() - $1)"#), "{recent}");
    let old = query::<Loan>().filter((func::current_date() - Loan::day).gt(30)).to_sql();
    assert!(old.ends_with(r#"WHERE (CAST(now() AS date) - "loan"."day") > $1"#), "{old}");
}

#[tokio::test]
async fn q08_dates_and_times_give_what_postgresql_gives() -> Result<()> {
    let db = loans().await?;
    let by_id = || query::<Loan>().order_by(Loan::id.asc());
    let days: Vec<(Option<i32>, NaiveDate, NaiveDate, i32)> = db
        .engine
        .rows(by_id().select((Loan::back - Loan::day, Loan::day + 7, Loan::day - Loan::days, day(12, 31) - Loan::day)))
        .await?;
    assert_eq!(days, [(Some(10), day(2, 7), day(1, 17), 334), (None, day(3, 8), day(2, 15), 305)]);
    let shifted: Vec<(NaiveDateTime, DateTime<Utc>, NaiveDateTime, NaiveTime)> = db
        .engine
        .rows(by_id().limit(1).select((
            Loan::day + Interval::months(1),
            Loan::since - Interval::hours(13),
            Loan::day + Loan::hour,
            Loan::hour + Interval::minutes(45),
        )))
        .await?;
    let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).expect("a time");
    assert_eq!(
        shifted,
        [(
            day(2, 28).and_time(time(0, 0)),
            day(1, 30).and_time(time(23, 0)).and_utc(),
            day(1, 31).and_time(time(9, 30)),
            time(10, 15),
        )]
    );
    let spans: Vec<(Interval, Interval, Interval, Interval, Option<Interval>)> = db
        .engine
        .rows(by_id().select((
            Loan::until - noon(day(1, 31)),
            Loan::since - noon(day(1, 1)).and_utc(),
            Loan::span * 2 - Interval::days(1),
            Interval::days(1) * Loan::days,
            Loan::grace / 2.0,
        )))
        .await?;
    let first = (Interval::days(10), Interval::days(30), Interval::new(2, 3, 6_000_000), Interval::days(14), None);
    assert_eq!(spans[0], first);
    assert_eq!(spans[1].4, Some(Interval::hours(18)));
    let soon = Loan::since.lt(func::now() + Interval::years(1000));
    assert_eq!(db.engine.query::<Loan>().filter(soon).count().await?, 2);
    Ok(())
}

#[tokio::test]
async fn q08_each_crate_of_times_has_the_operators() -> Result<()> {
    let db = loans().await?;
    let (days, shifted, between, at): (i32, time::PrimitiveDateTime, Interval, time::PrimitiveDateTime) = db
        .engine
        .rows(query::<TimeLoan>().order_by(TimeLoan::id.asc()).limit(1).select((
            (TimeLoan::day + 1) - TimeLoan::day,
            TimeLoan::day + Interval::days(1),
            TimeLoan::since - TimeLoan::since,
            TimeLoan::until - Interval::days(10),
        )))
        .await?
        .remove(0);
    assert_eq!((days, between), (1, Interval::default()));
    assert_eq!((shifted.day(), at.day(), at.hour()), (1, 31, 12));
    let (days, shifted, between, at): (i32, jiff::civil::DateTime, Interval, jiff::civil::Time) = db
        .engine
        .rows(query::<JiffLoan>().order_by(JiffLoan::id.asc()).limit(1).select((
            (JiffLoan::day + 1) - JiffLoan::day,
            JiffLoan::day + Interval::days(1),
            JiffLoan::since - JiffLoan::since,
            JiffLoan::hour + Interval::hours(1),
        )))
        .await?
        .remove(0);
    assert_eq!((days, between), (1, Interval::default()));
    assert_eq!((shifted.day(), at.hour()), (1, 10));
    Ok(())
}

#[test]
fn q09_functions_of_intervals_have_their_texts() {
    assert_eq!(text!(func::age(Loan::back, Loan::day)), r#"age("back", "day")"#);
    assert_eq!(text!(func::make_interval(Unit::Day, Loan::days)), r#"make_interval('0', '0', '0', "days")"#);
    assert_eq!(text!(func::make_interval(Unit::Quarter, 2)), "make_interval('0', $1 * $2)");
    assert_eq!(
        text!(func::extract(part::EPOCH, Loan::until - Loan::until)),
        r#"date_part('epoch', "until" - "until")"#
    );
    assert_eq!(text!(func::extract(part::DAY, Loan::span)), r#"CAST(date_part('day', "span") AS integer)"#);
    assert_eq!(text!((Loan::span.sum(), Loan::grace.avg())), r#"sum("span"), avg("grace")"#);
}

#[tokio::test]
async fn q09_functions_of_intervals_give_what_postgresql_gives() -> Result<()> {
    let db = loans().await?;
    let by_id = || query::<Loan>().order_by(Loan::id.asc());
    let rows: Vec<(Option<Interval>, Interval, f64, i32, Interval)> = db
        .engine
        .rows(by_id().select((
            func::age(Loan::back, Loan::day),
            func::make_interval(Unit::Hour, Loan::days),
            func::extract(part::EPOCH, Loan::until - noon(day(1, 31))),
            func::extract(part::MONTH, Loan::span),
            func::justify_interval(func::make_interval(Unit::Hour, Loan::days) * 2),
        )))
        .await?;
    let first = (Some(Interval::days(10)), Interval::hours(14), 864_000.0, 1, Interval::new(0, 1, 14_400_000_000));
    assert_eq!(rows[0], first);
    let quarters =
        by_id().limit(1).select((func::make_interval(Unit::Quarter, 2), func::make_interval(Unit::Second, 5)));
    assert_eq!(db.engine.rows(quarters).await?, [(Interval::months(6), Interval::seconds(5))]);
    let spans: (Option<Interval>, Option<Interval>, Option<Interval>) = db
        .engine
        .rows(query::<Loan>().select((Loan::span.sum(), Loan::grace.avg(), Loan::span.max())))
        .await?
        .remove(0);
    let (sum, longest) = (Interval::new(1, 9, 3_000_000), Interval::new(1, 2, 3_000_000));
    assert_eq!(spans, (Some(sum), Some(Interval::hours(36)), Some(longest)));
    let long = query::<Loan>().filter(Loan::span.gt(Interval::days(8))).select(Loan::id);
    assert_eq!(db.engine.rows(long).await?, [1]);
    Ok(())
}

#[tokio::test]
async fn q08_an_interval_is_a_column() -> Result<()> {
    let db = loans().await?;
    let columns = "SELECT column_name, data_type FROM information_schema.columns \
                   WHERE table_name = 'loan' AND column_name IN ('span', 'grace') ORDER BY 1";
    assert_eq!(db.stored(columns).await, ["grace|interval", "span|interval"]);
    let stored = query::<Loan>().order_by(Loan::id.asc()).select((Loan::span, Loan::grace));
    let rows: Vec<(Interval, Option<Interval>)> = db.engine.rows(stored).await?;
    assert_eq!(rows, [(Interval::new(1, 2, 3_000_000), None), (Interval::days(7), Some(Interval::hours(36)))]);
    let longer = db.engine.query::<Loan>().update(Loan::span.set(Loan::span + Interval::days(1))).all_rows().await?;
    assert_eq!(longer, 2);
    let in_ = query::<Loan>().filter(Loan::span.in_([Interval::days(8), Interval::days(9)])).select(Loan::id);
    assert_eq!(db.engine.rows(in_).await?, [2]);
    Ok(())
}

#[tokio::test]
async fn q16_series_of_times_have_steps() -> Result<()> {
    let db = loans().await?;
    let months = generate_times(day(1, 31), day(4, 30), Interval::months(1)).subquery();
    let every = query_from(&months).order_by(months.c.0.asc()).select(months.c.0);
    let midnight = |date: NaiveDate| date.and_hms_opt(0, 0, 0).expect("a time");
    let rows: Vec<NaiveDateTime> = db.engine.rows(every).await?;
    // The server counts on from what it has.
    assert_eq!(rows, [day(1, 31), day(2, 28), day(3, 28), day(4, 28)].map(midnight));
    let halves = generate_times(Loan::since, Loan::since + Interval::hours(1), Interval::minutes(30)).subquery();
    let query = query::<Loan>()
        .join_lateral(&halves)
        .filter(Loan::id.eq(1))
        .order_by(halves.c.0.asc())
        .select((Loan::id, halves.c.0 - Loan::since));
    let rows: Vec<(i32, Interval)> = db.engine.rows(query).await?;
    assert_eq!(rows, [(1, Interval::default()), (1, Interval::minutes(30)), (1, Interval::hours(1))]);
    Ok(())
}
