//! A server that ends the connection, or goes.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{Engine, ErrorKind};
use orm_sandbox::Sandbox;
use orm_tests::TestDb;

use crate::said;

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
}

const TERMINATE: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// What an administrator does: each idle connection is ended.
async fn terminate(db: &TestDb) -> orm_core::Result<()> {
    let other = Engine::new(db.database.url())?;
    other.raw().await?.simple_query(TERMINATE).await.expect("terminated");
    Ok(())
}

#[tokio::test]
async fn an_idle_one_is_not_lent_again() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    terminate(&db).await?;
    // The pool sees it as soon as the connection's task has read the server's farewell.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(db.engine.query::<Course>().count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_transaction_is_lost_and_said_to_be() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("s3cret"));
    session.flush().await?;
    terminate(&db).await?;
    session.add(Course::builder().name("s3cret"));
    let error = session.commit().await.unwrap_err();
    said::check(&error, ErrorKind::Connection, &["the connection"], &["s3cret"]);
    let _ = session.rollback().await;
    assert_eq!(session.query::<Course>().count().await?, 0);
    session.add(Course::builder().name("again"));
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course").await, ["again"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_under_way_is_lost() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    db.run("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NEW; END'")
        .await;
    db.run("CREATE TRIGGER wait BEFORE INSERT ON course FOR EACH ROW EXECUTE FUNCTION wait()").await;
    let engine = Engine::new(db.database.url())?;
    let mut session = engine.session();
    session.add(Course::builder().name("s3cret"));
    let (outcome, ()) = tokio::join!(session.commit(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        terminate(&db).await.expect("terminated");
    });
    said::check(&outcome.unwrap_err(), ErrorKind::Connection, &["connection"], &["s3cret"]);
    assert_eq!(engine.query::<Course>().count().await?, 0);
    Ok(())
}

/// As a guard against a test that hangs.
const LONG: Duration = Duration::from_secs(30);

/// How many wait for a connection, for each that there may be.
const WAITING: usize = 6;

/// Those who found none free wait, and what they wait for breaks meanwhile: they get new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_of_them_while_others_wait_for_one() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    for size in [1, 3] {
        let engine = Engine::builder().dsn(db.database.url()).pool_size(size).wait_timeout(LONG).build()?;
        let (waits, mut waiting) = tokio::sync::mpsc::channel(WAITING);
        let mut lent = Vec::new();
        for _ in 0..size {
            lent.push(engine.raw().await?);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..WAITING * size {
            let (engine, waits) = (engine.clone(), waits.clone());
            tasks.spawn(async move {
                let mut count = std::pin::pin!(engine.query::<Course>().count());
                let is_pending = poll_fn(|cx| Poll::Ready(count.as_mut().poll(cx).is_pending())).await;
                assert!(is_pending, "none is free");
                waits.send(()).await.expect("it is heard");
                count.await
            });
        }
        for _ in 0..WAITING * size {
            waiting.recv().await.expect("each of them waits");
        }
        terminate(&db).await?;
        // The pool sees it as soon as the connection's task has read the server's farewell.
        for connection in &lent {
            while !connection.is_closed() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        drop(lent);
        let counts = tokio::time::timeout(LONG, tasks.join_all()).await.expect("nobody hangs");
        for count in counts {
            assert_eq!(count?, 0);
        }
        assert!(engine.connections() <= size, "{} of {size}", engine.connections());
        assert_eq!(engine.idle_connections(), engine.connections(), "all are given back");
    }
    Ok(())
}

/// A broken one that the pool has not seen to be broken is met by one statement at most; nobody waits for ever, and the pool
/// is whole afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn again_and_again_under_load() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(2).wait_timeout(LONG).build()?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let engine = engine.clone();
        tasks.spawn(async move {
            let (mut counted, mut errors) = (0, Vec::new());
            while counted < 50 {
                match engine.query::<Course>().count().await {
                    Ok(_) => counted += 1,
                    Err(error) => errors.push(error),
                }
            }
            errors
        });
    }
    for _ in 0..5 {
        terminate(&db).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let errors = tokio::time::timeout(LONG, tasks.join_all()).await.expect("nobody hangs");
    for error in errors.into_iter().flatten() {
        assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
    }
    assert_eq!(engine.query::<Course>().count().await?, 0);
    assert_eq!(engine.idle_connections(), engine.connections());
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_gone() -> orm_core::Result<()> {
    let sandbox = Sandbox::start().expect("a server");
    let database = sandbox.database().expect("a database");
    let engine = Engine::new(database.url())?;
    engine.create_all::<Course>().await?;
    let mut session = engine.session();
    session.add(Course::builder().name("s3cret"));
    session.flush().await?;
    sandbox.stop().expect("stopped");
    session.add(Course::builder().name("s3cret"));
    said::check(&session.commit().await.unwrap_err(), ErrorKind::Connection, &["connection"], &["s3cret"]);
    let error = engine.query::<Course>().all().await.unwrap_err();
    said::check(&error, ErrorKind::Connection, &["could not connect to database"], &[]);
    let _ = session.rollback().await;
    drop(session);
    assert_eq!(engine.query::<Course>().all().await.unwrap_err().kind(), ErrorKind::Connection);
    Ok(())
}
