//! Subqueries: of selected columns, as single values, correlated, lateral, nested, several in one query.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};

use crate::from;
use crate::shop::{Customer, Line, Order, shop};

#[tokio::test]
async fn q16_selected_columns_are_a_subquery() -> Result<()> {
    let db = shop().await;
    let lines =
        subquery!(query::<Line>().filter(Line::quantity.gt(1)).select((Line::order_id, Line::quantity, Line::note)));
    let query = query::<Order>().join_on(&lines, lines.c.0.eq(Order::id)).order_by(Order::id.asc());
    assert_eq!(
        from(&query.to_sql()),
        concat!(
            r#""order" JOIN (SELECT "line"."order_id", "line"."quantity", "line"."note" FROM "line" "#,
            r#"WHERE "line"."quantity" > $1) AS "subquery" ("c0", "c1", "c2") ON "subquery"."c0" = "order"."id" "#,
            r#"ORDER BY "order"."id""#,
        ),
    );
    let rows: Vec<(String, i32, Option<String>)> =
        db.engine.rows(query.select((Order::status, lines.c.1, lines.c.2))).await?;
    assert_eq!(rows, [("paid".to_owned(), 2, None), ("paid".to_owned(), 3, None)]);
    Ok(())
}

#[tokio::test]
async fn q16_a_query_may_start_at_a_subquery() -> Result<()> {
    let db = shop().await;
    let each = subquery!(query::<Order>().left_join(Order::lines).select((Order::customer_id, Line::quantity)));
    let quantities = query_from(&each).filter(each.c.1.is_null()).select(each.c.0);
    let ids: Vec<i32> = db.engine.rows(quantities).await?;
    assert_eq!(ids, [4], "nullable as selected");

    let paid = query::<Order>().filter(Order::status.eq("paid")).subquery();
    let mut session = db.engine.session();
    let first = session.one(query::<Order>().filter(Order::id.eq(1))).await?;
    let orders: Vec<Handle<Order>> = session.query_from(&paid).order_by(paid.c.id.asc()).all().await?;
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[0], first, "one row is one object");
    let joined: Vec<(i32, String)> = db
        .engine
        .query_from(&paid)
        .join(paid.rel(Order::customer))
        .order_by(paid.c.id.asc())
        .select((paid.c.id, Customer::name))
        .all()
        .await?;
    assert_eq!(joined, [(1, "Ann".to_owned()), (3, "Bob".to_owned())]);
    let with: Vec<(Order, Vec<Line>)> =
        db.engine.query_from(&paid).with(Order::lines).order_by(paid.c.id.asc()).all().await?;
    assert_eq!(with.iter().map(|(_, lines)| lines.len()).collect::<Vec<_>>(), [2, 1]);
    let joined: Vec<(Order, Customer)> = db.engine.query_from(&paid).with_joined(Order::customer).all().await?;
    assert_eq!(joined.len(), 2);
    assert_eq!(query_from(&paid).on(&db.engine).count().await?, 2);
    Ok(())
}

#[tokio::test]
async fn q16_scalar_subqueries_are_values() -> Result<()> {
    let db = shop().await;
    let last = query::<Order>()
        .outer(Customer::TABLE)
        .filter(Order::customer_id.eq(Customer::id))
        .order_by(Order::id.desc())
        .limit(1)
        .select(Order::total);
    let query = query::<Customer>().order_by(Customer::id.asc());
    let rows: Vec<(String, Option<i64>)> =
        db.engine.rows(query.clone().select((Customer::name, last.clone().scalar_in()))).await?;
    assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), [Some(250), Some(700), None, Some(0)]);
    let rich = query.filter(last.scalar_in().gt(500i64));
    assert_eq!(
        from(&rich.to_sql()),
        concat!(
            r#""customer" WHERE (SELECT "order"."total" FROM "order" WHERE "order"."customer_id" = "customer"."id" "#,
            r#"ORDER BY "order"."id" DESC LIMIT 1) > $1 ORDER BY "customer"."id""#,
        ),
    );
    assert_eq!(db.engine.one(rich).await?.name, "Bob");
    Ok(())
}

