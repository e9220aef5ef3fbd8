//! Objects by key, many at once, and their rows read anew.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, two_courses};

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

#[tokio::test]
async fn u27_all_rows_that_are_gone_take_their_objects_with_them() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homeworks = session.query::<Homework>().all().await?;
    db.run("DELETE FROM homework").await;
    let error = session.refresh(&homeworks).await.expect_err("two rows are gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(homeworks.iter().all(|&homework| session.state(homework) == State::Detached));
    Ok(())
}

#[tokio::test]
async fn u27_after_a_rollback_the_next_query_reads_anew() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session[java].note = Some("x".into());
    session.flush().await?;
    session.rollback().await?;
    db.run("UPDATE course SET name = 'Rust' WHERE id = 2").await;
    assert_eq!(session[java].name, "Java");
    session.query::<Course>().all().await?;
    assert_eq!(session[java].name, "Rust");
    // One that only read has nothing to roll back, and is told that its reading has ended all the same.
    db.run("UPDATE course SET name = 'Go' WHERE id = 2").await;
    session.rollback().await?;
    session.get::<Course>(2).await?;
    assert_eq!(session[java].name, "Go");
    Ok(())
}

#[tokio::test]
async fn u27_populate_existing_reads_what_is_there_anew_in_the_query_itself() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homework = session[courses[0]].homeworks.handles()[0];
    session[courses[1]].note = Some("flushed".into());
    db.run("UPDATE course SET name = name || '!'; UPDATE homework SET number = 9, course_id = 2 WHERE id = 1").await;
    let sent = db.record();
    let again =
        session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).populate_existing().await?;
    assert_eq!(again, courses);
    assert_eq!(sent.take().len(), 4, "BEGIN, the flush, the query and its relationship");
    assert_eq!(again.iter().map(|course| session[course].name.as_str()).collect::<Vec<_>>(), ["Python!", "Java!"]);
    assert_eq!(session[courses[1]].note.as_deref(), Some("flushed"));
    assert_eq!((session[courses[0]].homeworks.len(), session[courses[1]].homeworks.handles()), (1, vec![homework]));
    assert_eq!(session[homework].number, 1, "what is at the other end keeps its values");
    session.query::<Homework>().populate_existing().await?;
    assert_eq!((session[homework].number, session[homework].course_id), (9, 2));
    session.rollback().await?;
    assert_eq!((session[courses[0]].name.as_str(), session[courses[1]].note.as_deref()), ("Python", None));
    Ok(())
}

#[tokio::test]
async fn u27_populate_existing_gives_up_what_no_flush_has_seen_and_leaves_what_is_doomed() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homeworks = session.query::<Homework>().order_by(Homework::id.asc()).all().await?;
    session[homeworks[0]].number = 7;
    session.delete(homeworks[1])?;
    session.no_autoflush(async |session| session.query::<Homework>().populate_existing().await).await?;
    assert_eq!(session[homeworks[0]].number, 1);
    assert_eq!(session.deleted_objects::<Homework>(), [homeworks[1]]);
    session.commit().await?;
    assert_eq!(db.stored("SELECT id, number FROM homework").await, ["1|1"]);
    Ok(())
}

#[tokio::test]
async fn u48_what_was_done_by_the_driver_is_seen_by_a_refresh_and_goes_back_with_the_transaction() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    session.raw().await?.batch_execute("UPDATE course SET name = 'raw' WHERE id = 1").await.expect("it runs");
    assert_eq!(session[python].name, "Python");
    session.refresh(&[python]).await?;
    assert_eq!(session[python].name, "raw");
    session.rollback().await?;
    assert_eq!(session[python].name, "Python");
    let mut savepoint = session.savepoint().await?;
    savepoint.raw().await?.batch_execute("UPDATE course SET name = 'raw' WHERE id = 1").await.expect("it runs");
    savepoint.refresh(&[python]).await?;
    savepoint.rollback().await?;
    assert_eq!(session[python].name, "Python");
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course WHERE id = 1").await, ["Python"]);
    Ok(())
}
