//! Every operation, dropped at each of its polls: the pool's one connection is clean, nothing is half written, and the
//! session can be rolled back, or go on.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{ErrorKind, RawConnection, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School};

/// Polls a future that many times, each when it was woken, and drops it; its output if it was ready.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = times;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            left -= 1;
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}

/// The name of the connections that are given up.
const NAME: &str = "dropped";

/// What a session has to do when an operation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Nothing, and the pool has no connection yet.
    Idle,
    /// A new graph, and the pool has no connection yet.
    New,
    /// A new graph, a changed object and a deleted one.
    Pending,
    /// The same, flushed: the transaction is open.
    Flushed,
}

/// What is done after the drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Drop,
    RollBack,
    GoOn,
}

/// The objects at hand when an operation begins; of the loaded ones only where there is something loaded.
#[derive(Debug, Clone, Copy, Default)]
struct Scene {
    new: Option<Handle<Course>>,
    loaded: Option<Handle<Course>>,
}

async fn prepare(session: &mut Session, start: Start) -> Result<Scene> {
    let mut scene = Scene::default();
    if matches!(start, Start::Pending | Start::Flushed) {
        let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
        let homework = session.get::<Homework>(2).await?.expect("it is there");
        session[courses[1]].note = Some("changed".into());
        session.delete(homework)?;
        scene.loaded = Some(courses[0]);
    }
    if start != Start::Idle {
        let child = |number| Homework::builder().number(number).description("new");
        scene.new = Some(session.add(Course::builder().name("new").homeworks([child(1), child(2)])));
    }
    if start == Start::Flushed {
        session.flush().await?;
    }
    Ok(scene)
}

/// A database that is as it was before each attempt.
struct Stage {
    db: TestDb,
}

impl Stage {
    async fn new() -> Self {
        Self { db: TestDb::with::<School>().await }
    }

