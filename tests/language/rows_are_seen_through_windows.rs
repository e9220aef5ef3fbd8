//! Q11: windows, and the functions that look through them.

use orm_core::prelude::*;
use orm_core::sql::{current_row, following, preceding, unbounded_following, unbounded_preceding};
use orm_core::{ErrorKind, Result};

use crate::selected;
use crate::shop::{Customer, Line, Order, shop};

#[test]
fn q11_windows_have_their_texts() {
    let text = |rows: orm_core::Rows<Unbound, Option<i64>>| {
        let sql = rows.to_sql();
        selected(&sql).strip_prefix(r#"sum("line"."quantity") OVER "#).expect("a sum over a window").to_owned()
    };
    let sum = |window: orm_core::sql::Window<_>| text(query::<Line>().select(Line::quantity.sum().over(window)));
    let by_id = || window().order_by(Line::id.asc());
    assert_eq!(text(query::<Line>().select(Line::quantity.sum().over(window()))), "()");
    let parts = window()
        .partition_by((Line::order_id, Line::product))
        .order_by(Line::quantity.desc().nulls_last())
        .order_by(Line::id.asc());
    assert_eq!(
        text(query::<Line>().select(Line::quantity.sum().over(parts))),
        concat!(
            r#"(PARTITION BY "line"."order_id", "line"."product" "#,
            r#"ORDER BY "line"."quantity" DESC NULLS LAST, "line"."id")"#,
        ),
    );
    let order = r#"(ORDER BY "line"."id" "#;
    for (frame, written) in [
        (by_id().rows(preceding(2), current_row()), "ROWS BETWEEN $1 PRECEDING AND CURRENT ROW"),
        (by_id().rows(unbounded_preceding(), following(1)), "ROWS BETWEEN UNBOUNDED PRECEDING AND $1 FOLLOWING"),
        (by_id().groups(preceding(1), following(1)), "GROUPS BETWEEN $1 PRECEDING AND $2 FOLLOWING"),
        (by_id().range(preceding(5_i32), following(5_i32)), "RANGE BETWEEN $1 PRECEDING AND $2 FOLLOWING"),
        (
            by_id().range(current_row(), unbounded_following()).exclude_ties(),
            "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE TIES",
        ),
        (
            by_id().exclude_group().rows(preceding(1), current_row()),
            "ROWS BETWEEN $1 PRECEDING AND CURRENT ROW EXCLUDE GROUP",
        ),
        (by_id().exclude_current_row(), "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW"),
    ] {
        assert_eq!(sum(frame), format!("{order}{written})"));
    }
}

#[test]
fn q11_window_functions_have_their_texts() {
    let w = || window().order_by(Line::id.asc());
    let functions = query::<Line>().select((
        (
            row_number().over("w"),
            rank().over("w"),
            dense_rank().over("w"),
            percent_rank().over("w"),
            cume_dist().over("w"),
        ),
        (ntile(4).over("w"), lag(Line::product).over("w"), lead(Line::product).by(2).over("w")),
        (lag(Line::product).or("none").over("w"), first_value(Line::note).over("w")),
        (last_value(Line::note).over("w"), nth_value(Line::note, 3).over(window().based_on("w"))),
    ));
    assert_eq!(
        selected(&functions.to_sql()),
        concat!(
            r#"row_number() OVER "w", rank() OVER "w", dense_rank() OVER "w", percent_rank() OVER "w", cume_dist() OVER "w", "#,
            r#"ntile($1) OVER "w", lag("line"."product") OVER "w", lead("line"."product", $2) OVER "w", "#,
            r#"lag("line"."product", $3, $4) OVER "w", first_value("line"."note") OVER "w", "#,
            r#"last_value("line"."note") OVER "w", nth_value("line"."note", $5) OVER ("w")"#,
        ),
    );
    let named = query::<Line>().window("w", w()).window("v", window().based_on("w").rows(preceding(1), current_row()));
    let named = named.order_by(Line::id.asc()).select(Line::quantity.sum().over("v"));
    assert_eq!(
        named.to_sql(),
        concat!(
            r#"SELECT sum("line"."quantity") OVER "v" FROM "line" WINDOW "w" AS (ORDER BY "line"."id"), "#,
            r#""v" AS ("w" ROWS BETWEEN $1 PRECEDING AND CURRENT ROW) ORDER BY "line"."id""#,
        ),
    );
}

#[tokio::test]
async fn q11_functions_look_at_other_rows() -> Result<()> {
    let db = shop().await;
    let by_id = || window().order_by(Line::id.asc());
    // Rows: tea 2, milk 1, tea 1, rye bread 3.
    let rows: Vec<(i64, Option<String>, i32, String, i32)> = db
        .engine
        .query::<Line>()
        .order_by(Line::id.asc())
        .select((
            row_number().over(by_id()),
            lag(Line::product).over(by_id()),
            lag(Line::quantity).by(2).or(0).over(by_id()),
            lead(Line::product).or(Line::product).over(by_id()),
            ntile(2).over(by_id()),
        ))
        .all()
        .await?;
    let row =
        |n, before: Option<&str>, two, behind: &str, half| (n, before.map(str::to_owned), two, behind.to_owned(), half);
    assert_eq!(
        rows,
        [
            row(1, None, 0, "milk", 1),
            row(2, Some("tea"), 0, "tea", 1),
            row(3, Some("milk"), 2, "rye bread", 2),
            row(4, Some("tea"), 1, "rye bread", 2),
        ]
    );
    let by_quantity = || window().order_by(Line::quantity.asc());
    let ranks: Vec<(i64, i64, f64, f64)> = db
        .engine
        .query::<Line>()
        .order_by(Line::id.asc())
        .select((
            rank().over(by_quantity()),
            dense_rank().over(by_quantity()),
            percent_rank().over(by_quantity()),
            cume_dist().over(by_quantity()),
        ))
        .all()
        .await?;
    let third = 2.0 / 3.0;
    assert_eq!(ranks, [(3, 2, third, 0.75), (1, 1, 0.0, 0.5), (1, 1, 0.0, 0.5), (4, 3, 1.0, 1.0)]);
    let values: Vec<(Option<i32>, Option<i32>, Option<i32>)> = db
        .engine
        .query::<Line>()
        .window("all", window().order_by(Line::id.asc()).rows(unbounded_preceding(), unbounded_following()))
        .order_by(Line::id.asc())
        .select((
            first_value(Line::quantity).over("all"),
            last_value(Line::quantity).over("all"),
            nth_value(Line::quantity, 9).over("all"),
        ))
        .all()
        .await?;
    assert_eq!(values[0], (Some(2), Some(3), None));
    Ok(())
}

#[tokio::test]
async fn q11_frames_say_which_rows_are_summed() -> Result<()> {
    let db = shop().await;
    let by_id = || window().order_by(Line::id.asc());
    let by_quantity = || window().order_by(Line::quantity.asc());
    let rows: Vec<(Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>)> = db
        .engine
        .query::<Line>()
        .order_by(Line::id.asc())
        .select((
            Line::quantity.sum().over(by_id()),
            Line::quantity.sum().over(by_id().rows(preceding(1), current_row())),
            Line::quantity.sum().over(by_quantity().range(current_row(), following(1_i32))),
            Line::quantity.sum().over(by_quantity().groups(preceding(1), current_row()).exclude_current_row()),
            Line::quantity.sum().filter(Line::product.eq("tea")).over(window().partition_by(Line::order_id)),
        ))
        .all()
        .await?;
    assert_eq!(
        rows,
        [
            (Some(2), Some(2), Some(5), Some(2), Some(2)),
            (Some(3), Some(3), Some(4), Some(1), Some(2)),
            (Some(4), Some(2), Some(4), Some(1), Some(1)),
            (Some(7), Some(4), Some(3), Some(2), None),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn q11_a_window_over_what_may_be_missing_still_numbers_each_row() -> Result<()> {
    let db = shop().await;
    let rows: Vec<(String, i64, Option<i64>)> = db
        .engine
        .query::<Customer>()
        .left_join(Customer::orders)
        .order_by(Customer::id.asc())
        .order_by(Order::id.asc())
        .select((
            Customer::name,
            row_number().over(window().partition_by(Order::status).order_by(Order::id.asc())),
            lag(Order::total).or(7).over(window().order_by(Order::id.asc())),
        ))
        .all()
        .await?;
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[3], ("Cleo".to_owned(), 1, Some(0)));
    // Over groups: of each customer, which place its sum takes.
    let places: Vec<(String, i64)> = db
        .engine
        .query::<Customer>()
        .join(Customer::orders)
        .group_by(Customer::all())
        .order_by(Customer::id.asc())
        .select((Customer::name, rank().over(window().order_by(Order::total.sum_as::<i64>().desc()))))
        .all()
        .await?;
    assert_eq!(places, [("Ann".to_owned(), 1), ("Bob".to_owned(), 2), ("Dan".to_owned(), 3)]);
    Ok(())
}

#[tokio::test]
async fn q11_a_filter_takes_no_window_and_a_limit_for_each_group_does() -> Result<()> {
    let db = shop().await;
    let place = || row_number().over(window().partition_by(Order::customer_id).order_by(Order::total.desc()));
    let refused = db.engine.query::<Order>().filter(place().le(1)).all().await.unwrap_err();
    assert_eq!(refused.sqlstate(), Some("42P20"));
    let largest = query::<Order>().order_by(Order::total.desc()).limit_per(1, Order::customer_id);
    assert_eq!(
        largest.clone().select(Order::id).to_sql(),
        concat!(
            r#"SELECT "part"."key" FROM (SELECT "order"."id", row_number() OVER (PARTITION BY "order"."customer_id" "#,
            r#"ORDER BY "order"."total" DESC) FROM "order") AS "part" ("key", "number") "#,
            r#"WHERE "part"."number" <= 1 ORDER BY "part"."number""#,
        ),
    );
    let mut ids: Vec<i32> = db.engine.rows(largest.clone().select(Order::id)).await?;
    ids.sort_unstable();
    assert_eq!(ids, [1, 3, 4]);
    let mut session = db.engine.session();
    let orders = session.all(largest.clone()).await?;
    assert_eq!(orders.len(), 3);
    assert_eq!(largest.clone().on(&db.engine).count().await?, 3);
    assert_eq!(largest.clone().limit(2).on(&db.engine).all().await?.len(), 2);
    assert_eq!(largest.clone().limit(2).on(&db.engine).count().await?, 2);
    // A walk is no order of groups.
    let mut walk = largest.clone().in_batches(2);
    assert_eq!(walk.next(&mut session).await.unwrap_err().kind(), ErrorKind::Invalid);
    // Or in a subquery.
    let first = query::<Order>()
        .distinct_on(Order::customer_id)
        .order_by(Order::customer_id.asc())
        .order_by(Order::total.desc());
    let unpaid = query::<Order>().filter(Order::id.in_select(first.select(Order::id))).filter(Order::status.ne("paid"));
    assert_eq!(db.engine.rows(unpaid.select(Order::id)).await?, [4]);
    Ok(())
}

#[tokio::test]
async fn q11_a_window_that_is_not_there_is_refused_before_it_is_sent() -> Result<()> {
    let db = shop().await;
    let recording = db.record();
    let error = db.engine.query::<Order>().select(row_number().over("w")).all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.to_string(), r#"the query has no window `w`: name it by `.window("w", window())`"#);
    let based = db.engine.query::<Order>().select(row_number().over(window().based_on("w"))).all().await.unwrap_err();
    assert_eq!(based.kind(), ErrorKind::Invalid);
    // One of the query around it is none of its own.
    let inner = query::<Order>().select(Order::total.max().over("w"));
    let outer = db.engine.query::<Order>().window("w", window()).filter(Order::total.in_select(inner));
    assert_eq!(outer.all().await.unwrap_err().kind(), ErrorKind::Invalid);
    assert!(recording.take().is_empty());
    // What a name is, the server never sees as SQL.
    let odd = r#"w" AS (), "x"#;
    let numbered = db.engine.query::<Order>().window(odd, window()).select(row_number().over(odd)).all().await?;
    assert_eq!(numbered.len(), 4);
    Ok(())
}
