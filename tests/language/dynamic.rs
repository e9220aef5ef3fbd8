//! Queries whose joins are decided at run time: every clause, checked before anything is sent.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};

use crate::from;
use crate::shop::{Customer, Line, Order, shop};

#[tokio::test]
async fn q05_dynamic_queries_have_every_clause() -> Result<()> {
    let db = shop().await;
    let engine = &db.engine;
    aliased!(let other = Order);
    let late = query::<Order>()
        .outer(Customer::TABLE)
        .filter(Order::customer_id.eq(Customer::id))
        .order_by(Order::id.desc())
        .limit(1);
    let last = late.select(Order::total).subquery();
    let mut search = query::<Customer>().dynamic().left_join(Customer::orders).join_as(Customer::orders, &other);
    search = search.left_join_lateral(&last).filter(other.c.total.gt(100i64)).filter_all([Customer::born.gt(1)]);
    assert_eq!(
        from(&search.to_sql()),
        concat!(
            r#""customer" LEFT JOIN "order" ON "customer"."id" = "order"."customer_id" "#,
            r#"JOIN "order" AS "other" ON "customer"."id" = "other"."customer_id" "#,
            r#"LEFT JOIN LATERAL (SELECT "order"."total" FROM "order" WHERE "order"."customer_id" = "customer"."id" "#,
            r#"ORDER BY "order"."id" DESC LIMIT 1) AS "subquery" ("c0") ON TRUE "#,
            r#"WHERE "other"."total" > $1 AND "customer"."born" > $2"#,
        ),
    );
    let rows: Vec<(Option<String>, Option<i64>, Option<i64>)> = engine
        .rows(search.clone().order_by(Order::id.asc()).order_by(other.c.id.asc()).select((
            Customer::name,
            other.c.total,
            last.c.0,
        )))
        .await?;
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[0], (Some("Ann".to_owned()), Some(1000), Some(250)));
    assert_eq!(search.clone().distinct().on(engine).all().await?.len(), 2);
    let with: Vec<(Customer, Vec<Order>)> = search.clone().with(Customer::orders).on(engine).all().await?;
    assert_eq!(with.len(), 5);
    assert!(search.clone().on(engine).exists().await?);
    let one = search.clone().filter(Customer::name.eq("Bob"));
    assert_eq!(one.clone().on(engine).one().await?.name, "Bob");
    assert!(one.filter(Customer::id.eq(9)).on(engine).one_or_none().await?.is_none());
    let mut session = engine.session();
    assert_eq!(search.on(&mut session).all().await?.len(), 2);

    let kept = query::<Customer>()
        .dynamic()
        .right_join_on(Order::TABLE, Order::customer_id.eq(Customer::id).and(Order::id.gt(2)));
    let rows: Vec<(Option<Customer>, Option<Order>)> =
        engine.rows(kept.select((Customer::all(), Order::all()))).await?;
    assert_eq!(rows.iter().filter(|(customer, _)| customer.is_none()).count(), 2);
    assert_eq!(
        query::<Customer>().dynamic().full_join(Customer::orders).cross_join(&other).on(engine).count().await?,
        20
    );
    Ok(())
}

#[tokio::test]
async fn q05_dynamic_queries_are_parts_of_others_and_write() -> Result<()> {
    let db = shop().await;
    let paid = query::<Order>().dynamic().filter(Order::status.eq("paid"));
    let part = paid.clone().subquery();
    let joined = query::<Customer>().join_on(&part, part.c.customer_id.eq(Customer::id));
    assert_eq!(joined.on(&db.engine).count().await?, 2);
    let given = paid.filter(Order::customer_id.eq(Customer::id));
    assert_eq!(query::<Customer>().filter(given.clone().exists_in()).on(&db.engine).count().await?, 2);
    assert_eq!(query::<Customer>().filter(given.not_exists_in()).on(&db.engine).count().await?, 2);
    let mut tea = db.engine.query::<Line>().dynamic();
    tea = tea.join(Line::order).filter(Order::status.eq("new"));
    assert_eq!(tea.clone().update(Line::quantity.set(Line::quantity + 1)).await?, 1);
    assert_eq!(tea.delete().await?, 1);
    Ok(())
}

#[tokio::test]
async fn q05_dynamic_queries_are_checked_before_they_are_sent() -> Result<()> {
    let db = shop().await;
    let sent = db.record();
    let missing = query::<Customer>().dynamic().right_join(Customer::orders).on(&db.engine);
    for error in [
        missing.clone().all().await.err(),
        missing.clone().first().await.err(),
        missing.clone().one().await.err(),
        missing.one_or_none().await.err(),
    ] {
        let error = error.expect("a customer may be missing");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("`.select((Customer::all(), …))`"), "{error}");
    }
    let outside = query::<Customer>().dynamic().select((Customer::name, Order::id));
    assert_eq!(db.engine.rows(outside).await.expect_err("not joined").kind(), ErrorKind::Invalid);
    let update = db.engine.query::<Customer>().dynamic().update(Customer::name.set(Order::status)).all_rows().await;
    assert_eq!(update.expect_err("not joined").kind(), ErrorKind::Invalid);
    let alone = query::<Order>().dynamic().filter(Order::customer_id.eq(Customer::id)).exists_in();
    let error = db.engine.query::<Line>().filter(alone).all().await.expect_err("nobody has it");
    assert_eq!(error.to_string(), "`Customer` is not in this query's FROM clause");
    assert!(sent.take().is_empty());
    Ok(())
}
