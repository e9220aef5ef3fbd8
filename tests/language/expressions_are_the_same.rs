//! Q10 and Q1: an expression with values in it is the same one in every clause of a query. Q19: values that are borrowed.
//! Q28: plans of queries of subqueries. Q12: more functions of arrays.

use chrono::NaiveDate;
use orm_core::prelude::*;
use orm_core::sql::func::Unit;
use orm_core::{Result, values};

use crate::shop::{Customer, Line, Order, shop};

#[tokio::test]
async fn q10_a_group_by_an_expression_with_values_can_be_selected_and_ordered_by() -> Result<()> {
    let db = shop().await;
    let hundreds = Order::total / 500 + 1;
    let groups = query::<Order>()
        .group_by(hundreds.clone())
        .having((hundreds.clone() * 2).gt(1))
        .order_by(hundreds.clone().desc())
        .select((hundreds.clone(), count()));
    assert_eq!(
        groups.to_sql(),
        concat!(
            r#"SELECT ("order"."total" / $1) + $2, count(*) FROM "order" GROUP BY ("order"."total" / $1) + $2 "#,
            r#"HAVING ((("order"."total" / $1) + $2) * $3) > $2 ORDER BY ("order"."total" / $1) + $2 DESC"#,
        ),
    );
    assert_eq!(db.engine.rows(groups).await?, [(3, 1), (2, 1), (1, 2)]);
    let letter = func::left(Customer::name, 1).concat("!");
    let names = query::<Customer>().group_by(letter.clone()).order_by(letter.clone().asc()).select(letter);
    assert_eq!(db.engine.rows(names).await?, ["A!", "B!", "C!", "D!"]);
    Ok(())
}

#[tokio::test]
async fn q10_a_group_by_a_month_can_be_selected() -> Result<()> {
    let db = shop().await;
    let first = NaiveDate::from_ymd_opt(2026, 1, 15).expect("a date");
    let month = func::date_trunc(Unit::Month, value(first) + Order::customer_id * 10);
    let query = query::<Order>().group_by(month.clone()).order_by(month.clone().asc()).select((month, count()));
    let rows: Vec<(NaiveDate, i64)> = db.engine.rows(query).await?;
    let months =
        [(1, 2), (2, 2)].map(|(month, orders)| (NaiveDate::from_ymd_opt(2026, month, 1).expect("a date"), orders));
    assert_eq!(rows, months);
    Ok(())
}

#[tokio::test]
async fn q10_distinct_rows_are_ordered_by_an_expression_with_values() -> Result<()> {
    let db = shop().await;
    let half = Order::total / 2;
    let rows = query::<Order>().order_by(half.clone().desc()).select(half.clone()).distinct();
    assert_eq!(
        rows.to_sql(),
        r#"SELECT DISTINCT "order"."total" / $1 FROM "order" ORDER BY "order"."total" / $1 DESC"#
    );
    assert_eq!(db.engine.rows(rows).await?, [500, 350, 125, 0]);
    let on = query::<Order>().distinct_on(half.clone()).order_by(half.clone().asc()).limit(1).select((half, Order::id));
    assert_eq!(db.engine.rows(on).await?, [(0, 4)]);
    Ok(())
}

#[tokio::test]
async fn q10_a_group_by_a_subquery_with_values_can_be_selected() -> Result<()> {
    let db = shop().await;
    let lines = query::<Line>()
        .outer(Order::TABLE)
        .filter(Line::order_id.eq(Order::id))
        .filter(Line::quantity.gt(1))
        .select(count())
        .scalar_in();
    let query = query::<Order>().group_by(lines.clone()).order_by(lines.clone().asc()).select((lines, count()));
    assert_eq!(query.to_sql().matches("$1").count(), 3);
    assert_eq!(db.engine.rows(query).await?, [(Some(0), 2), (Some(1), 2)]);
    Ok(())
}

#[tokio::test]
async fn q19_values_may_be_borrowed() -> Result<()> {
    let db = shop().await;
    let owned = "milk".to_owned();
    let wanted = values([(1, "tea", Some("hot")), (2, owned.as_str(), None)]).subquery();
    let query = query::<Line>().join_on(&wanted, wanted.c.1.eq(Line::product)).order_by(Line::id.asc()).select((
        Line::id,
        wanted.c.0,
        wanted.c.2,
    ));
    let rows: Vec<(i32, i32, Option<String>)> = db.engine.rows(query).await?;
    assert_eq!(rows, [(1, 1, Some("hot".to_owned())), (2, 2, None), (3, 1, Some("hot".to_owned()))]);
    let names = values(["Ann", "Bob"]).subquery();
    let query = query_from(&names).order_by(names.c.0.asc()).select(names.c.0);
    assert_eq!(db.engine.rows(query).await?, ["Ann", "Bob"]);
    cte!(let named { name } = values(vec![&owned]));
    assert_eq!(db.engine.rows(query_from(&named).select(named.c.name)).await?, ["milk"]);
    Ok(())
}

#[tokio::test]
async fn q28_queries_of_subqueries_have_plans() -> Result<()> {
    let db = shop().await;
    subquery!(let paid { customer, total } = query::<Order>()
        .filter(Order::status.eq("paid"))
        .select((Order::customer_id, Order::total)));
    let all = query_from(&paid).filter(paid.c.total.gt(100));
    assert_eq!(all.to_statement()?.params().len(), 2);
    let plan = db.engine.query_from(&paid).filter(paid.c.total.gt(100)).explain().without_costs().await?;
    assert!(plan.contains("order"), "{plan}");
    let rows = all.select(paid.c.customer);
    assert_eq!(rows.to_statement()?.params().len(), 2);
    let plan = rows.clone().on(&db.engine).explain_analyze().without_costs().await?;
    assert!(plan.contains("actual"), "{plan}");
    let union = rows.clone().union_all(rows).on(&db.engine);
    assert!(union.explain().await?.contains("Append"));
    let numbers = values([1, 2]).subquery();
    let plan = query_from(&numbers).select(numbers.c.0).on(&db.engine).explain().await?;
    assert!(plan.contains("Function Scan"), "{plan}");
    Ok(())
}

#[tokio::test]
async fn q12_elements_are_replaced_and_texts_are_taken_apart() -> Result<()> {
    let db = shop().await;
    let query = query::<Order>().filter(Order::id.eq(1)).select((
        Order::tags.array_replace("fast", "slow"),
        func::string_to_array(Order::status, "a"),
        Order::tags.array_to_string("+"),
        Order::tags.array_position("fast"),
    ));
    assert_eq!(
        query.to_sql(),
        concat!(
            r#"SELECT array_replace("order"."tags", $1, $2), string_to_array("order"."status", $3), "#,
            r#"array_to_string("order"."tags", $4), array_position("order"."tags", $5) FROM "order" WHERE "order"."id" = $6"#,
        ),
    );
    let rows: Vec<(Vec<String>, Vec<String>, String, Option<i32>)> = db.engine.rows(query).await?;
    let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
    assert_eq!(rows, [(texts(["gift", "slow"]), texts(["p", "id"]), "gift+fast".to_owned(), Some(2))]);
    Ok(())
}
