//! Q25: `MERGE`.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::rows_are_inserted::Stock;
use crate::shop::{Customer, Line, Order, shop};

/// Marked and not deleted, with a version and a column that every update sets.
#[derive(Model, Debug, Clone)]
struct Note {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(length = 5)]
    title: String,
    text: Option<String>,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
    #[model(version)]
    version: i32,
    #[model(default = "0", on_update = "changes + 1")]
    changes: Auto<i32>,
}

/// The same as what is marked.
#[derive(Model, Debug, Clone)]
#[model(soft_delete = deleted_at)]
#[model(table = "note")]
struct Marked {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(length = 5)]
    title: String,
    text: Option<String>,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
    #[model(version)]
    version: i32,
    #[model(default = "0", on_update = "changes + 1")]
    changes: Auto<i32>,
}

fn note(title: &str, text: Option<&str>) -> Marked {
    Marked::builder().title(title).text(text.map(str::to_owned)).version(1).build()
}

const NOTES: &str = "SELECT title, text, deleted_at IS NULL, version, changes FROM note ORDER BY id";

#[test]
fn q25_merges_have_their_texts() {
    let lines = subquery!(query::<Line>().filter(Line::quantity.gt(1)));
    let merge = merge_into::<Stock>()
        .using(&lines)
        .on(Stock::product.eq(lines.c.product))
        .when_matched()
        .filter(Stock::amount.lt(lines.c.quantity))
        .filter(lines.c.note.is_null())
        .do_nothing()
        .when_matched()
        .update(Stock::amount.set(Stock::amount - lines.c.quantity))
        .when_not_matched()
        .filter(lines.c.product.eq("tea").or(lines.c.product.eq("milk")))
        .insert((Stock::product.set(lines.c.product), Stock::place.set("new"), Stock::amount.set(0)))
        .when_not_matched()
        .do_nothing();
    let text = concat!(
        r#"MERGE INTO "stock" USING (SELECT "line"."id", "line"."order_id", "line"."product", "line"."quantity", "#,
        r#""line"."note" FROM "line" WHERE "line"."quantity" > $1) AS "subquery" "#,
        r#"ON "stock"."product" = "subquery"."product" "#,
        r#"WHEN MATCHED AND "stock"."amount" < "subquery"."quantity" AND "subquery"."note" IS NULL THEN DO NOTHING "#,
        r#"WHEN MATCHED THEN UPDATE SET "amount" = "stock"."amount" - "subquery"."quantity", "#,
        r#""version" = "stock"."version" + $2, "changes" = (SELECT changes + 1 FROM (SELECT "stock".*) AS "stock") "#,
        r#"WHEN NOT MATCHED AND "subquery"."product" = $3 OR "subquery"."product" = $4 "#,
        r#"THEN INSERT ("product", "place", "amount") VALUES ("subquery"."product", $5, $6) "#,
        r#"WHEN NOT MATCHED THEN DO NOTHING"#,
    );
    assert_eq!(merge.to_sql(), text);
    assert_eq!(format!("{merge:?}"), text);
    aliased!(let old = Marked);
    let from_marked = merge_into::<Marked>().using(&old).on(Marked::id.eq(old.c.id)).when_matched().delete();
    assert_eq!(
        from_marked.to_sql(),
        concat!(
            r#"MERGE INTO "note" USING (SELECT "note"."id", "note"."title", "note"."text", "note"."deleted_at", "#,
            r#""note"."version", "note"."changes" FROM "note" WHERE "note"."deleted_at" IS NULL) AS "old" "#,
            r#"ON "note"."id" = "old"."id" AND "note"."deleted_at" IS NULL "#,
            r#"WHEN MATCHED THEN UPDATE SET "deleted_at" = now(), "version" = "note"."version" + $1, "#,
            r#""changes" = (SELECT changes + 1 FROM (SELECT "note".*) AS "note")"#,
        ),
    );
    let given_ = merge_into::<Customer>()
        .using_values([Customer::builder().name("Ann")])
        .on(Customer::name.eq(given(Customer::name)))
        .when_matched()
        .update_all()
        .when_not_matched()
        .insert_all();
    assert_eq!(
        given_.to_sql(),
        concat!(
            r#"MERGE INTO "customer" USING (SELECT "v0" AS "name", "v1" AS "city", "v2" AS "born" "#,
            r#"FROM UNNEST ($1::text[], $2::text[], $3::integer[]) WITH ORDINALITY AS "rows" ("v0", "v1", "v2", "n")) "#,
            r#"AS "given" ON "customer"."name" = "given"."name" WHEN MATCHED THEN UPDATE SET "name" = "given"."name", "#,
            r#""city" = "given"."city", "born" = "given"."born" "#,
            r#"WHEN NOT MATCHED THEN INSERT ("name", "city", "born") "#,
            r#"VALUES ("given"."name", "given"."city", "given"."born")"#,
        ),
    );
}

