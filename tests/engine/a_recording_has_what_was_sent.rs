//! `Engine::record`: what was sent, in order, until the recording is dropped.

use std::time::Duration;

use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
}

#[tokio::test]
async fn in_order_and_with_counts() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let sent = db.record();
    assert!(sent.statements().is_empty());
    let mut session = db.engine.session();
    session.add(Course::builder().name("s3cret"));
    session.flush().await?;
    session.commit().await?;
    db.engine.query::<Course>().filter(Course::name.eq("s3cret")).all().await?;
    db.engine.query::<Course>().filter(Course::name.ne("x")).update(Course::name.set("y")).await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            r#"INSERT INTO "course" ("name") VALUES ($1) RETURNING "id""#,
            "COMMIT",
            r#"SELECT "course"."id", "course"."name" FROM "course" WHERE "course"."name" = $1"#,
            r#"UPDATE "course" SET "name" = $1 WHERE "course"."name" <> $2"#,
        ]
    );
    let counts: Vec<(usize, u64)> = sent.statements().iter().map(|one| (one.params(), one.rows())).collect();
    assert_eq!(counts, [(0, 0), (1, 1), (0, 0), (1, 1), (2, 1)]);
    assert!(sent.statements().iter().all(|one| one.duration() > Duration::ZERO));
    assert!(!format!("{sent:?} {:?}", sent.statements()).contains("s3cret"));
    Ok(())
}

#[tokio::test]
async fn several_record_the_same_and_one_may_end() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let first = db.record();
    db.engine.query::<Course>().count().await?;
    let second = db.engine.clone().record();
    db.engine.query::<Course>().count().await?;
    assert_eq!((first.sql().len(), second.sql().len()), (2, 1));
    drop(first);
    db.engine.query::<Course>().count().await?;
    assert_eq!(second.take().len(), 2);
    assert!(second.sql().is_empty());
    db.engine.query::<Course>().count().await?;
    assert_eq!(second.sql().len(), 1);
    drop(second);
    db.engine.query::<Course>().count().await?;
    assert!(db.record().sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn other_engines_are_not_recorded() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let sent = db.record();
    orm_core::Engine::new(db.database.url())?.query::<Course>().count().await?;
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_failed_was_sent_too() {
    let db = TestDb::new();
    let sent = db.record();
    db.engine.query::<Course>().count().await.expect_err("no table");
    assert_eq!(sent.sql(), [r#"SELECT count(*) FROM "course""#]);
    assert_eq!(sent.statements()[0].rows(), 0);
}

#[tokio::test]
async fn ddl_is_recorded() -> orm_core::Result<()> {
    let db = TestDb::new();
    let sent = db.record();
    db.engine.create_all::<Course>().await?;
    let sql = sent.take();
    assert_eq!(sql.len(), 4);
    assert!(sql[1].starts_with("SELECT pg_advisory_xact_lock"));
    assert!(sql[2].starts_with(r#"CREATE TABLE IF NOT EXISTS "course""#));
    db.engine.drop_all::<Course>().await?;
    assert_eq!(sent.sql()[2], r#"DROP TABLE IF EXISTS "course""#);
    Ok(())
}
