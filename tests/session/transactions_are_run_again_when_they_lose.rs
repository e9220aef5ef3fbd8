//! `Engine::transaction`: commit on `Ok`, rollback on `Err`, and another try after a serialization failure or deadlock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use orm_core::prelude::*;
use orm_core::{Error, MaybeRetryable, Result};
use orm_tests::TestDb;
use tokio::sync::Barrier;

use crate::models::{Course, Person, School, two_courses};

#[tokio::test]
async fn u43_ok_commits_and_err_rolls_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let name = String::from("Python");
    let course = db
        .engine
        .transaction(async |session| {
            let course = session.add(Course::builder().name(name.as_str()));
            session.flush().await?;
            Ok(session[course].clone())
        })
        .await?;
    assert_eq!(course.id.get(), Some(1));
    let failed: Result<()> = db
        .engine
        .transaction(async |session| {
            session.add(Course::builder().name("Java"));
            session.flush().await?;
            session.query::<Course>().filter(Course::name.eq("nothing")).one().await?;
            Ok(())
        })
        .await;
    assert!(failed.expect_err("there is no such course").is_not_found());
    assert_eq!(db.stored("SELECT name FROM course").await, ["Python"]);
    assert_eq!(db.engine.idle_connections(), db.engine.connections());
    Ok(())
}

#[tokio::test]
async fn u43_an_error_that_is_no_conflict_is_not_tried_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let tries = AtomicU32::new(0);
    let outcome = db
        .engine
        .transaction(async |session| {
            tries.fetch_add(1, Ordering::Relaxed);
            session.add(Course::builder().name("Java"));
            Ok(())
        })
        .await;
    assert!(outcome.expect_err("there is a course of that name").is_unique_violation());
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    Ok(())
}

#[tokio::test]
async fn u43_a_panic_rolls_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let engine = db.engine.clone();
    let task = tokio::spawn(async move {
        let outcome: Result<()> = engine
            .transaction(async |session| {
                session.add(Course::builder().name("Java"));
                session.flush().await?;
                panic!("in the closure")
            })
            .await;
        outcome
    });
    assert!(task.await.expect_err("it panicked").is_panic());
    assert!(db.stored("SELECT * FROM course").await.is_empty());
    Ok(())
}

#[derive(Debug)]
enum AppError {
    Orm(Error),
    Refused(&'static str),
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        Self::Orm(error)
    }
}

impl MaybeRetryable for AppError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Orm(error) if error.is_retryable())
    }
}

#[tokio::test]
async fn u43_an_application_has_an_error_type_of_its_own() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let outcome = db
        .engine
        .transaction_with::<(), AppError, _>(async |session| {
            session.add(Course::builder().name("Java"));
            session.flush().await?;
            Err(AppError::Refused("no"))
        })
        .await;
    assert!(matches!(outcome, Err(AppError::Refused("no"))));
    assert!(db.stored("SELECT * FROM course").await.is_empty());
    let outcome = db
        .engine
        .transaction_with::<(), AppError, _>(async |session| {
            session.query::<Course>().one().await?;
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Err(AppError::Orm(error)) if error.is_not_found()));
    Ok(())
}

#[derive(Debug)]
struct Wrapped(Error);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("something went wrong")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test]
async fn u43_an_error_of_any_kind_is_asked_for_its_sources() -> Result<()> {
    type AnyError = Box<dyn std::error::Error + Send + Sync>;
    let db = TestDb::with::<School>().await;
    db.run(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE EXCEPTION 'it is not to be' USING ERRCODE = NEW.name; END $$;
         CREATE TRIGGER fail BEFORE INSERT ON course FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    .await;
    for (code, wraps, tries) in [("40001", false, 5), ("40P01", true, 5), ("22023", true, 1)] {
        let tried = AtomicU32::new(0);
        let outcome = db.engine.transaction_with::<(), AnyError, _>(async |session| {
            tried.fetch_add(1, Ordering::Relaxed);
            session.add(Course::builder().name(code));
            match session.flush().await {
                Err(error) if wraps => Err(Wrapped(error).into()),
                done => Ok(done?),
            }
        });
        outcome.await.expect_err("it fails");
        assert_eq!(tried.into_inner(), tries, "{code}, {wraps}");
    }
    let outcome = db.engine.transaction_with::<(), AnyError, _>(async |_| Err("of another kind".into())).await;
    assert_eq!(outcome.expect_err("it fails").to_string(), "of another kind");
    Ok(())
}

#[tokio::test]
async fn u43_a_serialization_failure_is_run_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) VALUES ('0')").await;
    // Both read the row in their snapshots before either writes it: one of them loses.
    let (barrier, tries) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let (engine, barrier, tries) = (db.engine.clone(), Arc::clone(&barrier), Arc::clone(&tries));
            tokio::spawn(async move {
                engine
                    .transaction(async |session| {
                        let first_try = tries.fetch_add(1, Ordering::Relaxed) < 2;
                        let level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
                        session.raw().await?.batch_execute(level).await.expect("nothing was read before");
                        let person = session.query::<Person>().one().await?;
                        if first_try {
                            barrier.wait().await;
                        }
                        let count: i32 = session[person].name.parse().unwrap_or(-100);
                        session[person].name = (count + 1).to_string();
                        Ok(())
                    })
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it does not panic")?;
    }
    assert_eq!(db.stored("SELECT name FROM person").await, ["2"]);
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    Ok(())
}

#[tokio::test]
async fn u43_a_deadlock_is_run_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) VALUES ('a'), ('b')").await;
    let (barrier, tries) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let tasks: Vec<_> = [[1, 2], [2, 1]]
        .into_iter()
        .map(|order| {
            let (engine, barrier, tries) = (db.engine.clone(), Arc::clone(&barrier), Arc::clone(&tries));
            tokio::spawn(async move {
                engine
                    .transaction(async |session| {
                        let first_try = tries.fetch_add(1, Ordering::Relaxed) < 2;
                        for (i, key) in order.into_iter().enumerate() {
                            let person = session.get::<Person>(key).await?.expect("it is there");
                            session[person].name.push('!');
                            session.flush().await?;
                            if first_try && i == 0 {
                                barrier.wait().await;
                            }
                        }
                        Ok(())
                    })
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it does not panic")?;
    }
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    assert_eq!(db.stored("SELECT length(name) FROM person").await, ["3", "3"]);
    Ok(())
}

#[tokio::test]
async fn u43_who_loses_five_times_is_told() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$;
         CREATE TRIGGER lose BEFORE INSERT ON course FOR EACH ROW EXECUTE FUNCTION lose()",
    )
    .await;
    let tries = AtomicU32::new(0);
    let begun = std::time::Instant::now();
    let outcome = db
        .engine
        .transaction(async |session| {
            tries.fetch_add(1, Ordering::Relaxed);
            session.add(Course::builder().name("Java"));
            Ok(())
        })
        .await;
    let error = outcome.expect_err("it lost each time");
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!((error.sqlstate(), tries.load(Ordering::Relaxed)), (Some("40P01"), 5));
    assert!(begun.elapsed() > std::time::Duration::from_millis(20), "it waits in between");
    assert_eq!(db.engine.idle_connections(), db.engine.connections());
    Ok(())
}