#[tokio::test]
async fn q25_the_rows_of_a_query_are_merged() -> Result<()> {
    let db = shop().await;
    db.engine.create_all::<Stock>().await?;
    let stock = |product: &str, amount: i32| {
        Stock::builder().place("a").product(product).amount(amount).marks(vec![]).version(1)
    };
    db.engine.insert([stock("tea", 10), stock("milk", 1), stock("salt", 7)]).await?;
    let sold = subquery!(query::<Line>().filter(Line::id.ne(3)));
    let merge = merge_into::<Stock>()
        .using(&sold)
        .on(Stock::product.eq(sold.c.product))
        .when_matched()
        .filter(Stock::amount.eq(sold.c.quantity))
        .delete()
        .when_matched()
        .update(Stock::amount.set(Stock::amount - sold.c.quantity))
        .when_not_matched()
        .filter(sold.c.quantity.gt(2))
        .insert((
            Stock::product.set(sold.c.product),
            Stock::place.set("new"),
            Stock::amount.set(sold.c.quantity * 10),
            Stock::marks.set(vec!["low".to_owned()]),
            Stock::version.set(1),
        ));
    assert_eq!(merge.on(&db.engine).await?, 3);
    assert_eq!(
        db.stored("SELECT place, product, amount, marks, state, version, changes FROM stock ORDER BY id").await,
        ["a|tea|8|{}|open|2|1", "a|salt|7|{}|open|1|0", "new|rye bread|30|{low}|open|1|0"]
    );
    // A table as it is, and an alias.
    aliased!(let ordered = Order);
    let lost = db
        .engine
        .merge_into::<Customer>()
        .using(&ordered)
        .on(Customer::id.eq(ordered.c.customer_id).and(ordered.c.status.eq("lost")))
        .when_matched()
        .update(Customer::city.set("unknown"));
    assert_eq!(lost.await?, 1);
    let same = db.engine.merge_into::<Line>().using(Order::TABLE).on(Line::order_id.eq(Order::id).and(Order::id.eq(3)));
    assert_eq!(same.when_matched().delete().await?, 1);
    assert_eq!(db.stored("SELECT count(*) FROM line").await, ["3"]);
    Ok(())
}

#[tokio::test]
async fn q25_values_are_merged() -> Result<()> {
    let db = TestDb::with::<(Stock,)>().await;
    let stock = |product: &str, amount: i32, marks: &[&str]| {
        let marks: Vec<String> = marks.iter().map(|&mark| mark.to_owned()).collect();
        Stock::builder().place("a").product(product).amount(amount).marks(marks).version(1)
    };
    let deliver = |stocks: Vec<_>| {
        db.engine
            .merge_into::<Stock>()
            .using_values(stocks)
            .on(Stock::product.eq(given(Stock::product)))
            .when_matched()
            .filter(given(Stock::amount).eq(0))
            .delete()
            .when_matched()
            .update((Stock::amount.set(Stock::amount + given(Stock::amount)), Stock::marks.set(given(Stock::marks))))
            .when_not_matched()
            .insert_all()
    };
    assert_eq!(deliver(vec![stock("tea", 1, &[]), stock("milk", 2, &["cold", "white"])]).await?, 2);
    assert_eq!(deliver(vec![stock("tea", 5, &["green"]), stock("milk", 0, &[]), stock("salt", 3, &[])]).await?, 3);
    assert_eq!(
        db.stored("SELECT product, amount, marks, version, changes, double FROM stock ORDER BY id").await,
        ["tea|6|{green}|2|1|12", "salt|3|{}|1|0|6"]
    );
    let sent = db.record();
    assert_eq!(deliver(Vec::new()).await?, 0);
    assert!(sent.sql().is_empty());
    let all = db
        .engine
        .merge_into::<Stock>()
        .using_values([stock("tea", 9, &[])])
        .on(Stock::product.eq(given(Stock::product)))
        .when_matched()
        .update_all();
    assert_eq!(all.await?, 1);
    assert_eq!(db.stored("SELECT amount, marks, version FROM stock WHERE product = 'tea'").await, ["9|{}|3"]);
    // Values of another model.
    let lines = [Line::builder().order_id(1).product("salt").quantity(2)];
    let taken = db
        .engine
        .merge_into::<Stock>()
        .using_values(lines)
        .on(Stock::product.eq(given(Line::product)))
        .when_matched()
        .update(Stock::amount.set(Stock::amount - given(Line::quantity)));
    assert_eq!(taken.await?, 1);
    assert_eq!(db.stored("SELECT amount FROM stock WHERE product = 'salt'").await, ["1"]);
    Ok(())
}

