//! Q24: `COPY` in and out, in the binary format.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use orm_core::prelude::*;
use orm_core::{ConstraintKind, Error, ErrorKind, Result};
use orm_tests::TestDb;

use crate::rows_are_inserted::Stock;
use crate::shop::{Customer, Line, Order, shop};

/// A native enum, which `COPY` sends with the number of its type.
#[derive(Enum, Debug, Clone, Copy, PartialEq)]
#[model(name = "mo\"od", rename_all = "kebab-case")]
pub(crate) enum Mood {
    VeryHappy,
    Sad,
}

/// Of every kind.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "kind")]
pub(crate) struct Kind {
    #[model(primary_key)]
    pub id: i64,
    pub mood: Mood,
    pub moods: Vec<Mood>,
    #[model(length = 3)]
    pub short: Option<String>,
    pub small: i16,
    pub ratio: f64,
    pub bytes: Vec<u8>,
    pub uuid: uuid::Uuid,
    pub at: chrono::DateTime<chrono::Utc>,
    pub day: chrono::NaiveDate,
    pub time: chrono::NaiveTime,
    pub price: rust_decimal::Decimal,
    pub json: serde_json::Value,
    pub words: Vec<Option<String>>,
    #[model(sql_type = "char(4)")]
    pub code: String,
}

pub(crate) fn kind(id: i64) -> Kind {
    Kind {
        id,
        mood: if id % 2 == 0 { Mood::Sad } else { Mood::VeryHappy },
        moods: vec![Mood::VeryHappy, Mood::Sad],
        short: (id > 1).then(|| "äöü".to_owned()),
        small: -7,
        ratio: f64::NEG_INFINITY,
        bytes: vec![0, 1, 255],
        uuid: uuid::Uuid::from_u128(id.unsigned_abs().into()),
        at: "1969-07-20T20:17:40.123456Z".parse().expect("a time"),
        day: "1999-12-31".parse().expect("a day"),
        time: "23:59:59.999999".parse().expect("a time of day"),
        price: "12345678.90".parse().expect("a decimal"),
        json: serde_json::json!({"it's": ["\\", 1]}),
        words: vec![Some("a'b".into()), None],
        code: "abcd".into(),
    }
}

async fn all<T>(mut rows: orm_core::RowStream<T>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    while let Some(row) = rows.next().await? {
        all.push(row);
    }
    Ok(all)
}

#[tokio::test]
async fn q24_models_and_builders_are_copied_in() -> Result<()> {
    let db = TestDb::with::<(Stock, Kind)>().await;
    let sent = db.record();
    let seen = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&seen);
    let stocks =
        (0..2500).map(|i| Stock::builder().place("a").product(format!("{i}")).amount(i).marks(vec![]).version(1));
    let copied =
        db.engine.copy_in::<Stock>().progress(move |rows| _ = told.fetch_add(rows, Ordering::SeqCst)).rows(stocks);
    assert_eq!(copied.await?, 2500);
    assert_eq!(seen.load(Ordering::SeqCst), 1000 + 2000 + 2500);
    assert_eq!(
        sent.sql(),
        [r#"COPY "stock" ("place", "product", "amount", "marks", "code", "version") FROM STDIN (FORMAT binary)"#]
    );
    assert_eq!(sent.statements()[0].rows(), 2500);
    assert_eq!(
        db.stored("SELECT count(*), sum(amount), min(state), max(double), max(id) FROM stock").await,
        ["2500|3123750|open|4998|2500"]
    );
    let kinds: Vec<Kind> = (1..4).map(kind).collect();
    assert_eq!(db.engine.copy_in::<Kind>().rows(kinds.clone()).await?, 3);
    assert_eq!(db.engine.query::<Kind>().order_by(Kind::id.asc()).all().await?, kinds);
    // No rows, no statement.
    let before = sent.sql().len();
    assert_eq!(db.engine.copy_in::<Kind>().rows(Vec::<Kind>::new()).await?, 0);
    assert_eq!(sent.sql().len(), before);
    Ok(())
}

