//! Savepoints: what happens inside goes back alone, with the rest of the transaction, or stays.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, two_courses};

const NAMES: &str = "SELECT name FROM course ORDER BY id";

#[tokio::test]
async fn u34_rolling_back_undoes_what_happened_inside_and_nothing_else() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    let java = session.get::<Course>(2).await?.expect("it is there");
    let homeworks = session[python].homeworks.handles();
    session[python].name = "outer".into();
    let sent = db.record();
    let mut savepoint = session.savepoint().await?;
    savepoint[python].name = "inner".into();
    let new = savepoint.add(Course::builder().name("new"));
    let flushed = savepoint.push(python, Course::homeworks, Homework::builder().number(9).description("new"))?;
    savepoint.delete(homeworks[0])?;
    savepoint.flush().await?;
    savepoint[java].name = "in memory".into();
    savepoint.rollback().await?;
    assert_eq!(session[python].name, "outer");
    assert_eq!(session[java].name, "Java");
    assert_eq!((session.state(new), session.state(flushed)), (State::Transient, State::Transient));
    assert_eq!(session.state(homeworks[0]), State::Persistent);
    assert_eq!(session[python].homeworks.handles(), homeworks);
    session.commit().await?;
    let sql = sent.sql();
    assert_eq!(
        sql.iter().filter(|sql| sql.contains("SAVEPOINT")).collect::<Vec<_>>(),
        [r#"SAVEPOINT "orm_1""#, r#"ROLLBACK TO SAVEPOINT "orm_1""#]
    );
    assert_eq!(db.stored(NAMES).await, ["outer", "Java"]);
    assert_eq!(db.stored("SELECT count(*) FROM homework").await, [homeworks.len().to_string()]);
    Ok(())
}

#[tokio::test]
async fn u34_released_changes_belong_to_the_outer_level_and_go_back_with_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    let mut outer = session.savepoint().await?;
    let mut inner = outer.savepoint().await?;
    inner[python].name = "inner".into();
    let new = inner.add(Course::builder().name("new"));
    inner.release().await?;
    assert_eq!(outer[python].name, "inner");
    assert_eq!(outer.state(new), State::Persistent);
    outer.rollback().await?;
    assert_eq!(session[python].name, "Python");
    assert_eq!(session.state(new), State::Transient);

    let mut kept = session.savepoint().await?;
    kept[python].name = "kept".into();
    kept.release().await?;
    session.rollback().await?;
    assert_eq!(session[python].name, "Python");

    let mut kept = session.savepoint().await?;
    kept[python].name = "kept".into();
    kept.release().await?;
    session.commit().await?;
    assert_eq!(db.stored(NAMES).await, ["kept", "Java"]);
    Ok(())
}

#[tokio::test]
async fn u34_dropping_is_rolling_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    {
        let mut savepoint = session.savepoint().await?;
        savepoint[python].name = "dropped".into();
        savepoint.flush().await?;
        let mut inner = savepoint.savepoint().await?;
        inner.add(Course::builder().name("dropped too"));
        inner.flush().await?;
    }
    assert_eq!(session[python].name, "Python");
    assert_eq!(session.query::<Course>().count().await?, 2);
    session.add(Course::builder().name("after"));
    session.commit().await?;
    assert_eq!(db.stored(NAMES).await, ["Python", "Java", "after"]);
    Ok(())
}

#[tokio::test]
async fn u34_a_failed_flush_inside_goes_back_to_the_savepoint() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let before = session.add(Course::builder().name("before"));
    let mut savepoint = session.savepoint().await?;
    let inside = savepoint.add(Course::builder().name("inside"));
    savepoint.flush().await?;
    let twice = savepoint.add(Course::builder().name("Java"));
    let error = savepoint.flush().await.expect_err("the name is taken");
    assert!(error.is_unique_violation(), "{error}");
    assert_eq!(savepoint.state(before), State::Persistent);
    assert_eq!((savepoint.state(inside), savepoint.state(twice)), (State::Pending, State::Pending));
    savepoint[twice].name = "corrected".into();
    savepoint.release().await?;
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT name FROM course ORDER BY name").await,
        ["Java", "Python", "before", "corrected", "inside"]
    );
    Ok(())
}

