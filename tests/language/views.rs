//! Q35: views, as models that are read and not written.

use orm_core::ErrorKind;
use orm_core::prelude::*;

use crate::shop::{Customer, Line, Order, shop};

/// What each customer has spent.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(
    view = r#"SELECT customer_id, sum(total)::bigint AS total, count(*) AS orders FROM "order" GROUP BY customer_id"#,
    comment = "What each customer has spent"
)]
struct Spending {
    #[model(primary_key, references = Customer::id)]
    customer_id: i32,
    #[model(comment = "In cents")]
    total: i64,
    orders: i64,
    #[model(belongs_to = customer_id, backref = spending)]
    customer: BelongsTo<Customer>,
}

/// How much was sold of each product.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(materialized_view = "SELECT product, sum(quantity)::bigint AS sold FROM line GROUP BY product")]
#[model(table = "sales", index(product, unique))]
struct Sales {
    #[model(primary_key)]
    product: String,
    sold: i64,
}

/// A view of somebody else.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(view, table = "rich")]
struct Rich {
    #[model(primary_key)]
    id: i32,
    name: String,
}

#[test]
fn q35_views_are_created_after_the_tables_and_dropped_before_them() {
    let metadata = Metadata::of::<(Spending, Sales, Rich, Order, Customer, Line)>().unwrap();
    let ddl = metadata.ddl();
    let lines: Vec<&str> = ddl.lines().collect();
    assert!(lines[..lines.len() - 5].iter().all(|line| !line.contains("VIEW")), "{ddl}");
    assert_eq!(
        lines[lines.len() - 5..],
        [
            r#"CREATE MATERIALIZED VIEW "sales" AS SELECT product, sum(quantity)::bigint AS sold FROM line GROUP BY product;"#,
            r#"CREATE UNIQUE INDEX IF NOT EXISTS "sales_product_idx" ON "sales" ("product");"#,
            r#"CREATE VIEW "spending" AS SELECT customer_id, sum(total)::bigint AS total, count(*) AS orders FROM "order" GROUP BY customer_id;"#,
            r#"COMMENT ON VIEW "spending" IS 'What each customer has spent';"#,
            r#"COMMENT ON COLUMN "spending"."total" IS 'In cents';"#,
        ]
    );
    let drop = metadata.drop_ddl();
    assert!(
        drop.starts_with("DROP VIEW IF EXISTS \"spending\";\nDROP MATERIALIZED VIEW IF EXISTS \"sales\";\nDROP TABLE"),
        "{drop}"
    );
    assert!(!drop.contains("rich"), "{drop}");
}

#[tokio::test]
async fn q35_a_view_is_queried_joined_and_loaded() {
    let db = shop().await;
    for _ in 0..2 {
        // What is there stays as it is.
        db.engine.create_all::<(Customer, Order, Line, Spending)>().await.unwrap();
    }
    let query = db.engine.query::<Spending>().with(Spending::customer).order_by(Spending::total.desc());
    let spent = query.all().await.unwrap();
    let shown: Vec<_> =
        spent.iter().map(|(view, customer)| (customer.name.as_str(), view.total, view.orders)).collect();
    assert_eq!(shown, [("Ann", 1250, 2), ("Bob", 700, 1), ("Dan", 0, 1)]);
    let much = db.engine.query::<Customer>().join(Customer::spending).filter(Spending::total.gt(1000));
    assert_eq!(much.one().await.unwrap().name, "Ann");
    let mut session = db.engine.session();
    let handle = session.query::<Spending>().filter(Spending::orders.eq(2)).one().await.unwrap();
    assert_eq!(session[handle].total, 1250);
    // An object of a view is no obstacle to a flush.
    let customer = session.query::<Customer>().filter(Customer::id.eq(1)).one().await.unwrap();
    session[customer].name = "Anna".to_owned();
    session.commit().await.unwrap();
    db.engine.drop_all::<(Customer, Order, Line, Spending)>().await.unwrap();
}

#[tokio::test]
async fn q35_a_materialized_view_is_refreshed() {
    let db = shop().await;
    db.engine.create_all::<(Customer, Order, Line, Sales)>().await.unwrap();
    let tea = || db.engine.query::<Sales>().filter(Sales::product.eq("tea")).select(Sales::sold);
    assert_eq!(tea().one().await.unwrap(), 3);
    db.run("UPDATE line SET quantity = 10 WHERE id = 1").await;
    assert_eq!(tea().one().await.unwrap(), 3);
    db.engine.refresh_materialized::<Sales>().await.unwrap();
    assert_eq!(tea().one().await.unwrap(), 11);
    db.run("UPDATE line SET quantity = 20 WHERE id = 1").await;
    let record = db.record();
    db.engine.refresh_materialized_concurrently::<Sales>().await.unwrap();
    assert_eq!(record.statements()[0].sql(), r#"REFRESH MATERIALIZED VIEW CONCURRENTLY "sales""#);
    assert_eq!(tea().one().await.unwrap(), 21);
}

#[tokio::test]
async fn q35_a_view_of_somebody_else_is_left_alone() {
    let db = shop().await;
    db.engine.create_all::<Rich>().await.unwrap();
    let error = db.engine.query::<Rich>().all().await.unwrap_err();
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Schema, Some("42P01")));
    db.run("CREATE VIEW rich AS SELECT id, name FROM customer WHERE id < 3").await;
    assert_eq!(db.engine.query::<Rich>().count().await.unwrap(), 2);
    db.engine.drop_all::<Rich>().await.unwrap();
    assert_eq!(db.engine.query::<Rich>().count().await.unwrap(), 2);
}

/// A table with a key to a view.
mod wrong {
    use orm_core::prelude::*;

    #[derive(Model, Debug, Clone)]
    pub(super) struct Note {
        #[model(primary_key)]
        pub(super) id: Auto<i32>,
        #[model(references = super::Rich::id)]
        pub(super) rich_id: i32,
    }
}

#[test]
fn q35_a_foreign_key_to_a_view_is_refused() {
    let error = Metadata::of::<(wrong::Note, Rich)>().map(drop).unwrap_err();
    assert_eq!((error.kind(), error.model()), (ErrorKind::Config, Some("Note")));
    assert_eq!(
        error.to_string(),
        "a foreign key of `Note` leads to `Rich`, which is a view: let it lead to a table, or let the view have the key"
    );
}
