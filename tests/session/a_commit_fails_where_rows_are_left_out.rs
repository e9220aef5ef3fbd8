//! A commit is sent with its statements; where one of them would write fewer rows than it should, nothing is committed.

use orm_core::prelude::*;
use orm_core::{Error, ErrorKind, Result, State};
use orm_tests::{TestDb, written};

use crate::models::{Course, Homework, Person, Sample, School, Tag};

const LEAVES_OUT: &str = "CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.name = 'out' THEN RETURN NULL; END IF; RETURN NEW; END $$;
    CREATE TRIGGER leave_out BEFORE INSERT ON";

async fn leaving_out(table: &str) -> TestDb {
    let db = TestDb::with::<School>().await;
    db.run(&format!("{LEAVES_OUT} {table} FOR EACH ROW EXECUTE FUNCTION leave_out()")).await;
    db
}

fn is_left_out(error: &Error, model: &str) -> bool {
    error.kind() == ErrorKind::Database && error.model() == Some(model) && error.to_string().contains("fewer rows")
}

#[tokio::test]
async fn u33_one_of_many_new_rows() -> Result<()> {
    let db = leaving_out("person").await;
    let mut session = db.engine.session();
    let people = session.add_all(["a", "out", "c"].map(|name| Person::builder().name(name)));
    let sent = db.record();
    let error = session.commit().await.expect_err("a row was left out");
    assert!(is_left_out(&error, "Person"), "{error}");
    let sql = sent.take();
    assert!(sql.len() == 4 && (sql[1].as_str(), sql[3].as_str()) == ("BEGIN", "ROLLBACK"), "{sql:?}");
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    assert!(people.iter().all(|&person| session.state(person) == State::Pending && session[person].id.is_pending()));
    session[people[1]].name = "b".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM person ORDER BY id").await, ["a", "b", "c"]);
    Ok(())
}

#[tokio::test]
async fn u33_a_row_that_is_left_out_beside_a_key_that_is_checked_at_the_end() -> Result<()> {
    let db = leaving_out("person").await;
    db.run("ALTER TABLE homework ALTER CONSTRAINT homework_course_id_fkey DEFERRABLE INITIALLY DEFERRED").await;
    let mut session = db.engine.session();
    session.add(Homework::builder().number(1).description("of no course").course_id(7));
    let people = session.add_all(["a", "out"].map(|name| Person::builder().name(name)));
    let error = session.commit().await.expect_err("a row was left out, and a key is missing");
    assert!(is_left_out(&error, "Person"), "{error}");
    session[people[1]].name = "b".into();
    let error = session.commit().await.expect_err("a key is missing");
    assert!(error.is_foreign_key_violation(), "{error}");
    assert_eq!(db.stored("SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM homework)").await, ["0"]);
    db.run("INSERT INTO course (id, name) VALUES (7, 'Python')").await;
    session.commit().await?;
    assert_eq!(db.stored("SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM homework)").await, ["2|1"]);
    Ok(())
}

#[tokio::test]
async fn u33_a_repeat_that_takes_too_long() -> Result<()> {
    let db = leaving_out("person").await;
    // The statement is fast, and its repetition is not.
    db.run(
        "CREATE SEQUENCE times;
         CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('times') = 2 THEN PERFORM pg_sleep(30); END IF; RETURN NULL; END $$;
         CREATE TRIGGER slow BEFORE INSERT ON person FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    )
    .await;
    let limit = std::time::Duration::from_secs(2);
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).statement_timeout(limit).build()?;
    let mut session = engine.session();
    let people = session.add_all(["a", "out"].map(|name| Person::builder().name(name)));
    let error = session.commit().await.expect_err("it takes too long");
    assert_eq!(error.sqlstate(), Some("57014"), "{error}");
    assert!(people.iter().all(|&person| session.state(person) == State::Pending && session[person].id.is_pending()));
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    session[people[1]].name = "b".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM person ORDER BY id").await, ["a", "b"]);
    Ok(())
}

