//! Common table expressions: hoisted to the head of the statement, several times, recursive, and those that write.

use orm_core::prelude::*;
use orm_core::sql::{materialized, not_materialized};
use orm_core::{ErrorKind, Result, values};
use orm_tests::TestDb;

use crate::shop::{Customer, Line, Order, shop};

/// A tree.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "employee")]
struct Employee {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = Employee::id)]
    boss_id: Option<i32>,
    #[model(belongs_to = boss_id, backref = reports)]
    boss: BelongsTo<Self>,
}

/// 1 top; 2 Ann and 3 Bob under top; 4 Cleo under Ann.
async fn staff() -> TestDb {
    let db = TestDb::with::<Employee>().await;
    db.run("INSERT INTO employee (name, boss_id) VALUES ('top', NULL), ('Ann', 1), ('Bob', 1), ('Cleo', 2)").await;
    db
}

#[tokio::test]
async fn q18_a_cte_is_defined_at_the_head_and_used_anywhere() -> Result<()> {
    let db = shop().await;
    cte!(let dear = query::<Order>().filter(Order::total.ge(500i64)));
    let joined = query::<Customer>()
        .filter(Customer::name.ne("x"))
        .join_on(&dear, dear.c.customer_id.eq(Customer::id))
        .order_by(Customer::id.asc())
        .select((Customer::name, dear.c.total));
    assert_eq!(
        joined.to_sql(),
        concat!(
            r#"WITH "dear" AS (SELECT "order"."id", "order"."customer_id", "order"."status", "order"."total", "#,
            r#""order"."discount", "order"."tags" FROM "order" WHERE "order"."total" >= $1) "#,
            r#"SELECT "customer"."name", "dear"."total" FROM "customer" JOIN "dear" ON "dear"."customer_id" = "customer"."id" "#,
            r#"WHERE "customer"."name" <> $2 ORDER BY "customer"."id""#,
        ),
    );
    assert_eq!(db.engine.rows(joined).await?, [("Ann".to_owned(), 1000), ("Bob".to_owned(), 700)]);

    // Twice in one query under an alias, and in a subquery of it; defined once.
    aliased!(let other = &dear);
    let best = query_from(&dear).select(dear.c.total);
    let twice = query::<Customer>()
        .join_on(&dear, dear.c.customer_id.eq(Customer::id))
        .join_on(&other, other.c.id.ne(dear.c.id))
        .filter(dear.c.total.ge(best.all_in()))
        .select((Customer::name, other.c.total));
    let sql = twice.to_sql();
    assert_eq!(sql.matches(r#""dear" AS ("#).count(), 1, "{sql}");
    assert!(sql.contains(r#"JOIN "dear" AS "other" ON"#) && sql.contains(r#"FROM "dear" AS "dear_1")"#), "{sql}");
    assert_eq!(db.engine.rows(twice).await?, [("Ann".to_owned(), 700)]);

    // As the list of `in_select`, and of a query of models from a session.
    let ids = query_from(&dear).select(dear.c.customer_id);
    let mut session = db.engine.session();
    let customers = session.query::<Customer>().filter(Customer::id.in_select(ids)).all().await?;
    assert_eq!(customers.len(), 2);
    let orders = session.query_from(&dear).with(Order::lines).order_by(dear.c.id.asc()).all().await?;
    assert_eq!(session[orders[0]].lines.iter().count(), 2);
    assert_eq!(session.query_from(&dear).count().await?, 2);
    assert!(session.query_from(&dear).filter(dear.c.id.eq(1)).exists().await?);
    let mut walk = session.query_from(&dear).in_batches(1);
    let mut walked = 0;
    while let Some(batch) = walk.next(&mut session).await? {
        walked += batch.len();
    }
    assert_eq!(walked, 2);
    let mut stream = db.engine.query_from(&dear).stream().await?;
    assert!(stream.next().await?.is_some());
    Ok(())
}

#[tokio::test]
async fn q18_a_cte_may_use_another_and_none_hides_a_table() -> Result<()> {
    let db = shop().await;
    cte!(let dear = query::<Order>().filter(Order::total.ge(500i64)).select((Order::id, Order::customer_id)));
    cte!(let line = query::<Line>().join_on(&dear, dear.c.0.eq(Line::order_id)).select((dear.c.1, Line::product)));
    let query = query::<Customer>()
        .join_on(&line, line.c.0.eq(Customer::id))
        .join(Customer::orders)
        .join(Order::lines)
        .select((Customer::name, line.c.1, Line::product))
        .distinct();
    let sql = query.to_sql();
    assert!(sql.starts_with(r#"WITH "dear" ("c0", "c1") AS (SELECT "#), "inner ones first: {sql}");
    assert!(
        sql.contains(r#", "line_1" ("c0", "c1") AS (SELECT "dear"."c1", "line"."product" FROM "line" JOIN "dear""#),
        "{sql}"
    );
    assert_eq!(db.engine.rows(query).await?.len(), 5);
    // Without the table in the query it keeps its name, unless it reads it itself.
    cte!(let order = values([(1, "a".to_owned())]));
    assert!(query_from(&order).select(order.c.1).to_sql().starts_with(
        r#"WITH "order" ("c0", "c1") AS (SELECT * FROM UNNEST ($1, $2)) SELECT "order"."c1" FROM "order""#
    ));
    Ok(())
}

#[tokio::test]
async fn q18_columns_have_the_names_that_they_are_given() -> Result<()> {
    let db = shop().await;
    cte!(let spent { customer, total } = query::<Order>().select((Order::customer_id, Order::total)));
    subquery!(let born { year } = query::<Customer>().filter(Customer::id.eq(1)).select(Customer::born));
    subquery!(let dear = query::<Order>().filter(Order::total.gt(500i64)));
    let query = query::<Customer>()
        .join_on(&spent, spent.c.customer.eq(Customer::id))
        .join_on(&dear, dear.c.customer_id.eq(spent.c.customer))
        .join_on(&born, born.c.year.ge(Customer::born))
        .order_by(spent.c.total.asc())
        .select((Customer::name, spent.c.total, born.c.year));
    let sql = query.to_sql();
    assert!(sql.starts_with(r#"WITH "spent" ("customer", "total") AS (SELECT "#), "{sql}");
    assert!(sql.contains(r#") AS "dear" ON "dear"."customer_id" = "spent"."customer""#), "{sql}");
    assert!(sql.contains(r#") AS "born" ("year") ON "born"."year" >= "customer"."born""#), "{sql}");
    let rows: Vec<(String, i64, Option<i32>)> = db.engine.rows(query).await?;
    let expected = [("Ann", 250), ("Bob", 700), ("Ann", 1000)];
    assert_eq!(rows, expected.map(|(name, total)| (name.to_owned(), total, Some(1990))));
    Ok(())
}

#[test]
fn q18_a_cte_says_how_it_is_run() {
    cte!(let kept = materialized(query::<Order>().select(Order::id)));
    assert!(query_from(&kept).to_sql().starts_with(r#"WITH "kept" ("c0") AS MATERIALIZED (SELECT "#));
    cte!(let open = not_materialized(query::<Order>().select(Order::id)));
    assert!(query_from(&open).to_sql().starts_with(r#"WITH "open" ("c0") AS NOT MATERIALIZED (SELECT "#));
}

#[tokio::test]
async fn q18_a_tree_is_walked() -> Result<()> {
    let db = staff().await;
    recursive!(
        let under = query::<Employee>().filter(Employee::name.eq("Ann"));
        union_all query::<Employee>().join_on(&under, Employee::boss_id.eq(under.c.id))
    );
    let names = query_from(&under).order_by(under.c.id.asc());
    assert_eq!(
        names.to_sql(),
        concat!(
            r#"WITH RECURSIVE "under" AS ((SELECT "employee"."id", "employee"."name", "employee"."boss_id" FROM "employee" "#,
            r#"WHERE "employee"."name" = $1) UNION ALL (SELECT "employee"."id", "employee"."name", "employee"."boss_id" "#,
            r#"FROM "employee" JOIN "under" ON "employee"."boss_id" = "under"."id")) "#,
            r#"SELECT "under"."id", "under"."name", "under"."boss_id" FROM "under" ORDER BY "under"."id""#,
        ),
    );
    let found: Vec<Employee> = db.engine.all(names).await?;
    assert_eq!(found.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["Ann", "Cleo"]);
    let mut session = db.engine.session();
    let handles = session.query_from(&under).all().await?;
    assert_eq!(handles.len(), 2);
    Ok(())
}

#[tokio::test]
async fn q18_a_walk_carries_columns_of_its_own_and_ends_in_a_circle() -> Result<()> {
    let db = staff().await;
    recursive!(
        let tree { id, name, depth } = query::<Employee>()
            .filter(Employee::boss_id.is_null())
            .select((Employee::id, Employee::name, Employee::id * 0));
        union_all query::<Employee>()
            .join_on(&tree, Employee::boss_id.eq(tree.c.id))
            .select((Employee::id, Employee::name, tree.c.depth + 1))
    );
    assert!(query_from(&tree).to_sql().starts_with(r#"WITH RECURSIVE "tree" ("id", "name", "depth") AS ((SELECT "#));
    let rows: Vec<(String, i32)> = db
        .engine
        .query_from(&tree)
        .order_by(tree.c.depth.asc())
        .order_by(tree.c.name.asc())
        .select((tree.c.name, tree.c.depth))
        .all()
        .await?;
    let expected = [("top", 0), ("Ann", 1), ("Bob", 1), ("Cleo", 2)];
    assert_eq!(rows, expected.map(|(name, depth)| (name.to_owned(), depth)));

    db.run("UPDATE employee SET boss_id = 4 WHERE id = 1").await;
    recursive!(
        let around = query::<Employee>().filter(Employee::id.eq(1)).select(Employee::id);
        union query::<Employee>().join_on(&around, Employee::boss_id.eq(around.c.0)).select(Employee::id)
    );
    let mut ids = db.engine.rows(query_from(&around).select(around.c.0)).await?;
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert!(query_from(&around).to_sql().contains(") UNION (SELECT "));
    Ok(())
}

#[tokio::test]
async fn q18_a_cte_may_write() -> Result<()> {
    let db = shop().await;
    cte!(let gone = query::<Line>().filter(Line::product.eq("tea")).delete());
    let deleted = query_from(&gone).order_by(gone.c.id.asc());
    assert_eq!(
        deleted.clone().select((gone.c.id, gone.c.quantity)).to_sql(),
        concat!(
            r#"WITH "gone" AS (DELETE FROM "line" WHERE "line"."product" = $1 RETURNING "line"."id", "line"."order_id", "#,
            r#""line"."product", "line"."quantity", "line"."note") "#,
            r#"SELECT "gone"."id", "gone"."quantity" FROM "gone" ORDER BY "gone"."id""#,
        ),
    );
    let mut session = db.engine.session();
    let sent = db.record();
    let error = session.all(deleted.clone()).await.expect_err("a session does not write so");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(sent.take().is_empty());
    let ids = query_from(&gone).select(gone.c.id);
    let bulk = session.query::<Line>().filter(Line::id.in_select(ids)).update(Line::quantity.set(1)).await;
    assert_eq!(bulk.expect_err("nor does its bulk update").kind(), ErrorKind::Invalid);
    assert!(session.all(deleted.clone()).await.is_err());
    let lines: Vec<Line> = db.engine.all(deleted).await?;
    assert_eq!(lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(db.stored("SELECT product FROM line ORDER BY id").await, ["milk", "rye bread"]);

    cte!(let raised = query::<Order>().filter(Order::status.eq("paid")).update(Order::total.set(Order::total + 1i64)));
    let rows: Vec<(String, i64)> = db
        .engine
        .query_from(&raised)
        .join(raised.rel(Order::customer))
        .order_by(raised.c.id.asc())
        .select((Customer::name, raised.c.total))
        .all()
        .await?;
    assert_eq!(rows, [("Ann".to_owned(), 1001), ("Bob".to_owned(), 701)]);

    cte!(let all = query::<Line>().delete());
    let error = db.engine.all(query_from(&all)).await.expect_err("without a filter");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("all_rows"), "{error}");
    Ok(())
}

#[tokio::test]
async fn q18_bulk_writes_use_ctes() -> Result<()> {
    let db = shop().await;
    cte!(let poor = query::<Order>().filter(Order::total.lt(500i64)).select(Order::customer_id));
    let ids = query_from(&poor).select(poor.c.0);
    let delete = query::<Customer>().filter(Customer::id.not_in_select(ids)).filter(Customer::name.eq("Cleo")).delete();
    assert!(delete.to_sql().starts_with(r#"WITH "poor" ("c0") AS (SELECT "#), "{delete:?}");
    assert!(delete.to_sql().contains(r#") DELETE FROM "customer" WHERE "#), "{delete:?}");
    let update = db
        .engine
        .query::<Customer>()
        .join_on(&poor, poor.c.0.eq(Customer::id))
        .update(Customer::city.set("Narva"))
        .await?;
    assert_eq!(update, 2);
    assert_eq!(db.stored("SELECT name FROM customer WHERE city = 'Narva' ORDER BY id").await, ["Ann", "Dan"]);
    Ok(())
}

#[tokio::test]
async fn q18_a_recursive_query_is_read_by_itself_alone() -> Result<()> {
    let db = staff().await;
    // What is seen of it from inside escapes.
    let inside;
    recursive!(
        let tree = query::<Employee>().filter(Employee::id.eq(1));
        union_all {
            inside = query_from(&tree);
            query::<Employee>().join_on(&tree, Employee::boss_id.eq(tree.c.id))
        }
    );
    assert_eq!(db.engine.all(query_from(&tree)).await?.len(), 4);
    let sent = db.record();
    let error = db.engine.all(inside).await.expect_err("outside");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(sent.take().is_empty());
    Ok(())
}
