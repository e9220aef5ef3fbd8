//! Q12, ranges and multiranges: how they lie to values and to one another.

#![allow(clippy::single_range_in_vec_init, reason = "a multirange of one range is meant")]

use chrono::NaiveDate;
use orm_core::prelude::*;
use orm_core::types::{Multirange, Range};
use orm_tests::TestDb;

#[derive(Model, Debug, Clone, PartialEq)]
struct Booking {
    #[model(primary_key)]
    id: Auto<i32>,
    room: i32,
    hours: Range<i32>,
    days: Option<Range<NaiveDate>>,
    open: Multirange<i32>,
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 5, day).expect("a day of May")
}

async fn bookings() -> TestDb {
    let db = TestDb::with::<Booking>().await;
    let mut session = db.engine.session();
    session.add_all([
        Booking::builder()
            .room(8)
            .hours(8..12)
            .days(day(1)..=day(3))
            .open([1..3, 5..7].into_iter().collect::<Multirange<i32>>()),
        Booking::builder().room(12).hours(12..).open(Multirange::default()),
        Booking::builder()
            .room(0)
            .hours(Range::empty())
            .days(..day(2))
            .open([0..100].into_iter().collect::<Multirange<i32>>()),
    ]);
    session.commit().await.expect("the bookings are there");
    db
}

#[test]
fn q12_ranges_are_asked_in_sql() {
    let sql = |condition: Expr<bool, Booking>| {
        let sql = query::<Booking>().filter(condition).select(Booking::id).to_sql();
        sql.split_once(" WHERE ").expect("a condition").1.to_owned()
    };
    assert_eq!(sql(Booking::hours.includes_value(9).fit()), r#""booking"."hours" @> $1"#);
    assert_eq!(sql(Booking::room.in_range(Booking::hours).fit()), r#""booking"."room" <@ "booking"."hours""#);
    assert_eq!(sql(Booking::hours.left_of(9..).fit()), r#""booking"."hours" << $1"#);
    assert_eq!(sql(Booking::hours.right_of(..9).fit()), r#""booking"."hours" >> $1"#);
    assert_eq!(sql(Booking::hours.not_right_of(1..9).fit()), r#""booking"."hours" &< $1"#);
    assert_eq!(sql(Booking::hours.not_left_of(1..=9).fit()), r#""booking"."hours" &> $1"#);
    assert_eq!(sql(Booking::hours.adjacent_to(1..9).fit()), r#""booking"."hours" -|- $1"#);
    assert_eq!(
        sql(Booking::hours.range_union(1..9).range_difference(2..3).range_intersection(4..5).is_empty_range().fit()),
        r#"isempty((("booking"."hours" + $1) - $2) * $3)"#
    );
}

#[tokio::test]
async fn q12_ranges_are_asked() -> orm_core::Result<()> {
    let db = bookings().await;
    macro_rules! ids {
        ($condition:expr) => {
            db.engine
                .query::<Booking>()
                .filter($condition)
                .order_by(Booking::id.asc())
                .select(Booking::id)
                .all()
                .await?
        };
    }
    assert_eq!(ids!(Booking::hours.includes_value(11)), [1]);
    assert_eq!(ids!(Booking::room.in_range(Booking::hours)), [1, 2]);
    assert_eq!(ids!(Booking::room.in_range(1..=8)), [1]);
    assert_eq!(ids!(Booking::hours.includes(9..10)), [1,]);
    assert_eq!(ids!(Booking::hours.included_in(8..100)), [1, 3]);
    assert_eq!(ids!(Booking::hours.overlaps(11..13)), [1, 2]);
    assert_eq!(ids!(Booking::hours.adjacent_to(Range::from(12..13))), [1]);
    assert_eq!(ids!(Booking::hours.left_of(12..13)), [1]);
    assert_eq!(ids!(Booking::hours.right_of(..12)), [2]);
    assert_eq!(ids!(Booking::hours.not_right_of(..12)), [1]);
    assert_eq!(ids!(Booking::hours.not_left_of(9..)), [2]);
    assert_eq!(ids!(Booking::hours.is_empty_range()), [3]);
    assert_eq!(ids!(Booking::hours.upper_is_unbounded()), [2]);
    assert_eq!(ids!(Booking::hours.lower_is_inclusive()), [1, 2]);
    assert_eq!(ids!(Booking::hours.upper_is_inclusive()), [0; 0]);
    assert_eq!(ids!(Booking::days.lower_is_unbounded()), [3]);
    assert_eq!(ids!(Booking::days.includes_value(day(3))), [1]);
    assert_eq!(ids!(Booking::days.overlaps(day(1)..day(2))), [1, 3]);
    assert_eq!(ids!(Booking::open.includes_value(5)), [1, 3]);
    let two: Multirange<i32> = [1..2, 6..7].into_iter().collect();
    assert_eq!(ids!(Booking::open.includes(two)), [1, 3]);
    Ok(())
}

#[tokio::test]
async fn q12_ranges_are_taken_apart_and_made() -> orm_core::Result<()> {
    let db = bookings().await;
    let first = || db.engine.query::<Booking>().filter(Booking::id.eq(1));
    let bounds = first()
        .select((Booking::hours.lower_bound(), Booking::hours.upper_bound(), Booking::days.upper_bound()))
        .one()
        .await?;
    assert_eq!(bounds, (Some(8), Some(12), Some(day(4))));
    let hole: Multirange<i32> = [2..6].into_iter().collect();
    let made = first()
        .select((
            Booking::hours.range_union(12..14),
            Booking::hours.range_intersection(10..),
            Booking::hours.range_difference(10..),
            Booking::open.range_difference(hole),
        ))
        .one()
        .await?;
    let rest: Multirange<i32> = [1..2, 6..7].into_iter().collect();
    assert_eq!(made, ((8..14).into(), (10..12).into(), (8..10).into(), rest));
    let all = db.engine.query::<Booking>().select(Booking::hours.range_agg()).one().await?;
    assert_eq!(all, Some([8..].into_iter().collect()));
    let gap = first().select(Booking::hours.range_union(20..21)).one().await.unwrap_err();
    assert!(gap.to_string().contains("not be contiguous"), "{gap}");
    Ok(())
}

#[tokio::test]
async fn q12_ranges_are_set_and_wrong_ones_refused() -> orm_core::Result<()> {
    let db = bookings().await;
    let set = (Booking::hours.set(1..=2), Booking::days.set(day(1)..day(2)));
    assert_eq!(db.engine.query::<Booking>().filter(Booking::id.eq(1)).update(set).await?, 1);
    assert_eq!(db.stored("SELECT hours FROM booking WHERE id = 1").await, ["[1,3)"]);
    let recording = db.record();
    let wrong = Range::from((std::ops::Bound::Included(5), std::ops::Bound::Excluded(1)));
    let error = db.engine.query::<Booking>().filter(Booking::hours.overlaps(wrong)).all().await.unwrap_err();
    assert!(error.to_string().contains("the lower bound of the range is above its upper bound"), "{error}");
    assert!(recording.statements().is_empty());
    Ok(())
}
