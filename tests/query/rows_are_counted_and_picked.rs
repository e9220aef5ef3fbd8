//! `count`, `exists`, `first`, `one`, `one_or_none`, and their errors.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::{Course, Homework, Line, Part, School, Tag, two_courses};

#[tokio::test]
async fn q01_count_has_the_text_that_it_needs() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let engine = &db.engine;
    let sent = db.record();
    assert_eq!(engine.query::<Course>().order_by(Course::id.asc()).count().await?, 2);
    assert_eq!(engine.query::<Tag>().limit(1).offset(0).count().await?, 0);
    assert_eq!(engine.query::<Tag>().distinct().count().await?, 0);
    assert_eq!(engine.query::<Course>().join(Course::homeworks).count().await?, 2);
    assert_eq!(
        sent.sql(),
        [
            r#"SELECT count(*) FROM "course""#,
            r#"SELECT count(*) FROM (SELECT "tag"."id", "tag"."label" FROM "tag" LIMIT 1 OFFSET 0) AS "subquery""#,
            r#"SELECT count(*) FROM (SELECT DISTINCT "tag"."id", "tag"."label" FROM "tag") AS "subquery""#,
            r#"SELECT count(*) FROM "course" JOIN "homework" ON "course"."id" = "homework"."course_id""#,
        ],
    );
    assert_eq!(engine.query::<Course>().limit(1).count().await?, 1);
    assert_eq!(engine.query::<Course>().offset(1).count().await?, 1);
    assert_eq!(engine.query::<Course>().join(Course::homeworks).distinct().count().await?, 1);
    assert_eq!(engine.query::<Course>().with(Course::homeworks).count().await?, 2);
    Ok(())
}

#[tokio::test]
async fn q01_exists_asks_for_one_row() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let sent = db.record();
    assert!(db.engine.query::<Course>().filter(Course::name.eq("Java")).order_by(Course::id.asc()).exists().await?);
    assert!(!db.engine.query::<Course>().filter(Course::name.eq("x")).exists().await?);
    assert_eq!(sent.sql()[0], r#"SELECT 1 FROM "course" WHERE "course"."name" = $1 LIMIT 1"#);
    let mut session = db.engine.session();
    session.add(Course::builder().name("x"));
    assert!(session.query::<Course>().filter(Course::name.eq("x")).exists().await?);
    Ok(())
}

#[tokio::test]
async fn q01_first_takes_one_and_one_takes_two() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let engine = &db.engine;
    let sent = db.record();
    let first = engine.query::<Course>().order_by(Course::id.desc()).first().await?.expect("there are two");
    assert_eq!(first.name, "Java");
    assert!(engine.first(query::<Tag>()).await?.is_none());
    assert!(sent.take().iter().all(|sql| sql.ends_with("LIMIT 1")));

    let error = engine.query::<Tag>().one().await.expect_err("there is none");
    assert_eq!((error.kind(), error.model()), (ErrorKind::NotFound, Some("Tag")));
    assert_eq!(error.to_string(), "no row of `Tag` was found where one was asked for");
    let error = engine.query::<Course>().one().await.expect_err("there are two");
    assert_eq!((error.kind(), error.model()), (ErrorKind::MultipleRows, Some("Course")));
    assert!(sent.take().iter().all(|sql| sql.ends_with("LIMIT 2")));
    assert!(engine.query::<Tag>().one_or_none().await?.is_none());
    assert_eq!(engine.query::<Course>().one_or_none().await.expect_err("two").kind(), ErrorKind::MultipleRows);
    assert_eq!(engine.query::<Course>().limit(1).one().await?.id.get(), Some(1));
    Ok(())
}

#[tokio::test]
async fn q01_an_engine_gets_a_row_by_its_key() -> Result<()> {
    let db = TestDb::with::<(School, Line, Part)>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO line (order_id, no, text) VALUES (1, 2, 'two')").await;
    let sent = db.record();
    assert_eq!(db.engine.get::<Course>(2).await?.map(|course| course.name).as_deref(), Some("Java"));
    assert_eq!(
        sent.sql(),
        [r#"SELECT "course"."id", "course"."name", "course"."note" FROM "course" WHERE "course"."id" = $1"#]
    );
    assert!(db.engine.get::<Course>(9).await?.is_none());
    assert_eq!(db.engine.get::<Line>((1, 2)).await?.map(|line| line.text).as_deref(), Some("two"));
    assert!(db.engine.get::<Line>((2, 1)).await?.is_none());
    drop(sent.take());
    assert!(db.engine.get::<Course>(Auto::Pending).await?.is_none());
    assert!(sent.sql().is_empty(), "no row has a key that was not made");
    Ok(())
}

#[tokio::test]
async fn q01_a_session_picks_objects() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.query::<Course>().join(Course::homeworks).one().await?;
    assert_eq!(session[python].name, "Python", "two rows are one object");
    assert_eq!(session.one(query::<Course>().filter(Course::id.eq(1))).await?, python);
    assert_eq!(session.first(query::<Course>().order_by(Course::id.asc())).await?, Some(python));
    assert!(session.query::<Course>().one().await.expect_err("two").kind() == ErrorKind::MultipleRows);
    assert!(session.query::<Homework>().filter(Homework::number.gt(9)).one().await.expect_err("none").is_not_found());
    Ok(())
}

#[tokio::test]
async fn q01_rows_of_columns_are_picked_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let names = || db.engine.query::<Course>().order_by(Course::id.asc()).select(Course::name);
    assert_eq!(names().first().await?.as_deref(), Some("Python"));
    assert_eq!(names().limit(1).one().await?, "Python");
    assert_eq!(names().one().await.expect_err("two").kind(), ErrorKind::MultipleRows);
    let none = db.engine.query::<Tag>().select(Tag::label);
    assert_eq!(none.one().await.expect_err("none").kind(), ErrorKind::NotFound);
    Ok(())
}
