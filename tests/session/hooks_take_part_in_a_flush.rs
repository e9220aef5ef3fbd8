//! Hooks: what they may do before a flush, what becomes of it when the flush fails, and when they run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use orm_core::prelude::*;
use orm_core::{ChangeKind, ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, Shop, Stall, two_courses};

/// What was done to which row.
#[derive(Model, Debug, Clone)]
#[model(table = "audit")]
struct Audit {
    #[model(primary_key)]
    id: Auto<i64>,
    what: String,
}

/// Writes a row for each change.
fn audited(engine: &Engine) -> SessionMaker {
    SessionMaker::new(engine).before_flush(|session| {
        for change in session.changes()? {
            let (key, columns) = (change.key().unwrap_or("new").to_owned(), change.columns().join(","));
            session.add(Audit::builder().what(format!("{} {} {key}: {columns}", change.kind(), change.model())));
        }
        Ok(())
    })
}

const AUDIT: &str = "SELECT what FROM audit ORDER BY id";

#[tokio::test]
async fn u41_an_audit_log_is_written_by_the_flush_itself() -> Result<()> {
    let db = TestDb::with::<(School, Shop, Stall, Audit)>().await;
    two_courses(&db.engine).await?;
    let mut session = audited(&db.engine).session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    let homework = session.get::<Homework>(2).await?.expect("it is there");
    session[python].name = "Rust".into();
    session[python].note = Some("n".into());
    session.delete(homework)?;
    session.add(Shop::builder().code("s"));
    let sent = db.record();
    session.commit().await?;
    // The log is one insert of the same flush.
    assert_eq!(sent.sql().iter().filter(|sql| sql.contains("\"audit\"")).count(), 1);
    assert_eq!(db.stored(AUDIT).await, ["insert Shop s: code", "update Course 1: name,note", "delete Homework 2: "],);
    session.commit().await?;
    session[python].note = Some("n".into());
    session.commit().await?;
    assert_eq!(db.stored(AUDIT).await.len(), 3);
    Ok(())
}

#[tokio::test]
async fn u41_what_a_hook_did_is_undone_if_the_flush_fails() -> Result<()> {
    let db = TestDb::with::<(School, Audit)>().await;
    two_courses(&db.engine).await?;
    let counting = audited(&db.engine).before_flush(|session| {
        for course in session.dirty_objects::<Course>() {
            session[course].note = Some(format!("{}+", session[course].note.as_deref().unwrap_or_default()));
        }
        Ok(())
    });
    let mut session = counting.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    session[python].name = "Java".into();
    assert_eq!(session.flush().await.expect_err("the name is taken").constraint(), Some("course_name_key"));
    assert_eq!((session[python].note.as_deref(), session.new_objects::<Audit>().len()), (None, 0));
    assert_eq!(session.dirty_objects::<Course>(), [python]);

    // An earlier flush of the transaction is written again, its log too, and once.
    session[python].name = "C".into();
    session.flush().await?;
    session[homework].course_id = 77;
    assert!(session.commit().await.expect_err("there is no such course").is_foreign_key_violation());
    session[homework].course_id = 2;
    session.commit().await?;
    let mut log = db.stored(AUDIT).await;
    log.sort();
    assert_eq!(log, ["update Course 1: name,note", "update Homework 1: course_id"]);
    assert_eq!(
        db.stored("SELECT name, course_id FROM course JOIN homework ON homework.id = 1 WHERE course.id = 1").await,
        ["C|2"]
    );
    Ok(())
}

#[tokio::test]
async fn u41_hooks_of_a_model_may_change_the_object_in_hand() -> Result<()> {
    let db = TestDb::with::<(School, Audit)>().await;
    let deleted = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&deleted);
    let sessions = SessionMaker::new(&db.engine)
        .before_insert(|course: &mut Course| {
            course.note = Some(format!("new {}", course.name));
            Ok(())
        })
        .before_update(|course: &mut Course| {
            course.note = Some("changed".into());
            Ok(())
        })
        .before_update(|homework: &mut Homework| {
            homework.number += 100;
            Ok(())
        })
        .before_delete(move |course: &mut Course| {
            seen.lock().expect("nobody panics").push(course.name.clone());
            Ok(())
        });
    let mut session = sessions.session();
    let a = session.add(Course::builder().name("a").homeworks([Homework::builder().number(1).description("d")]));
    let b = session.add(Course::builder().name("b"));
    session.commit().await?;
    assert_eq!(db.stored("SELECT note FROM course ORDER BY id").await, ["new a", "new b"]);
    // One that only its parent's collection changes is updated, too; the parent is not.
    let homework = session[a].homeworks.handles()[0];
    session[b].homeworks.push(homework);
    session.commit().await?;
    assert_eq!(db.stored("SELECT number, course_id FROM homework").await, ["101|2"]);
    assert_eq!(session[b].note.as_deref(), Some("new b"));
    session[a].name = "A".into();
    session[b].name = "b".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT note FROM course ORDER BY id").await, ["changed", "new b"]);
    session.delete(a)?;
    session.commit().await?;
    assert_eq!(*deleted.lock().expect("nobody panics"), ["A"]);
    Ok(())
}

