//! Bulk updates and deletes through a session: the loaded objects follow, and what has no filter is refused.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{City, Country, Course, Homework, Item, School, two_courses};

#[tokio::test]
async fn u40_loaded_objects_follow_a_bulk_update() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let sent = db.record();
    let changed = session
        .query::<Course>()
        .filter(Course::id.gt(0))
        .update((Course::note.set(Course::name), Course::name.set("same")))
        .await;
    assert!(changed.expect_err("names are unique").is_unique_violation());
    let changed = session.query::<Course>().update(Course::note.set(Course::name)).all_rows().await?;
    assert_eq!(changed, 2);
    assert_eq!(session[courses[0]].note.as_deref(), Some("Python"));
    assert_eq!(session[courses[1]].note.as_deref(), Some("Java"));
    session.commit().await?;
    assert_eq!(
        sent.sql().last_chunk::<3>(),
        Some(&[
            "BEGIN".to_owned(),
            r#"UPDATE "course" SET "note" = "course"."name" RETURNING "course"."id", "course"."note""#.to_owned(),
            "COMMIT".to_owned(),
        ]),
    );
    Ok(())
}

#[tokio::test]
async fn u40_keys_come_back_only_if_the_session_holds_objects_of_the_model() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    session.query::<Course>().update(Course::note.set("x")).all_rows().await?;
    assert_eq!(sent.sql()[1], r#"UPDATE "course" SET "note" = $1"#);
    session.rollback().await
}

#[tokio::test]
async fn u40_pending_changes_are_written_before() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session[java].name = "Rust".into();
    let changed = session.query::<Course>().filter(Course::name.eq("Rust")).update(Course::note.set("found")).await?;
    assert_eq!((changed, session[java].note.as_deref()), (1, Some("found")));
    session.commit().await?;
    assert_eq!(db.stored("SELECT name, note FROM course WHERE id = 2").await, ["Rust|found"]);
    Ok(())
}

#[tokio::test]
async fn u40_a_key_that_is_set_in_bulk_moves_the_relationships() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session.query::<Homework>().filter(Homework::number.eq(1)).update(Homework::course_id.set(2)).await?;
    assert_eq!(session[homeworks[0]].course.handle(), Some(courses[1]));
    assert_eq!(session[courses[0]].homeworks.handles(), [homeworks[1]]);
    assert_eq!(session[courses[1]].homeworks.handles(), [homeworks[0]]);
    session.rollback().await?;
    assert_eq!(session[homeworks[0]].course.handle(), Some(courses[0]));
    assert_eq!(session[courses[0]].homeworks.handles(), homeworks);
    assert!(session[courses[1]].homeworks.is_empty());
    Ok(())
}

#[tokio::test]
async fn u40_generated_columns_follow() -> Result<()> {
    let db = TestDb::with::<(Item,)>().await;
    let mut session = db.engine.session();
    let item = session.add(Item::builder().price(2).quantity(3));
    session.commit().await?;
    session.query::<Item>().update(Item::price.set(5)).all_rows().await?;
    assert_eq!((session[item].price, session[item].total), (5, Some(15)));
    session.commit().await
}

#[tokio::test]
async fn u40_deleted_objects_are_gone_after_the_commit() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    let homeworks = session[python].homeworks.handles();
    assert_eq!(session.query::<Homework>().filter(Homework::number.le(1)).delete().await?, 1);
    assert_eq!(session.state(homeworks[0]), State::Deleted);
    assert_eq!(session[python].homeworks.handles(), [homeworks[1]]);
    session.commit().await?;
    assert_eq!(session.state(homeworks[0]), State::Detached);
    Ok(())
}

#[tokio::test]
async fn u40_without_a_filter_it_is_refused_unless_all_rows_are_meant() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let error = session.query::<Course>().update(Course::note.set("x")).await.expect_err("it has no filter");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Course")));
    assert!(error.to_string().contains(".all_rows()"), "{error}");
    let error = session.query::<Homework>().delete().run().await.expect_err("it has no filter");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = session.query::<Homework>().filter(Homework::id.gt(0)).limit(1).delete().await.expect_err("a limit");
    assert!(error.to_string().contains("LIMIT"), "{error}");
    let error = db.engine.query::<Homework>().delete().await.expect_err("it has no filter");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(sent.sql().is_empty());
    assert_eq!(session.query::<Homework>().delete().all_rows().await?, 2);
    session.commit().await?;
    assert!(db.stored("SELECT * FROM homework").await.is_empty());
    Ok(())
}

#[tokio::test]
async fn u40_a_primary_key_that_is_set_in_bulk_moves_the_identity_and_the_children() -> Result<()> {
    let db = TestDb::with::<(Country, City, School)>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let germany = session.add(Country::builder().code("DE").name("Germany"));
    let france = session.add(Country::builder().code("FR").name("France"));
    let berlin = session.add(City::builder().name("Berlin").country(germany));
    session.commit().await?;
    let sent = db.record();
    let rename = session.query::<Country>().filter(Country::name.eq("Germany"));
    assert_eq!(rename.update(Country::code.set("GE")).await?, 1);
    assert_eq!(
        sent.sql()[1],
        concat!(
            r#"UPDATE "country" SET "code" = $1 FROM "country" AS "before" WHERE "before"."code" = "country"."code" "#,
            r#"AND "country"."name" = $2 RETURNING "before"."code", "country"."code""#,
        ),
    );
    assert_eq!((session[germany].code.as_str(), session[berlin].country_code.as_str()), ("GE", "GE"));
    assert_eq!(session[france].code, "FR");
    assert_eq!(session.get::<Country>("GE").await?, Some(germany));
    session.rollback().await?;
    assert_eq!((session[germany].code.as_str(), session[berlin].country_code.as_str()), ("DE", "DE"));
    assert_eq!(session.get::<Country>("DE").await?, Some(germany));

    // It is lost with a flush that fails; what was changed since is not.
    session.query::<Country>().filter(Country::code.eq("DE")).update(Country::code.set("GE")).await?;
    session[berlin].name = "Bonn".into();
    let twice = session.add(Course::builder().name("Java"));
    assert!(session.flush().await.is_err());
    assert_eq!((session[germany].code.as_str(), session[berlin].country_code.as_str()), ("DE", "DE"));
    session.take(twice)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT name, country_code FROM city").await, ["Bonn|DE"]);

    let mut savepoint = session.savepoint().await?;
    savepoint.query::<Country>().filter(Country::code.eq("DE")).update(Country::code.set("GE")).await?;
    savepoint.release().await?;
    session[germany].name = "G".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT code, name FROM country ORDER BY 1").await, ["FR|France", "GE|G"]);
    Ok(())
}