#[tokio::test]
async fn q16_any_and_all_of_a_subquery() -> Result<()> {
    let db = shop().await;
    let paid = || query::<Order>().filter(Order::status.eq("paid")).select(Order::total);
    let ids = |orders: Vec<Order>| orders.into_iter().filter_map(|order| order.id.into_option()).collect::<Vec<_>>();
    let base = || query::<Order>().order_by(Order::id.asc());
    let some = base().filter(Order::total.lt(paid().any_in()));
    assert!(some.to_sql().contains(r#""order"."total" < ANY (SELECT "order"."total" FROM "order" WHERE"#), "{some:?}");
    assert_eq!(ids(db.engine.all(some).await?), [2, 3, 4]);
    let every = base().filter(Order::total.ge(paid().all_in()));
    assert!(every.to_sql().contains(r#" >= ALL (SELECT "#), "{every:?}");
    assert_eq!(ids(db.engine.all(every).await?), [1]);
    let names = query::<Customer>().filter(Customer::name.like("%a%")).select(Customer::name);
    assert_eq!(db.engine.query::<Customer>().filter(Customer::name.eq(names.any_in())).count().await?, 1);
    let between = base().filter(Order::total.between(0i64, paid().any_in()));
    let sent = db.record();
    let error = db.engine.all(between).await.expect_err("no value");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(sent.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn q16_exists_of_rows_correlated_nested_and_with_aliases() -> Result<()> {
    let db = shop().await;
    aliased!(let c = Customer);
    let tea = query::<Line>()
        .outer(Order::TABLE)
        .outer(c.table())
        .filter(Line::order_id.eq(Order::id).and(Line::product.eq("tea")).and(c.c.born.gt(1980)))
        .select(Line::id);
    let ordered =
        query::<Order>().outer(c.table()).filter(Order::customer_id.eq(c.c.id).and(tea.exists_in())).select(Order::id);
    let base = || query_from(&c).order_by(c.c.id.asc());
    let with: Vec<String> = db.engine.rows(base().filter(ordered.clone().exists_in()).select(c.c.name)).await?;
    assert_eq!(with, ["Ann"]);
    let without = base().filter(ordered.not_exists_in()).select(c.c.name);
    assert!(without.to_sql().contains(r#"NOT (EXISTS (SELECT 1 FROM "order" WHERE"#), "{without:?}");
    assert_eq!(db.engine.rows(without).await?, ["Bob", "Cleo", "Dan"]);
    Ok(())
}

#[tokio::test]
async fn q16_lateral_subqueries_see_the_row() -> Result<()> {
    let db = shop().await;
    let last = query::<Order>()
        .outer(Customer::TABLE)
        .filter(Order::customer_id.eq(Customer::id))
        .order_by(Order::id.desc())
        .limit(1);
    let whole = last.clone().subquery();
    let query = query::<Customer>().left_join_lateral(&whole).order_by(Customer::id.asc());
    assert_eq!(
        from(&query.to_sql()),
        concat!(
            r#""customer" LEFT JOIN LATERAL (SELECT "order"."id", "order"."customer_id", "order"."status", "#,
            r#""order"."total", "order"."discount", "order"."tags" FROM "order" "#,
            r#"WHERE "order"."customer_id" = "customer"."id" ORDER BY "order"."id" DESC LIMIT 1) AS "subquery" ON TRUE "#,
            r#"ORDER BY "customer"."id""#,
        ),
    );
    let rows: Vec<(String, Option<Order>)> = db.engine.rows(query.select((Customer::name, whole.all()))).await?;
    let totals: Vec<Option<i64>> = rows.iter().map(|(_, order)| order.as_ref().map(|order| order.total)).collect();
    assert_eq!(totals, [Some(250), Some(700), None, Some(0)]);
    let of_columns = last.select((Order::status, Order::total)).subquery();
    let inner: Vec<(String, String)> = db
        .engine
        .query::<Customer>()
        .join_lateral(&of_columns)
        .filter(of_columns.c.1.gt(0i64))
        .order_by(Customer::id.asc())
        .select((Customer::name, of_columns.c.0))
        .all()
        .await?;
    assert_eq!(inner, [("Ann", "new"), ("Bob", "paid")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    Ok(())
}

#[tokio::test]
async fn q15_two_subqueries_two_aliases_and_two_ways_to_one_table() -> Result<()> {
    let db = shop().await;
    let cheap = subquery!(query::<Order>().filter(Order::total.lt(500i64)).select((Order::customer_id, Order::total)));
    let dear = subquery!(query::<Order>().filter(Order::total.ge(500i64)).select((Order::customer_id, Order::total)));
    aliased!(let a = Order);
    aliased!(let b = Order);
    let both = query::<Customer>()
        .join_on(&cheap, cheap.c.0.eq(Customer::id))
        .join_on(&dear, dear.c.0.eq(Customer::id))
        .join_as(Customer::orders, &a)
        .join_as(Customer::orders, &b)
        .filter(a.c.id.lt(b.c.id));
    let rows = db.engine.rows(both.select((Customer::name, cheap.c.1, dear.c.1, a.c.id, b.c.id))).await?;
    assert_eq!(rows, [("Ann".to_owned(), 250, 1000, 1, 2)]);

    aliased!(let again = &cheap);
    let twice = query::<Customer>()
        .join_on(&cheap, cheap.c.0.eq(Customer::id))
        .join_on(&again, again.c.0.eq(cheap.c.0))
        .order_by(Customer::id.asc());
    assert!(twice.to_sql().contains(r#") AS "again" ("c0", "c1") ON "again"."c0" = "subquery"."c0""#), "{twice:?}");
    assert_eq!(db.engine.all(twice).await?.len(), 2);
    Ok(())
}
