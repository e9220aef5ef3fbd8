//! The pool: how many connections, how long one waits, and what is closed.

use std::time::{Duration, Instant};

use orm_core::prelude::*;
use orm_core::{Engine, ErrorKind};
use orm_tests::TestDb;

use crate::said;

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
}

#[tokio::test]
async fn when_all_are_in_use_one_waits() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine =
        Engine::builder().dsn(db.database.url()).pool_size(2).wait_timeout(Duration::from_millis(200)).build()?;
    let (first, second) = (engine.raw().await?, engine.raw().await?);
    let started = Instant::now();
    let error = engine.query::<Course>().all().await.unwrap_err();
    said::check(&error, ErrorKind::Pool, &["no connection became free within 200ms", "all 2 are in use"], &[]);
    assert!(started.elapsed() >= Duration::from_millis(200));
    drop(first);
    engine.query::<Course>().all().await?;
    assert_eq!((engine.connections(), engine.idle_connections()), (2, 1));
    drop(second);
    // A session that has its transaction open holds one.
    let (mut a, mut b) = (engine.session(), engine.session());
    a.begin().await?;
    b.begin().await?;
    assert_eq!(engine.query::<Course>().count().await.unwrap_err().kind(), ErrorKind::Pool);
    a.rollback().await?;
    assert_eq!(engine.query::<Course>().count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn without_patience_one_does_not_wait() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).wait_timeout(Duration::ZERO).build()?;
    let held = engine.raw().await?;
    assert_eq!(engine.raw().await.unwrap_err().kind(), ErrorKind::Pool);
    drop(held);
    engine.raw().await?;
    Ok(())
}

#[tokio::test]
async fn a_closed_engine_says_so() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let mut session = db.engine.session();
    session.add(Course::builder());
    session.flush().await?;
    let clone = db.engine.clone();
    clone.close();
    // Who has a connection may end its work.
    session.commit().await?;
    session.add(Course::builder());
    said::check(&session.commit().await.unwrap_err(), ErrorKind::Pool, &["the engine is closed"], &[]);
    said::check(&db.engine.query::<Course>().all().await.unwrap_err(), ErrorKind::Pool, &["the engine is closed"], &[]);
    said::check(&db.engine.create_all::<Course>().await.unwrap_err(), ErrorKind::Pool, &["the engine is closed"], &[]);
    db.engine.close();
    Ok(())
}

/// A future that is dropped in the middle of a statement gives back no connection on which it still runs.
#[tokio::test]
async fn a_statement_that_was_given_up_does_not_disturb_the_next() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    db.run("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'")
        .await;
    db.run("CREATE TRIGGER wait BEFORE INSERT ON course FOR EACH ROW EXECUTE FUNCTION wait()").await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    for _ in 0..3 {
        let mut session = engine.session();
        session.add(Course::builder());
        let given_up = tokio::time::timeout(Duration::from_millis(100), session.commit()).await;
        assert!(given_up.is_err());
        drop(session);
        let started = Instant::now();
        assert_eq!(engine.query::<Course>().count().await?, 0);
        assert!(started.elapsed() < Duration::from_millis(800));
    }
    Ok(())
}
