//! Handles: states, indexing, several objects at once, and what a handle that leads to nothing says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, Tag, two_courses};

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_default()
}

#[tokio::test]
async fn the_state_of_an_object_at_every_stage() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    assert_eq!(session.state(course), State::Pending);
    assert_eq!(session.new_objects::<Course>(), [course]);
    session.flush().await?;
    assert_eq!(session.state(course), State::Persistent);
    assert!(session.new_objects::<Course>().is_empty());
    session.rollback().await?;
    assert_eq!(session.state(course), State::Transient);
    let value = session.take(course)?;
    assert_eq!(session.state(course), State::Detached);
    let course = session.add(value);
    session.commit().await?;
    session[course].name.push('!');
    assert_eq!(session.dirty_objects::<Course>(), [course]);
    session.delete(course)?;
    assert_eq!(session.deleted_objects::<Course>(), [course]);
    assert!(session.dirty_objects::<Course>().is_empty());
    assert_eq!(session.state(course), State::Persistent);
    session.flush().await?;
    assert_eq!(session.state(course), State::Deleted);
    session.rollback().await?;
    assert_eq!(session.state(course), State::Persistent);
    assert_eq!(session[course].name, "Python");
    session.delete(course)?;
    session.commit().await?;
    assert_eq!(session.state(course), State::Detached);
    Ok(())
}

#[tokio::test]
async fn u37_a_handle_that_leads_to_nothing_is_an_error_that_names_the_model() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    let other = db.engine.session();
    let error = other.try_get(course).expect_err("it is of another session");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Detached, Some("Course")));
    assert_eq!(error.to_string(), "handle of `Course`: the handle is of another session");
    session.take(course)?;
    let error = session.try_get_mut(course).expect_err("it is gone");
    assert_eq!(error.to_string(), "handle of `Course`: the object is gone");
    assert!(session.load(&[course], Course::homeworks).await.is_err());
    assert!(session.related(course, Course::homeworks).await.is_err());
    // The slot is used again; the old handle does not lead to the new object.
    let next = session.add(Course::builder().name("Java"));
    assert_ne!(next, course);
    assert!(session.try_get(course).is_err());
    assert!(session.delete(course).is_err());
    assert!(session.take(course).is_err());
    Ok(())
}

#[tokio::test]
async fn u37_indexing_panics_at_the_place_of_the_caller() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("Python"));
    session.take(course)?;
    let place = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let seen = std::sync::Arc::clone(&place);
    let before = std::panic::take_hook();
    let this_thread = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == this_thread
            && let (Some(at), Ok(mut seen)) = (info.location(), seen.lock())
        {
            *seen = at.file().to_owned();
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(|| session[course].name.len()));
    std::panic::set_hook(before);
    let panic = outcome.expect_err("the handle leads to nothing");
    assert_eq!(message(&*panic), "handle of `Course`: the object is gone");
    assert!(place.lock().expect("nobody panicked with it").ends_with("handles_lead_to_objects.rs"));
    Ok(())
}

#[tokio::test]
async fn u46_reading_what_is_not_loaded_panics_with_the_call_that_loads_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let course = session.get::<Course>(1).await?.expect("it is there");
    assert_eq!(session[course].homeworks.get(), None);
    let expected = "relationship `Course::homeworks` is not loaded; add `.with(Course::homeworks)` to the session's query \
                    or call `session.load(&handles, Course::homeworks)`; an engine gives what it loads beside the value";
    type Read = fn(&Course);
    let reads: [Read; 4] = [
        |course| drop(course.homeworks.iter()),
        |course| drop(course.homeworks.handles()),
        |course| assert!(course.homeworks.len() < 100),
        |course| for _ in &course.homeworks {},
    ];
    for read in reads {
        let panic = catch_unwind(AssertUnwindSafe(|| read(&session[course]))).expect_err("it is not loaded");
        assert_eq!(message(&*panic), expected);
    }
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    assert_eq!((session[homework].course.get(), session[homework].course.handle()), (None, None));
    Ok(())
}

