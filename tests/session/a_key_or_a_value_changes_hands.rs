//! A delete and an insert in one flush, where the new object takes the key or a unique value of the old one.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::{TestDb, written};

use crate::models::{Course, Homework, School, Shop, Stall, two_courses};

/// A table with a key of its own and columns that the server makes.
#[derive(Model, Debug, Clone)]
#[model(table = "shelf")]
struct Shelf {
    #[model(primary_key)]
    code: String,
    label: String,
    width: i32,
    #[model(default = "now()::text")]
    made: Auto<String>,
    #[model(generated = "width * 2")]
    double: Auto<i32>,
    #[model(version)]
    version: i32,
}

async fn shelf() -> Result<(TestDb, Session, Handle<Shelf>)> {
    let db = TestDb::with::<Shelf>().await;
    let mut session = db.engine.session();
    let old = session.add(Shelf::builder().code("a").label("old").width(1));
    session.commit().await?;
    Ok((db, session, old))
}

#[tokio::test]
async fn u07_row_switch_is_one_update_of_what_differs() -> Result<()> {
    let (db, mut session, old) = shelf().await?;
    let made = session[old].made.clone();
    session.delete(old)?;
    let new = session.add(Shelf::builder().code("a").label("new").width(1));
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        sent.take(),
        [
            "BEGIN",
            r#"UPDATE "shelf" SET "label" = $1, "version" = $2 WHERE "code" = $3 AND "version" = $4 RETURNING "double""#,
            "COMMIT"
        ]
    );
    assert_eq!(db.stored("SELECT code, label, width, double, version FROM shelf").await, ["a|new|1|2|2"]);
    assert_eq!((session.state(old), session.state(new)), (State::Detached, State::Persistent));
    assert_eq!((session[new].version, session[new].double.get(), &session[new].made), (2, Some(2), &made));
    assert_eq!(session.get::<Shelf>("a").await?, Some(new));
    session[new].width = 5;
    session.commit().await?;
    assert_eq!(db.stored("SELECT width, double, version FROM shelf").await, ["5|10|3"]);
    Ok(())
}

#[tokio::test]
async fn u07_row_switch_of_equal_objects_sends_nothing_for_the_row() -> Result<()> {
    let (db, mut session, old) = shelf().await?;
    session.delete(old)?;
    let new = session.add(Shelf::builder().code("a").label("old").width(1));
    let sent = db.record();
    session.commit().await?;
    assert!(!sent.sql().iter().any(|sql| sql.contains("shelf")), "{:?}", sent.sql());
    assert_eq!((session.state(old), session.state(new)), (State::Detached, State::Persistent));
    assert_eq!(session[new].version, 1);
    Ok(())
}

#[tokio::test]
async fn u07_row_switch_is_rolled_back() -> Result<()> {
    let (db, mut session, old) = shelf().await?;
    session.delete(old)?;
    let new = session.add(Shelf::builder().code("a").label("new").width(1));
    session.flush().await?;
    assert_eq!(session.state(old), State::Deleted);
    session.rollback().await?;
    assert_eq!((session.state(old), session.state(new)), (State::Persistent, State::Transient));
    assert_eq!(session[old].label, "old");
    assert!(session[new].made.is_pending());
    assert_eq!(session.get::<Shelf>("a").await?, Some(old));
    assert_eq!(db.stored("SELECT label, version FROM shelf").await, ["old|1"]);
    Ok(())
}

#[tokio::test]
async fn u07_children_of_the_new_object_get_its_key() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session.delete(java)?;
    let kotlin = session
        .add(Course::builder().id(2).name("Kotlin").homeworks([Homework::builder().number(7).description("new")]));
    session.commit().await?;
    assert_eq!(db.stored("SELECT id, name FROM course ORDER BY id").await, ["1|Python", "2|Kotlin"]);
    assert_eq!(db.stored("SELECT course_id FROM homework WHERE number = 7").await, ["2"]);
    let homeworks = session[kotlin].homeworks.handles();
    assert_eq!((homeworks.len(), session[homeworks[0]].course_id), (1, 2));
    Ok(())
}

#[tokio::test]
async fn u06_a_delete_that_frees_a_unique_value_goes_before_the_insert_that_takes_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session.delete(java)?;
    let again = session.add(Course::builder().name("Java"));
    let sent = db.record();
    session.commit().await?;
    let sql = written(&sent.sql());
    assert!(sql[1].starts_with("DELETE") && sql[2].starts_with("INSERT"), "{sql:?}");
    assert_eq!(db.stored("SELECT id, name FROM course ORDER BY id").await, ["1|Python", "3|Java"]);
    assert_eq!((session.state(java), session[again].id.get()), (State::Detached, Some(3)));
    Ok(())
}

#[tokio::test]
async fn u06_other_deletes_go_last() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    session.delete(java)?;
    session.add(Course::builder().name("Kotlin"));
    let sent = db.record();
    session.commit().await?;
    let sql = written(&sent.sql());
    assert!(sql[1].starts_with("INSERT") && sql[2].starts_with("DELETE"), "{sql:?}");
    Ok(())
}

#[tokio::test]
async fn u06_a_key_is_given_up_before_another_object_takes_it() -> Result<()> {
    let db = TestDb::with::<(Shop, Stall)>().await;
    let mut session = db.engine.session();
    let [a, b] = ["a", "b"].map(|code| session.add(Shop::builder().code(code)));
    session.commit().await?;
    session[a].code = "b".into();
    session[b].code = "c".into();
    let new = session.add(Shop::builder().code("a"));
    let sent = db.record();
    session.commit().await?;
    let sql = sent.take();
    assert_eq!(sql.len(), 5, "{sql:?}");
    assert!(sql[1..3].iter().all(|sql| sql.contains(r#"UPDATE "shop" SET"#)), "{sql:?}");
    assert_eq!(sql[3], r#"INSERT INTO "shop" ("code") VALUES ($1)"#);
    for (code, shop) in [("a", new), ("b", a), ("c", b)] {
        assert_eq!(session.get::<Shop>(code).await?, Some(shop));
    }
    // A delete gives it up, too.
    session.delete(b)?;
    session[a].code = "c".into();
    session.commit().await?;
    assert_eq!(session.get::<Shop>("c").await?, Some(a));
    session[a].code = "z".into();
    session.add(Shop::builder().code("c"));
    session.flush().await?;
    session.rollback().await?;
    assert_eq!(session.get::<Shop>("c").await?, Some(a));
    assert_eq!(db.stored("SELECT code FROM shop ORDER BY 1").await, ["a", "c"]);
    Ok(())
}

#[tokio::test]
async fn u38_a_changed_key_that_another_object_has_is_refused_before_any_statement() -> Result<()> {
    let db = TestDb::with::<(Shop, Stall)>().await;
    let mut session = db.engine.session();
    let [a, b] = ["a", "b"].map(|code| session.add(Shop::builder().code(code)));
    session.commit().await?;
    let sent = db.record();
    for (of_a, of_b) in [("b", "b"), ("c", "c")] {
        session[a].code = of_a.into();
        session[b].code = of_b.into();
        let error = session.commit().await.expect_err("one row is one object");
        assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Shop")));
        assert!(error.to_string().contains("`code`"), "{error}");
        assert_eq!((session[a].code.as_str(), session.dirty_objects::<Shop>().contains(&a)), (of_a, true));
    }
    assert!(sent.sql().is_empty());
    session[b].code = "b".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT code FROM shop ORDER BY 1").await, ["b", "c"]);
    Ok(())
}
