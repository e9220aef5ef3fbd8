//! Streams of an engine: rows are read as they are asked for, and the server waits for a slow reader.

use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::{Course, Homework, Person, School, two_courses};

/// Rows that do not fit in the buffers between the server and a reader.
const MANY: &str = "INSERT INTO person (name) SELECT repeat('p', 1000) FROM generate_series(1, 60000)";

#[tokio::test]
async fn u47_a_stream_gives_values_one_by_one() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let sent = db.record();
    let mut homeworks = db.engine.query::<Homework>().filter(Homework::number.gt(0)).stream().await?;
    let mut numbers = Vec::new();
    while let Some(homework) = homeworks.next().await? {
        numbers.push(homework.number);
    }
    assert_eq!(numbers, [1, 2]);
    assert!(homeworks.next().await?.is_none(), "after the last there is none");
    assert_eq!(sent.take().len(), 1);
    assert_eq!(
        db.engine.connections(),
        db.engine.idle_connections(),
        "the connection is back, with the stream at hand"
    );
    Ok(())
}

#[tokio::test]
async fn u47_a_stream_gives_columns_and_joined_ends() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let query = db.engine.query::<Homework>().join(Homework::course).order_by(Homework::number.desc());
    let mut rows = query.select((Homework::number, Course::name)).stream().await?;
    assert_eq!(rows.next().await?, Some((2, "Python".to_owned())));
    let query = db.engine.query::<Homework>().with_joined(Homework::reviewer.with_joined(Person::boss));
    let mut rows = query.with_joined(Homework::course).stream().await?;
    let (homework, reviewer, course): (Homework, Option<(Person, Option<Person>)>, Course) =
        rows.next().await?.expect("there are two");
    assert_eq!((homework.course_id, reviewer.is_none(), course.name.as_str()), (1, true, "Python"));
    Ok(())
}

#[tokio::test]
async fn u47_a_stream_holds_a_slow_server_back_and_can_be_dropped() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(MANY).await;
    let mut people = db.engine.query::<Person>().stream().await?;
    assert!(people.next().await?.is_some());
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND datname = current_database()";
    assert!(comes_true(&db, waiting, "1").await, "the server has sent what the buffers take, and waits");
    let connections = db.engine.connections();
    drop(people);
    assert_eq!(db.engine.connections(), connections - 1, "the rest of the rows is not read");
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT \"person\"%' AND state = 'active'";
    assert!(comes_true(&db, busy, "0").await, "the server has given up");
    assert_eq!(db.engine.query::<Person>().count().await?, 60_000);
    Ok(())
}

#[tokio::test]
async fn u47_an_error_in_the_midst_of_a_stream_is_told() -> Result<()> {
    let db = TestDb::new();
    db.run("CREATE VIEW person AS SELECT n AS id, 'p' AS name, 1 / (n - 500) AS boss_id, n AS mentor_id FROM generate_series(1, 1000) n; ALTER VIEW person ALTER COLUMN name SET DEFAULT ''")
        .await;
    let mut people = db.engine.query::<Person>().stream().await?;
    let mut read = 0;
    let error = loop {
        match people.next().await {
            Ok(Some(_)) => read += 1,
            Ok(None) => panic!("the error was lost"),
            Err(error) => break error,
        }
    };
    assert_eq!((read, error.sqlstate()), (499, Some("22012")));
    assert!(people.next().await?.is_none());
    let ids = db.engine.query::<Person>().filter(Person::id.lt(10)).select(Person::id).all().await?;
    assert_eq!(ids.len(), 9, "the connection is of use");
    Ok(())
}

#[tokio::test]
async fn u47_a_row_that_cannot_be_read_ends_the_stream() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) VALUES ('a'), ('b'); ALTER TABLE person ALTER COLUMN name DROP NOT NULL; INSERT INTO person (name) VALUES (NULL), ('d')")
        .await;
    let mut people = db.engine.query::<Person>().order_by(Person::id.asc()).stream().await?;
    assert!(people.next().await?.is_some() && people.next().await?.is_some());
    let error = people.next().await.expect_err("a name is missing");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Decode, Some("name")));
    assert!(people.next().await?.is_none());
    assert_eq!(db.engine.query::<Person>().count().await?, 4);
    Ok(())
}

#[tokio::test]
async fn u47_a_stream_that_the_server_refuses_is_not_opened() -> Result<()> {
    let db = TestDb::new();
    let error = db.engine.query::<Person>().stream().await.expect_err("there is no table");
    assert_eq!(error.sqlstate(), Some("42P01"));
    assert_eq!(db.engine.connections(), db.engine.idle_connections());
    Ok(())
}

/// Asks again until the answer is this one; not for ever.
async fn comes_true(db: &TestDb, sql: &str, expected: &str) -> bool {
    for _ in 0..600 {
        if db.stored(sql).await == [expected] {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}
