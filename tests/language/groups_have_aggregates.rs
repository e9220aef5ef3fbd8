//! Q10: aggregates with their clauses, and groups of rows.

use orm_core::prelude::*;
use orm_core::sql::{grouping, mode, percentile_cont, percentile_disc};
use orm_core::{ErrorKind, Result};
use rust_decimal::Decimal;
use serde_json::json;

use crate::shop::{Customer, Line, Order, shop};
use crate::{from, selected};

fn text_of<T: Send>(rows: &orm_core::Rows<Unbound, T>) -> String {
    selected(&rows.to_sql()).to_owned()
}

#[test]
fn q10_aggregates_have_their_texts() {
    let lines = query::<Line>;
    assert_eq!(
        text_of(&lines().select((count(), Line::note.count(), Line::product.count_distinct()))),
        r#"count(*), count("line"."note"), count(DISTINCT "line"."product")"#,
    );
    assert_eq!(
        text_of(&lines().select((
            Line::quantity.sum(),
            Line::quantity.avg(),
            Line::product.min(),
            Line::quantity.max()
        ))),
        r#"sum("line"."quantity"), avg("line"."quantity"), min("line"."product"), max("line"."quantity")"#,
    );
    assert_eq!(
        text_of(&lines().select((Line::quantity.sum_as::<i64>(), Line::quantity.avg_as::<f64>()))),
        r#"CAST(sum("line"."quantity") AS bigint), CAST(avg("line"."quantity") AS double precision)"#,
    );
    assert_eq!(
        text_of(&lines().select((Line::product.array_agg(), Line::product.string_agg(", "), Line::product.json_agg()))),
        r#"array_agg("line"."product"), string_agg("line"."product", $1), jsonb_agg("line"."product")"#,
    );
    let many = Line::quantity.gt(1);
    assert_eq!(
        text_of(&lines().select((many.clone().bool_and(), many.clone().bool_or(), many.every()))),
        r#"bool_and("line"."quantity" > $1), bool_or("line"."quantity" > $2), every("line"."quantity" > $3)"#,
    );
    assert_eq!(
        text_of(&lines().select((
            Line::quantity.stddev(),
            Line::quantity.stddev_pop(),
            Line::quantity.variance(),
            Line::quantity.var_pop()
        ))),
        concat!(
            r#"stddev_samp("line"."quantity"), stddev_pop("line"."quantity"), "#,
            r#"var_samp("line"."quantity"), var_pop("line"."quantity")"#,
        ),
    );
    assert_eq!(
        text_of(&lines().select((
            percentile_cont(0.5).within_group(Line::quantity),
            percentile_disc(0.5).within_group_desc(Line::product),
            mode().within_group(Line::product),
        ))),
        concat!(
            r#"percentile_cont($1) WITHIN GROUP (ORDER BY "line"."quantity"), "#,
            r#"percentile_disc($2) WITHIN GROUP (ORDER BY "line"."product" DESC), "#,
            r#"mode() WITHIN GROUP (ORDER BY "line"."product")"#,
        ),
    );
}

#[test]
fn q10_aggregates_have_clauses_of_their_own() {
    let products = Line::product
        .array_agg()
        .distinct()
        .order_by(Line::product.desc())
        .filter(Line::quantity.gt(1))
        .filter(Line::note.is_null());
    assert_eq!(
        text_of(&query::<Line>().select(products)),
        concat!(
            r#"array_agg(DISTINCT "line"."product" ORDER BY "line"."product" DESC) "#,
            r#"FILTER (WHERE "line"."quantity" > $1 AND "line"."note" IS NULL)"#,
        ),
    );
    // A cast is around the whole call.
    assert_eq!(
        text_of(&query::<Order>().select(Order::total.sum_as::<i64>().filter(Order::status.eq("paid")) + 1_i64)),
        r#"CAST(sum("order"."total") FILTER (WHERE "order"."status" = $1) AS bigint) + $2"#,
    );
}

