//! What the builder is told holds behind every statement.

use std::time::{Duration, Instant};

use orm_core::prelude::*;
use orm_core::{Engine, EngineBuilder, ErrorKind};
use orm_tests::TestDb;

use crate::said;

async fn setting(builder: EngineBuilder, name: &str) -> orm_core::Result<String> {
    let engine = builder.build()?;
    let client = engine.raw().await?;
    let row = client.query_one("SELECT current_setting($1)", &[&name]).await.expect("a setting");
    Ok(row.get(0))
}

#[tokio::test]
async fn they_do() -> orm_core::Result<()> {
    let db = TestDb::new();
    let builder = || Engine::builder().dsn(db.database.url());
    // PostgreSQL keeps ASCII alone, and versions differ in what they put for the rest.
    assert_eq!(setting(builder().application_name("my \\ 'app'"), "application_name").await?, "my \\ 'app'");
    assert_eq!(setting(builder().statement_timeout(Duration::from_millis(1500)), "statement_timeout").await?, "1500ms");
    assert_eq!(setting(builder().schema("a \"b\" c"), "search_path").await?, "\"a \"\"b\"\" c\"");
    // Both, and those of the connection string.
    let url = format!("{}?options=-c%20work_mem%3D5MB&application_name=dsn", db.database.url());
    let builder = || Engine::builder().dsn(&url).schema("public").statement_timeout(Duration::from_secs(60));
    assert_eq!(setting(builder(), "work_mem").await?, "5MB");
    assert_eq!(setting(builder(), "statement_timeout").await?, "1min");
    assert_eq!(setting(builder(), "search_path").await?, "\"public\"");
    assert_eq!(setting(builder(), "application_name").await?, "dsn");
    assert_eq!(setting(builder().application_name("own"), "application_name").await?, "own");
    Ok(())
}

/// Less than a millisecond would be 0, which is no limit at all; more than the server can count is the most it can.
#[tokio::test]
async fn a_statement_timeout_at_its_ends() -> orm_core::Result<()> {
    let db = TestDb::new();
    let limited = |timeout| Engine::builder().dsn(db.database.url()).statement_timeout(timeout);
    let with = |timeout| setting(limited(timeout), "statement_timeout");
    let engine = limited(Duration::from_micros(1)).build()?;
    match engine.raw().await?.query_one("SELECT current_setting('statement_timeout')", &[]).await {
        Ok(row) => assert_eq!(row.get::<_, String>(0), "1ms"),
        // On a busy machine the question itself takes longer.
        Err(error) => assert_eq!(error.code().map(|state| state.code()), Some("57014"), "{error}"),
    }
    assert_eq!(with(Duration::MAX).await?, "2147483647ms");
    assert_eq!(with(Duration::ZERO).await?, "0");
    Ok(())
}

#[derive(Model, Debug, Clone)]
#[model(table = "slow")]
struct Slow {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() -> orm_core::Result<()> {
    let db = TestDb::with::<Slow>().await;
    db.run("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NEW; END'")
        .await;
    db.run("CREATE TRIGGER wait BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION wait()").await;
    let engine = Engine::builder().dsn(db.database.url()).statement_timeout(Duration::from_millis(200)).build()?;
    let mut session = engine.session();
    session.add(Slow::builder().name("s3cret"));
    let started = Instant::now();
    let error = session.commit().await.unwrap_err();
    said::check(&error, ErrorKind::Database, &["timeout"], &["s3cret"]);
    assert_eq!(error.sqlstate(), Some("57014"));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(engine.query::<Slow>().count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_statement_is_prepared_once_a_connection() {
    let db = TestDb::new();
    db.run("CREATE TABLE counted (id integer PRIMARY KEY)").await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build().expect("valid settings");
    for _ in 0..3 {
        engine.query::<Counted>().filter(Counted::id.gt(0)).all().await.expect("the table is there");
    }
    let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%counted%'";
    let client = engine.raw().await.expect("a connection");
    let count: i64 = client.query_one(prepared, &[]).await.expect("the view is there").get(0);
    assert_eq!(count, 2, "the query, and the one that counts");
    let calls =
        "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT \"counted\"%'";
    let calls: i64 = client.query_one(calls, &[]).await.expect("the view is there").get(0);
    assert_eq!(calls, 3, "the same statement, each time");
}

#[tokio::test]
async fn a_connection_keeps_a_bounded_number_of_statements_prepared() {
    let db = TestDb::new();
    db.run("CREATE TABLE counted (id integer PRIMARY KEY)").await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build().expect("valid settings");
    for rows in 1..1_100 {
        engine.query::<Counted>().limit(rows).all().await.expect("each number of rows is a text of its own");
    }
    let prepared = "SELECT count(*) FROM pg_prepared_statements";
    let count: i64 = engine.raw().await.unwrap().query_one(prepared, &[]).await.expect("the view is there").get(0);
    assert!((90..=1_001).contains(&count), "{count}");
    assert_eq!(engine.query::<Counted>().limit(1).all().await.expect("it is prepared anew").len(), 0);
}

#[tokio::test]
async fn one_text_is_prepared_for_each_type_of_its_parameters() {
    let db = TestDb::new();
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build().expect("valid settings");
    for _ in 0..2 {
        let number = sql!("SELECT {7}").on(&engine).one::<i32>().await.expect("a number");
        let text = sql!("SELECT {\"seven\"}").on(&engine).one::<String>().await.expect("a text");
        assert_eq!((number, text.as_str()), (7, "seven"));
    }
    let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1'";
    let count: i64 = engine.raw().await.unwrap().query_one(prepared, &[]).await.expect("the view is there").get(0);
    assert_eq!(count, 2);
}

#[derive(Model, Debug, Clone)]
struct Counted {
    #[model(primary_key)]
    id: i32,
}
