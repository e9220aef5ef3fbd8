//! What is asked of related objects: all, none, how many, which one.

use chrono::{DateTime, Utc};
use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::from;
use crate::shop::{Customer, Line, Order, shop};

/// Points to itself, and has tags.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "page")]
struct Page {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(unique)]
    path: String,
    #[model(references = Page::path)]
    above: Option<String>,
    #[model(belongs_to = above, backref = below)]
    parent: BelongsTo<Self>,
    #[model(through("page_label", page_id, label_id))]
    labels: HasMany<Label>,
}

/// Marks its rows as deleted.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "label", soft_delete = deleted_at)]
struct Label {
    #[model(primary_key)]
    id: Auto<i32>,
    text: String,
    deleted_at: Option<DateTime<Utc>>,
}

/// Pages 1 / and 2 /a, 3 /b below it, 4 /a/c below 2. Labels 1 new, 2 old (deleted), 3 hot; 2 has 1, 2 and 3, 3 has 2.
async fn site() -> TestDb {
    let db = TestDb::with::<(Page, Label)>().await;
    db.run(
        "INSERT INTO page (path, above) VALUES ('/', NULL), ('/a', '/'), ('/b', '/'), ('/a/c', '/a');
         INSERT INTO label (text, deleted_at) VALUES ('new', NULL), ('old', now()), ('hot', NULL);
         INSERT INTO page_label (page_id, label_id) VALUES (2, 1), (2, 2), (2, 3), (3, 2);",
    )
    .await;
    db
}

async fn customers(db: &TestDb, condition: impl Expression<Type = bool, Uses = Customer>) -> Result<Vec<String>> {
    db.engine.rows(query::<Customer>().filter(condition).order_by(Customer::id.asc()).select(Customer::name)).await
}

async fn paths(db: &TestDb, condition: impl Expression<Type = bool, Uses = Page>) -> Result<Vec<String>> {
    db.engine.rows(query::<Page>().filter(condition).order_by(Page::id.asc()).select(Page::path)).await
}

