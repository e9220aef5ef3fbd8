//! Q3: structs of one's own, filled from columns, expressions and relationships.

use orm_core::prelude::*;
use orm_core::{Error, ErrorKind};
use serde::Serialize;

use crate::shop::{Customer, Line, Order, shop};

#[derive(Projection, Debug, Clone, PartialEq, Serialize)]
#[projection(model = Customer)]
struct CustomerView {
    id: i32,
    #[projection(column = Customer::name)]
    title: String,
    city: Option<String>,
    #[projection(expr = Customer::born.gt(1989))]
    is_young: Option<bool>,
    orders: Vec<OrderView>,
}

#[derive(Projection, Debug, Clone, PartialEq, Serialize)]
#[projection(model = Order)]
struct OrderView {
    status: String,
    total: i64,
    tags: Vec<String>,
    #[projection(relation = Order::lines)]
    products: Vec<ProductView>,
}

#[derive(Projection, Debug, Clone, PartialEq, Serialize)]
#[projection(model = Line)]
struct ProductView {
    product: String,
    quantity: i32,
}

#[test]
fn q03_a_projection_selects_its_columns_and_the_keys_of_its_relationships() {
    let riga = query::<Customer>().filter(Customer::city.eq("Riga")).project::<CustomerView>();
    assert_eq!(
        riga.order_by(Customer::name.desc()).limit(2).offset(1).to_sql(),
        concat!(
            r#"SELECT "customer"."id", "customer"."name", "customer"."city", "customer"."born" > $1 FROM "customer" "#,
            r#"WHERE "customer"."city" = $2 ORDER BY "customer"."name" DESC LIMIT 2 OFFSET 1"#,
        )
    );
    // The key is not a field: it is selected all the same.
    assert_eq!(
        query::<Order>().project::<OrderView>().to_sql(),
        r#"SELECT "order"."status", "order"."total", "order"."tags", "order"."id" FROM "order""#,
    );
}

#[tokio::test]
async fn q03_relationships_are_loaded_level_by_level() {
    let db = shop().await;
    let record = db.record();
    let query = db.engine.query::<Customer>().order_by(Customer::id.asc()).project::<CustomerView>();
    let customers = query.all().await.unwrap();
    let texts: Vec<String> = record.statements().iter().map(|statement| statement.sql().to_owned()).collect();
    assert_eq!(
        texts[1..],
        [
            concat!(
                r#"SELECT "order"."status", "order"."total", "order"."tags", "order"."id", "order"."customer_id" "#,
                r#"FROM "order" WHERE "order"."customer_id" = ANY ($1) ORDER BY "order"."id""#,
            ),
            concat!(
                r#"SELECT "line"."product", "line"."quantity", "line"."order_id" FROM "line" "#,
                r#"WHERE "line"."order_id" = ANY ($1) ORDER BY "line"."id""#,
            ),
        ]
    );
    let json = serde_json::to_value(&customers).unwrap();
    assert_eq!(
        json,
        serde_json::json!([
            {
                "id": 1, "title": "Ann", "city": "Riga", "is_young": true,
                "orders": [
                    { "status": "paid", "total": 1000, "tags": ["gift", "fast"], "products": [
                        { "product": "tea", "quantity": 2 }, { "product": "milk", "quantity": 1 },
                    ] },
                    { "status": "new", "total": 250, "tags": [], "products": [{ "product": "tea", "quantity": 1 }] },
                ],
            },
            {
                "id": 2, "title": "Bob", "city": null, "is_young": false,
                "orders": [{ "status": "paid", "total": 700, "tags": ["fast"], "products": [
                    { "product": "rye bread", "quantity": 3 },
                ] }],
            },
            { "id": 3, "title": "Cleo", "city": "Riga", "is_young": null, "orders": [] },
            {
                "id": 4, "title": "Dan", "city": "Tartu", "is_young": true,
                "orders": [{ "status": "lost", "total": 0, "tags": [], "products": [] }],
            },
        ])
    );
}

