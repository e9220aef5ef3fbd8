//! The identity map: queries give the object that the session holds, and `get` asks the server only if it must.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::models::{City, Country, Course, Homework, School, two_courses};

#[tokio::test]
async fn u27_two_queries_give_equal_handles() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let first = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let second = session.query::<Course>().order_by(Course::id.desc()).all().await?;
    assert_eq!(first.len(), 2);
    assert_eq!(first, second.into_iter().rev().collect::<Vec<_>>());
    let joined = session.query::<Course>().join(Course::homeworks).all().await?;
    assert_eq!(joined, [first[0]], "two rows of one course are one object");
    Ok(())
}

#[tokio::test]
async fn u27_a_query_does_not_overwrite_what_is_loaded_before_the_transaction_ends() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    db.run("UPDATE course SET name = 'Rust' WHERE id = 2").await;
    session.query::<Course>().all().await?;
    assert_eq!(session[java].name, "Java");
    session.commit().await?;
    assert_eq!(session[java].name, "Java", "a commit reads nothing");
    session.query::<Course>().all().await?;
    assert_eq!(session[java].name, "Rust");
    Ok(())
}

#[tokio::test]
async fn u27_a_changed_value_survives_a_query() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session.commit().await?;
    session[java].name = "mine".into();
    session
        .no_autoflush(async |session| {
            session.query::<Course>().all().await?;
            assert_eq!(session[java].name, "mine");
            Ok::<_, orm_core::Error>(())
        })
        .await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course WHERE id = 2").await, ["mine"]);
    Ok(())
}

#[tokio::test]
async fn u28_get_asks_the_server_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let java = session.get::<Course>(2).await?;
    assert_eq!(session.get::<Course>(2).await?, java);
    assert_eq!(
        sent.take(),
        [r#"SELECT "course"."id", "course"."name", "course"."note" FROM "course" WHERE "course"."id" = $1"#],
    );
    assert_eq!(session.get::<Course>(77).await?, None);
    assert_eq!(sent.take().len(), 1);
    Ok(())
}

#[tokio::test]
async fn u28_a_row_that_vanished_is_none_and_its_object_is_gone() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.query::<Homework>().with(Homework::course).first().await?.expect("there are two");
    let gone = session[homework].id.get().expect("it has a key");
    let course = session[homework].course.handle().expect("it was loaded");
    session.load(&[course], Course::homeworks).await?;
    session.commit().await?;
    db.run("DELETE FROM homework").await;
    assert_eq!(session.get::<Homework>(gone).await?, None);
    assert!(session.try_get(homework).is_err());
    assert_eq!(session[course].homeworks.get().map(|list| list.contains(&homework)), Some(false));
    Ok(())
}

#[tokio::test]
async fn get_after_delete_and_rollback_leaves_the_session_whole() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session.commit().await?;
    session.delete(java)?;
    assert_eq!(session.get::<Course>(2).await?, None, "the flush before the query deletes it");
    session.rollback().await?;
    assert_eq!(session[java].name, "Java");
    let other = session.add(Course::builder().name("Rust"));
    session.commit().await?;
    assert_eq!((session[java].name.as_str(), session[other].name.as_str()), ("Java", "Rust"));
    assert_eq!(session.get::<Course>(2).await?, Some(java));
    Ok(())
}

#[tokio::test]
async fn u17_a_changed_natural_key_moves_the_identity_and_a_rollback_moves_it_back() -> Result<()> {
    let db = TestDb::with::<(Country, City)>().await;
    let mut session = db.engine.session();
    let uk = session.add(Country::builder().code("uk").name("Britain"));
    session.commit().await?;
    session[uk].code = "gb".into();
    session.flush().await?;
    assert_eq!(session.get::<Country>("gb").await?, Some(uk));
    assert_eq!(session.get::<Country>("uk").await?, None);
    session.rollback().await?;
    assert_eq!(session[uk].code, "uk");
    assert_eq!(session.query::<Country>().all().await?, [uk]);
    assert_eq!(session.get::<Country>("gb").await?, None);
    assert_eq!(session.get::<Country>("uk").await?, Some(uk));
    Ok(())
}

#[tokio::test]
async fn u17_objects_that_swap_their_keys_are_swapped_back() -> Result<()> {
    let db = TestDb::with::<(Country, City)>().await;
    let mut session = db.engine.session();
    let [a, b] = ["a", "b"].map(|code| Country::builder().code(code).name(code)).map(|country| session.add(country));
    session.commit().await?;
    session[a].code = "x".into();
    session[b].code = "y".into();
    session.flush().await?;
    session[a].code = "b".into();
    session[b].code = "a".into();
    session.flush().await?;
    session.rollback().await?;
    assert_eq!(session.get::<Country>("a").await?, Some(a));
    assert_eq!(session.get::<Country>("b").await?, Some(b));
    assert_eq!(session.query::<Country>().order_by(Country::code.asc()).all().await?, [a, b]);
    Ok(())
}
