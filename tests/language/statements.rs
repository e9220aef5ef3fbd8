//! Q26 and Q27: SQL of one's own, as statements and as expressions.

use orm_core::ErrorKind;
use orm_core::prelude::*;
use orm_core::sql::raw_expr;

use crate::shop::{Customer, Line, Order, shop};

#[test]
fn q26_what_stands_in_braces_is_a_parameter() {
    let (id, name) = (1, "x");
    let statement = sql!("select * from t where id = {id} and (name = {name} or id > {id + 1} or id < {id})");
    assert_eq!(statement.to_sql(), "select * from t where id = $1 and (name = $2 or id > $3 or id < $1)");
    assert_eq!(format!("{statement:?}"), statement.to_sql());
    let literal = sql!("select '{id}', \"a{{b\", $$ {id} $$, {id} -- {id}\n/* {id} /* {id} */ */");
    assert_eq!(literal.to_sql(), "select '{id}', \"a{{b\", $$ {id} $$, $1 -- {id}\n/* {id} /* {id} */ */");
    assert_eq!(sql!(r"select {{ {r#id} }};").to_sql(), "select { $1 }");
}

#[tokio::test]
async fn q26_values_of_all_kinds_are_parameters() {
    let db = shop().await;
    let (text, owned, list, none): (&str, String, Vec<i32>, Option<i32>) = ("a", "b".to_owned(), vec![1, 2], None);
    let (borrowed, texts, slice): (&String, [&str; 2], &[i32]) = (&owned, ["x", "y"], &list);
    let auto: Auto<i32> = Auto::Value(7);
    let statement = sql!(
        "select {text}::text || {owned} || {borrowed} || {text.to_uppercase()}, {list}::int[], {none}::int, {texts}::text[],
         {slice}::int[] = {list}, {auto}::int, {if list.is_empty() { 0_i64 } else { 5 }}::bigint, {Some(2.5)}::float8"
    );
    type Row = (String, Vec<i32>, Option<i32>, Vec<String>, bool, i32, i64, f64);
    let row = statement.on(&db.engine).one::<Row>().await.unwrap();
    let texts = vec!["x".to_owned(), "y".to_owned()];
    assert_eq!(row, ("abbA".to_owned(), vec![1, 2], None, texts, true, 7, 5, 2.5));
    // A value that PostgreSQL cannot hold, and one that is not there yet, are refused before anything is sent.
    let record = db.record();
    let (nul, pending) = ("a\0", Auto::<i32>::Pending);
    for statement in [sql!("select {nul}"), sql!("select {pending}")] {
        let error = statement.on(&db.engine).all::<String>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
    }
    assert!(record.statements().is_empty());
}

#[tokio::test]
async fn q26_nothing_in_a_value_becomes_sql() {
    let db = shop().await;
    let name = "'; drop table customer; --";
    let found = sql!("select count(*) from customer where name = {name}").on(&db.engine).one::<i64>().await.unwrap();
    assert_eq!(found, 0);
    assert_eq!(sql!("select count(*) from customer").on(&db.engine).one::<i64>().await.unwrap(), 4);
}

#[tokio::test]
async fn q26_rows_become_models_by_the_names_of_their_columns() {
    let db = shop().await;
    let tag = "fast";
    let orders = sql!(
        r#"select 'more' as more, tags, discount, total, status, customer_id, id from "order" where {tag} = any(tags) order by id"#
    );
    let found = orders.clone().on(&db.engine).all::<Order>().await.unwrap();
    let shown: Vec<_> = found.iter().map(|order| (order.id.get(), order.status.as_str(), order.total)).collect();
    assert_eq!(shown, [(Some(1), "paid", 1000), (Some(3), "paid", 700)]);
    let mut session = db.engine.session();
    let handles: Vec<Handle<Order>> = orders.on(&mut session).all::<Order>().await.unwrap();
    assert_eq!(session[handles[1]].total, 700);
    // One row is one object.
    let again = session.query::<Order>().filter(Order::id.eq(3)).one().await.unwrap();
    assert_eq!(again, handles[1]);
}

