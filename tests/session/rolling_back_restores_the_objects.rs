//! Rollback: objects are what they were before the transaction, and collections hold what they held.

use orm_core::prelude::*;
use orm_core::{Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, Person, School, Tag, two_courses};

#[tokio::test]
async fn u32_changed_objects_have_their_values_from_before() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session[java].name = "flushed".into();
    session.flush().await?;
    session[java].name = "flushed again".into();
    session.flush().await?;
    session[java].name = "in memory alone".into();
    session.rollback().await?;
    assert_eq!(session[java].name, "Java");
    assert!(session.dirty_objects::<Course>().is_empty());
    assert!(!session.in_transaction());
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn u32_deleted_objects_are_persistent_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    let homeworks = session[python].homeworks.handles();
    session.delete(homeworks[0])?;
    session.flush().await?;
    assert_eq!(session[python].homeworks.len(), 1);
    session.rollback().await?;
    assert_eq!(session.state(homeworks[0]), State::Persistent);
    assert_eq!(session[python].homeworks.handles(), homeworks);
    assert_eq!(session[homeworks[0]].course.handle(), Some(python));
    assert_eq!(session.get::<Homework>(1).await?, Some(homeworks[0]));
    session.delete(homeworks[0])?;
    session.rollback().await?;
    assert!(session.deleted_objects::<Homework>().is_empty());
    Ok(())
}

#[tokio::test]
async fn u32_new_objects_are_transient_with_their_keys_pending_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let kept = session.add(Course::builder().name("kept"));
    session.commit().await?;
    let homework = session.push(kept, Course::homeworks, Homework::builder().number(1).description("new"))?;
    let pending = session.add(Course::builder().name("pending"));
    session.flush().await?;
    let late = session.add(Course::builder().name("late"));
    assert_eq!(session[kept].homeworks.len(), 1);
    session.rollback().await?;
    for course in [pending, late] {
        assert_eq!(session.state(course), State::Transient);
        assert!(session[course].id.is_pending());
    }
    assert_eq!(session.state(homework), State::Transient);
    assert_eq!(session[homework].description, "new", "its value is readable");
    assert!(session[homework].id.is_pending());
    assert!(session[kept].homeworks.is_empty());
    assert_eq!((session[kept].id.get(), session.state(kept)), (Some(1), State::Persistent));
    let value = session.take(pending)?;
    assert_eq!((value.name.as_str(), value.id.get()), ("pending", None));
    session.add(value);
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["kept", "pending"]);
    Ok(())
}

#[tokio::test]
async fn u32_collections_are_what_they_were_after_a_move() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session[homeworks[0]].course.set(courses[1]);
    session.flush().await?;
    assert_eq!(session[courses[1]].homeworks.handles(), [homeworks[0]]);
    session.rollback().await?;
    assert_eq!(session[courses[0]].homeworks.handles(), homeworks);
    assert!(session[courses[1]].homeworks.is_empty());
    assert_eq!(session[homeworks[0]].course.handle(), Some(courses[0]));
    assert_eq!(session[homeworks[0]].course_id, 1);
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty(), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn u32_links_are_what_they_were() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let python = session.add(Course::builder().name("Python").tags([Tag::builder().label("a")]));
    let other = session.add(Tag::builder().label("b"));
    session.commit().await?;
    let tag = session[python].tags.handles()[0];
    session[python].tags.remove(tag);
    session[python].tags.push(other);
    session.flush().await?;
    session.rollback().await?;
    assert_eq!(session[python].tags.handles(), [tag]);
    assert_eq!(session[tag].courses.get(), Some(vec![python]));
    assert_eq!(session[other].courses.get(), Some(vec![]));
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM course_tag").await, ["1|1"]);
    Ok(())
}

#[tokio::test]
async fn u32_what_was_loaded_after_a_flush_is_not_taken_for_loaded() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let first = session.get::<Homework>(1).await?.expect("it is there");
    session[first].course.set(courses[1]);
    session.flush().await?;
    session.load(&courses, Course::homeworks).await?;
    assert_eq!(session[courses[0]].homeworks.len(), 1);
    session.rollback().await?;
    let known = session[courses[0]].homeworks.get();
    assert!(known.is_none() || known.is_some_and(|list| list.len() == 2));
    session.load(&courses, Course::homeworks).await?;
    assert_eq!(session[courses[0]].homeworks.len(), 2);
    assert!(session[courses[1]].homeworks.is_empty());
    Ok(())
}

#[tokio::test]
async fn u32_what_was_committed_is_untouched() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let person = session.add(Person::builder().name("a"));
    session.commit().await?;
    session[person].name = "b".into();
    session.commit().await?;
    session[person].name = "c".into();
    session.flush().await?;
    session.rollback().await?;
    assert_eq!(session[person].name, "b");
    assert_eq!(db.stored("SELECT name FROM person").await, ["b"]);
    Ok(())
}

#[tokio::test]
async fn u32_bulk_operations_are_rolled_back_in_memory_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session.query::<Course>().update(Course::note.set("bulk")).all_rows().await?;
    session.query::<Homework>().filter(Homework::number.eq(1)).delete().await?;
    assert_eq!(session[courses[1]].note.as_deref(), Some("bulk"));
    assert_eq!(session[courses[0]].homeworks.handles(), [homeworks[1]]);
    assert_eq!(session.state(homeworks[0]), State::Deleted);
    session.rollback().await?;
    assert_eq!(session[courses[1]].note, None);
    assert_eq!(session.state(homeworks[0]), State::Persistent);
    assert_eq!(session[courses[0]].homeworks.handles(), homeworks);
    Ok(())
}

#[tokio::test]
async fn rolling_back_without_a_transaction_gives_up_what_is_in_memory() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    let new = session.add(Course::builder().name("new"));
    session[java].name = "changed".into();
    let sent = db.record();
    session.rollback().await?;
    assert!(sent.sql().is_empty());
    assert_eq!((session[java].name.as_str(), session.state(new)), ("Java", State::Transient));
    Ok(())
}

#[tokio::test]
async fn u36_dropping_a_session_rolls_back_and_lends_no_open_transaction() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("lost"));
    session.flush().await?;
    assert!(session.in_transaction());
    drop(session);
    assert_eq!(db.stored("SELECT pg_current_xact_id_if_assigned() IS NULL").await, ["t"]);
    assert!(db.stored("SELECT * FROM course").await.is_empty());
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    for _ in 0..50 {
        if db.stored(open).await == ["0"] {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a transaction stays open");
}

#[tokio::test]
async fn u32_a_collection_that_was_put_right_without_a_statement_is_what_it_was() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let first = session.get::<Homework>(1).await?.expect("it is there");
    let python = session.get::<Course>(1).await?.expect("it is there");
    let java = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(2)).one().await?;
    session.begin().await?;
    // It is there already, and its own side wins.
    session[first].course.set(python);
    session[java].homeworks.push(first);
    session.flush().await?;
    assert!(session[java].homeworks.is_empty());
    session.rollback().await?;
    assert!(session[java].homeworks.is_empty());
    Ok(())
}
