//! A flush that fails: the transaction is rolled back, what was pending is pending again, and a corrected commit works.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, Person, School, Submission, Tag, two_courses};

#[tokio::test]
async fn u33_a_unique_violation_is_corrected_and_committed() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    session[python].note = Some("dirty".into());
    let double =
        session.add(Course::builder().name("Java").homeworks([Homework::builder().number(1).description("x")]));
    let homework = session[double].homeworks.handles()[0];
    let error = session.commit().await.expect_err("there is a course of that name");
    assert!(error.is_unique_violation());
    assert_eq!((error.model(), error.constraint()), (Some("Course"), Some("course_name_key")));
    assert!(!session.in_transaction());
    assert_eq!((session.state(double), session.state(homework)), (State::Pending, State::Pending));
    assert!(session[double].id.is_pending());
    assert_eq!(session.dirty_objects::<Course>(), [python]);
    session[double].name = "Rust".into();
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT name, note FROM course ORDER BY id").await,
        ["Python|dirty", "Java|NULL", "Rust|NULL"]
    );
    assert_eq!(session[homework].course_id, session[double].id.get().unwrap_or(0));
    Ok(())
}

#[tokio::test]
async fn u33_what_cannot_be_sent_is_refused_before_any_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let course = session.add(Course::builder().name("x".repeat(41)));
    let error = session.commit().await.expect_err("the name is too long");
    assert_eq!((error.kind(), error.table(), error.column()), (ErrorKind::Encode, Some("course"), Some("name")));
    assert_eq!(error.to_string(), "the value for `course.name` is longer than 40 characters");
    session[course].name = "a\0b".into();
    let error = session.commit().await.expect_err("a text has no NUL");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("name")));
    session[course].name = "ж".repeat(40);
    assert!(sent.sql().is_empty());
    session.commit().await?;
    session[course].note = Some("\0".into());
    assert_eq!(session.commit().await.expect_err("nor has a note").column(), Some("note"));
    Ok(())
}

#[tokio::test]
async fn u33_a_foreign_key_violation_is_corrected() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.add(Homework::builder().number(1).description("x").course_id(99));
    let error = session.commit().await.expect_err("there is no such course");
    assert!(error.is_foreign_key_violation());
    session[homework].course_id = 2;
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework ORDER BY id").await, ["1", "1", "2"]);
    Ok(())
}

#[tokio::test]
async fn u33_earlier_flushes_of_the_transaction_are_written_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    let first = session.get::<Homework>(1).await?.expect("it is there");
    let second = session.get::<Homework>(2).await?.expect("it is there");
    session[python].note = Some("flushed".into());
    let new = session.add(Course::builder().name("new"));
    session.delete(second)?;
    session.flush().await?;
    let key = session[new].id.get();
    session[new].note = Some("after the flush".into());
    session[first].course.set(new);
    session.flush().await?;

    let bad = session.add(Course::builder().name("Java"));
    assert!(session.flush().await.is_err());
    assert_eq!(session.state(new), State::Pending);
    assert!(session[new].id.is_pending());
    assert_eq!(session[new].note.as_deref(), Some("after the flush"));
    assert_eq!(session[python].note.as_deref(), Some("flushed"));
    assert_eq!(session[first].course.handle(), Some(new));
    assert_eq!(session.deleted_objects::<Homework>(), [second]);
    assert_eq!(session.new_objects::<Course>(), [new, bad]);

    session[bad].name = "corrected".into();
    session.commit().await?;
    assert_ne!(session[new].id.get(), key, "the key was made anew");
    assert_eq!(
        db.stored("SELECT name, note FROM course ORDER BY id").await,
        ["Python|flushed", "Java|NULL", "new|after the flush", "corrected|NULL"],
    );
    assert_eq!(db.stored("SELECT h.id, c.name FROM homework h JOIN course c ON c.id = course_id").await, ["1|new"]);
    Ok(())
}

#[tokio::test]
async fn u33_a_new_object_that_was_moved_after_its_flush_stays_moved() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let flushed = session.add(Homework::builder().number(3).description("x").course(courses[0]));
    let by_key = session.add(Homework::builder().number(4).description("x").course(courses[0]));
    session.flush().await?;
    session[flushed].course.set(courses[1]);
    session.flush().await?;
    session[by_key].course_id = 2;
    let bad = session.add(Course::builder().name("Java"));
    assert!(session.flush().await.is_err());
    session[bad].name = "corrected".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework WHERE number > 2").await, ["2", "2"]);
    assert_eq!((session[flushed].course_id, session[by_key].course_id), (2, 2));
    Ok(())
}