#[tokio::test]
async fn q03_a_session_flushes_and_gives_plain_values() {
    let db = shop().await;
    let mut session = db.engine.session();
    session.add(Customer::builder().name("Eve").orders([Order::builder().status("new").total(5).tags(Vec::new())]));
    let found = session.query::<Customer>().filter(Customer::name.eq("Eve")).project::<CustomerView>();
    let eve = found.one().await.unwrap();
    assert_eq!((eve.title.as_str(), eve.orders.len(), eve.orders[0].total), ("Eve", 1, 5));
    session.rollback().await.unwrap();
    let none = session.query::<Customer>().filter(Customer::name.eq("Eve")).project::<CustomerView>();
    assert_eq!(none.one_or_none().await.unwrap(), None);
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Line)]
struct LineView {
    product: String,
    order: OrderOf,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Order)]
struct OrderOf {
    id: Auto<i32>,
    customer: Option<CustomerOf>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Customer)]
struct CustomerOf {
    name: Option<String>,
}

#[tokio::test]
async fn q03_a_relationship_to_one_fills_a_struct_and_an_object_that_several_share_comes_to_each() {
    let db = shop().await;
    let query = db.engine.query::<Line>().order_by(Line::id.asc()).project::<LineView>();
    let lines = query.all().await.unwrap();
    let order = |id: i32, name: &str| OrderOf {
        id: Auto::Value(id),
        customer: Some(CustomerOf { name: Some(name.to_owned()) }),
    };
    let of = |product: &str, order: OrderOf| LineView { product: product.to_owned(), order };
    assert_eq!(
        lines,
        [
            of("tea", order(1, "Ann")),
            of("milk", order(1, "Ann")),
            of("tea", order(2, "Ann")),
            of("rye bread", order(3, "Bob")),
        ]
    );
}

#[derive(Projection, Debug, PartialEq)]
#[projection(model = Customer)]
struct Best {
    name: String,
    #[projection(relation = Customer::orders.filter(Order::total.gt(0)).order_by(Order::total.desc()).limit(1))]
    best: Vec<OrderOf>,
}

#[tokio::test]
async fn q03_a_part_of_a_relationship_fills_a_field() {
    let db = shop().await;
    let query = db.engine.query::<Customer>().order_by(Customer::id.asc()).project::<Best>();
    let found: Vec<(String, Vec<i32>)> = query
        .all()
        .await
        .unwrap()
        .into_iter()
        .map(|best| (best.name, best.best.iter().filter_map(|order| order.id.get()).collect()))
        .collect();
    let expected = [("Ann", vec![1]), ("Bob", vec![3]), ("Cleo", vec![]), ("Dan", vec![])];
    assert_eq!(found, expected.map(|(name, orders)| (name.to_owned(), orders)));
}

#[derive(Projection, Debug, PartialEq)]
#[projection(model = Customer, left_join(Order))]
struct Purchase {
    name: String,
    #[projection(column = Order::total)]
    total: Option<i64>,
    #[projection(expr = Order::id.count())]
    count: i64,
    #[projection(column = Order::discount)]
    discount: Option<f64>,
}

#[derive(Projection, Debug, PartialEq)]
#[projection(model = Line, join(Order, Customer))]
struct Sold {
    #[projection(column = Customer::name)]
    to: String,
    product: String,
    #[projection(expr = Order::total + 1)]
    more: i64,
    order: OrderOf,
}

#[tokio::test]
async fn q03_a_projection_reads_joined_tables() {
    let db = shop().await;
    let purchases = query::<Customer>().left_join(Customer::orders).project::<Purchase>();
    assert_eq!(
        purchases.to_sql(),
        concat!(
            r#"SELECT "customer"."name", "order"."total", count("order"."id"), "order"."discount" FROM "customer" "#,
            r#"LEFT JOIN "order" ON "customer"."id" = "order"."customer_id""#,
        )
    );
    let query = db.engine.query::<Line>().join(Line::order).join(Order::customer);
    let sold = query.filter(Customer::name.eq("Bob")).project::<Sold>().one().await.unwrap();
    assert_eq!((sold.to.as_str(), sold.product.as_str(), sold.more), ("Bob", "rye bread", 701));
    assert_eq!(sold.order.id, Auto::Value(3));
}

#[derive(Projection, Debug, PartialEq)]
#[projection(model = Customer, left_join(Order))]
struct Paid {
    name: String,
    #[projection(column = Order::total)]
    total: Option<i64>,
}

