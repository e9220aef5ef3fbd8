//! Q32: the conditions that an engine adds by name.

use orm_core::prelude::*;
use orm_core::sql::Filters;
use orm_core::{Engine, ErrorKind};

use crate::shop::{Customer, Line, Order, shop};

/// Only what customers of Riga have to do with, and no orders that are new.
fn of_riga(engine: &Engine) -> Engine {
    let riga = Filters::new().add("city", Customer::TABLE, Customer::city.eq("Riga")).add(
        "status",
        Order::TABLE,
        Order::status.ne("new"),
    );
    engine.with_filters(&riga)
}

#[tokio::test]
async fn q32_a_filter_is_part_of_a_query_and_can_be_left_out() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let record = engine.record();
    let names = query::<Customer>().order_by(Customer::id.asc()).select(Customer::name);
    assert_eq!(engine.rows(names.clone()).await.unwrap(), ["Ann", "Cleo"]);
    assert!(
        record.sql()[0].ends_with(r#"WHERE "customer"."city" = $1 ORDER BY "customer"."id""#),
        "{:?}",
        record.sql()
    );
    assert_eq!(db.engine.rows(names).await.unwrap().len(), 4, "the engine itself is as it was");
    let all = query::<Customer>().unfiltered("city").order_by(Customer::id.asc()).select(Customer::name);
    assert_eq!(engine.rows(all).await.unwrap(), ["Ann", "Bob", "Cleo", "Dan"]);
    let other = query::<Customer>().unfiltered("status").select(Customer::name);
    assert_eq!(engine.rows(other).await.unwrap().len(), 2, "the other filter stays");
    assert_eq!(engine.query::<Customer>().count().await.unwrap(), 2);
    assert!(!engine.query::<Customer>().filter(Customer::name.eq("Bob")).exists().await.unwrap());
}