#[tokio::test]
async fn u33_links_of_an_earlier_flush_are_written_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO tag (label) VALUES ('a'), ('b'), ('c'); INSERT INTO course_tag (course_id, tag_id) VALUES (1, 1), (2, 1)").await;
    let mut session = db.engine.session();
    let tags = session.query::<Tag>().order_by(Tag::id.asc()).all().await?;
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    session.load(&courses[..1], Course::tags).await?;
    session[courses[0]].tags.remove(tags[0]);
    session[courses[0]].tags.push(tags[1]);
    // The second course's are not loaded.
    session[courses[1]].tags.remove(tags[0]);
    session[courses[1]].tags.push(tags[2]);
    session.flush().await?;
    let bad = session.add(Course::builder().name("Java"));
    assert!(session.flush().await.is_err());
    session[bad].name = "corrected".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM course_tag ORDER BY 1").await, ["1|2", "2|3"]);
    Ok(())
}

#[tokio::test]
async fn u33_a_rollback_after_the_failure_restores_everything() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session[homeworks[0]].course.set(courses[1]);
    session.delete(homeworks[1])?;
    session.flush().await?;
    session.add(Course::builder().name("Java"));
    assert!(session.flush().await.is_err());
    session.rollback().await?;
    assert_eq!(session[courses[0]].homeworks.handles(), homeworks);
    assert!(session[courses[1]].homeworks.is_empty());
    assert_eq!(session.state(homeworks[1]), State::Persistent);
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty(), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn u33_a_commit_that_fails_at_its_end_makes_all_pending_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "ALTER TABLE homework DROP CONSTRAINT homework_course_id_fkey;
         ALTER TABLE homework ADD FOREIGN KEY (course_id) REFERENCES course DEFERRABLE INITIALLY DEFERRED",
    )
    .await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    let homework = session.add(Homework::builder().number(1).description("x").course_id(99));
    let error = session.commit().await.expect_err("the constraint is checked at COMMIT");
    assert!(error.is_foreign_key_violation(), "{error}");
    assert_eq!((session.state(course), session.state(homework)), (State::Pending, State::Pending));
    assert!(!session.in_transaction());
    session[homework].course.set(course);
    session.commit().await?;
    assert_eq!(session[homework].course_id, session[course].id.get().unwrap_or(0));
    assert_eq!(db.stored("SELECT count(*) FROM homework").await, ["1"]);
    assert_eq!(db.engine.idle_connections(), db.engine.connections());
    Ok(())
}

#[tokio::test]
async fn u33_a_query_that_fails_in_the_transaction_makes_what_it_wrote_pending_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    session.flush().await?;
    db.run("SELECT 1").await;
    let raw = session.raw().await?;
    assert!(raw.batch_execute("SELECT 1 / 0").await.is_err());
    let error = session.query::<Course>().all().await.expect_err("the transaction is aborted");
    assert_eq!(error.sqlstate(), Some("25P02"));
    assert_eq!(session.state(course), State::Pending);
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course").await, ["Python"]);
    Ok(())
}

#[tokio::test]
async fn u33_a_version_and_a_natural_key_are_written_again_as_they_were() -> Result<()> {
    use crate::models::{City, Country, Document};
    let db = TestDb::with::<(Document, Country, City, Person)>().await;
    let mut session = db.engine.session();
    let document = session.add(Document::builder().title("a"));
    let country = session.add(Country::builder().code("uk").name("Britain"));
    session.commit().await?;
    session[document].title = "b".into();
    session[country].code = "gb".into();
    session.flush().await?;
    assert_eq!(session[document].version, 2);
    session.add(Person::builder().name("x").boss_id(77));
    assert!(session.flush().await.is_err());
    let wrong = session.new_objects::<Person>()[0];
    session.take(wrong)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM document").await, ["1|b|2"]);
    assert_eq!(session[document].version, 2);
    assert_eq!(session.get::<Country>("gb").await?, Some(country));
    session[document].title = "c".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM document").await, ["1|c|3"]);
    Ok(())
}

#[tokio::test]
async fn u33_a_new_object_that_was_to_be_deleted_again_is_not_written() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let gone = session.add(Person::builder().name("gone"));
    session.flush().await?;
    session.delete(gone)?;
    let bad = session.add(Course::builder().name("Java"));
    assert!(session.flush().await.is_err());
    assert_eq!(session.state(gone), State::Transient);
    session.take(bad)?;
    session.commit().await?;
    assert!(db.stored("SELECT * FROM person").await.is_empty());
    Ok(())
}