#[tokio::test]
async fn q03_what_a_left_join_leaves_out_is_none() {
    let db = shop().await;
    let query = db.engine.query::<Customer>().left_join(Customer::orders).order_by(Order::id.asc().nulls_last());
    let paid: Vec<(String, Option<i64>)> =
        query.project::<Paid>().all().await.unwrap().into_iter().map(|paid| (paid.name, paid.total)).collect();
    let expected = [("Ann", Some(1000)), ("Ann", Some(250)), ("Bob", Some(700)), ("Dan", Some(0)), ("Cleo", None)];
    assert_eq!(paid, expected.map(|(name, total)| (name.to_owned(), total)));
    // What may be missing may also be there.
    let query = db.engine.query::<Customer>().join(Customer::orders).project::<Paid>();
    assert_eq!(query.all().await.unwrap().len(), 4);
}

#[tokio::test]
async fn q03_one_row_is_asked_for_as_of_any_query() {
    let db = shop().await;
    let all = || db.engine.query::<Customer>().order_by(Customer::id.asc()).project::<CustomerOf>();
    assert_eq!(all().first().await.unwrap(), Some(CustomerOf { name: Some("Ann".to_owned()) }));
    assert_eq!(all().one().await.unwrap_err().kind(), ErrorKind::MultipleRows);
    assert_eq!(all().one_or_none().await.unwrap_err().kind(), ErrorKind::MultipleRows);
    let none = || db.engine.query::<Customer>().filter(Customer::id.lt(0)).project::<CustomerOf>();
    assert_eq!(none().first().await.unwrap(), None);
    let error: Error = none().one().await.unwrap_err();
    assert_eq!((error.kind(), error.model()), (ErrorKind::NotFound, Some("Customer")));
}

#[tokio::test]
async fn q03_a_projection_of_columns_is_streamed() {
    let db = shop().await;
    let query = db.engine.query::<Customer>().order_by(Customer::id.asc());
    let mut names = query.clone().project::<CustomerOf>().stream().await.unwrap();
    let mut found = Vec::new();
    while let Some(customer) = names.next().await.unwrap() {
        found.extend(customer.name);
    }
    assert_eq!(found, ["Ann", "Bob", "Cleo", "Dan"]);
    let error = query.project::<CustomerView>().stream().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "projection `CustomerView` has relationships, which a stream does not load: ask for it by `all`"
    );
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Customer)]
struct Outermost {
    orders: Vec<OrderInItself>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Order)]
struct OrderInItself {
    lines: Vec<LineInItself>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Line)]
struct LineInItself {
    #[projection(relation = Line::order)]
    order: Option<MiddleOrder>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Order)]
struct MiddleOrder {
    lines: Vec<LineInItself>,
}

#[tokio::test]
async fn q03_a_projection_in_itself_is_refused_before_anything_is_sent() {
    let db = shop().await;
    let record = db.record();
    let error = db.engine.query::<Customer>().project::<Outermost>().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.to_string(), "projection `LineInItself` is nested in itself: use another struct below it");
    assert!(record.statements().is_empty());
}

#[tokio::test]
async fn q03_a_query_is_bound_to_who_runs_it() {
    let db = shop().await;
    let names = query::<Customer>().filter(Customer::id.eq(3)).project::<CustomerOf>();
    assert_eq!(names.clone().on(&db.engine).all().await.unwrap().len(), 1);
    let mut session = db.engine.session();
    let bound = names.clone().on(&mut session);
    assert_eq!(bound.to_sql(), r#"SELECT "customer"."name" FROM "customer" WHERE "customer"."id" = $1"#);
    assert_eq!(bound.all().await.unwrap().len(), 1);
    assert_eq!(in_riga(&mut session).await.unwrap(), ["Ann", "Cleo"]);
    assert_eq!(in_riga(&mut db.engine.clone()).await.unwrap(), ["Ann", "Cleo"]);
}

/// Generic code may ask for a projection, too.
async fn in_riga<D: Db>(db: &mut D) -> orm_core::Result<Vec<String>> {
    let query = query::<Customer>().filter(Customer::city.eq("Riga")).order_by(Customer::id.asc());
    let found = db.projections(query.project::<CustomerOf>()).await?;
    Ok(found.into_iter().filter_map(|customer| customer.name).collect())
}

#[tokio::test]
async fn q03_a_far_end_that_is_gone_is_an_error_where_one_is_needed() {
    let db = shop().await;
    db.run("ALTER TABLE line DROP CONSTRAINT line_order_id_fkey; UPDATE line SET order_id = 77 WHERE id = 1").await;
    let error = db.engine.query::<Line>().project::<LineView>().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with("relationship `Line::order` leads to no row"), "{error}");
}