#[tokio::test]
async fn q24_tuples_are_copied_into_named_columns() -> Result<()> {
    let db = shop().await;
    let rows = [("Eve", 1990), ("Finn", 1991)];
    let copied = db.engine.copy_in::<Customer>().columns((Customer::name, Customer::born)).rows(rows).await?;
    assert_eq!(copied, 2);
    assert_eq!(db.engine.copy_in::<Customer>().columns(Customer::name).rows(["Gil".to_owned()]).await?, 1);
    assert_eq!(
        db.stored("SELECT id, name, city, born FROM customer WHERE id > 4 ORDER BY id").await,
        ["5|Eve|NULL|1990", "6|Finn|NULL|1991", "7|Gil|NULL|NULL"]
    );
    Ok(())
}

#[tokio::test]
async fn q24_rows_are_copied_out_and_from_one_database_into_another() -> Result<()> {
    let (here, there) = (TestDb::with::<Kind>().await, TestDb::with::<Kind>().await);
    let kinds: Vec<Kind> = (1..2001).map(kind).collect();
    here.engine.copy_in::<Kind>().rows(kinds.clone()).await?;
    let sent = here.record();
    let out = here.engine.query::<Kind>().filter(Kind::id.gt(1998)).order_by(Kind::id.desc()).copy_out().await?;
    assert_eq!(all(out).await?, [kind(2000), kind(1999)]);
    let sql = sent.sql().pop().expect("a statement");
    assert!(sql.starts_with(r#"COPY (SELECT "kind"."id", "kind"."mood", "#), "{sql}");
    assert!(
        sql.ends_with(r#"WHERE "kind"."id" > '1998'::int8 ORDER BY "kind"."id" DESC) TO STDOUT (FORMAT binary)"#),
        "{sql}"
    );
    let out = here.engine.query::<Kind>().copy_out().await?;
    assert_eq!(there.engine.copy_in::<Kind>().stream(out).await?, 2000);
    assert_eq!(there.stored("SELECT count(*), min(price) FROM kind").await, ["2000|12345678.90"]);
    let pairs = there.engine.query::<Kind>().filter(Kind::id.le(2)).select((Kind::id, Kind::short)).copy_out().await?;
    assert_eq!(all(pairs).await?, [(1, None), (2, Some("äöü".to_owned()))]);
    assert_eq!((here.engine.connections(), here.engine.idle_connections()), (1, 1));
    Ok(())
}

#[tokio::test]
async fn q24_values_of_a_copied_query_are_literals() -> Result<()> {
    let db = TestDb::with::<Kind>().await;
    db.engine.copy_in::<Kind>().rows([kind(1), kind(2)]).await?;
    let like = kind(2);
    let query = db
        .engine
        .query::<Kind>()
        .filter(Kind::mood.eq(like.mood))
        .filter(Kind::mood.in_([Mood::Sad]))
        .filter(Kind::moods.eq(like.moods.clone()))
        .filter(Kind::short.eq("äöü").and(Kind::short.ne("'; DROP TABLE kind; \\")))
        .filter(Kind::small.eq(like.small).and(Kind::ratio.eq(like.ratio)))
        .filter(Kind::bytes.eq(like.bytes.clone()).and(Kind::uuid.eq(like.uuid)))
        .filter(Kind::at.eq(like.at).and(Kind::day.eq(like.day)).and(Kind::time.eq(like.time)))
        .filter(Kind::json.eq(like.json.clone()).and(Kind::words.eq(like.words.clone())))
        .filter(Kind::id.in_([2i64, 7]).and(Kind::id.gt(i64::MIN)))
        .filter(Kind::code.eq("abcd"));
    assert_eq!(all(query.copy_out().await?).await?, std::slice::from_ref(&like));
    let sent = db.record();
    let error = db.engine.query::<Kind>().filter(Kind::price.eq(like.price)).copy_out().await.expect_err("no literal");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`numeric`"), "{error}");
    let error = db.engine.query::<Kind>().filter(Kind::short.eq("a\0")).copy_out().await.expect_err("no text");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("short")));
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn q24_a_copy_that_fails_leaves_no_row_and_a_whole_connection() -> Result<()> {
    let db = TestDb::with::<(Stock, Customer, Order, Line)>().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    let stock = |place: &str, i: i32| {
        Stock::builder().place(place).product(format!("{i}")).amount(i).marks(vec![]).version(1).build()
    };
    let many = || (0..50_000).map(|i| stock("a", i));
    // Sent before the value that cannot be.
    let error = engine.copy_in().rows(many().chain([stock("abcdef", 1)])).await.expect_err("too long");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Encode, Some("Stock"), Some("place")));
    let error = engine.copy_in().rows(many().chain([stock("a\0", 1)])).await.expect_err("no PostgreSQL text");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("place")));
    let mut keyed = stock("b", 1);
    keyed.id = 7.into();
    let error = engine.copy_in().rows([stock("a", 1), keyed.clone()]).await.expect_err("other columns");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Invalid, Some("Stock"), Some("id")));
    assert!(
        engine
            .copy_in()
            .rows([keyed, stock("a", 1)])
            .await
            .expect_err("other columns")
            .to_string()
            .contains("same columns")
    );
    let error = engine.copy_in().rows(many().chain([stock("a", 7)])).await.expect_err("it is there twice");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Constraint(ConstraintKind::Unique), Some("Stock")));
    assert_eq!(error.constraint(), Some("one stock"));
    let places = (0..).map(|i| if i < 9000 { "a" } else { "abcdef" }).zip(0..10_000);
    let error = engine.copy_in().columns((Stock::place, Stock::amount)).rows(places).await.expect_err("too long");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("place")));
    let error = engine.copy_in().columns(Stock::place).rows(["a"]).await.expect_err("the others are needed");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Constraint(ConstraintKind::NotNull), Some("product")));
    // An error of the rows themselves: of one's own, and of this crate.
    let rows = stream::iter([Ok(stock("a", 1)), Err("the file ended")]);
    let error = engine.copy_in().stream(rows).await.expect_err("the rows end");
    assert_eq!(error.kind(), ErrorKind::Hook);
    assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("the file ended"));
    let refused = engine.query::<Stock>().update(Stock::amount.set(1)).await.expect_err("no filter");
    let error =
        engine.copy_in().stream(stream::iter([Ok(stock("a", 1)), Err(refused)])).await.expect_err("the rows end");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let children = Order::builder().customer_id(1).status("x").total(1).tags(vec![]);
    let children = children.lines([Line::builder().product("tea").quantity(1)]);
    let error = engine.copy_in().rows([children]).await.expect_err("children");
    assert!(error.to_string().contains("`Order::lines`"), "{error}");
    assert_eq!((engine.connections(), engine.idle_connections()), (1, 1));
    assert_eq!(engine.copy_in().rows([stock("a", 1)]).await?, 1);
    assert_eq!(db.stored("SELECT place FROM stock").await, ["a"]);
    // A table that is not as the model is named before a row is sent.
    db.run("ALTER TABLE stock ALTER COLUMN product TYPE integer USING 1").await;
    let fresh = Engine::new(db.database.url())?;
    let error = fresh.copy_in().rows([stock("a", 1)]).await.expect_err("another type");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Schema, Some("product")));
    assert_eq!(fresh.idle_connections(), 1);
    db.run("DROP TABLE stock").await;
    let error = fresh.copy_in().rows([stock("a", 1)]).await.expect_err("no table");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Schema, Some("Stock")));
    Ok(())
}

