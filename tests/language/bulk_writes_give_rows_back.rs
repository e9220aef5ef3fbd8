//! Q22: bulk updates and deletes, with joins, and what they give back of their rows.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};

use crate::shop::{Customer, Line, Order, shop};

#[test]
fn q22_returning_has_its_text() {
    let raised = query::<Order>()
        .filter(Order::status.eq("new"))
        .update(Order::total.set(Order::total + 1i64))
        .returning((Order::id, Order::total));
    let text = concat!(
        r#"UPDATE "order" SET "total" = "order"."total" + $1 WHERE "order"."status" = $2 "#,
        r#"RETURNING "order"."id", "order"."total""#,
    );
    assert_eq!(raised.to_sql(), text);
    assert_eq!(format!("{raised:?}"), text);
    let named = query::<Order>()
        .join(Order::customer)
        .filter(Customer::city.eq("Riga"))
        .update(Order::status.set(Customer::name))
        .returning((Order::id, Customer::name));
    assert_eq!(
        named.to_sql(),
        concat!(
            r#"UPDATE "order" SET "status" = "customer"."name" FROM "customer" "#,
            r#"WHERE "order"."customer_id" = "customer"."id" AND "customer"."city" = $1 "#,
            r#"RETURNING "order"."id", "customer"."name""#,
        ),
    );
    let gone = query::<Line>().join(Line::order).filter(Order::status.eq("new")).delete().returning(Line::product);
    assert_eq!(
        gone.to_sql(),
        concat!(
            r#"DELETE FROM "line" USING "order" "#,
            r#"WHERE "line"."order_id" = "order"."id" AND "order"."status" = $1 RETURNING "line"."product""#,
        ),
    );
}

#[tokio::test]
async fn q22_an_engine_gives_typed_rows_back() -> Result<()> {
    let db = shop().await;
    let mut raised: Vec<(i32, i64, Option<f64>)> = db
        .engine
        .query::<Order>()
        .filter(Order::status.eq("paid"))
        .update((Order::total.set(Order::total * 2i64), Order::discount.set(None)))
        .returning((Order::id, Order::total, Order::discount))
        .await?;
    raised.sort_by_key(|row| row.0);
    assert_eq!(raised, [(1, 2000, None), (3, 1400, None)]);
    let one: String = db.engine.query::<Line>().filter(Line::id.eq(3)).delete().returning(Line::product).one().await?;
    assert_eq!(one, "tea");
    let line = || db.engine.query::<Line>().filter(Line::id.eq(3));
    assert_eq!(line().delete().returning(Line::product).one_or_none().await?, None);
    let error = line().delete().returning(Line::product).one().await.expect_err("it is gone");
    assert_eq!((error.kind(), error.model()), (ErrorKind::NotFound, Some("Line")));
    let several = db.engine.query::<Line>().update(Line::quantity.set(1)).all_rows().returning(Line::id).one().await;
    assert_eq!(several.expect_err("there are three").kind(), ErrorKind::MultipleRows);
    // A count is as good of an expression.
    let doubled = db.engine.query::<Line>().filter(Line::product.eq("milk")).update(Line::note.set("fresh"));
    assert_eq!(doubled.returning(Line::quantity * 2).all().await?, [2]);
    Ok(())
}

#[tokio::test]
async fn q22_joined_tables_choose_rows_and_give_values() -> Result<()> {
    let db = shop().await;
    let mut named: Vec<(i32, String)> = db
        .engine
        .query::<Order>()
        .join(Order::customer)
        .filter(Customer::city.eq("Riga"))
        .update(Order::status.set(Customer::name))
        .returning((Order::id, Customer::name))
        .await?;
    named.sort();
    assert_eq!(named, [(1, "Ann".to_owned()), (2, "Ann".to_owned())]);
    let mut gone = db
        .engine
        .query::<Line>()
        .join(Line::order)
        .join(Order::customer)
        .filter(Customer::name.eq("Ann"))
        .delete()
        .returning((Line::product, Order::status, Customer::city))
        .await?;
    gone.sort();
    let row = |product: &str| (product.to_owned(), "Ann".to_owned(), Some("Riga".to_owned()));
    assert_eq!(gone, [row("milk"), row("tea"), row("tea")]);
    assert_eq!(db.stored("SELECT product FROM line").await, ["rye bread"]);
    Ok(())
}