#[test]
fn q10_groups_have_their_texts() {
    let by_status = query::<Order>()
        .filter(Order::total.gt(0))
        .group_by(Order::status)
        .group_by((Order::customer_id, Order::total / 100))
        .having(count().gt(1))
        .having(Order::total.max().lt(5))
        .order_by(count().desc())
        .select((Order::status, count()));
    assert_eq!(
        from(&by_status.to_sql()),
        concat!(
            r#""order" WHERE "order"."total" > $1 GROUP BY "order"."status", "order"."customer_id", "order"."total" / $2 "#,
            r#"HAVING count(*) > $3 AND max("order"."total") < $4 ORDER BY count(*) DESC"#,
        ),
    );
    let sets = query::<Order>()
        .group_by(Order::total)
        .cube((Order::customer_id, (Order::status, Order::discount)))
        .rollup(Order::tags)
        .grouping_sets(((Order::status, Order::customer_id), ()))
        .select(count());
    assert_eq!(
        from(&sets.to_sql()),
        concat!(
            r#""order" GROUP BY "order"."total", CUBE ("order"."customer_id", ("order"."status", "order"."discount")), "#,
            r#"ROLLUP ("order"."tags"), GROUPING SETS (("order"."status", "order"."customer_id"), ())"#,
        ),
    );
}

#[tokio::test]
async fn q10_results_are_of_the_types_of_postgresql() -> Result<()> {
    let db = shop().await;
    let e = &db.engine;
    let (lines, notes, products): (i64, i64, i64) =
        e.query::<Line>().select((count(), Line::note.count(), Line::product.count_distinct())).one().await?;
    assert_eq!((lines, notes, products), (4, 0, 3));
    let (sum, average, least, most): (Option<i64>, Option<Decimal>, Option<String>, Option<i32>) = e
        .query::<Line>()
        .select((Line::quantity.sum(), Line::quantity.avg(), Line::product.min(), Line::quantity.max()))
        .one()
        .await?;
    assert_eq!((sum, average, least.as_deref(), most), (Some(7), Some(Decimal::new(175, 2)), Some("milk"), Some(3)));
    let (sum, average, cents, float): (Option<Decimal>, Option<Decimal>, Option<i64>, Option<f64>) = e
        .query::<Order>()
        .select((Order::total.sum(), Order::total.avg(), Order::total.sum_as::<i64>(), Order::total.avg_as::<f64>()))
        .one()
        .await?;
    assert_eq!((sum, average, cents, float), (Some(1950.into()), Some(Decimal::new(4875, 1)), Some(1950), Some(487.5)));
    let (sum, average): (Option<f64>, Option<f64>) =
        e.query::<Order>().select((Order::discount.sum(), Order::discount.avg())).one().await?;
    assert_eq!((sum, average), (Some(0.6), Some(0.3)));
    let spread: (Option<Decimal>, Option<Decimal>, Option<f64>) = e
        .query::<Line>()
        .join(Line::order)
        .select((
            Line::quantity.var_pop(),
            Line::quantity.variance().filter(Line::id.eq(1)),
            Order::discount.stddev_pop(),
        ))
        .one()
        .await?;
    assert_eq!(spread, (Some(Decimal::new(6875, 4)), None, Some(0.0)));
    Ok(())
}