#[tokio::test]
async fn take_moves_an_object_out_and_leaves_its_row() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    let first = session[python].homeworks.handles()[0];
    let value = session.take(python)?;
    assert_eq!((value.id.get(), value.name.as_str()), (Some(1), "Python"));
    assert!(!session[first].course.is_loaded(), "its course is not in the session, but it has one");
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework").await, ["1", "1"]);
    let again = session.related(first, Homework::course).await?;
    assert_eq!(session[again].name, "Python");
    assert_ne!(again, python);
    Ok(())
}

#[tokio::test]
async fn taking_a_pending_object_takes_back_the_adding() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let [a, b] = ["a", "b"].map(|name| session.add(Course::builder().name(name)));
    assert_eq!(session.take(a)?.name, "a");
    session.commit().await?;
    assert_eq!(session[b].id.get(), Some(1));
    assert_eq!(db.stored("SELECT name FROM course").await, ["b"]);
    Ok(())
}

#[tokio::test]
async fn many_mut_and_pair_mut_give_several_objects_at_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let [c, d] = courses[..] else { panic!("two courses") };
    let h = session.get::<Homework>(1).await?.expect("it is there");

    let [a, b] = session.many_mut([c, d]);
    let (note_a, note_b) = (a.name.clone(), b.name.clone());
    (a.note, b.note) = (Some(note_b), Some(note_a));
    let (course, homework) = session.pair_mut(c, h);
    homework.description.clone_from(&course.name);
    let (x, y) = session.pair_mut(c, d);
    x.note.get_or_insert_default().push('1');
    y.note.get_or_insert_default().push('2');
    session.commit().await?;
    assert_eq!(db.stored("SELECT note FROM course ORDER BY id").await, ["Java1", "Python2"]);
    assert_eq!(db.stored("SELECT description FROM homework WHERE id = 1").await, ["Python"]);

    let error = session.try_many_mut([c, d, c]).expect_err("twice");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Course")));
    assert_eq!(session.try_pair_mut(c, c).expect_err("twice").kind(), ErrorKind::Invalid);
    let gone = session.add(Course::builder().name("gone"));
    session.take(gone)?;
    assert_eq!(session.try_many_mut([c, gone]).expect_err("gone").kind(), ErrorKind::Detached);
    assert_eq!(session.try_pair_mut(h, gone).expect_err("gone").model(), Some("Course"));
    assert!(catch_unwind(AssertUnwindSafe(|| session.many_mut([c, c]).len())).is_err());
    Ok(())
}

#[tokio::test]
async fn with_gives_an_object_and_the_rest_of_the_session() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let c = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    session.with(c, |c, s| {
        for h in &c.homeworks {
            s[h].number += 10;
            c.name.push_str(&s[h].description);
        }
    });
    assert_eq!(session[c].name, "Pythonдз1дз2");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        session.with(c, |c, s| {
            c.note = Some("before the panic".into());
            s[c.homeworks.handles()[0]].number = 0;
            panic!("in the closure")
        })
    }));
    assert_eq!(message(&*outcome.expect_err("it panicked")), "in the closure");
    assert_eq!(session[c].note.as_deref(), Some("before the panic"));
    session.commit().await?;
    assert_eq!(db.stored("SELECT name, note FROM course WHERE id = 1").await, ["Pythonдз1дз2|before the panic"]);
    assert_eq!(db.stored("SELECT number FROM homework ORDER BY id").await, ["0", "12"]);
    Ok(())
}

#[tokio::test]
async fn inside_with_the_handle_itself_leads_to_nothing() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let c = session.add(Course::builder().name("a"));
    session.with(c, |_, s| {
        let error = s.try_get(c).expect_err("the object is moved out");
        assert_eq!(error.to_string(), "handle of `Course`: the object is in use by `Session::with`");
        assert!(s.try_get_mut(c).is_err());
        assert!(s.try_pair_mut(c, c).is_err());
        assert!(s.take(c).is_err());
    });
    assert_eq!(session[c].name, "a", "it went back");
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course").await, ["a"]);
    Ok(())
}