#[tokio::test]
async fn q22_a_session_gives_typed_rows_back_and_its_objects_follow() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    let orders = session.query::<Order>().order_by(Order::id.asc()).all().await?;
    // What is pending is flushed before.
    session[orders[1]].total = 300;
    let raised = session
        .query::<Order>()
        .filter(Order::total.lt(1000))
        .update(Order::total.set(Order::total + 1i64))
        .returning((Order::total - 1i64, Order::status));
    let mut raised = raised.await?;
    raised.sort();
    let row = |total: i64, status: &str| (total, status.to_owned());
    assert_eq!(raised, [row(0, "lost"), row(300, "new"), row(700, "paid")]);
    let totals = orders.iter().map(|&order| session[order].total).collect::<Vec<_>>();
    assert_eq!(totals, [1000, 301, 701, 1]);
    let gone = session.query::<Order>().filter(Order::status.eq("lost")).delete().returning(Order::total).await?;
    assert_eq!(gone, [1]);
    assert_eq!(session.state(orders[3]), State::Deleted);
    session.rollback().await?;
    assert_eq!(session[orders[3]].total, 0);
    // A model of which the session holds nothing.
    let lines = session.query::<Line>().filter(Line::quantity.gt(2)).delete().returning(Line::product).await?;
    assert_eq!(lines, ["rye bread"]);
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM line").await, ["3"]);
    assert_eq!(db.stored(r#"SELECT total FROM "order" ORDER BY id"#).await, ["1000", "250", "700", "0"]);
    Ok(())
}

#[tokio::test]
async fn q22_without_a_filter_nothing_is_sent() -> Result<()> {
    let db = shop().await;
    let sent = db.record();
    let update = db.engine.query::<Line>().update(Line::quantity.set(0)).returning(Line::id).await;
    let error = update.expect_err("all rows are not said");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Line")));
    let mut session = db.engine.session();
    let delete = session.query::<Line>().delete().returning(Line::id).await.expect_err("all rows are not said");
    assert!(delete.to_string().contains(".all_rows()"), "{delete}");
    let nul = session.query::<Line>().filter(Line::id.eq(1)).update(Line::product.set("a\0")).returning(Line::id);
    let error = nul.await.expect_err("no PostgreSQL text");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("product")));
    assert!(sent.sql().is_empty(), "{:?}", sent.sql());
    assert_eq!(db.engine.query::<Line>().delete().all_rows().returning(Line::id).await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn q22_unbound_statements_run_where_they_are_bound() -> Result<()> {
    let db = shop().await;
    let more = || query::<Line>().filter(Line::id.eq(1)).update(Line::quantity.set(Line::quantity + 1));
    let less = |id: i32| query::<Line>().filter(Line::id.eq(id)).delete();
    let quantity = "SELECT quantity FROM line WHERE id = 1";
    let before: i32 = db.stored(quantity).await[0].parse().expect("a number");
    assert_eq!(more().on(&db.engine).await?, 1);
    assert_eq!(more().returning(Line::quantity).on(&db.engine).await?, [before + 2]);
    assert_eq!((less(2).on(&db.engine).await?, less(2).on(&db.engine).await?), (1, 0));
    let mut session = db.engine.session();
    let line = session.get::<Line>(1).await?.expect("it is there");
    assert_eq!(more().on(&mut session).await?, 1);
    assert_eq!(session[line].quantity, before + 3, "objects follow");
    assert_eq!(less(3).returning(Line::id).on(&mut session).await?, [3]);
    let all = query::<Line>().delete().on(&mut session).await.expect_err("all rows are not said");
    assert_eq!(all.kind(), ErrorKind::Invalid);
    assert_eq!(db.stored("SELECT count(*) FROM line").await, ["3"], "the session's transaction is open");
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM line").await, ["2"]);
    Ok(())
}
