//! Test transactions: code that commits leaves nothing behind.

use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, two_courses};

/// A key that is checked when the transaction ends.
#[derive(Model, Debug, Clone)]
#[model(table = "node")]
struct Node {
    #[model(primary_key)]
    id: i32,
    #[model(references = Node::id, deferrable = deferred)]
    next_id: i32,
}

const COUNT: &str = "SELECT count(*) FROM course";

#[tokio::test]
async fn u50_what_the_code_commits_is_gone_afterwards() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let test = db.engine.test_transaction().await?;
    let sent = test.record();
    let mut session = test.session();
    let course = session.add(Course::builder().name("Rust"));
    session.commit().await?;
    session[course].note = Some("n".into());
    session.commit().await?;
    drop(session);
    assert_eq!(test.query::<Course>().filter(Course::note.eq("n")).count().await?, 1);
    assert_eq!(test.query::<Course>().filter(Course::id.gt(0)).delete().await.expect_err("it has children").kind(), {
        ErrorKind::Constraint(orm_core::ConstraintKind::ForeignKey)
    });
    // The failed statement took nothing else with it.
    assert_eq!(test.query::<Course>().count().await?, 3);
    let counted = test.transaction(async |session| session.query::<Course>().count().await).await?;
    assert_eq!(counted, 3);
    let sent = sent.sql();
    assert_eq!(sent[0], r#"SAVEPOINT "orm_test""#);
    assert!(sent[2].ends_with(r#"RELEASE SAVEPOINT "orm_test""#), "{}", sent[2]);
    assert_eq!(db.stored(COUNT).await, ["2"]);
    drop(test);
    assert_eq!(db.engine.query::<Course>().count().await?, 2);
    Ok(())
}

#[tokio::test]
async fn u50_rollbacks_failures_and_savepoints_work_as_they_do_outside() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let test = db.engine.test_transaction().await?;
    let mut session = test.session();
    let course = session.add(Course::builder().name("Java"));
    assert!(session.commit().await.expect_err("it is taken").is_unique_violation());
    assert_eq!(session.state(course), State::Pending);
    session[course].name = "Rust".into();
    session.commit().await?;
    let python = session.get::<Course>(1).await?.expect("it is there");
    session[python].name = "P".into();
    session.flush().await?;
    session.rollback().await?;
    assert_eq!(session[python].name, "Python");
    let mut savepoint = session.savepoint().await?;
    savepoint.add(Course::builder().name("inner"));
    savepoint.flush().await?;
    savepoint.rollback().await?;
    session.add(Course::builder().name("outer"));
    session.commit().await?;
    // One that is dropped with its transaction open is rolled back, too.
    session[python].name = "dropped".into();
    session.flush().await?;
    drop(session);
    let names = test.query::<Course>().order_by(Course::id.asc()).select(Course::name).all().await?;
    assert_eq!(names, ["Python", "Java", "Rust", "outer"]);
    drop(test);
    assert_eq!(db.stored(COUNT).await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u50_deferred_constraints_are_checked_at_the_commit_and_deferred_again() -> Result<()> {
    let db = TestDb::with::<(Node,)>().await;
    let test = db.engine.test_transaction().await?;
    let mut session = test.session();
    for _ in 0..2 {
        let node = session.add(Node::builder().id(1).next_id(2));
        assert!(session.commit().await.expect_err("there is no second").is_foreign_key_violation());
        assert_eq!(session.state(node), State::Pending);
        session.rollback().await?;
        session.add(Node::builder().id(1).next_id(2));
        session.flush().await?;
        session.add(Node::builder().id(2).next_id(1));
        session.commit().await?;
        session.query::<Node>().delete().all_rows().await?;
        session.commit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn u50_a_dropped_future_and_a_waiting_session() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let engine = Engine::builder().dsn(db.database.url()).wait_timeout(Duration::from_millis(300)).build()?;
    let test = engine.test_transaction().await?;
    let mut session = test.session();
    session.add(Course::builder().name("a"));
    session.commit().await?;
    session.add(Course::builder().name("b"));
    session.flush().await?;
    let error = test.query::<Course>().count().await.expect_err("the session has the connection");
    assert_eq!(error.kind(), ErrorKind::Pool);
    session.add(Course::builder().name("c"));
    {
        let mut commit = std::pin::pin!(session.flush());
        std::future::poll_fn(|context| std::task::Poll::Ready(commit.as_mut().poll(context).is_pending())).await;
    }
    drop(session);
    assert_eq!(test.query::<Course>().select(Course::name).all().await?, ["a"]);
    assert_eq!(test.test_transaction().await.expect_err("no two").kind(), ErrorKind::Unsupported);
    let clone = test.engine().clone();
    drop(test);
    assert_eq!(clone.query::<Homework>().count().await.expect_err("it is over").kind(), ErrorKind::Pool);
    assert_eq!(db.stored(COUNT).await, ["0"]);
    assert_eq!(engine.query::<Course>().count().await?, 0);
    Ok(())
}