#[tokio::test]
async fn u34_any_depth_and_a_commit_inside_is_refused() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let mut first = session.savepoint().await?;
    first.add(Course::builder().name("1"));
    let mut second = first.savepoint().await?;
    second.add(Course::builder().name("2"));
    let mut third = second.savepoint().await?;
    third.add(Course::builder().name("3"));
    let error = third.commit().await.expect_err("savepoints are open");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    third.release().await?;
    second.rollback().await?;
    first.add(Course::builder().name("4"));
    first.release().await?;
    session.commit().await?;
    assert_eq!(db.stored(NAMES).await, ["1", "4"]);
    Ok(())
}

#[tokio::test]
async fn u34_bulk_operations_inside_go_back_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    let mut savepoint = session.savepoint().await?;
    savepoint.query::<Course>().filter(Course::id.eq(2)).update(Course::name.set("bulk")).await?;
    assert_eq!(savepoint[java].name, "bulk");
    savepoint.query::<Course>().filter(Course::id.eq(2)).delete().await?;
    assert_eq!(savepoint.state(java), State::Deleted);
    savepoint.rollback().await?;
    assert_eq!(session.state(java), State::Persistent);
    assert_eq!(session[java].name, "Java");
    session.commit().await?;
    assert_eq!(db.stored(NAMES).await, ["Python", "Java"]);
    Ok(())
}

#[tokio::test]
async fn u34_what_was_taken_out_of_the_session_inside_does_not_hinder_the_way_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    let java = session.get::<Course>(2).await?.expect("it is there");
    session[python].note = Some("before".into());
    let mut savepoint = session.savepoint().await?;
    savepoint[java].note = Some("inside".into());
    savepoint.flush().await?;
    savepoint.take(python)?;
    savepoint.rollback().await?;
    assert_eq!(session[java].note, None);
    session.commit().await?;
    assert_eq!(db.stored("SELECT note FROM course ORDER BY id").await, ["before", "NULL"]);
    Ok(())
}

#[tokio::test]
async fn u34_a_failed_flush_inside_loses_the_bulk_operations_inside_and_none_before() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session.query::<Course>().update(Course::note.set("outer")).all_rows().await?;
    session[courses[0]].name = "P".into();
    let mut savepoint = session.savepoint().await?;
    savepoint.query::<Course>().update(Course::note.set("inner")).all_rows().await?;
    let upserted = savepoint.upsert([Course::builder().name("lost")], Course::name).await?.handles()[0];
    savepoint[homeworks[0]].course.set(courses[1]);
    savepoint.query::<Homework>().filter(Homework::number.eq(2)).delete().await?;
    let twice = savepoint.add(Course::builder().name("Java"));
    assert!(savepoint.flush().await.is_err());
    assert_eq!((savepoint[courses[0]].name.as_str(), savepoint[courses[0]].note.as_deref()), ("P", Some("outer")));
    assert_eq!(savepoint[homeworks[0]].course.handle(), Some(courses[1]));
    assert_eq!((savepoint.state(homeworks[1]), savepoint.state(upserted)), (State::Persistent, State::Transient));
    savepoint[twice].name = "C".into();
    savepoint.query::<Course>().update(Course::note.set("again")).all_rows().await?;
    savepoint.release().await?;
    assert_eq!(session[twice].note.as_deref(), Some("again"));
    session.commit().await?;
    let rows = db.stored("SELECT name, note FROM course ORDER BY id").await;
    assert_eq!(rows, ["P|again", "Java|again", "C|again"]);
    assert_eq!(db.stored("SELECT number, course_id FROM homework ORDER BY id").await, ["1|2", "2|1"]);
    Ok(())
}
