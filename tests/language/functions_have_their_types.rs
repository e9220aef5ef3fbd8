//! Q9: CASE, casts, functions, and values as expressions.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use orm_core::prelude::*;
use orm_core::sql::func::{Unit, part};
use orm_core::{Enum, ErrorKind, Result};
use orm_tests::TestDb;
use rust_decimal::Decimal;

use crate::shop::{Customer, Line, Order, shop};

fn selected(sql: &str) -> String {
    let list = sql.split_once(" FROM ").map_or(sql, |(list, _)| list);
    list.trim_start_matches("SELECT ").replace(r#""line"."#, "")
}

/// What an expression is in a selection from the lines.
macro_rules! text {
    ($expression:expr) => {
        selected(&query::<Line>().select($expression).to_sql())
    };
}

#[test]
fn q09_case_has_its_text() {
    let one = case().when(Line::quantity.gt(1), "many");
    assert_eq!(text!(one.clone()), r#"CASE WHEN "quantity" > $1 THEN $2 END"#);
    assert_eq!(text!(one.clone().otherwise("one")), r#"CASE WHEN "quantity" > $1 THEN $2 ELSE $3 END"#);
    assert_eq!(
        text!(one.when(Line::note.is_null(), Line::product).otherwise(Line::note)),
        r#"CASE WHEN "quantity" > $1 THEN $2 WHEN "note" IS NULL THEN "product" ELSE "note" END"#
    );
    let condition = Line::quantity.gt(1).or(Line::quantity.lt(0));
    let sum = case().when(condition, Line::quantity).otherwise(0) + 1;
    assert_eq!(text!(sum), r#"CASE WHEN "quantity" > $1 OR "quantity" < $2 THEN "quantity" ELSE $3 END + $4"#);
}

#[test]
fn q09_functions_have_their_texts() {
    assert_eq!(text!(func::coalesce((Line::note, Line::product))), r#"coalesce("note", "product")"#);
    assert_eq!(text!(func::coalesce((Line::note, Line::product, "x"))), r#"coalesce("note", "product", $1)"#);
    assert_eq!(text!(func::greatest((Line::quantity, 3, Line::id))), r#"greatest("quantity", $1, "id")"#);
    assert_eq!(text!(func::least((Line::quantity, 3))), r#"least("quantity", $1)"#);
    assert_eq!(text!(func::nullif(Line::quantity, 0)), r#"nullif("quantity", $1)"#);
    assert_eq!(text!(Line::quantity.cast::<String>()), r#"CAST("quantity" AS text)"#);
    assert_eq!(text!(func::lower(Line::product)), r#"lower("product")"#);
    assert_eq!(text!(func::upper("x")), "upper($1)");
    assert_eq!(text!(func::length(Line::note)), r#"length("note")"#);
    assert_eq!(text!(func::concat((Line::id, Line::note, true))), r#"concat("id", "note", $1)"#);
    assert_eq!(text!(func::substring(Line::product, 2, Line::quantity)), r#"substr("product", $1, "quantity")"#);
    assert_eq!(text!(func::trim(Line::product)), r#"btrim("product")"#);
    assert_eq!(text!(func::ltrim(func::rtrim(Line::product))), r#"ltrim(rtrim("product"))"#);
    assert_eq!(text!(func::replace(Line::product, "a", "b")), r#"replace("product", $1, $2)"#);
    assert_eq!(text!(func::left(Line::product, 2)), r#"left("product", $1)"#);
    assert_eq!(text!(func::right(Line::product, -2)), r#"right("product", $1)"#);
    assert_eq!(text!(func::lpad(Line::product, 5, ".")), r#"lpad("product", $1, $2)"#);
    assert_eq!(text!(func::rpad(Line::product, 5, ".")), r#"rpad("product", $1, $2)"#);
    assert_eq!(text!(func::position(Line::product, "e")), r#"strpos("product", $1)"#);
    assert_eq!(text!(func::split_part(Line::product, " ", 2)), r#"split_part("product", $1, $2)"#);
    assert_eq!(text!(func::reverse(Line::product)), r#"reverse("product")"#);
    assert_eq!(text!(func::abs(Line::quantity - 3)), r#"abs("quantity" - $1)"#);
    let ratio = || Line::quantity.cast::<f64>();
    assert_eq!(text!(func::round(ratio())), r#"round(CAST("quantity" AS double precision))"#);
    assert_eq!(text!(func::power(ratio(), 2.0)), r#"power(CAST("quantity" AS double precision), $1)"#);
    assert_eq!(text!(func::round_to(Line::quantity.cast::<Decimal>(), 2)), r#"round(CAST("quantity" AS numeric), $1)"#);
    assert_eq!(text!((func::floor(ratio()), func::ceil(ratio()))).matches("CAST").count(), 2);
    assert_eq!(text!(func::random()), "random()");
    assert_eq!(text!(func::now().read_as::<DateTime<Utc>>()), "now()");
    assert_eq!(text!(func::current_date().read_as::<NaiveDate>()), "CAST(now() AS date)");
    assert_eq!(text!(func::local_now().read_as::<NaiveDateTime>()), "CAST(now() AS timestamp)");
    assert_eq!(
        text!(func::<i64>("My \"own\"").args((Line::quantity, "x", 1_i64))),
        r#""My ""own"""("quantity", $1, $2)"#
    );
    assert_eq!(text!(func::<bool>(("other", "f")).args(())), r#""other"."f"()"#);
    assert_eq!(text!((value(1), value("x"), value(None::<bool>), value(vec![1_i64]))), "$1, $2, $3, $4");
}

#[tokio::test]
async fn q09_what_may_be_null_is_an_option() -> Result<()> {
    let db = shop().await;
    let by_id = || query::<Customer>().order_by(Customer::id.asc());
    let age = case().when(Customer::born.lt(1990), "old").when(Customer::born.ge(1990), "young");
    let ages: Vec<Option<String>> = db.engine.rows(by_id().select(age.clone())).await?;
    assert_eq!(ages, [Some("young".to_owned()), Some("old".to_owned()), None, Some("young".to_owned())]);
    let ages: Vec<String> = db.engine.rows(by_id().select(age.clone().otherwise("unknown"))).await?;
    assert_eq!(ages, ["young", "old", "unknown", "young"]);
    let ages: Vec<Option<String>> = db.engine.rows(by_id().select(age.otherwise(Customer::city))).await?;
    assert_eq!(ages[2].as_deref(), Some("Riga"));
    let cities: Vec<(String, Option<String>)> = db
        .engine
        .rows(by_id().select((
            func::coalesce((Customer::city, Customer::name)),
            func::coalesce((Customer::city, func::nullif(Customer::name, "Bob"))),
        )))
        .await?;
    assert_eq!(cities[1], ("Bob".to_owned(), None));
    let years: Vec<(i32, Option<i32>)> = db
        .engine
        .rows(by_id().select((
            func::greatest((Customer::born, 1988, Customer::id)),
            func::least((Customer::id, 3, Customer::born)),
        )))
        .await?;
    assert_eq!(years, [(1990, Some(1)), (1988, Some(2)), (1988, Some(3)), (2001, Some(3))]);
    Ok(())
}

#[tokio::test]
async fn q09_an_outer_join_makes_an_option_of_what_it_leaves_out_alone() -> Result<()> {
    let db = shop().await;
    let all = query::<Customer>().left_join(Customer::orders).filter(Customer::name.eq("Cleo"));
    let row: (Option<String>, String, String, String, Option<i64>) = db
        .engine
        .rows(all.select((
            func::lower(Order::status),
            func::coalesce((Order::status, "none")),
            case().when(Order::id.is_null(), "never").otherwise("once"),
            func::concat((Customer::name, Order::status)),
            func::coalesce((Order::total, Order::total)),
        )))
        .await?
        .remove(0);
    assert_eq!(row, (None, "none".to_owned(), "never".to_owned(), "Cleo".to_owned(), None));
    Ok(())
}

#[tokio::test]
async fn q09_functions_of_text_give_what_postgresql_gives() -> Result<()> {
    let db = shop().await;
    let bread = || query::<Line>().filter(Line::product.eq("rye bread"));
    let row = db
        .engine
        .rows(bread().select((
            func::upper(Line::product),
            func::length(Line::product),
            func::substring(Line::product, 5, 3),
            func::left(Line::product, 3),
            func::right(Line::product, -4),
            func::replace(Line::product, "bread", "roll"),
            func::position(Line::product, "bread"),
            func::split_part(Line::product, " ", 2),
            func::lpad(Line::product, 12, "*-"),
            func::rpad(Line::product, 4, "x"),
            func::trim("  a b "),
            func::concat((Line::quantity, " × ", Line::product, Line::note)),
            func::reverse(func::left(Line::product, 3)),
        )))
        .await?
        .remove(0);
    let text = |text: &str| text.to_owned();
    let (upper, length, middle, left, right, replaced, at, part, before, cut, trimmed, all, reversed) = row;
    assert_eq!((upper, length, middle, left, right), (text("RYE BREAD"), 9, text("bre"), text("rye"), text("bread")));
    assert_eq!((replaced, at, part, before), (text("rye roll"), 5, text("bread"), text("*-*rye bread")));
    assert_eq!((cut, trimmed, all, reversed), (text("rye "), text("a b"), text("3 × rye bread"), text("eyr")));
    Ok(())
}

#[tokio::test]
async fn q09_functions_of_numbers_give_what_postgresql_gives() -> Result<()> {
    let db = shop().await;
    let order = query::<Order>().filter(Order::id.eq(1));
    let ratio = || Order::total.cast::<f64>() / 300.0;
    let row: (f64, f64, f64, f64, f64, f64, Decimal, i64) = db
        .engine
        .rows(order.select((
            func::round(ratio()),
            func::floor(ratio()),
            func::ceil(ratio()),
            func::trunc(-ratio()),
            func::power(ratio() * 3.0, 2.0),
            func::sqrt(Order::total.cast::<f64>() * 10.0),
            func::round_to(Order::total.cast::<Decimal>() / Decimal::from(300), 2),
            func::abs(-Order::total),
        )))
        .await?
        .remove(0);
    assert_eq!((row.0, row.1, row.2, row.3), (3.0, 3.0, 4.0, -3.0));
    assert_eq!((row.4, row.5, row.6, row.7), (100.0, 100.0, Decimal::new(333, 2), 1000));
    let random = query::<Order>().filter(func::random().ge(0.0).and(func::random().lt(1.0)));
    assert_eq!(db.engine.query::<Order>().count().await?, db.engine.all(random).await?.len() as u64);
    Ok(())
}

#[derive(Enum, Debug, Clone, Copy, PartialEq)]
enum Kind {
    Talk,
    Walk,
}

#[derive(Model, Debug, Clone)]
struct Event {
    #[model(primary_key)]
    id: Auto<i32>,
    at: DateTime<Utc>,
    local: Option<NaiveDateTime>,
    day: NaiveDate,
    kind: Kind,
}

async fn events() -> TestDb {
    let db = TestDb::with::<Event>().await;
    db.run(
        "INSERT INTO event (at, local, day, kind) VALUES
        ('2026-05-17 12:34:56.5+00', '2026-05-17 12:34:56.5', '2026-05-17', 'talk'),
        ('2999-01-01 00:00:00+00', NULL, '2999-01-01', 'walk')",
    )
    .await;
    db
}

#[tokio::test]
async fn q09_parts_of_time_have_their_types() -> Result<()> {
    let db = events().await;
    let by_id = || query::<Event>().order_by(Event::id.asc());
    let parts: Vec<(i32, i32, Option<i32>, Option<f64>, f64)> = db
        .engine
        .rows(by_id().select((
            func::extract(part::YEAR, Event::at),
            func::extract(part::DAY_OF_YEAR, Event::day),
            func::extract(part::HOUR, Event::local),
            func::extract(part::SECOND, Event::local),
            func::extract(part::EPOCH, Event::day),
        )))
        .await?;
    assert_eq!(parts[0], (2026, 137, Some(12), Some(56.5), 1_778_976_000.0));
    assert_eq!((parts[1].0, parts[1].2), (2999, None));
    let parts = by_id().limit(1).select((
        func::extract(part::QUARTER, Event::day),
        func::extract(part::MONTH, Event::day),
        func::extract(part::WEEK, Event::day),
        func::extract(part::ISO_YEAR, Event::day),
        func::extract(part::DAY, Event::day),
        func::extract(part::ISO_DAY_OF_WEEK, Event::day),
        func::extract(part::MINUTE, Event::local),
    ));
    assert_eq!(db.engine.rows(parts).await?, [(2, 5, 20, 2026, 17, 7, Some(34))]);
    let cut: Vec<(DateTime<Utc>, Option<NaiveDateTime>, NaiveDate)> = db
        .engine
        .rows(by_id().select((
            func::date_trunc(Unit::Minute, Event::at),
            func::date_trunc(Unit::Month, Event::local),
            func::date_trunc(Unit::Quarter, Event::day),
        )))
        .await?;
    assert_eq!(cut[0].0.to_rfc3339(), "2026-05-17T12:34:00+00:00");
    assert_eq!(cut[0].1.map(|at| at.to_string()).as_deref(), Some("2026-05-01 00:00:00"));
    assert_eq!(cut[0].2.to_string(), "2026-04-01");
    for unit in [Unit::Second, Unit::Hour, Unit::Day, Unit::Week, Unit::Year] {
        let cut = db.engine.rows(by_id().limit(1).select(func::date_trunc(unit, Event::day))).await?;
        assert_eq!(cut[0].year(), 2026);
    }
    Ok(())
}

#[tokio::test]
async fn q09_the_servers_time_is_compared_and_assigned() -> Result<()> {
    let db = events().await;
    let future = query::<Event>().filter(Event::at.gt(func::now())).filter(Event::day.gt(func::current_date()));
    assert_eq!(db.engine.rows(future.select(Event::id)).await?, [2]);
    let set = (Event::at.set(func::now()), Event::local.set(func::local_now()), Event::day.set(func::current_date()));
    db.engine.query::<Event>().update(set).all_rows().await?;
    let future = query::<Event>().filter(Event::at.gt(func::now()).or(Event::local.gt(func::local_now())));
    assert_eq!(db.engine.query::<Event>().count().await?, 2);
    assert_eq!(db.engine.all(future).await?.len(), 0);
    let times = query::<Event>().limit(1).select((
        func::now().read_as::<DateTime<Utc>>(),
        func::now().read_as::<jiff::Timestamp>(),
        func::local_now().read_as::<NaiveDateTime>(),
        func::current_date().read_as::<time::Date>(),
    ));
    assert_eq!(db.engine.rows(times).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn q09_values_of_any_type_are_expressions() -> Result<()> {
    let db = events().await;
    let values = query::<Event>().filter(Event::id.eq(1)).select((
        value(1_i16),
        value("x"),
        value(Kind::Walk),
        value(vec![Kind::Talk]),
        value(None::<Kind>),
        value(vec![Some(1), None]),
        value(Decimal::new(15, 1)),
        value(Auto::Value(7)),
    ));
    let row = db.engine.rows(values).await?.remove(0);
    let wanted = (1, "x".to_owned(), Kind::Walk, vec![Kind::Talk], None, vec![Some(1), None], Decimal::new(15, 1), 7);
    assert_eq!(row, wanted);
    let kind = case().when(Event::id.gt(1), Kind::Talk).otherwise(Event::kind);
    assert_eq!(db.engine.rows(query::<Event>().select(kind)).await?, [Kind::Talk, Kind::Talk]);
    let chosen = case().when(Event::id.gt(1), Kind::Talk).otherwise(Kind::Walk);
    let chosen = query::<Event>()
        .order_by(Event::id.asc())
        .select(func::coalesce((func::nullif(chosen, Kind::Talk), Kind::Walk)));
    assert_eq!(db.engine.rows(chosen).await?, [Kind::Walk, Kind::Walk]);
    let pending = query::<Event>().select(value(Auto::<i32>::Pending));
    assert_eq!(db.engine.rows(pending).await.expect_err("it has no value").kind(), ErrorKind::Encode);
    Ok(())
}

#[tokio::test]
async fn q09_any_function_is_called_by_its_name() -> Result<()> {
    let db = shop().await;
    db.run(
        r#"CREATE SCHEMA "My schema"; CREATE FUNCTION "My schema"."Say ""it""" (what text, times integer) RETURNS text
        LANGUAGE sql IMMUTABLE AS 'SELECT repeat(what, times)'"#,
    )
    .await;
    let said = func::<Option<String>>(("My schema", "Say \"it\"")).args((Line::note, Line::quantity));
    let tea =
        func::<String>(("My schema".to_owned(), "Say \"it\"")).args((func::left(Line::product, 1), Line::quantity + 1));
    let rows = query::<Line>().filter(Line::id.le(2)).order_by(Line::id.asc()).select((said, tea));
    assert_eq!(db.engine.rows(rows).await?, [(None, "ttt".to_owned()), (None, "mm".to_owned())]);
    let missing = query::<Line>().filter(func::<bool>("LOWER").args((Line::product,)));
    assert_eq!(db.engine.all(missing).await.expect_err("its name is in small letters").sqlstate(), Some("42883"));
    let another = query::<Line>().select(func::<i64>("length").args((Line::product,)));
    assert_eq!(db.engine.rows(another).await.expect_err("it gives an integer").kind(), ErrorKind::Schema);
    let sent = db.record();
    for name in ["", "low\0er", &"x".repeat(64)] {
        let refused = query::<Line>().filter(func::<bool>(name.to_owned()).args((Line::product,)));
        let refused = db.engine.all(refused).await.expect_err("no name");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        let refused = query::<Line>().filter(func::<bool>((name.to_owned(), "lower")).args((Line::product,)));
        assert!(db.engine.all(refused).await.expect_err("no schema").to_string().contains("the name of a function"));
    }
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn q09_a_cast_is_the_servers() -> Result<()> {
    let db = shop().await;
    let casts = query::<Customer>().filter(Customer::id.le(3)).order_by(Customer::id.asc()).select((
        Customer::born.cast::<String>(),
        Customer::id.cast::<i64>(),
        value("12").cast::<i32>(),
        value("{1,2}").cast::<Vec<i32>>(),
        Customer::id.eq(1).cast::<i32>(),
    ));
    let rows: Vec<(Option<String>, i64, i32, Vec<i32>, i32)> = db.engine.rows(casts).await?;
    assert_eq!(rows[0], (Some("1990".to_owned()), 1, 12, vec![1, 2], 1));
    assert_eq!(rows[2].0, None);
    let none = query::<Customer>().filter(Customer::name.cast::<i32>().gt(1));
    assert_eq!(db.engine.all(none).await.expect_err("no number").sqlstate(), Some("22P02"));
    Ok(())
}
