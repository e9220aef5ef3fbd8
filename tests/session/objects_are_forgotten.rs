//! `expunge` and `clear`: objects leave the session, and their rows stay as they are.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, two_courses};

#[tokio::test]
async fn an_expunged_object_is_not_written() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    let new = session.add(Course::builder().name("new"));
    session[python].name = "changed".to_owned();
    session.expunge(python)?;
    session.expunge(new)?;
    let sent = db.record();
    session.commit().await?;
    assert!(sent.take().is_empty());
    assert_eq!((session.state(python), session.state(new)), (State::Detached, State::Detached));
    assert_eq!(session.expunge(python).expect_err("it is gone").kind(), ErrorKind::Detached);
    let again = session.get::<Course>(1).await?.expect("its row is there");
    assert_eq!(session[again].name, "Python");
    Ok(())
}

#[tokio::test]
async fn an_expunged_parent_is_not_loaded_any_more() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.query::<Homework>().with(Homework::course).first().await?.expect("there are two");
    let course = session[homework].course.handle().expect("it was loaded");
    session.expunge(course)?;
    assert!(!session[homework].course.is_loaded(), "and not taken for none");
    session[homework].number = 9;
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework WHERE number = 9").await, ["1"]);
    Ok(())
}

#[tokio::test]
async fn a_cleared_session_holds_nothing_and_is_used_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let new = session.add(Course::builder().name("new"));
    session[courses[0]].name = "changed".to_owned();
    session.delete(courses[1])?;
    let sent = db.record();
    session.clear();
    session.commit().await?;
    assert!(sent.take().is_empty());
    assert!(session.objects::<Course>().is_empty() && session.new_objects::<Course>().is_empty());
    let again = session.query::<Course>().all().await?;
    for gone in [courses[0], courses[1], new] {
        assert_eq!(session.state(gone), State::Detached, "a new object in its place is not it");
        assert!(!again.contains(&gone));
    }
    session.clear();
    let once_more = session.query::<Course>().all().await?;
    assert!(again.iter().all(|handle| session.try_get(*handle).is_err() && !once_more.contains(handle)));
    Ok(())
}

#[tokio::test]
async fn what_was_flushed_before_a_clear_is_committed() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    for batch in 0..3 {
        session.add_all((0..2).map(|n| Course::builder().name(format!("{batch}.{n}"))));
        session.flush().await?;
        session.clear();
    }
    assert!(session.in_transaction());
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM course").await, ["6"]);
    session.add(Course::builder().name("late"));
    session.flush().await?;
    session.clear();
    session.rollback().await?;
    assert_eq!(db.stored("SELECT count(*) FROM course").await, ["6"]);
    Ok(())
}

#[tokio::test]
async fn objects_are_forgotten_within_a_savepoint() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    session[courses[0]].name = "one".to_owned();
    session[courses[1]].name = "two".to_owned();
    let mut savepoint = session.savepoint().await?;
    savepoint.take(courses[0])?;
    savepoint[courses[1]].name = "other".to_owned();
    savepoint.flush().await?;
    savepoint.rollback().await?;
    assert_eq!(session[courses[1]].name, "two");
    let mut savepoint = session.savepoint().await?;
    savepoint.clear();
    savepoint.rollback().await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["one", "two"]);
    Ok(())
}

#[tokio::test]
async fn a_session_may_be_cleared_while_an_object_is_out() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let course = session.get::<Course>(1).await?.expect("it is there");
    session.with(course, |course, session| {
        course.name.push('!');
        session.clear();
    });
    assert_eq!(session.state(course), State::Detached);
    session.commit().await
}