#[tokio::test]
async fn handles_are_keys_of_maps_and_index_by_reference() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let handles = session.add_all(["a", "bb"].map(|name| Course::builder().name(name)));
    let map: std::collections::HashMap<i32, Handle<Course>> = (0..).zip(handles.iter().copied()).collect();
    let lengths: usize = handles.iter().map(|h| session[h].name.len()).sum();
    assert_eq!(lengths + session[map[&1]].name.len() + session[handles[0]].name.len(), 6);
    for h in &handles {
        session[h].name.push('!');
    }
    assert_eq!(session[handles[0]].name, "a!");
    assert_eq!(format!("{:?}", handles[1]), "Handle<Course>(1.0)");
    Ok(())
}

#[tokio::test]
async fn a_session_shows_what_it_holds_and_no_values() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("secret"));
    let shown = format!("{session:?}");
    assert!(shown.contains("Course") && !shown.contains("secret"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn u37_objects_of_two_sessions_are_not_related() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let (mut mine, mut theirs) = (db.engine.session(), db.engine.session());
    let course =
        mine.query::<Course>().filter(Course::id.eq(1)).with(Course::homeworks).with(Course::tags).one().await?;
    let homework = session_homework(&mut mine).await?;
    let (their_course, their_homework) = (theirs.get::<Course>(2).await?, session_homework(&mut theirs).await?);
    let (their_course, their_tag) = (their_course.expect("it is there"), theirs.add(Tag::builder().label("t")));
    let sent = db.record();
    mine[homework].number = 7;
    let is_refused = async |session: &mut Session, model: &str, path: &str| {
        let error = session.commit().await.expect_err("it is of another session");
        assert_eq!((error.kind(), error.model()), (ErrorKind::Detached, Some(model)));
        assert!(error.to_string().starts_with(&format!("relationship `{path}`: handle of `{model}`: ")), "{error}");
        assert_eq!((session[homework].number, session.state(homework)), (7, State::Persistent));
    };
    mine[homework].course.set(their_course);
    is_refused(&mut mine, "Course", "Homework::course").await;
    mine[homework].course.set(course);
    mine[course].homeworks.push(their_homework);
    is_refused(&mut mine, "Homework", "Course::homeworks").await;
    mine[course].homeworks.remove(their_homework);
    mine[course].tags.push(their_tag);
    is_refused(&mut mine, "Tag", "Course::tags").await;
    mine[course].tags.remove(their_tag);
    let new = mine.add(Homework::builder().number(3).description("new").course(their_course));
    is_refused(&mut mine, "Course", "Homework::course").await;
    assert_eq!(mine.state(new), State::Pending);
    assert!(sent.sql().is_empty());
    mine[new].course.set(course);
    mine.commit().await?;
    assert_eq!(db.stored("SELECT number, course_id FROM homework ORDER BY id").await, ["7|1", "2|1", "3|1"]);
    Ok(())
}

async fn session_homework(session: &mut Session) -> Result<Handle<Homework>> {
    Ok(session.get::<Homework>(1).await?.expect("it is there"))
}

#[tokio::test]
async fn u37_no_operation_takes_a_handle_of_another_session() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let (mut mine, mut theirs) = (db.engine.session(), db.engine.session());
    let homework = session_homework(&mut mine).await?;
    let course = mine.get::<Course>(1).await?.expect("it is there");
    // Something is in the same place there.
    session_homework(&mut theirs).await?;
    let upserted = theirs.upsert([Homework::builder().id(1).number(1).description("x").course(course)], Homework::id);
    let upserted = upserted.await.map(drop);
    let refused = [
        theirs.delete(homework),
        theirs.expunge(homework),
        theirs.take(homework).map(drop),
        theirs.original(homework).map(drop),
        theirs.set(homework, Homework::number.set(1)),
        theirs.refresh(&[homework]).await,
        theirs.load(&[homework], Homework::course).await,
        theirs.related(homework, Homework::course).await.map(drop),
        upserted,
    ];
    for (place, outcome) in refused.into_iter().enumerate() {
        assert_eq!(outcome.expect_err("it is of another session").kind(), ErrorKind::Detached, "{place}");
    }
    assert_eq!(theirs.state(homework), State::Detached);
    assert!(theirs.changes()?.is_empty());
    Ok(())
}
