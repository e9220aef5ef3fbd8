//! Two sessions and one row: a version catches what would be lost, other columns are left alone, and a transaction that
//! loses is run again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;
use tokio::sync::Barrier;

use crate::models::{Course, Document, Person, School, two_courses};

/// Waits until a connection waits for a lock.
async fn somebody_waits(db: &TestDb) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..500 {
        if db.stored(waiting).await != ["0"] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}

#[tokio::test]
async fn u39_a_lost_update_is_caught_by_the_version() -> Result<()> {
    let db = TestDb::with::<(Document,)>().await;
    db.run("INSERT INTO document (title, version) VALUES ('a', 1)").await;
    let (mut mine, mut theirs) = (db.engine.session(), db.engine.session());
    let my = mine.get::<Document>(1).await?.expect("it is there");
    let their = theirs.get::<Document>(1).await?.expect("it is there");
    mine[my].title = "mine".into();
    theirs[their].title = "theirs".into();
    theirs.commit().await?;
    let error = mine.commit().await.expect_err("the row is newer");
    assert_eq!((error.kind(), error.model()), (ErrorKind::StaleData, Some("Document")));
    assert_eq!(db.stored("SELECT title, version FROM document").await, ["theirs|2"]);
    mine.refresh(&[my]).await?;
    assert_eq!(mine[my].title, "theirs");
    mine[my].title.push_str(" and mine");
    mine.commit().await?;
    assert_eq!(db.stored("SELECT title, version FROM document").await, ["theirs and mine|3"]);
    Ok(())
}

/// The second waits for the lock of the first, and then finds a newer version.
#[tokio::test]
async fn u39_a_lost_update_is_caught_while_the_other_transaction_is_open_alone_and_in_a_batch() -> Result<()> {
    for rows in [1, 100] {
        let db = TestDb::with::<(Document,)>().await;
        db.run(&format!("INSERT INTO document (title, version) SELECT 'a', 1 FROM generate_series(1, {rows})")).await;
        let mut theirs = db.engine.session();
        for document in theirs.query::<Document>().all().await? {
            theirs[document].title = "theirs".into();
        }
        theirs.flush().await?;
        let mut mine = db.engine.session();
        for document in mine.query::<Document>().all().await? {
            mine[document].title = "mine".into();
        }
        let task = tokio::spawn(async move { mine.commit().await });
        somebody_waits(&db).await;
        theirs.commit().await?;
        let error = task.await.expect("it does not panic").expect_err("the rows are newer");
        assert!(error.is_stale_data(), "{error}");
        let all = format!("theirs|2|{rows}");
        assert_eq!(db.stored("SELECT title, version, count(*) FROM document GROUP BY 1, 2").await, [all]);
    }
    Ok(())
}

#[tokio::test]
async fn u39_a_stale_delete_is_caught_while_the_other_transaction_is_open() -> Result<()> {
    let db = TestDb::with::<(Document,)>().await;
    db.run("INSERT INTO document (title, version) SELECT 'a', 1 FROM generate_series(1, 100)").await;
    let mut theirs = db.engine.session();
    let document = theirs.get::<Document>(50).await?.expect("it is there");
    theirs[document].title = "theirs".into();
    theirs.flush().await?;
    let mut mine = db.engine.session();
    for document in mine.query::<Document>().all().await? {
        mine.delete(document)?;
    }
    let task = tokio::spawn(async move { mine.commit().await });
    somebody_waits(&db).await;
    theirs.commit().await?;
    let error = task.await.expect("it does not panic").expect_err("a row is newer");
    assert!(error.is_stale_data() && error.to_string().contains("(50)"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM document").await, ["100"]);
    Ok(())
}

#[tokio::test]
async fn u12_two_sessions_that_change_different_columns_of_a_row_both_have_their_way() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let (mut mine, mut theirs) = (db.engine.session(), db.engine.session());
    let my = mine.get::<Course>(1).await?.expect("it is there");
    let their = theirs.get::<Course>(1).await?.expect("it is there");
    mine[my].name = "mine".into();
    theirs[their].note = Some("theirs".into());
    theirs.commit().await?;
    mine.commit().await?;
    assert_eq!(db.stored("SELECT name, note FROM course WHERE id = 1").await, ["mine|theirs"]);
    Ok(())
}

#[tokio::test]
async fn u13_a_row_that_the_other_session_deletes_meanwhile_is_stale() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) SELECT 'p' FROM generate_series(1, 10)").await;
    let mut theirs = db.engine.session();
    let person = theirs.get::<Person>(3).await?.expect("it is there");
    theirs.delete(person)?;
    theirs.flush().await?;
    let mut mine = db.engine.session();
    for person in mine.query::<Person>().all().await? {
        mine[person].name.push('!');
    }
    let task = tokio::spawn(async move { mine.commit().await });
    somebody_waits(&db).await;
    theirs.commit().await?;
    let error = task.await.expect("it does not panic").expect_err("a row has gone");
    assert!(error.is_stale_data() && error.to_string().contains("(3)"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM person WHERE name = 'p'").await, ["9"]);
    Ok(())
}

/// Each of two transactions sees that one is on duty beside it, and goes: one of them has to look again.
#[tokio::test]
async fn u43_write_skew_is_refused_and_run_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) VALUES ('on duty'), ('on duty')").await;
    let (barrier, tries) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let tasks: Vec<_> = [1, 2]
        .into_iter()
        .map(|key| {
            let (engine, barrier, tries) = (db.engine.clone(), Arc::clone(&barrier), Arc::clone(&tries));
            tokio::spawn(async move {
                engine
                    .transaction(async |session| {
                        let first_try = tries.fetch_add(1, Ordering::Relaxed) < 2;
                        let level = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
                        session.raw().await?.batch_execute(level).await.expect("nothing was read before");
                        let on_duty = session.query::<Person>().filter(Person::name.eq("on duty")).all().await?;
                        if first_try {
                            barrier.wait().await;
                        }
                        if on_duty.len() > 1 {
                            let person = session.get::<Person>(key).await?.expect("it is there");
                            session[person].name = "gone".into();
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
    assert_eq!(tries.load(Ordering::Relaxed), 3, "one of them was run again");
    assert_eq!(db.stored("SELECT count(*) FROM person WHERE name = 'on duty'").await, ["1"]);
    Ok(())
}

/// Each changes all rows, in an order of its own: they are sent in the order of the keys, and what deadlocks all the same
/// is run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u13_many_sessions_that_change_the_same_rows_all_get_through() -> Result<()> {
    const ROWS: usize = 40;
    let db = TestDb::with::<School>().await;
    db.run(&format!("INSERT INTO person (name) SELECT 'p' FROM generate_series(1, {ROWS})")).await;
    let tasks: Vec<_> = (0..6)
        .map(|task| {
            let engine = db.engine.clone();
            tokio::spawn(async move {
                for round in 0..10 {
                    engine
                        .transaction(async |session| {
                            let mut people = session.query::<Person>().order_by(Person::id.asc()).all().await?;
                            people.rotate_left((task * 7 + round * 3) % ROWS);
                            if task % 2 == 0 {
                                people.reverse();
                            }
                            for person in people {
                                session[person].name = format!("{task} {round}");
                            }
                            Ok(())
                        })
                        .await?;
                }
                Ok::<(), orm_core::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it does not panic")?;
    }
    // Who was last had all rows.
    assert_eq!(db.stored("SELECT count(DISTINCT name), count(*) FROM person").await, [format!("1|{ROWS}")]);
    Ok(())
}
