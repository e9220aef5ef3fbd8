//! Deleting: in reverse order of the foreign keys, out of loaded collections, and gone after the commit.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::{TestDb, written};

use crate::models::{Course, Homework, School, Tag, two_courses};

#[tokio::test]
async fn u06_children_are_deleted_before_their_parents() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    let homeworks = session[python].homeworks.handles();
    let sent = db.record();
    session.delete(python)?;
    for &homework in &homeworks {
        session.delete(homework)?;
    }
    assert_eq!(session.deleted_objects::<Homework>(), homeworks);
    session.commit().await?;
    assert_eq!(
        written(&sent.sql()),
        [
            "BEGIN",
            r#"DELETE FROM "homework" WHERE "id" = ANY ($1::integer[])"#,
            r#"DELETE FROM "course" WHERE "id" = ANY ($1::integer[])"#,
            "COMMIT",
        ],
    );
    assert_eq!(db.stored("SELECT id FROM course").await, ["2"]);
    assert_eq!(session.state(python), State::Detached);
    Ok(())
}

#[tokio::test]
async fn u24_a_deleted_object_leaves_the_loaded_collections() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    let [first, second] = session[python].homeworks.handles()[..] else { panic!("two homeworks") };
    session.delete(first)?;
    assert_eq!(session[python].homeworks.len(), 2, "until the flush");
    session.flush().await?;
    assert_eq!(session.state(first), State::Deleted);
    assert_eq!(session[first].number, 1, "until the commit");
    assert_eq!(session[python].homeworks.handles(), [second]);
    session.commit().await?;
    assert_eq!(session.try_get(first).expect_err("it is gone").kind(), ErrorKind::Detached);
    Ok(())
}

#[tokio::test]
async fn u37_an_object_without_a_row_is_not_deleted() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    let error = session.delete(course).expect_err("it is pending");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Course")));
    session.flush().await?;
    session.rollback().await?;
    assert_eq!(session.delete(course).expect_err("it is transient").model(), Some("Course"));
    Ok(())
}

#[tokio::test]
async fn deleting_twice_is_deleting_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session.delete(java)?;
    session.delete(java)?;
    session.flush().await?;
    session.delete(java)?;
    session.commit().await?;
    assert_eq!(session.delete(java).expect_err("it is gone").kind(), ErrorKind::Detached);
    Ok(())
}

#[tokio::test]
async fn a_changed_object_is_deleted_without_an_update() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session[java].name = "changed".into();
    session.delete(java)?;
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.sql().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_parent_that_rows_point_to_is_refused_by_the_server() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    session.delete(python)?;
    let error = session.commit().await.expect_err("it has homeworks");
    assert!(error.is_foreign_key_violation(), "{error}");
    assert_eq!(session.state(python), State::Persistent);
    assert_eq!(session.deleted_objects::<Course>(), [python]);
    session.rollback().await?;
    assert!(session.deleted_objects::<Course>().is_empty());
    Ok(())
}

#[tokio::test]
async fn the_links_of_a_deleted_object_go_with_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let python = session.add(Course::builder().name("Python").tags([Tag::builder().label("a")]));
    session.commit().await?;
    let tag = session[python].tags.handles()[0];
    session.delete(tag)?;
    session.commit().await?;
    assert!(session[python].tags.is_empty());
    assert!(db.stored("SELECT * FROM course_tag").await.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_key_is_free_for_a_new_object_once_its_row_is_deleted() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session.delete(java)?;
    session.flush().await?;
    let rust = session.add(Course::builder().id(2).name("Rust"));
    session.commit().await?;
    assert_eq!(session.get::<Course>(2).await?, Some(rust));
    assert_eq!(db.stored("SELECT id, name FROM course ORDER BY 1").await, ["1|Python", "2|Rust"]);
    Ok(())
}