#[tokio::test]
async fn u33_one_new_row_among_other_changes() -> Result<()> {
    let db = leaving_out("person").await;
    db.run("INSERT INTO course (name) VALUES ('Python')").await;
    let mut session = db.engine.session();
    let python = session.query::<Course>().one().await?;
    session[python].note = Some("x".into());
    let person = session.add(Person::builder().name("out"));
    let error = session.commit().await.expect_err("a row was left out");
    assert!(is_left_out(&error, "Person"), "{error}");
    assert_eq!(db.stored("SELECT note FROM course").await, ["NULL"]);
    assert_eq!((session.state(person), session[python].note.as_deref()), (State::Pending, Some("x")));
    session[person].name = "in".into();
    let sent = db.record();
    session.commit().await?;
    let sql = written(&sent.take());
    let insert = r#"INSERT INTO "person" ("name", "boss_id", "mentor_id") VALUES ($1, $2, $3) RETURNING "id""#;
    assert_eq!(sql, ["BEGIN", insert, r#"UPDATE "course" SET "note" = $1 WHERE "id" = $2"#, "COMMIT"]);
    assert_eq!(db.stored("SELECT note FROM course").await, ["x"]);
    Ok(())
}

#[tokio::test]
async fn u33_new_rows_with_keys_of_their_own() -> Result<()> {
    let db = leaving_out("person").await;
    let mut session = db.engine.session();
    session.add_all([(7, "a"), (8, "out")].map(|(id, name)| Person::builder().id(id).name(name)));
    let error = session.commit().await.expect_err("a row was left out");
    assert!(is_left_out(&error, "Person"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    Ok(())
}

#[tokio::test]
async fn u13_one_of_several_statements_that_meets_fewer_rows() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) VALUES ('a'), ('b'), ('c'); INSERT INTO tag (label) VALUES ('x')").await;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let tag = session.query::<Tag>().one().await?;
    db.run("DELETE FROM tag").await;
    session[courses[0]].name = "new".into();
    session.delete(courses[1])?;
    session[tag].label = "y".into();
    session.add(Course::builder().name("d").homeworks([Homework::builder().number(1).description("n")]));
    let error = session.commit().await.expect_err("the tag has gone");
    assert_eq!((error.kind(), error.model()), (ErrorKind::StaleData, Some("Tag")));
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["a", "b", "c"]);
    session.take(tag)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["new", "c", "d"]);
    Ok(())
}

#[tokio::test]
async fn a_division_by_zero_of_a_trigger_is_its_own() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "CREATE FUNCTION divide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / length(NEW.name); RETURN NEW; END $$;
         CREATE TRIGGER divide BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION divide()",
    )
    .await;
    let mut session = db.engine.session();
    let people = session.add_all(["a", ""].map(|name| Person::builder().name(name)));
    let error = session.commit().await.expect_err("the trigger divides by zero");
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Database, Some("22012")));
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    session[people[1]].name = "b".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn what_a_trigger_makes_of_a_key_is_not_taken_for_another_row() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := NEW.id + 100; RETURN NEW; END $$;
         CREATE TRIGGER move BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION move()",
    )
    .await;
    let mut session = db.engine.session();
    session.add_all(["a", "b"].map(|name| Person::builder().name(name)));
    let error = session.commit().await.expect_err("the rows are not found by their keys");
    assert!(is_left_out(&error, "Person"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_takes_no_such_statement_is_sent_it_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "CREATE TABLE seen (id int); CREATE RULE seen AS ON UPDATE TO person DO ALSO INSERT INTO seen VALUES (NEW.id)",
    )
    .await;
    let mut session = db.engine.session();
    let people = session.add_all(["a", "b"].map(|name| Person::builder().name(name)));
    session.commit().await?;
    people.iter().for_each(|&person| session[person].name.push('!'));
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().iter().any(|sql| sql == "COMMIT"), "{sent:?}");
    assert_eq!(db.stored("SELECT name FROM person ORDER BY id").await, ["a!", "b!"]);
    let _ = sent.take();
    people.iter().for_each(|&person| session[person].name.push('!'));
    session.commit().await?;
    let sql = sent.take();
    assert!(sql.len() == 3 && sql[1].starts_with("UPDATE"), "{sql:?}");
    assert_eq!(db.stored("SELECT name FROM person ORDER BY id").await, ["a!!", "b!!"]);
    Ok(())
}

#[tokio::test]
async fn a_table_that_was_altered_is_no_reason_to_send_others() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let commit = async || {
        let mut session = db.engine.session();
        session.add_all(["a", "b"].map(|name| Person::builder().name(name)));
        session.commit().await
    };
    commit().await?;
    db.run("ALTER TABLE person ALTER id TYPE bigint").await;
    let error = commit().await.expect_err("the key has another type");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Schema, Some("Person")));
    db.run("ALTER TABLE person ALTER id TYPE integer").await;
    commit().await?;
    let sent = db.record();
    commit().await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["6"]);
    Ok(())
}

#[tokio::test]
async fn many_deleted_rows_are_counted_afterwards() -> Result<()> {
    let db = TestDb::with::<(Sample,)>().await;
    for (rows, statements) in [(1_000, 1), (1_001, 3)] {
        db.run(&format!("INSERT INTO sample (labels, value) SELECT '{{}}', n FROM generate_series(1, {rows}) AS n"))
            .await;
        let mut session = db.engine.session();
        for sample in session.query::<Sample>().all().await? {
            session.delete(sample)?;
        }
        let sent = db.record();
        session.commit().await?;
        assert_eq!(sent.take().len(), statements);
        assert_eq!(db.stored("SELECT count(*) FROM sample").await, ["0"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_test_transaction_is_left_open() -> Result<()> {
    let db = leaving_out("person").await;
    let test = db.engine.test_transaction().await?;
    let mut session = test.session();
    session.add_all(["a", "b"].map(|name| Person::builder().name(name)));
    session.commit().await?;
    let person = session.add(Person::builder().name("out"));
    session.add(Tag::builder().label("x"));
    let error = session.commit().await.expect_err("a row was left out");
    assert!(is_left_out(&error, "Person"), "{error}");
    session[person].name = "c".into();
    session.commit().await?;
    assert_eq!(test.query::<Person>().count().await?, 3);
    drop((session, test));
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    Ok(())
}