#[tokio::test]
async fn q17_all_none_of_and_has() -> Result<()> {
    let db = shop().await;
    assert_eq!(customers(&db, Customer::orders.all(Order::status.eq("paid"))).await?, ["Bob", "Cleo"]);
    // A condition that is NULL is not fulfilled.
    assert_eq!(customers(&db, Customer::orders.all(Order::discount.lt(0.9))).await?, ["Cleo", "Dan"]);
    assert_eq!(customers(&db, Customer::orders.none_of(Order::status.eq("paid"))).await?, ["Cleo", "Dan"]);
    assert_eq!(customers(&db, Customer::orders.none()).await?, ["Cleo"]);
    let by_ann = query::<Order>().filter(Order::customer.has(Customer::name.eq("Ann")));
    assert_eq!(
        from(&by_ann.to_sql()),
        concat!(
            r#""order" WHERE EXISTS (SELECT 1 FROM "customer" WHERE "order"."customer_id" = "customer"."id" "#,
            r#"AND "customer"."name" = $1)"#,
        ),
    );
    assert_eq!(by_ann.on(&db.engine).count().await?, 2);
    // The condition may read the start.
    let dear = Order::customer.has(Customer::born.gt(1986).and(Order::total.gt(500i64)));
    assert_eq!(db.engine.query::<Order>().filter(dear).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn q17_related_objects_are_counted() -> Result<()> {
    let db = shop().await;
    let paid = Customer::orders.filter(Order::status.eq("paid"));
    let rows: Vec<(String, i64, i64, Option<i64>)> = db
        .engine
        .query::<Customer>()
        .order_by(Customer::orders.count().desc())
        .order_by(Customer::id.asc())
        .select((
            Customer::name,
            Customer::orders.count(),
            paid.clone().count(),
            Customer::orders.aggregate(Order::discount.count()),
        ))
        .all()
        .await?;
    let expected = [("Ann", 2, 1, Some(1)), ("Bob", 1, 1, Some(0)), ("Dan", 1, 0, Some(1)), ("Cleo", 0, 0, Some(0))];
    assert_eq!(rows, expected.map(|(name, all, paid, discounts)| (name.to_owned(), all, paid, discounts)));
    let busy = query::<Customer>().filter(Customer::orders.count().gt(1i64));
    assert_eq!(
        from(&busy.to_sql()),
        r#""customer" WHERE (SELECT count(*) FROM "order" WHERE "customer"."id" = "order"."customer_id") > $1"#,
    );
    assert_eq!(db.engine.one(busy).await?.name, "Ann");
    let mut session = db.engine.session();
    assert_eq!(session.query::<Customer>().filter(Customer::orders.count().eq(0i64)).all().await?.len(), 1);

    let first = Customer::orders.order_by(Order::id.asc()).limit(1);
    let counted = query::<Customer>()
        .order_by(Customer::id.asc())
        .select((first.clone().count(), first.aggregate(Order::discount.count())));
    assert_eq!(db.engine.rows(counted).await?, [(1, Some(1)), (1, Some(0)), (0, Some(0)), (1, Some(1))]);
    let lines = query::<Order>().order_by(Order::id.asc()).select(Order::lines.filter(Line::quantity.gt(1)).count());
    assert_eq!(db.engine.rows(lines).await?, [1, 0, 1, 0]);
    Ok(())
}

#[tokio::test]
async fn q17_of_itself_over_links_and_without_marked_rows() -> Result<()> {
    let db = site().await;
    // An end that is the same table does not hide the start.
    let with = Page::below.exists();
    assert_eq!(
        from(&query::<Page>().filter(with.clone()).to_sql()),
        r#""page" WHERE EXISTS (SELECT 1 FROM "page" AS "below" WHERE "page"."path" = "below"."above")"#,
    );
    assert_eq!(paths(&db, with).await?, ["/", "/a"]);
    assert_eq!(paths(&db, Page::below.none()).await?, ["/b", "/a/c"]);
    let counts = query::<Page>().order_by(Page::id.asc());
    let few = Page::below.filter(Page::path.like("%a%")).count();
    let rows =
        counts.clone().select((Page::below.count(), few, Page::labels.count(), Page::labels.with_deleted().count()));
    assert_eq!(db.engine.rows(rows).await?, [(2, 1, 0, 0), (1, 1, 2, 3), (0, 0, 0, 1), (0, 0, 0, 0)]);
    aliased!(let child = Page);
    assert_eq!(paths(&db, Page::below.all_as(&child, child.c.path.like("/a%"))).await?, ["/a", "/b", "/a/c"]);
    assert_eq!(paths(&db, Page::below.none_of_as(&child, child.c.path.like("%c"))).await?, ["/", "/b", "/a/c"]);
    assert_eq!(paths(&db, Page::parent.has_as(&child, child.c.path.eq("/a"))).await?, ["/a/c"]);
    let deep = counts.clone().select(Page::below.aggregate_as(&child, child.c.above.count()));
    assert_eq!(db.engine.rows(deep).await?, [Some(2), Some(1), Some(0), Some(0)]);
    assert_eq!(paths(&db, Page::labels.none_of(Label::text.eq("hot"))).await?, ["/", "/b", "/a/c"]);

    let cut = counts.select(Page::below.limit(1).count());
    let sent = db.record();
    let error = db.engine.rows(cut).await.expect_err("it cannot be said");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`Page::below`"), "{error}");
    assert!(sent.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn q34_filters_by_object_and_by_key() -> Result<()> {
    let db = shop().await;
    let ann = db.engine.query::<Customer>().filter(Customer::name.eq("Ann")).one().await?;
    let of_ann = query::<Order>().filter(Order::customer.is(&ann));
    assert_eq!(from(&of_ann.to_sql()), r#""order" WHERE "order"."customer_id" = $1"#);
    assert_eq!(of_ann.on(&db.engine).count().await?, 2);
    assert_eq!(query::<Order>().filter(Order::customer.is(2)).on(&db.engine).count().await?, 1);
    assert_eq!(query::<Order>().filter(Order::customer.is(ann.id)).on(&db.engine).count().await?, 2);
    let all = db.engine.query::<Customer>().all().await?;
    let of_all = query::<Order>().filter(Order::customer.is_in(&all));
    assert_eq!(from(&of_all.to_sql()), r#""order" WHERE "order"."customer_id" = ANY ($1)"#);
    assert_eq!(of_all.on(&db.engine).count().await?, 4);
    assert_eq!(query::<Order>().filter(Order::customer.is_in([2, 4])).on(&db.engine).count().await?, 2);
    let nobody: [&Customer; 0] = [];
    assert_eq!(query::<Order>().filter(Order::customer.is_in(nobody)).on(&db.engine).count().await?, 0);
    assert_eq!(query::<Order>().filter(Order::customer.is(&ann).not()).on(&db.engine).count().await?, 2);

    let order = db.engine.query::<Order>().filter(Order::id.eq(3)).one().await?;
    let who = query::<Customer>().filter(Customer::orders.contains(&order));
    assert_eq!(from(&who.to_sql()), r#""customer" WHERE "customer"."id" = $1"#);
    assert_eq!(db.engine.one(who).await?.name, "Bob");
    let who = query::<Customer>().filter(Customer::orders.contains(3));
    assert_eq!(
        from(&who.to_sql()),
        r#""customer" WHERE "customer"."id" IN (SELECT "order"."customer_id" FROM "order" WHERE "order"."id" = $1)"#,
    );
    assert_eq!(db.engine.one(who).await?.name, "Bob");
    assert_eq!(query::<Customer>().filter(Customer::orders.contains_any([1, 2, 4])).on(&db.engine).count().await?, 2);

    let mut session = db.engine.session();
    let bob = session.query::<Customer>().filter(Customer::name.eq("Bob")).one().await?;
    let orders = session.all(query::<Order>().filter(Order::customer.is(&session[bob]))).await?;
    assert_eq!(orders.len(), 1);
    let new = session.add(Customer::builder().name("Eve"));
    let pending = query::<Order>().filter(Order::customer.is(&session[new]));
    let sent = db.record();
    let error = session.all(pending).await.expect_err("it has no key");
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.to_string().contains("the `Customer` is pending"), "{error}");
    let several = query::<Order>().filter(Order::customer.is_in([&session[new], &session[bob]]));
    assert_eq!(session.all(several).await.expect_err("one has no key").kind(), ErrorKind::Encode);
    let key = query::<Order>().filter(Order::customer.is(session[new].id));
    assert_eq!(session.all(key).await.expect_err("it is pending").kind(), ErrorKind::Encode);
    assert!(sent.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn q34_by_other_columns_than_the_key_and_over_links() -> Result<()> {
    let db = site().await;
    let page = db.engine.query::<Page>().filter(Page::path.eq("/a")).one().await?;
    let below = query::<Page>().filter(Page::parent.is(&page));
    assert_eq!(from(&below.to_sql()), r#""page" WHERE "page"."above" = $1"#);
    assert_eq!(db.engine.one(below).await?.path, "/a/c");
    let by_key = query::<Page>().filter(Page::parent.is(2));
    assert_eq!(db.engine.one(by_key).await?.path, "/a/c");
    let top = db.engine.query::<Page>().filter(Page::above.is_null()).one().await?;
    assert_eq!(
        query::<Page>().filter(Page::below.contains(&top)).on(&db.engine).count().await?,
        0,
        "it is below nothing"
    );
    let label = db.engine.query::<Label>().filter(Label::text.eq("new")).one().await?;
    let labelled = query::<Page>().filter(Page::labels.contains(&label));
    assert_eq!(
        from(&labelled.to_sql()),
        concat!(
            r#""page" WHERE EXISTS (SELECT 1 FROM "page_label" AS "page_label" "#,
            r#"WHERE "page_label"."page_id" = "page"."id" AND "page_label"."label_id" = $1)"#,
        ),
    );
    assert_eq!(db.engine.one(labelled).await?.path, "/a");
    assert_eq!(query::<Page>().filter(Page::labels.contains_any([2, 3])).on(&db.engine).count().await?, 2);
    Ok(())
}