#[tokio::test]
async fn u41_a_hook_may_delete_and_may_refuse() -> Result<()> {
    let db = TestDb::with::<(School,)>().await;
    two_courses(&db.engine).await?;
    let sessions = SessionMaker::new(&db.engine)
        .before_flush(|session| {
            for homework in session.dirty_objects::<Homework>() {
                if session[homework].number == 0 {
                    session.delete(homework)?;
                }
            }
            Ok(())
        })
        .before_update(|course: &mut Course| match course.name.as_str() {
            "" => Err("a course needs a name".into()),
            _ => Ok(()),
        });
    let mut session = sessions.session();
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    let course = session.get::<Course>(1).await?.expect("it is there");
    session[homework].number = 0;
    session[course].name = String::new();
    let sent = db.record();
    let error = session.commit().await.expect_err("the name is empty");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Hook, Some("Course")));
    let source = std::error::Error::source(&error).expect("the hook's own error");
    assert_eq!(source.to_string(), "a course needs a name");
    assert!(sent.sql().is_empty());
    assert!(session.deleted_objects::<Homework>().is_empty());
    session[course].name = "P".into();
    session.commit().await?;
    assert_eq!(session.state(homework), State::Detached);
    assert_eq!(db.stored("SELECT id FROM homework").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u41_after_commit_runs_after_the_outermost_commit_alone() -> Result<()> {
    let db = TestDb::with::<(School,)>().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let sessions = SessionMaker::new(&db.engine).after_commit(move |session| {
        assert!(!session.in_transaction());
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let count = || runs.load(Ordering::Relaxed);
    let mut session = sessions.session();
    session.commit().await?;
    session.add(Course::builder().name("a"));
    session.flush().await?;
    let mut savepoint = session.savepoint().await?;
    savepoint.add(Course::builder().name("b"));
    savepoint.release().await?;
    assert_eq!(count(), 0);
    session.commit().await?;
    assert_eq!(count(), 1);
    session.add(Course::builder().name("a"));
    assert!(session.commit().await.is_err());
    session.rollback().await?;
    assert_eq!(count(), 1);
    sessions
        .transaction(async |session| {
            session.add(Course::builder().name("c"));
            Ok(())
        })
        .await?;
    assert_eq!(count(), 2);
    Ok(())
}

#[tokio::test]
async fn u41_a_hook_that_panics_leaves_the_session_whole() -> Result<()> {
    let db = TestDb::with::<(School,)>().await;
    let sessions = SessionMaker::new(&db.engine).before_flush(|session| {
        session.add(Course::builder().name("of the hook"));
        let bad = session.new_objects::<Course>().iter().any(|course| session[course].name == "bad");
        assert!(!bad, "a bad course");
        Ok(())
    });
    let mut session = sessions.session();
    let course = session.add(Course::builder().name("bad"));
    let outcome = {
        use std::future::poll_fn;
        let mut flush = std::pin::pin!(session.flush());
        poll_fn(|context| {
            let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| flush.as_mut().poll(context)));
            std::task::Poll::Ready(polled.is_err())
        })
        .await
    };
    assert!(outcome, "the panic is passed on");
    session[course].name = "good".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY name").await, ["good", "of the hook"]);
    Ok(())
}

#[tokio::test]
async fn changes_tell_what_a_flush_would_write() -> Result<()> {
    let db = TestDb::with::<(School,)>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    assert!(session.changes()?.is_empty());
    let python = session.get::<Course>(1).await?.expect("it is there");
    session[python].name = "Rust".into();
    session[python].note = None;
    let new = session.add(Homework::builder().number(3).description("d").course(python));
    let sent = db.record();
    let changes = session.changes()?;
    assert!(sent.sql().is_empty());
    assert_eq!(changes.len(), 2);
    assert_eq!(
        (changes[0].kind(), changes[0].handle::<Homework>(), changes[0].key()),
        (ChangeKind::Insert, Some(new), None)
    );
    assert_eq!(changes[0].columns(), ["number", "description", "course_id", "reviewer_id"]);
    assert_eq!((changes[1].kind(), changes[1].columns()), (ChangeKind::Update, &["name"][..]));
    assert_eq!((changes[1].handle::<Course>(), changes[1].handle::<Homework>()), (Some(python), None));
    assert_eq!((session.original(python)?.name.as_str(), session[python].name.as_str()), ("Python", "Rust"));
    assert_eq!(session.original(new).expect_err("it has no row").kind(), ErrorKind::Invalid);
    Ok(())
}