#[tokio::test]
async fn q10_lists_come_in_their_order() -> Result<()> {
    let db = shop().await;
    let (array, text, unique): (Option<Vec<String>>, Option<String>, Option<Vec<String>>) = db
        .engine
        .query::<Line>()
        .select((
            Line::product.array_agg().order_by(Line::quantity.desc()).order_by(Line::id.asc()),
            Line::product.string_agg("; ").order_by(Line::id.desc()).filter(Line::quantity.lt(3)),
            Line::product.array_agg().distinct().order_by(Line::product.asc()),
        ))
        .one()
        .await?;
    assert_eq!(array.unwrap(), ["rye bread", "tea", "milk", "tea"]);
    assert_eq!(text.unwrap(), "tea; milk; tea");
    assert_eq!(unique.unwrap(), ["milk", "rye bread", "tea"]);
    let (cities, born): (Option<Vec<Option<String>>>, Option<serde_json::Value>) = db
        .engine
        .query::<Customer>()
        .select((
            Customer::city.array_agg().order_by(Customer::id.asc()),
            Customer::born.json_agg().order_by(Customer::id.asc()),
        ))
        .one()
        .await?;
    assert_eq!(cities.unwrap(), [Some("Riga".to_owned()), None, Some("Riga".to_owned()), Some("Tartu".to_owned())]);
    assert_eq!(born.unwrap(), json!([1990, 1985, null, 2001]));
    let flags: (Option<bool>, Option<bool>, Option<bool>) = db
        .engine
        .query::<Line>()
        .select((Line::quantity.gt(1).bool_or(), Line::quantity.gt(1).bool_and(), Line::quantity.gt(0).every()))
        .one()
        .await?;
    assert_eq!(flags, (Some(true), Some(false), Some(true)));
    Ok(())
}

#[tokio::test]
async fn q10_ordered_sets_choose_among_their_values() -> Result<()> {
    let db = shop().await;
    let row: (Option<f64>, Option<i64>, Option<i64>, Option<String>) = db
        .engine
        .query::<Order>()
        .select((
            percentile_cont(0.5).within_group(Order::total),
            percentile_disc(0.5).within_group(Order::total),
            percentile_disc(0.0).within_group_desc(Order::total).filter(Order::status.ne("paid")),
            mode().within_group(Order::status),
        ))
        .one()
        .await?;
    assert_eq!(row, (Some(475.0), Some(250), Some(250), Some("paid".to_owned())));
    let beyond = db.engine.query::<Order>().select(percentile_cont(1.5).within_group(Order::total)).one().await;
    assert_eq!(beyond.unwrap_err().sqlstate(), Some("22003"));
    Ok(())
}

#[tokio::test]
async fn q10_of_no_rows_all_but_a_count_are_null() -> Result<()> {
    let db = shop().await;
    let row = db
        .engine
        .query::<Line>()
        .filter(Line::id.gt(100))
        .select((
            count(),
            Line::id.count(),
            Line::quantity.sum(),
            Line::product.min(),
            Line::product.array_agg(),
            Line::quantity.gt(1).bool_and(),
            percentile_cont(0.5).within_group(Line::quantity),
        ))
        .one()
        .await?;
    assert_eq!(row, (0, 0, None, None, None, None, None));
    Ok(())
}

#[tokio::test]
async fn q10_groups_come_with_whole_models() -> Result<()> {
    let db = shop().await;
    let spent = Order::total.sum_as::<i64>();
    let rows: Vec<(Customer, i64, Option<i64>)> = db
        .engine
        .query::<Customer>()
        .left_join(Customer::orders)
        .group_by(Customer::all())
        .order_by(Order::id.count().desc())
        .order_by(Customer::id.asc())
        .select((Customer::all(), Order::id.count(), spent))
        .all()
        .await?;
    let rows: Vec<_> = rows.iter().map(|(customer, orders, spent)| (customer.name.as_str(), *orders, *spent)).collect();
    assert_eq!(rows, [("Ann", 2, Some(1250)), ("Bob", 1, Some(700)), ("Dan", 1, Some(0)), ("Cleo", 0, None)]);
    // The same of a session, whose models stay values in tuples.
    let mut session = db.engine.session();
    let rich: Vec<(Customer, i64)> = session
        .query::<Customer>()
        .join(Customer::orders)
        .group_by(Customer::all())
        .having(Order::total.sum_as::<i64>().gt(1000))
        .select((Customer::all(), count()))
        .all()
        .await?;
    assert_eq!((rich.len(), rich[0].0.name.as_str(), rich[0].1), (1, "Ann", 2));
    Ok(())
}

