//! What a session does not do: hold a transaction for reading, load a parent, expire what it has committed.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::{TestDb, written};

use crate::models::{Course, Homework, Person, School, Submission, Tag, two_courses};

/// How many connections of an application wait in an open transaction.
async fn idle_transactions(db: &TestDb, application: &str) -> String {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND application_name = ";
    db.stored(&format!("{sql}'{application}'")).await.remove(0)
}

#[tokio::test]
async fn u31_a_session_that_only_read_leaves_the_pools_one_connection_to_others() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).application_name("reader").build()?;
    let mut session = engine.session();
    let courses = session.query::<Course>().with(Course::tags).all().await?;
    session.get::<Homework>(1).await?;
    session.get_many::<Homework>([1, 2]).await?;
    session.load(&courses, Course::homeworks).await?;
    session.refresh(&courses).await?;
    session.query::<Course>().count().await?;
    assert!(!session.in_transaction());
    assert_eq!(idle_transactions(&db, "reader").await, "0");

    assert_eq!(engine.query::<Course>().count().await?, 2, "the engine has the connection");
    let mut other = engine.session();
    other.add(Course::builder().name("Rust"));
    other.commit().await?;
    assert_eq!(session.query::<Course>().count().await?, 3, "and the session has it again");

    other.add(Course::builder().name("Go"));
    other.flush().await?;
    assert_eq!(idle_transactions(&db, "reader").await, "1", "one that writes holds it");
    other.rollback().await?;
    assert_eq!(idle_transactions(&db, "reader").await, "0");
    session.begin().await?;
    assert_eq!(idle_transactions(&db, "reader").await, "1", "so does one that began");
    session.close().await?;
    assert_eq!(idle_transactions(&db, "reader").await, "0");
    Ok(())
}

#[tokio::test]
async fn u31_a_query_that_locks_begins_the_transaction_that_holds_the_lock() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let (mut session, mut other) = (db.engine.session(), db.engine.session());
    session.query::<Course>().all().await?;
    assert!(!session.in_transaction());
    let sent = db.record();
    session.query::<Course>().filter(Course::id.eq(1)).for_update().one().await?;
    let select = r#"SELECT "course"."id", "course"."name", "course"."note" FROM "course" WHERE "course"."id" = $1 LIMIT 2 FOR UPDATE"#;
    assert_eq!(sent.take(), ["BEGIN", select]);
    assert!(session.in_transaction());
    let locked = other.query::<Course>().for_update().skip_locked().all().await?;
    assert_eq!(locked.len(), 1, "one is locked");
    other.rollback().await?;
    session.commit().await?;
    assert!(!session.in_transaction());
    assert_eq!(other.query::<Course>().for_update().skip_locked().all().await?.len(), 2);
    other.rollback().await
}