    async fn reset(&self) {
        // If a transaction were open still, this would wait for it.
        self.db
            .run(
                "SET lock_timeout = '10s';
                 TRUNCATE course, homework, submission RESTART IDENTITY CASCADE;
                 INSERT INTO course (name) VALUES ('Python'), ('Java');
                 INSERT INTO homework (number, description, course_id) VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 2);",
            )
            .await;
    }

    fn engine(&self) -> Result<Engine> {
        let wait = Duration::from_secs(10);
        Engine::builder().dsn(self.db.database.url()).application_name(NAME).pool_size(1).wait_timeout(wait).build()
    }

    /// All that is stored but what was written to see whether the session can be used.
    async fn stored(&self) -> String {
        let courses = "SELECT string_agg(concat_ws('-', name, note), ',' ORDER BY id) FROM course WHERE name <> 'next'";
        let homeworks = "SELECT string_agg(description, ',' ORDER BY id) FROM homework";
        self.db.stored(&format!("SELECT ({courses}), ({homeworks})")).await.remove(0)
    }

    /// Waits until the server is done with the connections that were given up: what was sent before a drop may still be
    /// carried out after it, to the COMMIT. The connection that the pool lends now.
    async fn is_settled(&self, engine: &Engine, when: &str) -> Result<RawConnection> {
        let client = engine.raw().await?;
        let others = "SELECT pid FROM pg_stat_activity
                      WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()";
        for _ in 0..1000 {
            if client.query(others, &[&NAME]).await.expect("it answers").is_empty() {
                return Ok(client);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{when}: a connection stays open");
    }

    /// The connection that the pool lends next is in no transaction, and there is no other connection.
    async fn is_clean(&self, engine: &Engine, when: &str) -> Result<()> {
        let client = self.is_settled(engine, when).await?;
        let row = client.query_one("SELECT pg_current_xact_id_if_assigned()::text", &[]).await.expect("it answers");
        assert_eq!(row.get::<_, Option<String>>(0), None, "{when}");
        let error = client.batch_execute("SAVEPOINT probe").await.expect_err("that needs a transaction");
        assert_eq!(error.code().map(|code| code.code()), Some("25P01"), "{when}: {error}");
        Ok(())
    }
}

/// What may be stored after an operation that was not finished.
struct Outcomes {
    before: String,
    /// After the operation and what follows it.
    whole: String,
    /// After what follows it alone.
    without: String,
}

async fn outcomes(
    stage: &Stage,
    start: Start,
    then: Then,
    operation: &impl AsyncFn(&Engine, &mut Session, Scene) -> Result<()>,
) -> Result<Outcomes> {
    let mut stored = Vec::new();
    for operates in [false, true] {
        stage.reset().await;
        let engine = stage.engine()?;
        let mut session = engine.session();
        let scene = prepare(&mut session, start).await?;
        if operates {
            operation(&engine, &mut session, scene).await?;
        }
        follow(&mut session, then).await?;
        drop(session);
        stored.push(stage.stored().await);
    }
    stage.reset().await;
    let before = stage.stored().await;
    let [without, whole] = <[String; 2]>::try_from(stored).expect("two of them");
    Ok(Outcomes { before, whole, without })
}

async fn follow(session: &mut Session, then: Then) -> Result<()> {
    match then {
        Then::Drop => Ok(()),
        Then::RollBack => session.rollback().await,
        Then::GoOn => session.commit().await,
    }
}

/// The session reads and writes.
async fn is_of_use(session: &mut Session, stage: &Stage, engine: &Engine, when: &str) -> Result<()> {
    drop(stage.is_settled(engine, when).await?);
    let stored = stage.db.stored("SELECT count(*) FROM course").await.remove(0);
    assert_eq!(session.query::<Course>().count().await?.to_string(), stored, "{when}");
    session.add(Course::builder().name("next"));
    session.commit().await?;
    assert_eq!(stage.db.stored("SELECT count(*) FROM course WHERE name = 'next'").await, ["1"], "{when}");
    Ok(())
}

/// What the session believes of the new course is so.
async fn agrees(session: &Session, scene: Scene, stage: &Stage, when: &str) {
    let Some(new) = scene.new else { return };
    let stored = stage.db.stored("SELECT id FROM course WHERE name = 'new'").await;
    match session.state(new) {
        State::Persistent => assert_eq!(stored, [session[new].id.to_string()], "{when}"),
        _ => assert!(stored.is_empty(), "{when}"),
    }
}

/// Runs an operation, drops it at its first poll, its second, and so on until it is finished, and looks each time.
async fn at_every_poll(
    starts: &[Start],
    operation: impl AsyncFn(&Engine, &mut Session, Scene) -> Result<()>,
) -> Result<()> {
    let stage = Stage::new().await;
    for &start in starts {
        for then in [Then::Drop, Then::RollBack, Then::GoOn] {
            let outcomes = outcomes(&stage, start, then, &operation).await?;
            let mut times = 1;
            while !once(&stage, start, then, times, &outcomes, &operation).await? {
                times += 1;
                assert!(times < 200, "it is finished some time");
            }
            assert!(times > 1, "{start:?}: there was something to do");
        }
    }
    Ok(())
}

async fn once(
    stage: &Stage,
    start: Start,
    then: Then,
    times: usize,
    outcomes: &Outcomes,
    operation: &impl AsyncFn(&Engine, &mut Session, Scene) -> Result<()>,
) -> Result<bool> {
    let when = format!("{start:?}, {then:?}, dropped at poll {times}");
    stage.reset().await;
    let engine = stage.engine()?;
    let mut session = engine.session();
    let scene = prepare(&mut session, start).await?;
    let done = polled(times, operation(&engine, &mut session, scene)).await.transpose()?.is_some();
    match follow(&mut session, then).await {
        Ok(()) => {
            if then == Then::GoOn {
                agrees(&session, scene, stage, &when).await;
            }
        }
        // It is not known what came of what was under way: the session says so, and wants a rollback.
        Err(error) => {
            assert!(then == Then::GoOn && !done && error.kind() == ErrorKind::Connection, "{when}: {error}");
            session.rollback().await?;
        }
    }
    if then != Then::Drop {
        is_of_use(&mut session, stage, &engine, &when).await?;
    }
    drop(session);
    stage.is_clean(&engine, &when).await?;
    let stored = stage.stored().await;
    let Outcomes { before, whole, without } = outcomes;
    let allowed: &[&String] = if done { &[whole] } else { &[before, whole, without] };
    assert!(allowed.contains(&&stored), "{when}: {stored} is none of {allowed:?}");
    Ok(done)
}

const ALL: &[Start] = &[Start::New, Start::Pending, Start::Flushed];
const LOADED: &[Start] = &[Start::Pending, Start::Flushed];

#[tokio::test]
async fn u35_get() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| session.get::<Homework>(3).await.map(drop)).await
}

