//! The lesson: a course and its homeworks, each step with the SQL that it sends and the rows that it leaves.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::backref;

mod course_homework {
    use orm_core::prelude::*;

    #[derive(Model, Debug, Clone)]
    #[model(table = "course")]
    pub(super) struct Course {
        #[model(primary_key)]
        pub(super) id: Auto<i32>,
        #[model(length = 40, unique)]
        pub(super) name: String,
        #[model(has_many = Homework::course)]
        pub(super) homeworks: HasMany<Homework>,
    }

    #[derive(Model, Debug, Clone)]
    #[model(table = "homework")]
    pub(super) struct Homework {
        #[model(primary_key)]
        pub(super) id: Auto<i32>,
        pub(super) number: i32,
        pub(super) description: String,
        #[model(references = Course::id)]
        pub(super) course_id: i32,
        #[model(belongs_to = course_id)]
        pub(super) course: BelongsTo<Course>,
    }

    impl std::fmt::Display for Course {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}: {}", self.id, self.name)
        }
    }

    impl std::fmt::Display for Homework {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}: {}, {}, {}", self.id, self.number, self.description, self.course_id)
        }
    }
}
use course_homework::{Course, Homework};

async fn tables() -> TestDb {
    TestDb::with::<(Course, Homework)>().await
}

/// A database in which the course and its two homeworks are.
async fn python() -> Result<(TestDb, Session, Handle<Course>)> {
    let db = tables().await;
    let mut session = SessionMaker::new(&db.engine).session();
    let python = session.add(Course::builder().name("Python"));
    session.commit().await?;
    session.add_all([
        Homework::builder().number(1).description("дз1").course(python),
        Homework::builder().number(2).description("дз2").course(python),
    ]);
    session.commit().await?;
    Ok((db, session, python))
}

fn shown(session: &Session, homeworks: &[Handle<Homework>]) -> Vec<String> {
    homeworks.iter().map(|homework| session[homework].to_string()).collect()
}

#[tokio::test]
async fn an_engine_and_a_session_connect_to_nothing_until_they_are_used() -> Result<()> {
    let db = TestDb::new();
    let mut session = SessionMaker::new(&db.engine).session();
    session.add(Course::builder().name("Python"));
    assert_eq!(db.engine.connections(), 0);
    assert!(!session.in_transaction());
    db.engine.create_all::<(Course, Homework)>().await?;
    session.commit().await?;
    assert_eq!(db.engine.connections(), 1);
    Ok(())
}

#[tokio::test]
async fn tables_are_dropped_and_created_and_created_again() -> Result<()> {
    let db = TestDb::new();
    db.engine.drop_all::<(Course, Homework)>().await?;
    db.engine.create_all::<(Course, Homework)>().await?;
    db.run("INSERT INTO course (name) VALUES ('stays')").await;
    db.engine.create_all::<(Course, Homework)>().await?;
    assert_eq!(db.stored("SELECT name FROM course").await, ["stays"]);
    db.engine.drop_all::<(Course, Homework)>().await?;
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(db.stored(tables).await, ["0"]);
    Ok(())
}

