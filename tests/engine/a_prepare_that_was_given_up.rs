//! A future is dropped while its statement is prepared: what is asked next is answered, and rightly.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{Engine, Result};
use orm_tests::TestDb;

/// The driver asks the server for this type while it prepares.
#[derive(Enum, Debug, Clone, Copy, PartialEq)]
#[model(name = "level", rename_all = "lowercase")]
enum Level {
    Easy,
    Hard,
}

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: i32,
    level: Level,
}

/// As a guard against a test that hangs.
const LONG: Duration = Duration::from_secs(30);

async fn courses() -> Result<TestDb> {
    let db = TestDb::with::<Course>().await;
    db.engine.insert([Course { id: 1, level: Level::Easy }, Course { id: 2, level: Level::Hard }]).await?;
    Ok(db)
}

/// A future's output, or `None` if it has none after so many polls.
async fn polled<F: Future>(future: F, mut polls: usize) -> Option<F::Output> {
    let mut future: Pin<Box<F>> = Box::pin(future);
    let outcome = poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        future.as_mut().poll(cx).map(Some)
    });
    outcome.await
}

async fn hard(engine: &Engine) -> Result<Vec<Course>> {
    engine.query::<Course>().filter(Course::level.eq(Level::Hard)).all().await
}

/// Other questions, each with another number of columns, and the same one again.
async fn check(engine: &Engine) -> Result<()> {
    for _ in 0..2 {
        assert_eq!(
            engine.query::<Course>().select((Course::id.max(), Course::id.count())).all().await?,
            [(Some(2), 2)]
        );
        assert_eq!(hard(engine).await?, [Course { id: 2, level: Level::Hard }]);
        assert_eq!(
            engine.query::<Course>().order_by(Course::id.asc()).select(Course::level).first().await?,
            Some(Level::Easy)
        );
    }
    Ok(())
}

#[tokio::test]
async fn at_any_poll_the_next_statement_is_answered() -> Result<()> {
    let db = courses().await?;
    let mut polls = 0;
    loop {
        // Nothing is prepared on its connection.
        let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
        let outcome = polled(hard(&engine), polls).await;
        tokio::time::timeout(LONG, check(&engine)).await.expect("nobody hangs")?;
        if outcome.is_some() {
            break;
        }
        polls += 1;
    }
    assert!(polls > 4, "it was dropped {polls} times alone");
    Ok(())
}

/// It has one connection, which is not closed.
#[tokio::test]
async fn at_any_poll_a_test_transaction_goes_on() -> Result<()> {
    let db = courses().await?;
    let mut polls = 0;
    loop {
        let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
        let test = engine.test_transaction().await?;
        let outcome = polled(hard(&test), polls).await;
        tokio::time::timeout(LONG, check(&test)).await.expect("nobody hangs")?;
        if outcome.is_some() {
            break;
        }
        polls += 1;
    }
    assert!(polls > 4, "it was dropped {polls} times alone");
    Ok(())
}

/// The server waits for a lock while it prepares, as it does while a migration runs.
#[tokio::test]
async fn while_the_server_waits_for_a_lock() -> Result<()> {
    let db = courses().await?;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    let test = Engine::new(db.database.url())?.test_transaction().await?;
    let migration = db.engine.raw().await?;
    migration.batch_execute("BEGIN; LOCK TABLE course IN ACCESS EXCLUSIVE MODE").await.expect("it is locked");
    let soon = Duration::from_millis(50);
    assert!(tokio::time::timeout(soon, hard(&engine)).await.is_err());
    assert!(tokio::time::timeout(soon, hard(&test)).await.is_err());
    assert!(
        tokio::time::timeout(soon, engine.copy_in::<Course>().rows([Course { id: 3, level: Level::Easy }]))
            .await
            .is_err()
    );
    let mut session = db.engine.session();
    session.add(Course { id: 4, level: Level::Easy });
    assert!(tokio::time::timeout(soon, session.flush()).await.is_err());
    migration.batch_execute("ALTER TABLE course ADD more text; COMMIT").await.expect("it is altered");
    tokio::time::timeout(LONG, check(&engine)).await.expect("nobody hangs")?;
    tokio::time::timeout(LONG, check(&test)).await.expect("nobody hangs")?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT id, level FROM course ORDER BY id").await, ["1|easy", "2|hard", "4|easy"]);
    Ok(())
}