#[tokio::test]
async fn u35_get_many() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| session.get_many::<Homework>([1, 2, 3]).await.map(drop)).await
}

#[tokio::test]
async fn u35_a_query() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| session.query::<Homework>().all().await.map(drop)).await
}

#[tokio::test]
async fn u35_a_query_with_relationships() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let loads = Course::homeworks.with(Homework::submissions);
        session.query::<Course>().with(loads).with(Course::tags).all().await.map(drop)
    })
    .await
}

#[tokio::test]
async fn u35_flush() -> Result<()> {
    at_every_poll(&[Start::New, Start::Pending], async |_, session, _| session.flush().await).await
}

#[tokio::test]
async fn u35_commit() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| session.commit().await).await
}

#[tokio::test]
async fn u35_rollback() -> Result<()> {
    at_every_poll(&[Start::Flushed], async |_, session, _| session.rollback().await).await
}

#[tokio::test]
async fn u35_close() -> Result<()> {
    at_every_poll(&[Start::Flushed], async |_, session, _| session.close().await).await
}

#[tokio::test]
async fn u35_a_savepoint_that_is_released() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let mut savepoint = session.savepoint().await?;
        savepoint.add(Course::builder().name("inner"));
        savepoint.release().await
    })
    .await
}

#[tokio::test]
async fn u35_a_savepoint_that_is_rolled_back() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let mut savepoint = session.savepoint().await?;
        savepoint.add(Course::builder().name("inner"));
        savepoint.flush().await?;
        savepoint.rollback().await
    })
    .await
}

#[tokio::test]
async fn u35_savepoints_in_savepoints() -> Result<()> {
    at_every_poll(&[Start::Pending], async |_, session, _| {
        let mut outer = session.savepoint().await?;
        outer.add(Course::builder().name("outer"));
        let mut inner = outer.savepoint().await?;
        inner.add(Course::builder().name("inner"));
        inner.release().await?;
        outer.release().await
    })
    .await
}

#[tokio::test]
async fn u35_load() -> Result<()> {
    at_every_poll(LOADED, async |_, session, scene| {
        session.load(&[scene.loaded.expect("it is loaded")], Course::homeworks).await
    })
    .await
}

#[tokio::test]
async fn u35_related() -> Result<()> {
    at_every_poll(LOADED, async |_, session, scene| {
        session.related(scene.loaded.expect("it is loaded"), Course::homeworks).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn u35_refresh() -> Result<()> {
    at_every_poll(LOADED, async |_, session, scene| session.refresh(&[scene.loaded.expect("it is loaded")]).await).await
}

#[tokio::test]
async fn u35_a_bulk_update() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let update = session.query::<Homework>().update(Homework::description.set("bulk")).all_rows();
        update.await.map(drop)
    })
    .await
}

#[tokio::test]
async fn u35_a_bulk_delete() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| session.query::<Homework>().delete().all_rows().await.map(drop)).await
}

#[tokio::test]
async fn u35_raw() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let client = session.raw().await?;
        client.batch_execute("UPDATE homework SET description = 'raw'").await.expect("the statement runs");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn u35_begin() -> Result<()> {
    at_every_poll(&[Start::Idle, Start::New], async |_, session, _| session.begin().await).await
}

#[tokio::test]
async fn u35_a_query_of_the_engine() -> Result<()> {
    at_every_poll(&[Start::Idle], async |engine, _, _| {
        engine.query::<Course>().with(Course::homeworks).with(Course::tags).all().await.map(drop)
    })
    .await
}

#[tokio::test]
async fn u35_a_bulk_update_of_the_engine() -> Result<()> {
    at_every_poll(&[Start::Idle], async |engine, _, _| {
        let update = engine.query::<Homework>().update(Homework::description.set("bulk")).all_rows();
        update.await.map(drop)
    })
    .await
}

#[tokio::test]
async fn u35_a_transaction_of_the_engine() -> Result<()> {
    at_every_poll(&[Start::Idle], async |engine, _, _| {
        engine
            .transaction(async |session| {
                let child = |number| Homework::builder().number(number).description("inner");
                let course = session.add(Course::builder().name("inner").homeworks([child(1), child(2)]));
                session.flush().await?;
                session[course].note = Some("changed".into());
                session.query::<Homework>().all().await.map(drop)
            })
            .await
    })
    .await
}

