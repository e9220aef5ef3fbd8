//! Tables are altered, dropped and created while other connections prepare statements on them and run them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{Engine, Error, ErrorKind, Result};
use orm_tests::TestDb;
use tokio::task::JoinSet;

/// A type that has another number whenever it is created anew.
#[derive(Enum, Debug, Clone, Copy, PartialEq)]
#[model(name = "level", rename_all = "lowercase")]
enum Level {
    Easy,
    Hard,
}

/// Its table has more columns than it reads.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    year: i64,
    level: Level,
    levels: Vec<Level>,
}

const TASKS: usize = 4;
/// As a guard against a test that hangs.
const LONG: Duration = Duration::from_secs(60);

fn course(year: i64) -> Course {
    let level = if year % 2 == 0 { Level::Easy } else { Level::Hard };
    Course::builder().name(format!("c{year}")).year(year).level(level).levels(vec![level; 2]).build()
}

/// What is read is what was written.
fn check(courses: &[Course]) {
    for read in courses {
        assert_eq!(*read, Course { id: read.id, ..course(read.year) });
    }
}

/// A bit of everything that prepares: a query, values, parameters of a type of the user's own, writes, a session, copies.
async fn ask(engine: &Engine, round: usize) -> Result<()> {
    let level = if round.is_multiple_of(2) { Level::Easy } else { Level::Hard };
    check(&engine.query::<Course>().filter(Course::level.eq(level)).limit(20).all().await?);
    let years = engine.query::<Course>().filter(Course::level.in_([level])).select((Course::year, Course::level));
    assert!(years.all().await?.iter().all(|(year, of)| *of == level && course(*year).level == level));
    let year = i64::try_from(round).expect("a small number");
    engine.insert([course(year)]).await?;
    engine.insert([course(year), course(year + 1)]).await?;
    engine.query::<Course>().filter(Course::year.eq(year)).update(Course::levels.set(course(year).levels)).await?;
    let mut rows = engine.query::<Course>().limit(20).copy_out().await?;
    while let Some(row) = rows.next().await? {
        check(&[row]);
    }
    engine.copy_in::<Course>().rows([course(year)]).await?;
    let mut session = engine.session();
    let new = session.add_all([course(year), course(year + 1)]);
    session.flush().await?;
    session[new[0]].name = "not to be seen".to_owned();
    session.flush().await?;
    session[new[0]].name = course(year).name;
    session.commit().await
}

/// Has several tasks ask until `alter` is done; the errors that they met.
async fn while_others_ask(engine: &Engine, alter: impl AsyncFnOnce(Arc<AtomicUsize>) -> Result<()>) -> Vec<Error> {
    let (done, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (engine, done, rounds) = (engine.clone(), Arc::clone(&done), Arc::clone(&rounds));
        tasks.spawn(async move {
            let mut errors = Vec::new();
            for round in (task..).step_by(TASKS) {
                errors.extend(ask(&engine, round).await.err());
                rounds.fetch_add(1, Ordering::Relaxed);
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
            errors
        });
    }
    let altered = tokio::time::timeout(LONG, alter(rounds)).await;
    done.store(true, Ordering::Relaxed);
    let errors = tokio::time::timeout(LONG, tasks.join_all()).await.expect("no task hangs");
    altered.expect("the tables are altered in time").expect("the tables are altered");
    errors.into_iter().flatten().collect()
}

/// Waits until the others have gone so many rounds more.
async fn a_few(rounds: &AtomicUsize, more: usize) {
    let until = rounds.load(Ordering::Relaxed) + more;
    while rounds.load(Ordering::Relaxed) < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_not_read_is_altered_and_nobody_notices() -> Result<()> {
    let db = TestDb::with::<Course>().await;
    db.run("ALTER TABLE course ADD more integer NOT NULL DEFAULT 1").await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(3).build()?;
    let alter = async |rounds: Arc<AtomicUsize>| {
        for _ in 0..8 {
            sql!("alter table course add extra integer default 7").on(&db.engine).execute().await?;
            a_few(&rounds, 2).await;
            sql!("alter table course alter more type bigint").on(&db.engine).execute().await?;
            a_few(&rounds, 2).await;
            sql!("alter table course drop extra").on(&db.engine).execute().await?;
            sql!("alter table course alter more type text").on(&db.engine).execute().await?;
            a_few(&rounds, 2).await;
            sql!("alter table course alter more type integer using 1").on(&db.engine).execute().await?;
        }
        Ok(())
    };
    let errors = while_others_ask(&engine, alter).await;
    assert!(errors.is_empty(), "{errors:#?}");
    check(&engine.query::<Course>().all().await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_dropped_and_created_anew_is_missing_meanwhile_and_no_more() -> Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(TASKS + 1).build()?;
    let alter = async |rounds: Arc<AtomicUsize>| {
        for _ in 0..20 {
            engine.drop_all::<Course>().await?;
            engine.create_all::<Course>().await?;
            a_few(&rounds, 4).await;
        }
        Ok(())
    };
    let errors = while_others_ask(&engine, alter).await;
    // The table or its type is not there, or not that which a statement under way was prepared for.
    let other: Vec<&Error> = errors.iter().filter(|error| error.kind() != ErrorKind::Schema).collect();
    assert!(other.is_empty(), "{other:#?}");
    // Each of them, on each connection.
    let rest = while_others_ask(&engine, async |rounds| {
        a_few(&rounds, 20).await;
        Ok(())
    })
    .await;
    assert!(rest.is_empty(), "{rest:#?}");
    check(&engine.query::<Course>().all().await?);
    Ok(())
}
