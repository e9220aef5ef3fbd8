//! Q1 and Q2: the clauses of a query and those who run it, and rows as tuples with whole models.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};

use crate::from;
use crate::shop::{Customer, Line, Order, shop};

#[test]
fn q01_clauses_have_their_texts() {
    let first = query::<Order>()
        .distinct_on((Order::customer_id, Order::status))
        .order_by(Order::status.desc().nulls_last())
        .order_by(Order::customer_id.asc())
        .order_by(Order::id.asc().nulls_first())
        .limit(5)
        .offset(1);
    assert!(first.to_sql().starts_with(r#"SELECT DISTINCT ON ("order"."customer_id", "order"."status") "order"."id""#));
    assert_eq!(
        from(&first.to_sql()),
        concat!(
            r#""order" ORDER BY "order"."status" DESC NULLS LAST, "order"."customer_id", "#,
            r#""order"."id" NULLS FIRST LIMIT 5 OFFSET 1"#,
        ),
    );
    let rows = query::<Order>().order_by(Order::id.asc()).select(Order::id).distinct().limit(2).offset(3);
    assert_eq!(rows.to_sql(), r#"SELECT DISTINCT "order"."id" FROM "order" ORDER BY "order"."id" LIMIT 2 OFFSET 3"#);
}

#[tokio::test]
async fn q01_the_first_of_equals_is_said_by_the_order() -> Result<()> {
    let db = shop().await;
    let largest = db
        .engine
        .query::<Order>()
        .distinct_on(Order::customer_id)
        .order_by(Order::customer_id.desc())
        .order_by(Order::total.desc());
    let orders = largest.clone().all().await?;
    assert_eq!(orders.iter().map(|order| order.total).collect::<Vec<_>>(), [0, 700, 1000]);
    assert_eq!(largest.clone().count().await?, 3);
    assert_eq!(largest.select(Order::total).count().await?, 3);
    let handles = db.engine.session().query::<Order>().distinct_on(Order::customer_id).all().await?;
    assert_eq!(handles.len(), 3);
    let other =
        db.engine.query::<Order>().distinct_on(Order::status).order_by(Order::id.asc()).all().await.unwrap_err();
    assert_eq!(other.sqlstate(), Some("42P10"));
    Ok(())
}

#[tokio::test]
async fn q01_rows_of_columns_are_picked_and_counted() -> Result<()> {
    let db = shop().await;
    let ids = db.engine.query::<Order>().order_by(Order::id.asc()).select(Order::id);
    assert_eq!(ids.clone().offset(1).limit(2).all().await?, [2, 3]);
    assert_eq!(ids.clone().first().await?, Some(1));
    assert_eq!(ids.clone().offset(9).first().await?, None);
    assert_eq!(ids.clone().one().await.unwrap_err().kind(), ErrorKind::MultipleRows);
    assert_eq!(ids.clone().one_or_none().await.unwrap_err().kind(), ErrorKind::MultipleRows);
    assert_eq!(ids.clone().offset(3).one_or_none().await?, Some(4));
    assert_eq!(ids.clone().offset(4).one_or_none().await?, None);
    assert_eq!(ids.clone().offset(4).one().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(ids.clone().count().await?, 4);
    assert_eq!(ids.clone().limit(3).offset(2).count().await?, 2);
    assert!(ids.clone().exists().await?);
    assert!(!ids.clone().limit(0).exists().await?);
    assert!(!ids.offset(4).exists().await?);
    let customers = db.engine.query::<Order>().select(Order::customer_id).distinct();
    assert_eq!(customers.count().await?, 3);
    let mut session = db.engine.session();
    session.add(Customer::builder().name("Eve"));
    assert_eq!(session.query::<Customer>().select(Customer::name).count().await?, 5);
    assert!(session.query::<Customer>().filter(Customer::name.eq("Eve")).select(Customer::id).exists().await?);
    Ok(())
}

#[tokio::test]
async fn q02_tuples_are_as_wide_as_one_nests_them() -> Result<()> {
    let db = shop().await;
    let sixteen = || {
        (
            Line::id,
            Line::order_id,
            Line::product,
            Line::quantity,
            Line::note,
            Order::id,
            Order::customer_id,
            Order::status,
            Order::total,
            Order::discount,
            Order::tags,
            Line::quantity + 1,
            Line::quantity.gt(1),
            Order::discount.is_null(),
            Line::note.is_null(),
            Order::total + 1_i64,
        )
    };
    let rows = db
        .engine
        .query::<Line>()
        .join(Line::order)
        .filter(Line::id.eq(4))
        .select((sixteen(), (Line::id, (Order::all(), sixteen())), Line::all()))
        .all()
        .await?;
    let (wide, (id, (order, again)), line) = rows.into_iter().next().expect("a row");
    assert_eq!((wide.0, &wide.10, wide.15), (again.0, &again.10, again.15));
    assert_eq!((wide.0, wide.2.as_str(), wide.9, wide.11, wide.15), (4, "rye bread", None, 4, 701));
    assert_eq!((id, order.total, line.quantity), (4, 700, 3));
    Ok(())
}

#[tokio::test]
async fn q02_a_model_that_a_join_may_lack_is_an_option() -> Result<()> {
    let db = shop().await;
    let rows: Vec<(Customer, Option<Order>, Option<Line>)> = db
        .engine
        .query::<Customer>()
        .left_join(Customer::orders)
        .left_join(Order::lines)
        .order_by(Customer::id.asc())
        .order_by(Line::id.asc())
        .select((Customer::all(), Order::all(), Line::all()))
        .all()
        .await?;
    let seen: Vec<_> = rows
        .iter()
        .map(|(customer, order, line)| {
            let (order, line) = (order.as_ref().map(|o| o.total), line.as_ref().map(|l| l.product.as_str()));
            (customer.name.as_str(), order, line)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("Ann", Some(1000), Some("tea")),
            ("Ann", Some(1000), Some("milk")),
            ("Ann", Some(250), Some("tea")),
            ("Bob", Some(700), Some("rye bread")),
            ("Cleo", None, None),
            ("Dan", Some(0), None),
        ]
    );
    // What comes behind a model that is missing is read from its own columns.
    let behind: Vec<(Option<Order>, String)> = db
        .engine
        .query::<Customer>()
        .left_join(Customer::orders)
        .filter(Customer::name.eq("Cleo"))
        .select((Order::all(), Customer::name))
        .all()
        .await?;
    assert_eq!(behind, [(None, "Cleo".to_owned())]);
    aliased!(let other = Customer);
    let named: Vec<(Customer, i32)> = db
        .engine
        .query::<Order>()
        .join_as(Order::customer, &other)
        .filter(Order::id.eq(3))
        .select((other.all(), Order::id))
        .all()
        .await?;
    assert_eq!((named[0].0.name.as_str(), named[0].1), ("Bob", 3));
    Ok(())
}

#[tokio::test]
async fn q02_what_cannot_be_read_of_an_optional_model_is_an_error_and_not_none() -> Result<()> {
    let db = shop().await;
    db.run(r#"ALTER TABLE "order" ALTER COLUMN status DROP NOT NULL; UPDATE "order" SET status = NULL WHERE id = 3"#)
        .await;
    let orders = db.engine.query::<Customer>().left_join(Customer::orders).order_by(Customer::id.asc());
    let error = orders.clone().select((Customer::name, Order::all())).all().await.unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Decode, Some("status")));
    let fine = orders.filter(Customer::id.ne(2)).select((Customer::name, Order::all())).all().await?;
    assert_eq!(fine.iter().filter(|(_, order)| order.is_none()).count(), 1);
    Ok(())
}
