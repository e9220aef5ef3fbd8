//! Objects by key, many at once, and their rows read anew.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, School, two_courses};

#[tokio::test]
async fn u28_many_keys_are_one_statement_for_those_that_are_not_here() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    let sent = db.record();
    let found = session.get_many::<Course>([2, 7, 1, 2]).await?;
    assert_eq!(found.len(), 4);
    assert_eq!((found[0], found[1], found[3]), (Some(java), None, Some(java)));
    assert_eq!(session[found[2].expect("it is there")].name, "Python");
    assert_eq!(sent.take().len(), 1);
    assert_eq!(session.get_many::<Course>([1, 2]).await?.len(), 2);
    assert!(session.get_many::<Course>(Vec::<i32>::new()).await?.is_empty());
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn u27_refresh_reads_rows_anew_in_one_statement_and_gives_changes_up() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    session[courses[0]].name = "unflushed".into();
    db.run("UPDATE course SET name = name || '!'").await;
    let sent = db.record();
    session.refresh(&courses).await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!((session[courses[0]].name.as_str(), session[courses[1]].name.as_str()), ("Python!", "Java!"));
    session.commit().await?;
    assert!(sent.sql().is_empty(), "what was given up is not written");
    session.refresh::<Course>(&[]).await?;
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn u27_a_row_that_is_gone_takes_its_object_with_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    db.run("DELETE FROM course WHERE id = 2").await;
    let error = session.refresh(&courses).await.expect_err("a row is gone");
    assert_eq!((error.kind(), error.model()), (ErrorKind::NotFound, Some("Course")));
    assert_eq!(session.state(courses[1]), State::Detached);
    assert_eq!(session[courses[0]].name, "Python");
    let pending = session.add(Course::builder().name("pending"));
    let error = session.refresh(&[pending]).await.expect_err("it has no row");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(session.state(pending), State::Pending);
    Ok(())
}

#[tokio::test]
async fn u28_a_key_is_given_as_a_field_has_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let python = session.add(Course::builder().name("Python"));
    assert_eq!(session.get::<Course>(session[python].id).await?, None, "the server has not made it yet");
    session.commit().await?;
    assert_eq!(session.get::<Course>(session[python].id).await?, Some(python));
    Ok(())
}
