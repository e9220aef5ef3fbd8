//! Queries whose rows are combined, and values as a table.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, values};

use crate::shop::{Customer, Line, Order, shop};

fn in_city(city: &'static str) -> Query<Unbound, Customer> {
    query::<Customer>().filter(Customer::city.eq(city))
}

fn born_after(year: i32) -> Query<Unbound, Customer> {
    query::<Customer>().filter(Customer::born.gt(year))
}

fn names(customers: Vec<Customer>) -> Vec<String> {
    customers.into_iter().map(|customer| customer.name).collect()
}

#[tokio::test]
async fn q19_queries_of_models_are_combined() -> Result<()> {
    let db = shop().await;
    let engine = &db.engine;
    let sorted = |query: Query<Unbound, Customer>| query.order_by(Customer::name.desc());
    let either = sorted(in_city("Riga").union(born_after(1986)));
    assert_eq!(
        either.to_sql().replace(r#""customer"."id", "customer"."name", "customer"."city", "customer"."born""#, "*"),
        concat!(
            r#"SELECT * FROM ((SELECT * FROM "customer" WHERE "customer"."city" = $1) UNION "#,
            r#"(SELECT * FROM "customer" WHERE "customer"."born" > $2)) AS "customer" ORDER BY "customer"."name" DESC"#,
        ),
    );
    assert_eq!(names(engine.all(either.clone()).await?), ["Dan", "Cleo", "Ann"]);
    assert_eq!(names(engine.all(either.clone().limit(1)).await?), ["Dan"]);
    assert_eq!(either.clone().on(engine).count().await?, 3);
    assert_eq!(
        names(engine.all(sorted(in_city("Riga").union_all(born_after(1986)))).await?),
        ["Dan", "Cleo", "Ann", "Ann"]
    );
    assert_eq!(names(engine.all(in_city("Riga").intersect(born_after(1986))).await?), ["Ann"]);
    assert_eq!(names(engine.all(in_city("Riga").except(born_after(1986))).await?), ["Cleo"]);
    assert_eq!(in_city("Riga").intersect_all(in_city("Riga")).on(engine).count().await?, 2);
    assert_eq!(in_city("Riga").union_all(in_city("Riga")).except_all(born_after(1986)).on(engine).count().await?, 3);

    // Afterwards it is a query of customers like another.
    let orders =
        either.clone().join(Customer::orders).filter(Order::total.gt(0i64)).select((Customer::name, Order::total));
    assert_eq!(engine.rows(orders).await?.len(), 2);
    let mut session = engine.session();
    let ann = session.one(in_city("Riga").filter(Customer::name.eq("Ann"))).await?;
    let handles = session
        .query::<Customer>()
        .filter(Customer::id.eq(1))
        .union_all(in_city("Riga"))
        .with(Customer::orders)
        .all()
        .await?;
    assert_eq!(handles.len(), 2, "each object once");
    assert!(handles.contains(&ann));
    let refused = session.query::<Customer>().union(in_city("Riga")).delete().all_rows().await.expect_err("no table");
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!(session[ann].orders.iter().count(), 2);
    Ok(())
}

#[tokio::test]
async fn q19_combinations_are_nested_and_parts_of_queries() -> Result<()> {
    let db = shop().await;
    let nested = in_city("Riga").union(in_city("Tartu")).except(born_after(2000));
    assert_eq!(
        nested.to_sql().replace(r#""customer"."id", "customer"."name", "customer"."city", "customer"."born""#, "*"),
        concat!(
            r#"SELECT * FROM (((SELECT * FROM "customer" WHERE "customer"."city" = $1) UNION "#,
            r#"(SELECT * FROM "customer" WHERE "customer"."city" = $2)) EXCEPT "#,
            r#"(SELECT * FROM "customer" WHERE "customer"."born" > $3)) AS "customer""#,
        ),
    );
    assert_eq!(nested.clone().on(&db.engine).count().await?, 2);
    let cut = in_city("Riga").union(in_city("Tartu")).order_by(Customer::id.desc()).limit(1).union(in_city("Riga"));
    assert_eq!(cut.on(&db.engine).count().await?, 3);

    let part = nested.clone().subquery();
    let joined = query::<Order>().join_on(&part, part.c.id.eq(Order::customer_id)).order_by(Order::id.asc());
    assert_eq!(db.engine.rows(joined.select((Order::id, part.c.name))).await?, [(1, "Ann".into()), (2, "Ann".into())]);
    cte!(let some = nested);
    assert_eq!(names(db.engine.all(query_from(&some).order_by(some.c.id.asc())).await?), ["Ann", "Cleo"]);
    assert!(query_from(&some).to_sql().starts_with(r#"WITH "some" AS (((SELECT "#));

    let correlated = query::<Order>()
        .outer(Customer::TABLE)
        .filter(Order::customer_id.eq(Customer::id).and(Order::status.eq("new")));
    let lost = query::<Order>()
        .outer(Customer::TABLE)
        .filter(Order::customer_id.eq(Customer::id).and(Order::status.eq("lost")));
    let with = query::<Customer>().filter(correlated.union(lost).exists_in()).order_by(Customer::id.asc());
    assert_eq!(names(db.engine.all(with).await?), ["Ann", "Dan"]);
    Ok(())
}

#[tokio::test]
async fn q19_selected_rows_of_one_type_are_combined() -> Result<()> {
    let db = shop().await;
    let customers = query::<Customer>().select((Customer::name, Customer::born));
    let orders = query::<Order>().left_join(Order::lines).select((Order::status, Line::quantity));
    let both = customers.union(orders).order_by_output(|c| c.0.asc()).order_by_output(|c| c.1.desc().nulls_last());
    assert_eq!(
        both.to_sql(),
        concat!(
            r#"SELECT "rows"."c0", "rows"."c1" FROM ((SELECT "customer"."name", "customer"."born" FROM "customer") UNION "#,
            r#"(SELECT "order"."status", "line"."quantity" FROM "order" LEFT JOIN "line" ON "order"."id" = "line"."order_id")) "#,
            r#"AS "rows" ("c0", "c1") ORDER BY "rows"."c0", "rows"."c1" DESC NULLS LAST"#,
        ),
    );
    let rows: Vec<(String, Option<i32>)> = db.engine.rows(both.clone()).await?;
    assert_eq!(rows.len(), 9);
    assert_eq!(rows[0], ("Ann".to_owned(), Some(1990)));
    assert_eq!(db.engine.rows(both.clone().limit(2)).await?.len(), 2);
    let first_two = both.limit(2).order_by_output(|c| c.0.desc());
    assert_eq!(db.engine.rows(first_two).await?[0].0, "Bob", "the two are ordered anew");

    let one = || query::<Order>().select(Order::status);
    assert_eq!(db.engine.rows(one().intersect(query::<Customer>().select(Customer::name))).await?, [""; 0]);
    assert_eq!(db.engine.rows(one().except(one().limit(0))).await?.len(), 3);
    assert_eq!(db.engine.rows(one().union_all(one()).except_all(one())).await?.len(), 4);
    let used = query::<Order>().filter(Order::status.in_select(one().union(one()))).select(Order::id);
    assert_eq!(db.engine.rows(used).await?.len(), 4);
    let mut session = db.engine.session();
    assert_eq!(session.rows(one().union(one())).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn q19_values_are_a_table() -> Result<()> {
    let db = shop().await;
    let rows = values((0..70_000).map(|n| (n, (n % 2 == 0).then(|| format!("n{n}"))))).subquery();
    let even = query_from(&rows).filter(rows.c.1.is_not_null());
    assert_eq!(
        even.clone().select(rows.c.0).to_sql(),
        r#"SELECT "subquery"."c0" FROM UNNEST ($1, $2) AS "subquery" ("c0", "c1") WHERE "subquery"."c1" IS NOT NULL"#
    );
    assert_eq!(even.on(&db.engine).count().await?, 35_000);
    let none = values::<(i32, String)>([]).subquery();
    assert_eq!(query_from(&none).on(&db.engine).count().await?, 0);
    let wanted = values(["tea".to_owned(), "rye bread".to_owned()]).subquery();
    let lines = query::<Line>().join_on(&wanted, wanted.c.0.eq(Line::product));
    assert_eq!(lines.on(&db.engine).count().await?, 3);
    Ok(())
}