#[tokio::test]
async fn q26_a_missing_column_is_named_before_the_statement_runs() {
    let db = shop().await;
    for _ in 0..2 {
        let error = sql!("select id, name, city from customer").on(&db.engine).all::<Customer>().await.unwrap_err();
        assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Schema, Some("Customer"), Some("born")));
        assert_eq!(error.to_string(), "the statement gives no column `born`, which `Customer` needs: select it");
    }
    let error = sql!("select id, name, city, 'x'::text as born from customer")
        .on(&db.engine)
        .all::<Customer>()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Schema, Some("born")));
    let error = sql!("select *, 1 as id from customer").on(&db.engine).all::<Customer>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the statement gives several columns `id`, and `Customer` needs one: name them differently"
    );
    // With no rows, too.
    let none = sql!("select id from customer where false").on(&db.engine).all::<Customer>().await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Schema);
}

#[derive(Projection, Debug, PartialEq)]
#[projection(model = Customer)]
struct Buyer {
    #[projection(column = Customer::name)]
    who: String,
    #[projection(expr = raw_expr::<i64, Customer>("0"))]
    spent: i64,
    orders: Vec<Bought>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Order)]
struct Bought {
    total: i64,
}

#[tokio::test]
async fn q26_rows_become_projections_by_the_names_of_their_fields() {
    let db = shop().await;
    let buyers = sql!(
        r#"select sum(o.total)::bigint as spent, c.id, c.name as who
           from customer c join "order" o on o.customer_id = c.id group by c.id order by c.id"#
    );
    let found = buyers.clone().on(&db.engine).first::<Buyer>().await.unwrap();
    let ann = Buyer { who: "Ann".to_owned(), spent: 1250, orders: vec![Bought { total: 1000 }, Bought { total: 250 }] };
    assert_eq!(found, Some(ann));
    let mut session = db.engine.session();
    assert_eq!(buyers.on(&mut session).all::<Buyer>().await.unwrap().len(), 3);
    let error = sql!("select name as who from customer").on(&db.engine).all::<Buyer>().await.unwrap_err();
    assert_eq!(error.to_string(), "the statement gives no column `spent`, which `Buyer` needs: select it");
}