#[tokio::test]
async fn q10_a_missing_row_behind_a_left_join_is_no_value() -> Result<()> {
    let db = shop().await;
    let statuses =
        db.engine.query::<Customer>().left_join(Customer::orders).group_by(Customer::id).order_by(Customer::id.asc());
    let of_all = statuses.clone().select(Order::status.array_agg()).all().await.unwrap_err();
    assert_eq!(of_all.kind(), ErrorKind::Decode);
    let of_some = statuses.clone().select(Order::status.array_agg().filter(Order::id.is_not_null())).all().await?;
    assert_eq!(of_some[2], None);
    let nullable = statuses.select(Order::status.nullable().array_agg()).all().await?;
    assert_eq!(nullable[2], Some(vec![None]));
    Ok(())
}

#[tokio::test]
async fn q10_an_expression_with_values_is_the_same_where_it_is_selected() -> Result<()> {
    let db = shop().await;
    let hundreds = Order::total / 500_i64;
    let grouped = query::<Order>().group_by(hundreds.clone()).order_by(hundreds.clone().asc()).select((
        hundreds,
        count(),
        Order::total.max(),
    ));
    assert_eq!(
        grouped.to_sql(),
        concat!(
            r#"SELECT "order"."total" / $1, count(*), max("order"."total") FROM "order" "#,
            r#"GROUP BY "order"."total" / $1 ORDER BY "order"."total" / $1"#,
        ),
    );
    assert_eq!(db.engine.rows(grouped).await?, [(0, 2, Some(250)), (1, 1, Some(700)), (2, 1, Some(1000))]);
    // The first of each, and distinct ones in an order, are compared with what is selected in the same way.
    let first = query::<Order>()
        .distinct_on(Order::total / 500_i64)
        .order_by((Order::total / 500_i64).asc())
        .order_by(Order::total.desc());
    assert_eq!(db.engine.rows(first.select(Order::total)).await?, [250, 700, 1000]);
    let distinct = query::<Order>().order_by((Order::total / 500_i64).desc()).select(Order::total / 500_i64).distinct();
    assert_eq!(db.engine.rows(distinct).await?, [2, 1, 0]);
    Ok(())
}

#[tokio::test]
async fn q10_subtotals_have_nothing_where_they_are_not_grouped() -> Result<()> {
    let db = shop().await;
    let rows: Vec<(Option<String>, Option<i32>, i32, i64)> = db
        .engine
        .query::<Order>()
        .rollup((Order::status, Order::customer_id))
        .having(count().gt(1))
        .order_by(grouping((Order::status, Order::customer_id)).asc())
        .select((Order::status, Order::customer_id, grouping((Order::status, Order::customer_id)), count()))
        .all()
        .await?;
    assert_eq!(rows, [(Some("paid".to_owned()), None, 1, 2), (None, None, 3, 4)]);
    let sets = db.engine.query::<Order>().grouping_sets((Order::status, Order::customer_id, ()));
    assert_eq!(sets.clone().select(count()).all().await?.len(), 3 + 3 + 1);
    assert_eq!(sets.count().await?, 7);
    let cube = db.engine.query::<Order>().cube((Order::status, Order::customer_id));
    assert_eq!(cube.count().await?, 4 + 3 + 3 + 1);
    Ok(())
}

#[tokio::test]
async fn q10_a_count_of_a_grouped_query_counts_groups() -> Result<()> {
    let db = shop().await;
    let by_status = db.engine.query::<Order>().group_by(Order::status);
    assert_eq!(by_status.clone().count().await?, 3);
    assert_eq!(by_status.clone().having(count().gt(1)).count().await?, 1);
    assert!(!by_status.clone().having(count().gt(9)).exists().await?);
    assert!(by_status.clone().having(count().gt(1)).exists().await?);
    assert_eq!(by_status.clone().select(Order::status).count().await?, 3);
    assert_eq!(by_status.limit(2).count().await?, 2);
    // An aggregate without groups is one row, of no rows too.
    let of_none = db.engine.query::<Order>().filter(Order::id.gt(100)).select(count());
    assert_eq!(of_none.clone().count().await?, 1);
    assert!(of_none.exists().await?);
    Ok(())
}