#[tokio::test]
async fn u35_a_transaction_of_the_engine_that_fails() -> Result<()> {
    at_every_poll(&[Start::Idle], async |engine, _, _| {
        let outcome = engine
            .transaction(async |session| {
                session.add(Course::builder().name("inner"));
                session.flush().await?;
                session.add(Course::builder().name("Java"));
                session.flush().await
            })
            .await;
        assert!(outcome.expect_err("there is one of that name").is_unique_violation());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn u35_begin_of_the_engine() -> Result<()> {
    at_every_poll(&[Start::Idle], async |engine, _, _| {
        let mut session = engine.begin().await?;
        session.add(Course::builder().name("inner"));
        session.commit().await
    })
    .await
}

/// Drops an operation that the server refuses, which takes the transaction with it, takes back what was refused, and
/// commits: all that was pending is stored, or the session says that it does not know.
async fn at_every_poll_of_a_refusal(bulk: bool, whole: &str) -> Result<()> {
    let stage = Stage::new().await;
    for times in 1..200 {
        let when = format!("dropped at poll {times}");
        stage.reset().await;
        let engine = stage.engine()?;
        let mut session = engine.session();
        let scene = prepare(&mut session, Start::Flushed).await?;
        if bulk {
            session.query::<Homework>().update(Homework::description.set("bulk")).all_rows().await?;
        }
        let twin = session.add(Course::builder().name("Java"));
        let refused = polled(times, session.flush()).await;
        session.take(twin)?;
        match session.commit().await {
            Ok(()) => assert_eq!(stage.stored().await, whole, "{when}"),
            Err(error) => {
                assert!(bulk && refused.is_none() && error.kind() == ErrorKind::Connection, "{when}: {error}");
                session.rollback().await?;
            }
        }
        agrees(&session, scene, &stage, &when).await;
        is_of_use(&mut session, &stage, &engine, &when).await?;
        drop(session);
        stage.is_clean(&engine, &when).await?;
        if let Some(refused) = refused {
            assert!(refused.expect_err("there is one of that name").is_unique_violation());
            return Ok(());
        }
    }
    panic!("it is finished some time");
}

#[tokio::test]
async fn u35_a_flush_that_fails() -> Result<()> {
    at_every_poll_of_a_refusal(false, "Python,Java-changed,new|a,c,new,new").await
}

#[tokio::test]
async fn u35_a_flush_that_fails_after_what_no_flush_repeats() -> Result<()> {
    at_every_poll_of_a_refusal(true, "Python,Java-changed,new|a,c,new,new").await
}

#[tokio::test]
async fn u35_an_upsert() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let values = ["Python", "upserted"].map(|name| Course::builder().name(name).note("upserted"));
        session.upsert(values, Course::name).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn u35_a_merge() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let course = Course::builder().id(1).name("merged");
        session.merge(Homework::builder().id(1).number(9).description("merged").course(course)).await?;
        session.flush().await
    })
    .await
}

#[tokio::test]
async fn u35_a_flush_of_an_expression() -> Result<()> {
    at_every_poll(LOADED, async |_, session, scene| {
        let course = scene.loaded.expect("it is loaded");
        session.set(course, Course::note.set(Course::name))?;
        session.flush().await
    })
    .await
}

#[tokio::test]
async fn u35_a_part_of_a_relationship() -> Result<()> {
    at_every_poll(LOADED, async |_, session, scene| {
        let part = Course::homeworks.order_by(Homework::id.asc()).limit(1);
        session.load_some(&[scene.loaded.expect("it is loaded")], part).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn u35_a_walk_in_batches() -> Result<()> {
    at_every_poll(ALL, async |_, session, _| {
        let mut batches = session.query::<Homework>().with(Homework::course).in_batches(1);
        while batches.next(session).await?.is_some() {}
        Ok(())
    })
    .await
}

#[tokio::test]
async fn u35_a_stream_of_the_engine() -> Result<()> {
    at_every_poll(&[Start::Idle], async |engine, _, _| {
        let mut stream = engine.query::<Homework>().stream().await?;
        while stream.next().await?.is_some() {}
        Ok(())
    })
    .await
}