#[tokio::test]
async fn q24_a_copy_that_is_dropped_gives_no_broken_connection_back() -> Result<()> {
    let db = shop().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    let customer = |i: i32| Ok::<_, Error>(Customer::builder().name(format!("{i}")));
    let rows = stream::iter((0..5000).map(customer)).chain(stream::pending());
    let copy = engine.copy_in::<Customer>().stream(rows);
    assert!(tokio::time::timeout(Duration::from_millis(300), copy).await.is_err());
    assert_eq!(engine.connections(), 0);
    assert_eq!(engine.query::<Customer>().count().await?, 4);
    let many = (0..20_000).map(|i| Customer::builder().name(format!("{i}")));
    engine.copy_in::<Customer>().rows(many).await?;
    let mut out = engine.query::<Customer>().copy_out().await?;
    assert!(out.next().await?.is_some());
    drop(out);
    assert_eq!(engine.connections(), 0);
    // An error in the midst of the rows is given, and the connection stays.
    let mut out = engine
        .query::<Customer>()
        .order_by(Customer::id.asc())
        .select(Customer::id / (Customer::id - 3))
        .copy_out()
        .await?;
    let error = loop {
        match out.next().await {
            Ok(row) => assert!(row.is_some(), "a division by zero is an error"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Database, Some("22012")));
    assert!(out.next().await?.is_none());
    assert_eq!(engine.idle_connections(), 1);
    Ok(())
}

#[tokio::test]
async fn q24_a_session_copies_in_its_transaction() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    let eve = session.add(Customer::builder().name("Eve"));
    // What is pending is flushed before: its key is there to be pointed to.
    let orders = (0..3).map(|i| Order::builder().customer_id(5).status("new").total(i).tags(vec!["x".into()]));
    assert_eq!(session.copy_in::<Order>().rows(orders).await?, 3);
    assert_eq!(session.query::<Order>().filter(Order::customer_id.eq(5)).count().await?, 3);
    assert!(session[eve].id.get().is_some());
    session.rollback().await?;
    assert_eq!(db.stored(r#"SELECT count(*) FROM "order""#).await, ["4"]);
    let names = ["Finn".to_owned(), "Gil".to_owned()];
    session.copy_in::<Customer>().columns(Customer::name).rows(names).await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM customer").await, ["6"]);
    // The first row is looked at before anything is sent; a later one takes the transaction with it.
    let error = session.copy_in::<Customer>().columns(Customer::name).rows(["a", "b\0"]).await.expect_err("no text");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("name")));
    assert!(!session.in_transaction());
    session.copy_in::<Customer>().columns(Customer::name).rows(["Hal"]).await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*), max(name) FROM customer").await, ["7|Hal"]);
    Ok(())
}