#[tokio::test]
async fn q10_what_is_wrong_is_told() -> Result<()> {
    let db = shop().await;
    let recording = db.record();
    let rows = db.engine.query::<Order>().select(count().distinct()).all().await.unwrap_err();
    assert_eq!(rows.kind(), ErrorKind::Invalid);
    assert!(rows.to_string().contains("count_distinct"), "{rows}");
    let grouped =
        db.engine.query::<Order>().filter(Order::id.gt(1)).group_by(Order::status).delete().await.unwrap_err();
    assert_eq!((grouped.kind(), grouped.model()), (ErrorKind::Invalid, Some("Order")));
    let first =
        db.engine.query::<Order>().filter(Order::id.gt(1)).distinct_on(Order::status).delete().await.unwrap_err();
    assert_eq!(first.kind(), ErrorKind::Invalid);
    assert!(recording.take().is_empty());
    // Where an aggregate may stand is the server's.
    let filtered = db.engine.query::<Order>().filter(count().gt(1)).all().await.unwrap_err();
    assert_eq!(filtered.sqlstate(), Some("42803"));
    let ungrouped = db.engine.query::<Order>().group_by(Order::status).all().await.unwrap_err();
    assert_eq!(ungrouped.sqlstate(), Some("42803"));
    // A sum that does not fit is no number.
    db.run(r#"UPDATE "order" SET total = 9223372036854775807"#).await;
    let sum = db.engine.query::<Order>().select(Order::total.sum_as::<i64>()).one().await.unwrap_err();
    assert_eq!(sum.sqlstate(), Some("22003"));
    assert!(db.engine.query::<Order>().select(Order::total.sum()).one().await?.is_some());
    Ok(())
}

#[tokio::test]
async fn q10_rows_of_a_subquery_are_grouped_too() -> Result<()> {
    let db = shop().await;
    cte!(let spent { customer, total } = query::<Order>().select((Order::customer_id, Order::total)));
    let by_customer = query_from(&spent)
        .group_by(spent.c.customer)
        .having(count().gt(1))
        .select((spent.c.customer, spent.c.total.sum_as::<i64>()));
    assert!(by_customer.to_sql().ends_with(r#" FROM "spent" GROUP BY "spent"."customer" HAVING count(*) > $1"#));
    assert_eq!(db.engine.rows(by_customer).await?, [(1, Some(1250))]);
    let subtotals = query_from(&spent)
        .rollup(spent.c.customer)
        .order_by(spent.c.customer.asc().nulls_first())
        .select((spent.c.customer, count()));
    assert_eq!(db.engine.rows(subtotals).await?, [(None, 4), (Some(1), 2), (Some(2), 1), (Some(4), 1)]);
    let largest = query_from(&spent)
        .distinct_on(spent.c.customer)
        .order_by(spent.c.customer.asc())
        .order_by(spent.c.total.desc())
        .select((spent.c.customer, spent.c.total));
    assert_eq!(db.engine.rows(largest).await?, [(1, 1000), (2, 700), (4, 0)]);
    let places = query_from(&spent)
        .window("w", window().order_by(spent.c.total.desc()))
        .order_by(spent.c.total.desc())
        .select((spent.c.total, rank().over("w")));
    assert_eq!(db.engine.rows(places).await?, [(1000, 1), (700, 2), (250, 3), (0, 4)]);
    let first = query_from(&spent).order_by(spent.c.total.desc()).limit_per(1, spent.c.customer);
    assert_eq!(db.engine.rows(first.select((spent.c.customer, spent.c.total))).await?, [(1, 1000), (2, 700), (4, 0)]);
    Ok(())
}
