//! A table is altered while statements on it are prepared.

use orm_core::prelude::*;
use orm_core::{Engine, ErrorKind};
use orm_tests::TestDb;

use crate::said;

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    year: i32,
}

fn one(engine: &str) -> orm_core::Result<Engine> {
    Engine::builder().dsn(engine).pool_size(1).build()
}

async fn work(engine: &Engine) -> orm_core::Result<()> {
    let mut session = engine.session();
    session.add(Course::builder().name("a").year(1));
    session.commit().await?;
    let handles = session.add_all([Course::builder().name("b").year(1), Course::builder().name("c").year(2)]);
    session.commit().await?;
    for handle in handles {
        session[handle].year += 1;
    }
    session.commit().await?;
    session.query::<Course>().filter(Course::year.gt(0)).all().await?;
    session.commit().await?;
    engine.query::<Course>().filter(Course::year.in_([1, 2])).all().await?;
    Ok(())
}

#[tokio::test]
async fn a_column_is_added_or_dropped() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = one(db.database.url())?;
    work(&engine).await?;
    db.run("ALTER TABLE course ADD more integer DEFAULT 7").await;
    work(&engine).await?;
    db.run("ALTER TABLE course DROP more").await;
    work(&engine).await
}

#[tokio::test]
async fn a_column_changes_its_type_to_one_of_the_same_format() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = one(db.database.url())?;
    work(&engine).await?;
    db.run("ALTER TABLE course ALTER name TYPE varchar(100)").await;
    // In a transaction a statement that failed cannot be sent again; the next transaction knows the new type.
    for _ in 0..6 {
        if work(&engine).await.is_ok() {
            break;
        }
    }
    work(&engine).await
}

#[tokio::test]
async fn a_column_changes_its_type() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = one(db.database.url())?;
    work(&engine).await?;
    db.run("ALTER TABLE course ALTER year TYPE bigint").await;
    let error = engine.query::<Course>().filter(Course::year.in_([1, 2])).all().await.unwrap_err();
    let parts = ["column `course.year` is of type `bigint`", "`Course::year` needs `integer`"];
    said::check(&error, ErrorKind::Schema, &parts, &[]);
    let mut session = engine.session();
    let mut error = session.query::<Course>().filter(Course::year.gt(0)).all().await.unwrap_err();
    if error.kind() != ErrorKind::Schema {
        session.rollback().await?;
        error = session.query::<Course>().filter(Course::year.gt(0)).all().await.unwrap_err();
    }
    said::check(&error, ErrorKind::Schema, &parts, &[]);
    session.rollback().await?;
    db.run("ALTER TABLE course ALTER year TYPE integer").await;
    for _ in 0..6 {
        if work(&engine).await.is_ok() {
            break;
        }
    }
    work(&engine).await
}

#[tokio::test]
async fn a_table_is_replaced() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = one(db.database.url())?;
    work(&engine).await?;
    db.run("DROP TABLE course").await;
    let error = engine.query::<Course>().all().await.unwrap_err();
    said::check(&error, ErrorKind::Schema, &["table `course` of model `Course` does not exist"], &[]);
    let error = work(&engine).await.unwrap_err();
    said::check(&error, ErrorKind::Schema, &["table `course` of model `Course` does not exist"], &[]);
    db.engine.create_all::<Course>().await?;
    work(&engine).await
}

/// `DEALLOCATE ALL`, as a pooler between may do.
#[tokio::test]
async fn prepared_statements_are_forgotten_by_the_server() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let engine = one(db.database.url())?;
    work(&engine).await?;
    engine.raw().await?.batch_execute("DEALLOCATE ALL").await.expect("forgotten");
    engine.query::<Course>().filter(Course::year.in_([1, 2])).all().await?;
    for _ in 0..6 {
        if work(&engine).await.is_ok() {
            break;
        }
    }
    work(&engine).await
}

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "reading")]
struct Reading {
    #[model(primary_key)]
    id: i32,
    ratio: f64,
}

/// A copy has no parameters and no result that the server could convert or compare: its bytes are what they are.
#[tokio::test]
async fn a_column_that_is_copied_changes_its_type_to_one_of_the_same_length() -> orm_core::Result<()> {
    let db = TestDb::with::<Reading>().await;
    let engine = one(db.database.url())?;
    let copy = async |id| engine.copy_in::<Reading>().rows([Reading { id, ratio: 2.0 }]).await;
    let read = async || {
        let (mut rows, mut ratios) = (engine.query::<Reading>().copy_out().await?, Vec::new());
        // To the end, so that the connection is the same one again.
        while let Some(row) = rows.next().await? {
            ratios.push(row.ratio);
        }
        orm_core::Result::Ok(ratios)
    };
    copy(1).await?;
    assert_eq!(read().await?, [2.0]);
    db.run("ALTER TABLE reading ALTER ratio TYPE bigint").await;
    let parts = ["column `reading.ratio` is of type `bigint`", "`Reading::ratio` needs `double precision`"];
    said::check(&copy(2).await.unwrap_err(), ErrorKind::Schema, &parts, &[]);
    assert_eq!(db.stored("SELECT id, ratio FROM reading").await, ["1|2"], "no number is made of another's bytes");
    said::check(&read().await.unwrap_err(), ErrorKind::Schema, &parts, &[]);
    db.run("ALTER TABLE reading ALTER ratio TYPE double precision").await;
    copy(3).await?;
    assert_eq!(read().await?, [2.0, 2.0]);
    Ok(())
}
