//! Futures that are dropped in the middle: nothing is half committed, and no open transaction goes back to the pool.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use orm_core::prelude::*;
use orm_core::{Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, two_courses};

/// Polls a future that many times, with a pause for the server to answer in, and drops it; its output if it was ready.
async fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => return Some(output),
            Poll::Pending => tokio::time::sleep(std::time::Duration::from_millis(3)).await,
        }
    }
    None
}

async fn no_transaction_is_open(db: &TestDb) {
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    for _ in 0..100 {
        if db.stored(open).await == ["0"] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a transaction stays open");
}

fn graph(session: &mut Session) -> Handle<Course> {
    session.add(
        Course::builder().name("Python").homeworks([
            Homework::builder().number(1).description("a"),
            Homework::builder().number(2).description("b"),
        ]),
    )
}

#[tokio::test]
async fn u35_a_dropped_commit_is_whole_or_nothing() -> Result<()> {
    let mut finished = false;
    for times in 1..30 {
        let db = TestDb::with::<School>().await;
        let mut session = db.engine.session();
        graph(&mut session);
        finished = poll_times(session.commit(), times).await.is_some();
        drop(session);
        no_transaction_is_open(&db).await;
        let rows = db.stored("SELECT (SELECT count(*) FROM course), (SELECT count(*) FROM homework)").await;
        assert!(rows == ["0|0"] || rows == ["1|2"], "{times}: {rows:?}");
        if finished {
            assert_eq!(rows, ["1|2"]);
            break;
        }
    }
    assert!(finished, "thirty polls were enough");
    Ok(())
}

#[tokio::test]
async fn u35_one_statement_that_is_dropped_is_in_doubt_as_a_commit_is() -> Result<()> {
    let mut was_in_doubt = false;
    for times in 1..30 {
        let db = TestDb::with::<School>().await;
        let mut session = db.engine.session();
        let course = session.add(Course::builder().name("Python"));
        if poll_times(session.commit(), times).await.is_some() {
            assert_eq!(session.state(course), State::Persistent);
            assert!(was_in_doubt);
            return Ok(());
        }
        match session.commit().await {
            // Nothing had been sent.
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error.kind(), orm_core::ErrorKind::Connection);
                assert!(error.to_string().contains("whether it took place is not known"), "{error}");
                was_in_doubt = true;
                session.rollback().await?;
                no_transaction_is_open(&db).await;
            }
        }
        assert!(matches!(&db.stored("SELECT count(*) FROM course").await[..], [count] if count == "0" || count == "1"));
    }
    panic!("thirty polls were enough");
}

#[tokio::test]
async fn u35_after_a_dropped_flush_the_session_goes_on() -> Result<()> {
    for times in 1..10 {
        let db = TestDb::with::<School>().await;
        let mut session = db.engine.session();
        let course = graph(&mut session);
        let flushed = poll_times(session.flush(), times).await;
        session.commit().await?;
        assert_eq!(session.state(course), State::Persistent);
        let rows = db.stored("SELECT (SELECT count(*) FROM course), (SELECT count(*) FROM homework)").await;
        assert_eq!(rows, ["1|2"], "{times}");
        let key = session[course].id.get().unwrap_or_default();
        assert_eq!(db.stored("SELECT id FROM course").await, [key.to_string()]);
        if flushed.is_some() {
            return Ok(());
        }
    }
    panic!("ten polls were enough");
}

#[tokio::test]
async fn u35_after_a_dropped_query_what_was_flushed_is_written_again() -> Result<()> {
    for times in 1..10 {
        let db = TestDb::with::<School>().await;
        two_courses(&db.engine).await?;
        let mut session = db.engine.session();
        let java = session.get::<Course>(2).await?.expect("it is there");
        session[java].name = "Rust".into();
        session.flush().await?;
        let found = poll_times(session.query::<Homework>().all(), times).await;
        session.commit().await?;
        assert_eq!(session[java].name, "Rust");
        assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["Python", "Rust"], "{times}");
        no_transaction_is_open(&db).await;
        if found.is_some() {
            return Ok(());
        }
    }
    panic!("ten polls were enough");
}

#[tokio::test]
async fn u35_after_a_dropped_commit_the_session_can_be_rolled_back_and_used() -> Result<()> {
    for times in 1..6 {
        let db = TestDb::with::<School>().await;
        let mut session = db.engine.session();
        graph(&mut session);
        let committed = poll_times(session.commit(), times).await;
        session.rollback().await?;
        no_transaction_is_open(&db).await;
        let stored = db.stored("SELECT name FROM course").await.len() as u64;
        assert_eq!(session.query::<Course>().count().await?, stored);
        session.add(Course::builder().name("next"));
        session.commit().await?;
        assert_eq!(db.stored("SELECT name FROM course WHERE name = 'next'").await.len(), 1);
        if committed.is_some() {
            return Ok(());
        }
    }
    Ok(())
}

#[tokio::test]
async fn u35_a_dropped_bulk_update_leaves_nothing() -> Result<()> {
    for times in 1..5 {
        let db = TestDb::with::<School>().await;
        two_courses(&db.engine).await?;
        let mut session = db.engine.session();
        let update = session.query::<Course>().update(Course::note.set("x")).all_rows();
        drop(poll_times(update.into_future(), times).await);
        drop(session);
        no_transaction_is_open(&db).await;
        assert_eq!(db.stored("SELECT count(*) FROM course WHERE note IS NOT NULL").await, ["0"]);
    }
    Ok(())
}

#[tokio::test]
async fn u35_a_dropped_engine_query_gives_no_busy_connection_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    for times in 1..6 {
        drop(poll_times(db.engine.all(query::<Course>()), times).await);
        assert_eq!(db.engine.query::<Course>().count().await?, 2);
    }
    Ok(())
}