#[tokio::test]
async fn q24_a_test_transaction_copies_too() -> Result<()> {
    let db = shop().await;
    let test = db.engine.test_transaction().await?;
    assert_eq!(test.copy_in::<Customer>().columns(Customer::name).rows(["a", "b"]).await?, 2);
    let error = test.copy_in::<Customer>().columns(Customer::name).rows(["c", "d\0"]).await.expect_err("no text");
    assert_eq!(error.kind(), ErrorKind::Encode);
    let out = test.query::<Customer>().filter(Customer::id.gt(4)).select(Customer::name).copy_out().await?;
    assert_eq!(all(out).await?, ["a", "b"]);
    drop(test);
    assert_eq!(db.stored("SELECT count(*) FROM customer").await, ["4"]);
    Ok(())
}

/// The server looks at what a copy is into when it runs it, and not when it is prepared.
#[tokio::test]
async fn q24_a_copy_that_the_server_refuses_at_once_leaves_no_broken_connection() -> Result<()> {
    let db = shop().await;
    db.run("ALTER TABLE line DROP note, ADD note text GENERATED ALWAYS AS ('x') STORED").await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    let line = || Line::builder().order_id(1).product("tea").quantity(1);
    for _ in 0..3 {
        let error = engine.copy_in::<Line>().rows([line()]).await.expect_err("the column is generated");
        assert!(error.to_string().contains("generated"), "{error}");
        assert_eq!(engine.query::<Line>().count().await?, 4);
        let mut session = engine.session();
        assert_eq!(session.query::<Line>().count().await?, 4);
        let error = session.copy_in::<Line>().rows([line()]).await.expect_err("the column is generated");
        assert!(error.to_string().contains("generated"), "{error}");
        session.rollback().await?;
        assert_eq!(session.query::<Line>().count().await?, 4);
        session.commit().await?;
        // With a savepoint, to which nobody can go back on a connection that is closed.
        session.begin().await?;
        let mut savepoint = session.savepoint().await?;
        savepoint.copy_in::<Line>().rows([line()]).await.expect_err("the column is generated");
        drop(savepoint);
        assert_eq!(session.query::<Line>().count().await?, 4);
        session.rollback().await?;
    }
    let test = engine.test_transaction().await?;
    test.copy_in::<Line>().rows([line()]).await.expect_err("the column is generated");
    let error = test.query::<Line>().count().await.expect_err("it has no other connection");
    assert_eq!(error.kind(), ErrorKind::Pool);
    drop(test);
    assert_eq!(engine.query::<Line>().count().await?, 4);
    Ok(())
}
