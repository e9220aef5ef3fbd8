//! Q20: row locks, and a queue whose workers do not meet.

use std::collections::HashMap;
use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::from;
use crate::shop::{Customer, Line, Order, shop};

#[test]
fn q20_locks_have_their_texts() {
    let text = |query: orm_core::Query<Unbound, Line>| from(&query.to_sql()).replace(r#""line""#, "").trim().to_owned();
    assert_eq!(text(query::<Line>().for_update()), "FOR UPDATE");
    assert_eq!(text(query::<Line>().for_no_key_update()), "FOR NO KEY UPDATE");
    assert_eq!(text(query::<Line>().for_share().nowait()), "FOR SHARE NOWAIT");
    assert_eq!(text(query::<Line>().for_key_share().skip_locked()), "FOR KEY SHARE SKIP LOCKED");
    aliased!(let buyer = Customer);
    let joined = query::<Line>()
        .join(Line::order)
        .join_as(Order::customer, &buyer)
        .for_update()
        .of(Line::TABLE)
        .of((Order::TABLE, buyer.table()))
        .for_share()
        .nowait();
    assert!(joined.to_sql().ends_with(r#" FOR UPDATE OF "line", "order", "buyer" FOR SHARE NOWAIT"#));
    let rows = query::<Line>().for_update().skip_locked().order_by(Line::id.asc()).select(Line::id).limit(1);
    assert_eq!(from(&rows.to_sql()), r#""line" ORDER BY "line"."id" LIMIT 1 FOR UPDATE SKIP LOCKED"#);
    assert!(query::<Line>().select(Line::id).for_share().nowait().to_sql().ends_with(" FOR SHARE NOWAIT"));
    let inner = query::<Line>().for_update().select(Line::id);
    let outer = query::<Line>().filter(Line::id.in_select(inner)).delete();
    assert!(outer.to_sql().ends_with("FOR UPDATE)"));
}

#[tokio::test]
async fn q20_a_lock_begins_the_transaction_and_holds_until_its_end() -> Result<()> {
    let db = shop().await;
    let (mut first, mut second) = (db.engine.session(), db.engine.session());
    let recording = db.record();
    first.query::<Order>().filter(Order::id.eq(1)).for_update().one().await?;
    assert!(first.in_transaction());
    assert_eq!(recording.take()[0], "BEGIN");
    let refused = second.query::<Order>().filter(Order::id.eq(1)).for_update().nowait().one().await.unwrap_err();
    assert_eq!((refused.kind(), refused.sqlstate()), (ErrorKind::Locked, Some("55P03")));
    assert!(refused.is_locked() && !refused.is_retryable());
    assert!(!second.in_transaction());
    let free =
        second.query::<Order>().order_by(Order::id.asc()).for_update().skip_locked().select(Order::id).all().await?;
    assert_eq!(free, [2, 3, 4]);
    second.rollback().await?;
    first.commit().await?;
    second.query::<Order>().filter(Order::id.eq(1)).for_update().nowait().one().await?;
    second.rollback().await?;
    // A lock of columns and a count hold as well.
    first.query::<Order>().select(Order::id).for_share().limit(1).all().await?;
    assert!(first.in_transaction());
    first.rollback().await?;
    first.query::<Order>().for_update().count().await?;
    assert!(first.in_transaction());
    first.rollback().await?;
    first.query::<Order>().count().await?;
    assert!(!first.in_transaction());
    Ok(())
}

#[tokio::test]
async fn q20_only_the_named_tables_are_locked() -> Result<()> {
    let db = shop().await;
    let (mut first, mut second) = (db.engine.session(), db.engine.session());
    let lines = first.query::<Line>().join(Line::order).filter(Order::id.eq(1)).for_update().of(Line::TABLE);
    assert_eq!(lines.all().await?.len(), 2);
    second.query::<Order>().filter(Order::id.eq(1)).for_update().nowait().one().await?;
    let line = second.query::<Line>().filter(Line::id.eq(1)).for_update().nowait().one().await.unwrap_err();
    assert!(line.is_locked());
    // What an outer join may lack, the server does not lock.
    let outer = second.query::<Order>().left_join(Order::lines).for_update().all().await.unwrap_err();
    assert_eq!(outer.sqlstate(), Some("0A000"));
    assert_eq!(second.query::<Order>().left_join(Order::lines).for_update().of(Order::TABLE).all().await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn q20_what_is_read_along_is_locked_unless_others_are_named() -> Result<()> {
    let db = shop().await;
    let (mut first, mut second) = (db.engine.session(), db.engine.session());
    let order = first.query::<Order>().filter(Order::id.eq(1)).with_joined(Order::customer).for_update().one().await?;
    let customer = first[order].customer.handle().expect("it is loaded");
    assert_eq!(first[customer].name, "Ann");
    let ann = query::<Customer>().filter(Customer::id.eq(1)).for_update().nowait();
    assert!(second.one(ann.clone()).await.unwrap_err().is_locked());
    first.rollback().await?;
    let order = first.query::<Order>().filter(Order::id.eq(1)).with_joined(Order::customer).for_update();
    order.of(Order::TABLE).one().await?;
    second.one(ann).await?;
    Ok(())
}

#[tokio::test]
async fn q20_an_object_of_a_locked_row_has_its_values_of_now() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    session.begin().await?;
    let order = session.query::<Order>().filter(Order::id.eq(1)).one().await?;
    db.run(r#"UPDATE "order" SET total = 5, status = 'lost' WHERE id = 1"#).await;
    // Without a lock an object keeps its values within its transaction.
    session.query::<Order>().filter(Order::id.eq(1)).one().await?;
    assert_eq!(session[order].total, 1000);
    session.query::<Order>().filter(Order::id.eq(1)).for_update().one().await?;
    assert_eq!((session[order].total, session[order].status.as_str()), (5, "lost"));
    // What is in it goes on from there.
    session[order].total += 1;
    session.commit().await?;
    assert_eq!(db.stored(r#"SELECT total, status FROM "order" WHERE id = 1"#).await, ["6|lost"]);
    Ok(())
}

#[tokio::test]
async fn q20_changes_that_are_not_flushed_stay() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    session.begin().await?;
    let order = session.query::<Order>().filter(Order::id.eq(1)).one().await?;
    session[order].status = "mine".to_owned();
    db.run(r#"UPDATE "order" SET total = 5 WHERE id = 1"#).await;
    session
        .no_autoflush(async |session| session.query::<Order>().filter(Order::id.eq(1)).for_update().one().await)
        .await?;
    assert_eq!((session[order].total, session[order].status.as_str()), (1000, "mine"));
    session.commit().await?;
    assert_eq!(db.stored(r#"SELECT total, status FROM "order" WHERE id = 1"#).await, ["5|mine"]);
    // A lock of another table says nothing of this one's rows.
    session.begin().await?;
    session.query::<Order>().filter(Order::id.eq(1)).one().await?;
    db.run(r#"UPDATE "order" SET total = 9 WHERE id = 1"#).await;
    let locked =
        session.query::<Order>().join(Order::customer).filter(Order::id.eq(1)).for_update().of(Customer::TABLE);
    locked.one().await?;
    assert_eq!(session[order].total, 5);
    Ok(())
}

#[tokio::test]
async fn q20_a_rollback_gives_up_what_was_read_under_the_lock() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    let order = session.query::<Order>().filter(Order::id.eq(1)).one().await?;
    session.raw().await?.batch_execute(r#"UPDATE "order" SET total = 77 WHERE id = 1"#).await.expect("an update");
    session.query::<Order>().filter(Order::id.eq(1)).for_update().one().await?;
    assert_eq!(session[order].total, 77);
    session.rollback().await?;
    assert_eq!(session[order].total, 1000);
    // The same of what is read anew by its handle.
    session.raw().await?.batch_execute(r#"UPDATE "order" SET total = 78 WHERE id = 1"#).await.expect("an update");
    session.refresh(&[order]).await?;
    assert_eq!(session[order].total, 78);
    session.rollback().await?;
    assert_eq!(session[order].total, 1000);
    // And committed it stays.
    session.query::<Order>().filter(Order::id.eq(1)).for_update().one().await?;
    session.raw().await?.batch_execute(r#"UPDATE "order" SET total = 79 WHERE id = 1"#).await.expect("an update");
    session.query::<Order>().filter(Order::id.eq(1)).for_update().one().await?;
    session.commit().await?;
    session.rollback().await?;
    assert_eq!(session[order].total, 79);
    Ok(())
}

#[tokio::test]
async fn q20_a_lock_that_nothing_holds_is_refused_before_it_is_sent() -> Result<()> {
    let db = shop().await;
    let recording = db.record();
    let error = db.engine.all(query::<Order>().for_update()).await.unwrap_err();
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Order")));
    assert!(error.to_string().contains("ask a session"), "{error}");
    let locked = || query::<Order>().for_update();
    assert_eq!(db.engine.rows(locked().select(Order::id)).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(locked().on(&db.engine).count().await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(locked().on(&db.engine).exists().await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(locked().on(&db.engine).after(None, 2).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(locked().on(&db.engine).stream().await.unwrap_err().kind(), ErrorKind::Invalid);
    let lone = db.engine.session().query::<Order>().skip_locked().all().await.unwrap_err();
    assert_eq!(lone.kind(), ErrorKind::Invalid);
    assert!(lone.to_string().contains("say `for_update` before them"), "{lone}");
    let deleted = query::<Order>().filter(Order::id.eq(1)).for_update().on(&db.engine).delete().await.unwrap_err();
    assert_eq!(deleted.kind(), ErrorKind::Invalid);
    assert!(recording.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn q20_a_walk_in_batches_locks_each_of_them() -> Result<()> {
    let db = shop().await;
    let (mut session, mut other) = (db.engine.session(), db.engine.session());
    let mut batches = query::<Order>().for_update().in_batches(3);
    assert_eq!(batches.next(&mut session).await?.expect("a batch").len(), 3);
    let free = other.query::<Order>().for_update().skip_locked().select(Order::id).all().await?;
    assert_eq!(free, [4]);
    Ok(())
}

#[derive(Model, Debug, Clone)]
struct Job {
    #[model(primary_key)]
    id: Auto<i32>,
    done_by: Option<i32>,
    runs: i32,
}

/// Takes one job and does it; false if there is none to be had just now.
async fn work(engine: &Engine, worker: i32, loses: bool) -> Result<bool> {
    let mut session = engine.session();
    let free = session.query::<Job>().filter(Job::done_by.is_null()).order_by(Job::id.asc());
    let Some(job) = free.for_update().skip_locked().first().await? else { return Ok(false) };
    tokio::time::sleep(Duration::from_millis(1)).await;
    session[job].done_by = Some(worker);
    session[job].runs += 1;
    if loses {
        session.flush().await?;
        session.rollback().await?;
    } else {
        session.commit().await?;
    }
    Ok(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q20_eight_workers_do_each_job_once() -> Result<()> {
    const JOBS: i64 = 120;
    let db = TestDb::with::<Job>().await;
    db.run("INSERT INTO job (runs) SELECT 0 FROM generate_series(1, 120)").await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(8).build()?;
    let workers: Vec<_> = (1..=8)
        .map(|worker| {
            let engine = engine.clone();
            tokio::spawn(async move {
                // Each loses some of its jobs, which are there for the others again.
                for turn in 1.. {
                    let loses = turn < 30 && turn % 4 == 0;
                    let none_is_free = !work(&engine, worker, loses).await?;
                    if none_is_free && !engine.query::<Job>().filter(Job::done_by.is_null()).exists().await? {
                        break;
                    }
                }
                Ok::<_, orm_core::Error>(())
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker comes to its end")?;
    }
    let by_worker: Vec<(Option<i32>, i64, Option<i64>)> =
        db.engine.query::<Job>().group_by(Job::done_by).select((Job::done_by, count(), Job::runs.sum())).all().await?;
    let done: HashMap<i32, i64> = by_worker.iter().filter_map(|(worker, jobs, _)| Some(((*worker)?, *jobs))).collect();
    assert_eq!(done.values().sum::<i64>(), JOBS, "none is lost");
    assert_eq!(by_worker.iter().filter_map(|row| row.2).sum::<i64>(), JOBS, "and none is done twice");
    Ok(())
}