#[tokio::test]
async fn u33_a_parent_that_was_set_back_after_a_flush_stays_set_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session[homeworks[0]].course.set(courses[1]);
    session[homeworks[1]].course.set(courses[1]);
    session.flush().await?;
    session[homeworks[0]].course.set(courses[0]);
    session[courses[0]].homeworks.push(homeworks[1]);
    let bad = session.add(Course::builder().name("Java"));
    assert!(session.flush().await.is_err());
    session.take(bad)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework").await, ["1", "1"]);
    assert!(homeworks.iter().all(|homework| session[homework].course_id == 1));
    assert!(session[courses[1]].homeworks.is_empty());
    Ok(())
}

/// Fails a flush by a course whose name is taken, and takes that course away.
async fn fail(session: &mut Session) -> Result<()> {
    let bad = session.add(Course::builder().name("Java"));
    let error = session.flush().await.expect_err("the name is taken");
    assert!(error.is_unique_violation(), "{error:?}");
    session.take(bad).map(drop)
}

#[tokio::test]
async fn u33_a_link_that_was_written_from_one_side_and_taken_back_from_the_other_stays_taken_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO tag (label) VALUES ('a'), ('b'); INSERT INTO course_tag (course_id, tag_id) VALUES (1, 2)")
        .await;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::tags).order_by(Course::id.asc()).all().await?;
    let tags = session.query::<Tag>().with(Tag::courses).order_by(Tag::id.asc()).all().await?;
    session[courses[0]].tags.push(tags[0]);
    session[courses[0]].tags.remove(tags[1]);
    session.flush().await?;
    session[tags[0]].courses.remove(courses[0]);
    session[tags[1]].courses.push(courses[0]);
    fail(&mut session).await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM course_tag").await, ["1|2"]);
    assert_eq!(session[courses[0]].tags.handles(), [tags[1]]);
    assert_eq!((session[tags[0]].courses.len(), session[tags[1]].courses.len()), (0, 1));
    Ok(())
}

#[tokio::test]
async fn u33_a_new_child_that_was_taken_out_after_its_flush_does_not_come_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let boss = session.add(Person::builder().name("boss"));
    session.commit().await?;
    let [flushed, pending] = ["flushed", "pending"].map(|name| session.add(Person::builder().name(name)));
    session[boss].reports.push(flushed);
    session[boss].reports.push(pending);
    session.flush().await?;
    session[boss].reports.remove(flushed);
    session.flush().await?;
    session[boss].reports.remove(pending);
    fail(&mut session).await?;
    assert!(session[boss].reports.is_empty());
    assert_eq!((session.state(flushed), session.state(pending)), (State::Pending, State::Pending));
    session.commit().await?;
    assert!(session[boss].reports.is_empty());
    assert_eq!((session[flushed].boss_id, session[pending].boss_id), (None, None));
    assert_eq!(db.stored("SELECT boss_id FROM person").await, ["NULL", "NULL", "NULL"]);
    Ok(())
}

#[tokio::test]
async fn u33_collections_stay_as_they_were_before_the_failure() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    let new = session.push(courses[1], Course::homeworks, Homework::builder().number(3).description("new"))?;
    session[homeworks[0]].course.set(courses[1]);
    session.delete(homeworks[1])?;
    session.flush().await?;
    let held = session[courses[1]].homeworks.handles();
    fail(&mut session).await?;
    assert!(session[courses[0]].homeworks.is_empty());
    assert_eq!(session[courses[1]].homeworks.handles(), held);
    assert_eq!(session[new].course.handle(), Some(courses[1]));
    assert_eq!((session[homeworks[0]].course_id, session[homeworks[0]].course.handle()), (2, Some(courses[1])));
    session.commit().await?;
    assert!(session[courses[0]].homeworks.is_empty());
    assert_eq!(session[courses[1]].homeworks.handles(), held);
    assert_eq!(db.stored("SELECT number, course_id FROM homework ORDER BY 1").await, ["1|2", "3|2"]);
    Ok(())
}

#[tokio::test]
async fn u33_what_is_set_back_after_the_failure_sends_nothing_and_brings_the_collections_in_line() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session[homeworks[0]].course.set(courses[1]);
    session[homeworks[1]].course.set(courses[1]);
    session.flush().await?;
    fail(&mut session).await?;
    session[homeworks[0]].course.set(courses[0]);
    session[homeworks[1]].course_id = 1;
    let sent = db.record();
    session.flush().await?;
    assert!(sent.sql().is_empty(), "{sent:?}");
    assert_eq!(session[courses[0]].homeworks.len(), 2);
    assert!(session[courses[1]].homeworks.is_empty());
    for homework in homeworks {
        assert_eq!((session[homework].course_id, session[homework].course.handle()), (1, Some(courses[0])));
    }
    Ok(())
}

