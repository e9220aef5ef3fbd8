//! Autoflush, and the other options of a session: isolation, read only, raw access.

use orm_core::prelude::*;
use orm_core::{ErrorKind, IsolationLevel, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, two_courses};

#[tokio::test]
async fn u30_a_query_sees_what_is_pending() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    assert_eq!(session.query::<Course>().all().await?, [course]);
    assert_eq!(session.state(course), State::Persistent);
    session.add(Course::builder().name("Java"));
    assert_eq!(session.query::<Course>().count().await?, 2);
    session.delete(course)?;
    assert!(session.query::<Course>().filter(Course::name.eq("Python")).first().await?.is_none());
    session[course].note = None;
    assert_eq!(session.rows(query::<Course>().select(Course::name)).await?, ["Java"]);
    session.rollback().await?;
    assert!(db.stored("SELECT * FROM course").await.is_empty());
    Ok(())
}

#[tokio::test]
async fn u30_without_autoflush_a_query_sees_the_table() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    let sent = db.record();
    let found = session.no_autoflush(async |session| session.query::<Course>().all().await).await?;
    assert!(found.is_empty());
    assert_eq!(session.state(course), State::Pending);
    assert_eq!(sent.take().len(), 1);
    assert_eq!(session.query::<Course>().all().await?, [course], "it is on again");

    let mut session = SessionMaker::new(&db.engine).autoflush(false).session();
    session.add(Course::builder().name("Java"));
    assert_eq!(session.query::<Course>().count().await?, 0);
    session.commit().await?;
    assert_eq!(session.query::<Course>().count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn u30_autoflush_is_on_again_when_the_scope_is_dropped() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("Python"));
    {
        let scope = session.no_autoflush(async |_| std::future::pending::<()>().await);
        let timed = tokio::time::timeout(std::time::Duration::from_millis(5), scope).await;
        assert!(timed.is_err());
    }
    assert_eq!(session.query::<Course>().count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn u30_a_failing_autoflush_says_which_query_caused_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    session.add(Course::builder().name("Java"));
    let error = session.query::<Homework>().all().await.expect_err("there is a course of that name");
    assert!(error.is_unique_violation());
    assert!(error.to_string().starts_with("while flushing before a query of `Homework`: "), "{error}");
    let error = session.get::<Homework>(1).await.expect_err("still");
    assert!(error.to_string().starts_with("while flushing before a query of `Homework`: "), "{error}");
    Ok(())
}

#[tokio::test]
async fn u31_a_session_that_only_reads_holds_no_connection() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    session.query::<Course>().with(Course::homeworks).all().await?;
    assert!(!session.in_transaction());
    assert_eq!(db.engine.idle_connections(), db.engine.connections());
    assert!(sent.sql().iter().all(|sql| sql.starts_with("SELECT")), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn u31_isolation_is_set_with_the_transaction() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let sessions = SessionMaker::new(&db.engine).isolation(IsolationLevel::RepeatableRead);
    let mut session = sessions.session();
    let sent = db.record();
    assert_eq!(session.query::<Course>().count().await?, 2);
    assert!(session.in_transaction(), "it begins with the first read");
    assert_eq!(sent.sql()[0], "BEGIN ISOLATION LEVEL REPEATABLE READ");
    db.run("INSERT INTO course (name) VALUES ('Rust')").await;
    assert_eq!(session.query::<Course>().count().await?, 2);
    session.commit().await?;
    assert_eq!(session.query::<Course>().count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_read_only_session_refuses_to_write_before_anything_is_sent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = SessionMaker::new(&db.engine).read_only(true).session();
    let sent = db.record();
    let course = session.add(Course::builder().name("Rust"));
    let error = session.commit().await.expect_err("it is read-only");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let bulk = session.query::<Homework>().update(Homework::number.set(1)).all_rows().await;
    assert_eq!(bulk.expect_err("it is read-only").kind(), ErrorKind::Invalid);
    assert!(sent.take().is_empty());
    session.take(course)?;
    assert_eq!(session.query::<Course>().count().await?, 2);
    let _ = sent.take();
    let raw = session.raw().await?;
    assert!(raw.batch_execute("DELETE FROM homework").await.is_err());
    assert_eq!(sent.take(), ["BEGIN READ ONLY"]);
    Ok(())
}

#[tokio::test]
async fn u48_raw_lends_the_drivers_client_inside_the_transaction() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("Python"));
    let raw = session.raw().await?;
    let row = raw.query_one("SELECT count(*) FROM course", &[]).await.expect("the query runs");
    assert_eq!(row.get::<_, i64>(0), 1, "it was flushed before");
    raw.batch_execute("INSERT INTO course (name) VALUES ('raw')").await.expect("it runs");
    assert!(session.in_transaction());
    assert!(db.stored("SELECT * FROM course").await.is_empty());
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["Python", "raw"]);
    Ok(())
}

#[tokio::test]
async fn begin_opens_the_transaction_at_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let sent = db.record();
    let mut session = db.engine.begin().await?;
    assert!(session.in_transaction());
    session.begin().await?;
    session.commit().await?;
    assert_eq!(sent.sql(), ["BEGIN", "COMMIT"]);
    assert!(!session.in_transaction());
    Ok(())
}