#[tokio::test]
async fn a_new_course_gets_its_key_from_the_commit() -> Result<()> {
    let db = tables().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let course = Course::builder().name("Python").build();
    assert_eq!(course.id.get(), None);
    assert_eq!(course.to_string(), "None: Python");
    let python = session.add(course);
    session.commit().await?;
    assert_eq!(session[python].id.get(), Some(1));
    assert_eq!(session[python].to_string(), "1: Python");
    assert_eq!(sent.sql(), [r#"INSERT INTO "course" ("name") VALUES ($1) RETURNING "id""#],);
    assert_eq!(db.stored("SELECT * FROM course").await, ["1|Python"]);
    Ok(())
}

#[tokio::test]
async fn homeworks_get_the_key_of_their_course() -> Result<()> {
    let db = tables().await;
    let mut session = db.engine.session();
    let python = session.add(Course::builder().name("Python"));
    session.commit().await?;
    let sent = db.record();
    let homeworks = session.add_all([
        Homework::builder().number(1).description("дз1").course(python),
        Homework::builder().number(2).description("дз2").course(python),
    ]);
    session.commit().await?;
    assert_eq!(shown(&session, &homeworks), ["1: 1, дз1, 1", "2: 2, дз2, 1"]);
    assert_eq!(db.stored("SELECT * FROM homework ORDER BY id").await, ["1|1|дз1|1", "2|2|дз2|1"],);
    let sent = sent.sql();
    assert_eq!(sent.len(), 1, "it is a transaction by itself");
    assert!(sent[0].contains(r#"INSERT INTO "homework" ("id", "number", "description", "course_id")"#), "{}", sent[0]);
    Ok(())
}

#[tokio::test]
async fn queries_give_courses_and_homeworks() -> Result<()> {
    let (db, mut session, python) = python().await?;
    let sent = db.record();

    let courses = session.query::<Course>().all().await?;
    assert_eq!(courses, [python]);
    assert_eq!(session[courses[0]].to_string(), "1: Python");

    let all = session.query::<Homework>().all().await?;
    assert_eq!(shown(&session, &all), ["1: 1, дз1, 1", "2: 2, дз2, 1"]);

    let above = session.query::<Homework>().filter(Homework::number.gt(1)).all().await?;
    assert_eq!(shown(&session, &above), ["2: 2, дз2, 1"]);

    let like = session.query::<Homework>().filter(Homework::description.like("%з%")).all().await?;
    assert_eq!(like, all);

    let second = session.query::<Homework>().filter(Homework::number.eq(2)).all().await?;
    assert_eq!(second, above);

    let homework = r#"SELECT "homework"."id", "homework"."number", "homework"."description", "homework"."course_id" FROM "homework""#;
    assert_eq!(
        sent.sql(),
        [
            r#"SELECT "course"."id", "course"."name" FROM "course""#.to_owned(),
            homework.to_owned(),
            format!(r#"{homework} WHERE "homework"."number" > $1"#),
            format!(r#"{homework} WHERE "homework"."description" LIKE $1"#),
            format!(r#"{homework} WHERE "homework"."number" = $1"#),
        ],
    );
    Ok(())
}

#[tokio::test]
async fn a_join_with_a_subquery_gives_the_course_once() -> Result<()> {
    let (db, mut session, python) = python().await?;
    session.add(Course::builder().name("Java"));
    session.commit().await?;
    let sent = db.record();
    let with_z = session.query::<Homework>().filter(Homework::description.like("%з%")).subquery();
    let courses = session.query::<Course>().join_on(&with_z, Course::id.eq(with_z.c.course_id)).all().await?;
    assert_eq!(courses, [python]);
    assert_eq!(
        sent.sql(),
        [concat!(
            r#"SELECT "course"."id", "course"."name" FROM "course" JOIN (SELECT "homework"."id", "homework"."number", "#,
            r#""homework"."description", "homework"."course_id" FROM "homework" WHERE "homework"."description" LIKE $1) "#,
            r#"AS "subquery" ON "course"."id" = "subquery"."course_id""#,
        )],
    );
    Ok(())
}

#[tokio::test]
async fn a_bulk_update_renames_the_row_and_the_loaded_object() -> Result<()> {
    let (db, mut session, _) = python().await?;
    let java = session.add(Course::builder().name("Java"));
    session.commit().await?;
    let sent = db.record();
    let changed =
        session.query::<Course>().filter(Course::name.eq("Java")).update(Course::name.set("JavaScript")).await?;
    assert_eq!(changed, 1);
    assert_eq!(session[java].to_string(), "2: JavaScript");
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            r#"UPDATE "course" SET "name" = $1 WHERE "course"."name" = $2 RETURNING "course"."id", "course"."name""#,
            "COMMIT",
        ],
    );
    assert_eq!(db.stored("SELECT * FROM course ORDER BY id").await, ["1|Python", "2|JavaScript"]);
    Ok(())
}

#[tokio::test]
async fn a_bulk_delete_ends_the_row_and_the_handle() -> Result<()> {
    let (db, mut session, _) = python().await?;
    let java = session.add(Course::builder().name("Java"));
    session.commit().await?;
    let sent = db.record();
    assert_eq!(session.query::<Course>().filter(Course::name.eq("Java")).delete().await?, 1);
    assert_eq!(session.state(java), orm_core::State::Deleted);
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        ["BEGIN", r#"DELETE FROM "course" WHERE "course"."name" = $1 RETURNING "course"."id""#, "COMMIT"],
    );
    let error = session.try_get(java).expect_err("the course is gone");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Detached, Some("Course")));
    assert_eq!(db.stored("SELECT * FROM course").await, ["1|Python"]);
    Ok(())
}

#[tokio::test]
async fn with_backref_the_relationship_is_declared_once() -> Result<()> {
    let (db, mut session, _) = python().await?;
    let query = query::<backref::Course>().filter(backref::Course::name.eq("Python"));
    let python = session.one(query).await?;
    let sent = db.record();
    let homeworks = session.related(python, backref::Course::homeworks).await?;
    assert_eq!(homeworks.len(), 2);
    assert_eq!(
        sent.take(),
        [concat!(
            r#"SELECT "homework"."id", "homework"."number", "homework"."description", "#,
            r#""homework"."course_id" FROM "homework" WHERE "homework"."course_id" = ANY ($1)"#,
        )],
    );
    let third = backref::Homework::builder().number(3).description("дз3");
    session.push(python, backref::Course::homeworks, third)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT number, course_id FROM homework ORDER BY id").await, ["1|1", "2|1", "3|1"]);
    assert_eq!(session.related(python, backref::Course::homeworks).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_closed_session_gives_its_connection_back_and_can_be_used_again() -> Result<()> {
    let (db, mut session, python) = python().await?;
    session.close().await?;
    assert_eq!((db.engine.connections(), db.engine.idle_connections()), (1, 1));
    assert!(session.try_get(python).is_err());
    assert_eq!(session.query::<Homework>().count().await?, 2);
    let again = session.query::<Course>().one().await?;
    assert_eq!(session[again].name, "Python");
    assert_ne!(again, python);
    Ok(())
}

#[tokio::test]
async fn a_closed_engine_refuses_with_an_error_of_the_pool() -> Result<()> {
    let (db, mut session, _) = python().await?;
    db.engine.close();
    let error = session.query::<Course>().all().await.expect_err("the engine is closed");
    assert_eq!(error.kind(), ErrorKind::Pool);
    Ok(())
}