#[tokio::test]
async fn q26_rows_become_tuples_and_single_values() {
    let db = shop().await;
    let rows = sql!("select id, city from customer order by id limit 2").on(&db.engine).all::<(i32, Option<String>)>();
    assert_eq!(rows.await.unwrap(), [(1, Some("Riga".to_owned())), (2, None)]);
    let names = sql!("values ('a'), ('b')").on(&db.engine).all::<String>().await.unwrap();
    assert_eq!(names, ["a", "b"]);
    let error = sql!("select 1, 2").on(&db.engine).all::<(i32, i32, i32)>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the statement gives 2 columns, and its rows are read as 3: name them in the statement, one by one"
    );
    let error = sql!("select 'x'::text as x").on(&db.engine).all::<i32>().await.unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Schema, Some("x")));
    let error = sql!("select null::int").on(&db.engine).one::<i32>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let error = sql!("select id from customer").on(&db.engine).one::<i32>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MultipleRows);
    let error = sql!("select id from customer where false").on(&db.engine).one::<i32>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn q26_a_statement_is_a_subquery() {
    let db = shop().await;
    let least = 500_i64;
    let big = sql!(r#"select * from "order" where total >= {least} and total > {least} - 1;"#).subquery_of::<Order>();
    let query = query::<Customer>().filter(Customer::name.ne("Dan")).join_on(&big, Customer::id.eq(big.c.customer_id));
    assert_eq!(
        query.clone().select((Customer::name, big.c.total)).to_sql(),
        concat!(
            r#"SELECT "customer"."name", "subquery"."total" FROM "customer" JOIN (SELECT "raw"."id", "raw"."customer_id", "#,
            r#""raw"."status", "raw"."total", "raw"."discount", "raw"."tags" FROM (select * from "order" where "#,
            r#"total >= $1 and total > $1 - 1) AS "raw") AS "subquery" ON "customer"."id" = "subquery"."customer_id" "#,
            r#"WHERE "customer"."name" <> $2"#,
        )
    );
    let rows = query.clone().select((Customer::name, big.c.total)).on(&db.engine).all().await.unwrap();
    assert_eq!(rows, [("Ann".to_owned(), 1000), ("Bob".to_owned(), 700)]);
    assert_eq!(query.on(&db.engine).count().await.unwrap(), 2);
}

#[tokio::test]
async fn q26_several_statements_are_told_apart_in_one_query() {
    let db = shop().await;
    let paid = subquery!(sql!(r#"select * from "order" where status = 'paid' -- only these"#).of::<Order>());
    let new = subquery!(sql!(r#"select * from "order" where status = 'new'"#).of::<Order>());
    let both = query::<Customer>()
        .join_on(&paid, Customer::id.eq(paid.c.customer_id))
        .join_on(&new, Customer::id.eq(new.c.customer_id))
        .select((Customer::name, paid.c.total + new.c.total));
    assert_eq!(both.on(&db.engine).all().await.unwrap(), [("Ann".to_owned(), 1250)]);
}

#[tokio::test]
async fn q26_a_subquery_that_lacks_a_column_is_refused_before_it_is_used() {
    let db = shop().await;
    let lines = sql!("select id, order_id, product, quantity from line").subquery_of::<Line>();
    let query = query::<Order>().join_on(&lines, Order::id.eq(lines.c.order_id));
    let error = query.on(&db.engine).all().await.unwrap_err();
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Schema, Some("Line"), Some("note")));
}

#[tokio::test]
async fn q26_execute_gives_the_number_of_rows() {
    let db = shop().await;
    let (city, new) = ("Riga", "Jelgava");
    let moved = sql!("update customer set city = {new} where city = {city}").on(&db.engine).execute().await.unwrap();
    assert_eq!(moved, 2);
    let error = sql!("update nothing set x = 1").on(&db.engine).execute().await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Schema, Some("42P01")));
    let gone = sql!("delete from line where product = 'tea' returning id, quantity");
    assert_eq!(gone.on(&db.engine).all::<(i32, i32)>().await.unwrap(), [(1, 2), (3, 1)]);
}

#[tokio::test]
async fn q26_a_session_flushes_first_and_runs_a_statement_in_its_transaction() {
    let db = shop().await;
    let mut session = db.engine.session();
    session.add(Customer::builder().name("Eve"));
    let moved = sql!("update customer set city = 'Riga' where name = 'Eve'").on(&mut session).execute().await.unwrap();
    assert_eq!(moved, 1);
    let names = sql!("insert into customer (name) values ('Fay') returning name").on(&mut session).all::<String>();
    assert_eq!(names.await.unwrap(), ["Fay"]);
    assert!(session.in_transaction());
    let count = || sql!("select count(*) from customer");
    assert_eq!(count().on(&db.engine).one::<i64>().await.unwrap(), 4);
    assert_eq!(count().on(&mut session).one::<i64>().await.unwrap(), 6);
    session.rollback().await.unwrap();
    assert_eq!(count().on(&mut session).one::<i64>().await.unwrap(), 4);
    // After an error of the server the session goes on.
    session.add(Customer::builder().name("Gus"));
    assert!(sql!("select * from nothing").on(&mut session).execute().await.is_err());
    session.commit().await.unwrap();
    assert_eq!(count().on(&db.engine).one::<i64>().await.unwrap(), 5);
}

#[tokio::test]
async fn q27_a_raw_expression_has_columns_and_values_between_its_text() {
    let distance = || raw_expr::<i32, ()>("strpos(").expr(Customer::name).raw(", ").param("n").raw(")");
    let query = query::<Customer>().filter(distance().gt(0)).order_by(distance().desc()).select(distance());
    assert_eq!(
        query.to_sql(),
        concat!(
            r#"SELECT (strpos("customer"."name", $1)) FROM "customer" WHERE (strpos("customer"."name", $2)) > $3 "#,
            r#"ORDER BY (strpos("customer"."name", $4)) DESC"#,
        )
    );
    let db = shop().await;
    assert_eq!(query.on(&db.engine).all().await.unwrap(), [3, 2]);
}

#[tokio::test]
async fn q27_a_raw_condition_keeps_to_itself() {
    let odd = raw_expr::<bool, Customer>(r#"customer.id = 1 or customer.id = 3"#);
    let query =
        query::<Customer>().filter(Customer::id.gt(1)).filter(odd.clone()).filter(odd.done().or(Customer::id.lt(0)));
    assert!(query.to_sql().ends_with(concat!(
        r#"WHERE "customer"."id" > $1 AND (customer.id = 1 or customer.id = 3) "#,
        r#"AND ((customer.id = 1 or customer.id = 3) OR "customer"."id" < $2)"#,
    )));
    let db = shop().await;
    let found = query.on(&db.engine).all().await.unwrap();
    assert_eq!(found.iter().map(|customer| customer.name.as_str()).collect::<Vec<_>>(), ["Cleo"]);
}

#[tokio::test]
async fn q27_the_type_of_a_raw_expression_is_compared_with_what_comes() {
    let db = shop().await;
    let query = db.engine.query::<Customer>().select(raw_expr::<i32, ()>("now()"));
    let error = query.all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
}