#[tokio::test]
async fn u31_after_a_commit_the_connection_is_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).application_name("writer").build()?;
    let mut session = engine.session();
    session.add(Course::builder().name("Python"));
    session.commit().await?;
    assert_eq!(idle_transactions(&db, "writer").await, "0");
    assert_eq!(engine.query::<Course>().count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn u25_deleting_a_child_never_loads_its_parents() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO person (name) VALUES ('a'); UPDATE homework SET reviewer_id = 1").await;
    let mut session = db.engine.session();
    let homeworks = session.query::<Homework>().order_by(Homework::id.asc()).all().await?;
    let sent = db.record();
    session.delete(homeworks[0])?;
    session.commit().await?;
    let sent = sent.sql();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert!(sent[0].starts_with(r#"DELETE FROM "homework""#), "{sent:#?}");
    assert_eq!(db.stored("SELECT id FROM homework").await, ["2"]);
    assert_eq!(db.stored("SELECT count(*) FROM course").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u25_adding_and_moving_a_child_by_its_key_never_loads_a_parent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    let sent = db.record();
    session[homework].course_id = 2;
    session.add(Homework::builder().number(3).description("дз3").course_id(2));
    session.commit().await?;
    assert!(!sent.sql().iter().any(|sql| sql.starts_with("SELECT")), "{sent:?}");
    assert!(!sent.sql().iter().any(|sql| sql.contains(r#""course" "#)), "{sent:?}");
    assert_eq!(db.stored("SELECT count(*) FROM homework WHERE course_id = 2").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u29_a_commit_expires_nothing() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    session[courses[0]].note = Some("changed".into());
    let new = session.add(Course::builder().name("Rust").homeworks([Homework::builder().number(1).description("x")]));
    session.commit().await?;
    let sent = db.record();
    assert_eq!((session[courses[0]].name.as_str(), session[courses[0]].note.as_deref()), ("Python", Some("changed")));
    assert_eq!(session[courses[1]].name, "Java");
    assert_eq!((session[new].id.get(), session[new].homeworks.len()), (Some(3), 1));
    let homeworks: Vec<_> = session[courses[0]].homeworks.iter().collect();
    assert_eq!(homeworks.iter().map(|&homework| session[homework].number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(session[homeworks[0]].course.handle(), Some(courses[0]));
    assert_eq!(session[session[new].homeworks.handles()[0]].course_id, 3);
    session.commit().await?;
    assert!(sent.sql().is_empty(), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn u29_a_change_after_a_commit_is_sent_without_a_query() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    session.commit().await?;
    let sent = db.record();
    session[course].name.push_str(" 3");
    session.commit().await?;
    assert_eq!(sent.sql(), [r#"UPDATE "course" SET "name" = $1 WHERE "id" = $2"#]);
    Ok(())
}

#[tokio::test]
async fn u23_adding_a_parent_takes_the_whole_graph_of_new_values() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let known = session.add(Person::builder().name("known"));
    let reviewer = || Person::builder().name("reviewer").boss(Person::builder().name("boss").boss(known));
    let submissions = || ["s1", "s2"].map(|body| Submission::builder().body(body));
    let python = session.add(
        Course::builder()
            .name("Python")
            .homeworks([
                Homework::builder().number(1).description("a").reviewer(reviewer()).submissions(submissions()),
                Homework::builder().number(2).description("b").reviewer(known),
            ])
            .tags([Tag::builder().label("t").courses([Course::builder().name("Java")])]),
    );
    assert_eq!((session.new_objects::<Course>().len(), session.new_objects::<Homework>().len()), (2, 2));
    assert_eq!((session.new_objects::<Person>().len(), session.new_objects::<Submission>().len()), (3, 2));
    assert_eq!(session.new_objects::<Tag>().len(), 1);
    let homeworks = session[python].homeworks.handles();
    assert_eq!(session[homeworks[1]].reviewer.handle(), Some(known), "a handle is that object");
    session.commit().await?;
    assert_eq!(session.state(known), State::Persistent);
    let people = "SELECT p.name, b.name FROM person p LEFT JOIN person b ON b.id = p.boss_id ORDER BY 1";
    assert_eq!(db.stored(people).await, ["boss|known", "known|NULL", "reviewer|boss"]);
    let homeworks = "SELECT h.number, c.name, p.name, (SELECT count(*) FROM submission s WHERE s.homework_id = h.id)
        FROM homework h JOIN course c ON c.id = h.course_id JOIN person p ON p.id = h.reviewer_id ORDER BY 1";
    assert_eq!(db.stored(homeworks).await, ["1|Python|reviewer|2", "2|Python|known|0"]);
    let links = "SELECT c.name, t.label FROM course_tag l JOIN course c ON c.id = l.course_id
        JOIN tag t ON t.id = l.tag_id ORDER BY 1";
    assert_eq!(db.stored(links).await, ["Java|t", "Python|t"]);
    Ok(())
}

#[tokio::test]
async fn u06_inserts_updates_links_and_deletes_are_sent_in_this_order() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO tag (label) VALUES ('old'); INSERT INTO submission (body, homework_id) VALUES ('s', 2)").await;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    let tag = session.get::<Tag>(1).await?.expect("it is there");
    let homework = session.get::<Homework>(2).await?.expect("it is there");
    let submission = session.get::<Submission>(1).await?.expect("it is there");
    let sent = db.record();
    session.delete(homework)?;
    session.delete(submission)?;
    session[java].note = Some("x".into());
    session.add(Course::builder().name("Rust").tags([tag]).homeworks([Homework::builder().number(1).description("n")]));
    session.commit().await?;
    let first_words = |sql: String| sql.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let words: Vec<String> = written(&sent.sql()).into_iter().map(first_words).collect();
    assert_eq!(
        words,
        [
            "BEGIN",
            r#"INSERT INTO "course""#,
            r#"INSERT INTO "homework""#,
            r#"UPDATE "course" SET"#,
            r#"INSERT INTO "course_tag""#,
            r#"DELETE FROM "submission""#,
            r#"DELETE FROM "homework""#,
            "COMMIT",
        ],
    );
    Ok(())
}

#[tokio::test]
async fn u05_a_tree_of_several_levels_is_deleted_whatever_the_order_of_deleting() -> Result<()> {
    for root_first in [true, false] {
        let db = TestDb::with::<School>().await;
        let mut session = db.engine.session();
        let mut line = vec![session.add(Person::builder().name("0"))];
        for level in 1..6 {
            line.push(session.add(Person::builder().name(level.to_string()).boss(line[level - 1])));
        }
        session.commit().await?;
        let order: Vec<_> = if root_first { line } else { line.into_iter().rev().collect() };
        for person in order {
            session.delete(person)?;
        }
        session.commit().await?;
        assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    }
    Ok(())
}

#[tokio::test]
async fn u36_close_reports_what_the_connection_says_and_the_session_is_of_use_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).application_name("closed").build()?;
    let mut session = engine.session();
    let lost = session.add(Course::builder().name("lost"));
    session.flush().await?;
    db.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'closed'").await;
    let error = session.close().await.expect_err("the connection is gone");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(session.state(lost), State::Detached);
    session.add(Course::builder().name("next"));
    session.commit().await?;
    session.close().await?;
    assert_eq!(db.stored("SELECT name FROM course").await, ["next"]);
    Ok(())
}