#[tokio::test]
async fn q25_marked_rows_are_nobodys() -> Result<()> {
    let db = TestDb::with::<(Note,)>().await;
    let put = |notes: Vec<Marked>| {
        db.engine
            .merge_into::<Marked>()
            .using_values(notes)
            .on(Marked::title.eq(given(Marked::title)))
            .when_matched()
            .filter(given(Marked::text).is_null())
            .delete()
            .when_matched()
            .update(Marked::text.set(given(Marked::text)))
            .when_not_matched()
            .insert((
                Marked::title.set(given(Marked::title)),
                Marked::text.set(given(Marked::text)),
                Marked::version.set(1),
            ))
    };
    put(vec![note("a", Some("1")), note("b", Some("1"))]).await?;
    assert_eq!(put(vec![note("a", None), note("b", Some("2"))]).await?, 2);
    assert_eq!(db.stored(NOTES).await, ["a|1|f|2|1", "b|2|t|2|1"]);
    // The one that is marked is not there.
    put(vec![note("a", Some("3"))]).await?;
    assert_eq!(db.stored(NOTES).await, ["a|1|f|2|1", "b|2|t|2|1", "a|3|t|1|0"]);
    // Nor is it in the source.
    aliased!(let source = Marked);
    let copy = db
        .engine
        .merge_into::<Note>()
        .using(&source)
        .on(Note::title.eq(source.c.title).and(Note::deleted_at.is_null()))
        .when_matched()
        .update(Note::text.set("seen"));
    assert_eq!(copy.await?, 2);
    assert_eq!(db.stored("SELECT text FROM note ORDER BY id").await, ["1", "seen", "seen"]);
    Ok(())
}

#[tokio::test]
async fn q25_a_session_merges_where_it_holds_nothing() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    let closed = || {
        merge_into::<Customer>()
            .using(Order::TABLE)
            .on(Customer::id.eq(Order::customer_id).and(Order::status.eq("lost")))
            .when_matched()
            .update(Customer::city.set(None))
    };
    let ann = session.get::<Customer>(1).await?.expect("she is there");
    let sent = db.record();
    let error = closed().on(&mut session).await.expect_err("it holds one");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Customer")));
    assert!(sent.sql().is_empty());
    session.expunge(ann)?;
    let order = session.get::<Order>(4).await?.expect("it is there");
    session[order].status = "found".into();
    // What is pending is flushed before.
    assert_eq!(closed().on(&mut session).await?, 0);
    session[order].status = "lost".into();
    assert_eq!(closed().on(&mut session).await?, 1);
    session.commit().await?;
    assert_eq!(db.stored("SELECT city FROM customer WHERE id = 4").await, ["NULL"]);
    Ok(())
}

#[tokio::test]
async fn q25_bad_input_is_an_error_that_names_it() -> Result<()> {
    let db = TestDb::with::<(Note, Stock, Customer, Order, Line)>().await;
    let sent = db.record();
    let put = |notes: Vec<Marked>| {
        let merge = db.engine.merge_into::<Marked>().using_values(notes).on(Marked::title.eq(given(Marked::title)));
        merge.when_not_matched().insert_all().when_matched().update_all()
    };
    let error = put(vec![note("abcdef", None)]).await.expect_err("too long");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Encode, Some("Marked"), Some("title")));
    let error = put(vec![note("a\0", None)]).await.expect_err("no PostgreSQL text");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("title")));
    let mut keyed = note("a", None);
    keyed.id = 1.into();
    let error = put(vec![keyed, note("b", None)]).await.expect_err("other columns");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Invalid, Some("id")));
    let merge = db.engine.merge_into::<Marked>().using_values([note("a", None)]);
    let title = || Marked::title.eq(given(Marked::title));
    let error = merge.on(title()).await.expect_err("nothing is said to be done");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Marked")));
    let merge = db.engine.merge_into::<Marked>().using_values([note("a", None)]).on(title());
    let error = merge.when_not_matched().insert(Marked::title.set("abcdef")).await.expect_err("too long");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("title")));
    assert!(sent.sql().is_empty(), "{:?}", sent.sql());
    put(vec![note("a", None)]).await?;
    let error = put(vec![note("a", None), note("a", Some("x"))]).await.expect_err("one row twice");
    assert_eq!((error.kind(), error.model(), error.sqlstate()), (ErrorKind::Invalid, Some("Marked"), Some("21000")));
    assert!(error.to_string().contains("match one row"), "{error}");
    Ok(())
}