#[tokio::test]
async fn q32_filters_are_part_of_joins_aliases_predicates_and_subqueries() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let joined = query::<Order>().join(Order::customer).order_by(Order::id.asc()).select((Order::id, Customer::name));
    assert_eq!(engine.rows(joined).await.unwrap(), [(1, "Ann".to_owned())]);
    let left = query::<Customer>().left_join(Customer::orders).order_by(Customer::id.asc());
    let left = left.select((Customer::name, Order::status));
    let expected = [("Ann".to_owned(), Some("paid".to_owned())), ("Cleo".to_owned(), None)];
    assert_eq!(
        engine.rows(left).await.unwrap(),
        expected,
        "what a filter leaves out is missing, and its parent is not"
    );
    aliased!(let other = Customer);
    let record = engine.record();
    let pairs = query::<Customer>().join_on(&other, other.c.id.gt(Customer::id)).select((Customer::name, other.c.name));
    assert_eq!(engine.rows(pairs).await.unwrap(), [("Ann".to_owned(), "Cleo".to_owned())]);
    assert!(record.sql()[0].contains(r#"AND "other"."city" = $1"#), "{:?}", record.sql());
    let with_new = query::<Customer>().filter(Customer::orders.any(Order::status.eq("new")));
    assert_eq!(engine.all(with_new.clone()).await.unwrap(), []);
    assert_eq!(engine.all(with_new.unfiltered("status")).await.unwrap().len(), 1, "said of the whole query");
    let new = query::<Order>().filter(Order::status.eq("new")).select(Order::customer_id);
    let of_new = query::<Customer>().unfiltered("city").filter(Customer::id.in_select(new));
    assert_eq!(engine.all(of_new).await.unwrap(), []);
}

#[tokio::test]
async fn q32_filters_are_part_of_loaded_relationships() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let loaded = engine.query::<Customer>().with(Customer::orders).order_by(Customer::id.asc()).all().await.unwrap();
    let statuses: Vec<Vec<&str>> =
        loaded.iter().map(|(_, orders)| orders.iter().map(|order| order.status.as_str()).collect()).collect();
    assert_eq!(statuses, [vec!["paid"], vec![]]);
    let record = engine.record();
    let missing = engine.query::<Order>().with_joined(Order::customer).all().await.unwrap_err();
    assert!(record.sql()[0].contains(r#"LEFT JOIN "customer" AS "customer""#), "{:?}", record.sql());
    assert!(missing.to_string().contains("customer"), "an end that must be there is not taken for none: {missing}");
}

#[tokio::test]
async fn q32_filters_are_part_of_bulk_operations() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let renamed = engine.query::<Customer>().update(Customer::name.set("x")).all_rows().await.unwrap();
    assert_eq!(renamed, 2);
    assert_eq!(db.stored("SELECT name FROM customer ORDER BY id").await, ["x", "Bob", "x", "Dan"]);
    let all = engine.query::<Line>().delete().all_rows().await.unwrap();
    assert_eq!(all, 4, "a model without a filter is whole");
    assert_eq!(engine.query::<Order>().delete().all_rows().await.unwrap(), 3);
    assert_eq!(db.stored(r#"SELECT status FROM "order""#).await, ["new"]);
    let refused = engine.query::<Customer>().delete().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid, "a filter of the engine is no word of the caller: {refused}");
}

#[tokio::test]
async fn q32_a_session_of_the_engine_has_its_filters() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let mut session = engine.session();
    assert_eq!(session.query::<Customer>().all().await.unwrap().len(), 2);
    assert!(session.get::<Customer>(2).await.unwrap().is_none(), "Bob is of another city");
    let ann = session.get::<Customer>(1).await.unwrap().expect("Ann is of Riga");
    session.load(&[ann], Customer::orders).await.unwrap();
    assert_eq!(session[ann].orders.handles().len(), 1);
    let bob = session.query::<Customer>().unfiltered("city").filter(Customer::id.eq(2)).one().await.unwrap();
    session[bob].name = "Robert".to_owned();
    session.commit().await.unwrap();
    session.refresh(&[bob]).await.unwrap();
    assert_eq!(session[bob].name, "Robert", "what the session holds is written and read by its key");
    let mut seen = Vec::new();
    let mut batches = query::<Customer>().in_batches(1);
    while let Some(batch) = batches.next(&mut session).await.unwrap() {
        seen.extend(batch);
    }
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn q32_a_filter_of_alternatives_stays_one_condition() {
    let db = shop().await;
    let here = Customer::city.is_null().or(Customer::city.eq("Tartu"));
    let engine = db.engine.with_filters(&Filters::new().add("here", Customer::TABLE, here));
    let record = engine.record();
    let early = engine.query::<Customer>().filter(Customer::id.lt(3)).all().await.unwrap();
    assert_eq!(early.len(), 1);
    assert!(
        record.sql()[0]
            .ends_with(r#"WHERE "customer"."id" < $1 AND ("customer"."city" IS NULL OR "customer"."city" = $2)"#)
    );
    aliased!(let other = Customer);
    let pairs = query::<Order>().left_join_on(&other, other.c.id.eq(Order::customer_id)).order_by(Order::id.asc());
    let pairs = engine.rows(pairs.select((Order::id, other.c.name))).await.unwrap();
    let names: Vec<Option<&str>> = pairs.iter().map(|(_, name)| name.as_deref()).collect();
    assert_eq!(names, [None, None, Some("Bob"), Some("Dan")]);
    assert!(record.sql()[1].ends_with(
        r#"ON "other"."id" = "order"."customer_id" AND ("other"."city" IS NULL OR "other"."city" = $1) ORDER BY "order"."id""#
    ));
}

#[derive(Projection, Debug)]
#[projection(model = Customer)]
struct WithOrders {
    name: String,
    orders: Vec<Status>,
}

#[derive(Projection, Debug, Clone)]
#[projection(model = Order)]
struct Status {
    status: String,
}

#[tokio::test]
async fn q32_filters_are_part_of_projections_plans_inserts_and_what_comes_back() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let seen = engine.query::<Customer>().order_by(Customer::id.asc()).project::<WithOrders>().all().await.unwrap();
    let seen: Vec<(&str, Vec<&str>)> = seen
        .iter()
        .map(|one| (one.name.as_str(), one.orders.iter().map(|order| order.status.as_str()).collect()))
        .collect();
    assert_eq!(seen, [("Ann", vec!["paid"]), ("Cleo", vec![])]);
    let record = engine.record();
    engine.query::<Customer>().explain().await.unwrap();
    assert!(record.take()[0].ends_with(r#"WHERE "customer"."city" = $1"#));
    let copied = query::<Order>().order_by(Order::id.asc()).select((Order::id, Order::status, Order::id));
    let copied = insert_into::<Line>().from_select((Line::order_id, Line::product, Line::quantity), copied);
    let ids: Vec<i32> = copied.on(&engine).returning(Line::order_id).await.unwrap();
    assert_eq!(ids, [1, 3, 4], "the new order is left out");
    let renamed = engine.query::<Customer>().update(Customer::name.set("x")).all_rows().returning(Customer::id);
    let mut renamed: Vec<i32> = renamed.await.unwrap();
    renamed.sort_unstable();
    assert_eq!(renamed, [1, 3]);
    cte!(let dear = query::<Order>().filter(Order::total.ge(0i64)));
    assert_eq!(engine.query_from(&dear).count().await.unwrap(), 3, "within a common table expression");
    let joined = query::<Order>().right_join(Order::customer).order_by(Customer::id.asc());
    let joined = engine.rows(joined.select((Order::status, Customer::name))).await.unwrap();
    assert_eq!(joined, [(Some("paid".to_owned()), "x".to_owned()), (None, "x".to_owned())]);
}

#[tokio::test]
async fn q24_a_query_with_a_common_table_expression_is_copied_out() {
    let db = shop().await;
    cte!(let dear = query::<Order>().filter(Order::total.ge(500i64)));
    let names = query::<Customer>().join_on(&dear, dear.c.customer_id.eq(Customer::id)).order_by(Customer::id.asc());
    let mut rows = names.select(Customer::name).on(&db.engine).copy_out().await.unwrap();
    let mut names = Vec::new();
    while let Some(name) = rows.next().await.unwrap() {
        names.push(name);
    }
    assert_eq!(names, ["Ann", "Bob"]);
}

#[test]
fn q32_the_text_of_an_unbound_query_has_no_filters() {
    let riga = Filters::new().add("city", Customer::TABLE, Customer::city.eq("Riga"));
    assert_eq!(format!("{riga:?}"), r#"[("city", "Customer")]"#);
    assert!(!query::<Customer>().to_sql().contains("WHERE"));
}

#[tokio::test]
async fn q32_filters_are_part_of_pages_by_key() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let customers = query::<Customer>().order_by(Customer::id.asc());
    let first = customers.clone().on(&engine).after(None, 1).await.unwrap();
    assert_eq!(first.items[0].name, "Ann");
    let second = customers.clone().on(&engine).after(first.next(), 10).await.unwrap();
    assert_eq!(second.items.iter().map(|customer| customer.name.as_str()).collect::<Vec<_>>(), ["Cleo"]);
    let last = customers.clone().on(&engine).before(None, 10).await.unwrap();
    assert_eq!(last.items.len(), 2);
    let names = customers.clone().select(Customer::name).on(&engine).after(None, 10).await.unwrap();
    assert_eq!(names.items, ["Ann", "Cleo"]);
    let mut session = engine.session();
    let page = customers.clone().on(&mut session).after(None, 10).await.unwrap();
    assert_eq!(page.items.len(), 2);
    let names = customers.clone().select(Customer::name).on(&mut session).after(None, 10).await.unwrap();
    assert_eq!(names.items, ["Ann", "Cleo"]);
    let all = customers.unfiltered("city").on(&engine).after(None, 10).await.unwrap();
    assert_eq!(all.items.len(), 4);
}

#[tokio::test]
async fn q32_filters_are_part_of_what_is_read_anew() {
    let db = shop().await;
    let engine = of_riga(&db.engine);
    let mut session = engine.session();
    let anew = session.query::<Customer>().populate_existing().await.unwrap();
    assert_eq!(anew.len(), 2);
}