#[tokio::test]
async fn u33_a_child_of_a_new_parent_that_was_to_be_deleted_again_has_none() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let report = session.add(Person::builder().name("report"));
    session.commit().await?;
    let boss = session.add(Person::builder().name("boss"));
    session[report].boss.set(boss);
    session.flush().await?;
    session.delete(boss)?;
    fail(&mut session).await?;
    session.commit().await?;
    assert_eq!((session.state(boss), session[report].boss_id), (State::Transient, None));
    assert_eq!(db.stored("SELECT name, boss_id FROM person").await, ["report|NULL"]);
    Ok(())
}

#[tokio::test]
async fn u33_after_two_failures_everything_is_written_or_rolled_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    for is_committed in [false, true] {
        let new = session.add(Homework::builder().number(3).description("new").course(courses[1]));
        session[homeworks[0]].course.set(courses[1]);
        session.delete(homeworks[1])?;
        session.flush().await?;
        fail(&mut session).await?;
        session[courses[0]].note = Some("note".into());
        session.flush().await?;
        fail(&mut session).await?;
        assert_eq!((session.state(new), session.state(homeworks[1])), (State::Pending, State::Persistent));
        if is_committed {
            session.commit().await?;
        } else {
            session.rollback().await?;
            assert_eq!((session.state(new), session[courses[0]].note.as_deref()), (State::Transient, None));
            assert_eq!(session[courses[0]].homeworks.handles(), homeworks);
            assert!(session[courses[1]].homeworks.is_empty());
        }
    }
    assert_eq!(session[courses[1]].homeworks.len(), 2);
    assert_eq!(db.stored("SELECT number, course_id FROM homework ORDER BY 1").await, ["1|2", "3|2"]);
    assert_eq!(db.stored("SELECT note FROM course ORDER BY id").await, ["note", "NULL"]);
    Ok(())
}

#[tokio::test]
async fn u33_what_a_bulk_operation_did_is_lost_and_what_was_changed_since_is_not() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = session[courses[0]].homeworks.handles();
    session.query::<Course>().update(Course::note.set("bulk")).all_rows().await?;
    let new = session.push(courses[1], Course::homeworks, Homework::builder().number(1).description("new"))?;
    session.query::<Homework>().filter(Homework::number.eq(1)).delete().await?;
    assert!(session[courses[1]].homeworks.is_empty());
    session[courses[0]].name = "flushed".into();
    session.flush().await?;
    session[homeworks[1]].number = 7;
    fail(&mut session).await?;
    assert_eq!((session[courses[0]].name.as_str(), session[courses[0]].note.as_deref()), ("flushed", None));
    assert_eq!((session[courses[1]].note.as_deref(), session[homeworks[1]].number), (None, 7));
    assert_eq!(session.state(homeworks[0]), State::Persistent);
    assert_eq!(session.state(new), State::Pending);
    assert_eq!((session[courses[0]].homeworks.len(), session[courses[1]].homeworks.handles()), (2, vec![new]));
    session.commit().await?;
    assert_eq!(db.stored("SELECT name, note FROM course ORDER BY id").await, ["flushed|NULL", "Java|NULL"]);
    assert_eq!(db.stored("SELECT number, course_id FROM homework ORDER BY 1, 2").await, ["1|1", "1|2", "7|1"]);
    Ok(())
}

#[tokio::test]
async fn u33_a_child_with_another_key_than_that_of_a_new_parent_that_was_to_be_deleted_again_keeps_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let submission = || [Submission::builder().body("b")];
    let homework = Homework::builder().number(3).description("new").course_id(1).submissions(submission());
    let homework = session.add(homework);
    session.flush().await?;
    let submission = session[homework].submissions.handles()[0];
    session[submission].homework_id = 2;
    session.delete(homework)?;
    fail(&mut session).await?;
    assert_eq!((session.state(homework), session.state(submission)), (State::Transient, State::Pending));
    assert_eq!((session[submission].homework_id, session[submission].homework.get()), (2, None));
    session.commit().await?;
    assert_eq!(db.stored("SELECT homework_id FROM submission").await, ["2"]);
    assert_eq!(db.stored("SELECT count(*) FROM homework").await, ["2"]);
    Ok(())
}
