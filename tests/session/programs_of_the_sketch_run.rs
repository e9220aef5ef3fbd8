//! The programs by which the API was designed, with bodies: they compile, and do what they say.

use std::sync::Arc;

use orm_core::prelude::*;
use orm_core::{Error, IsolationLevel, Result};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, two_courses};

fn is_send_and_sync<T: Send + Sync>() {}
fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn what_is_shared_between_tasks_is_send_and_sync() {
    is_send_and_sync::<Session>();
    is_send_and_sync::<SessionMaker>();
    is_send_and_sync::<Engine>();
    is_send_and_sync::<Error>();
    is_send_and_sync::<Query<Unbound, Course>>();
    is_send_and_sync::<Query<&Engine, Course>>();
    is_send_and_sync::<orm_core::Rows<Unbound, (i32, String)>>();
    is_send_and_sync::<Expr<bool, Course>>();
    is_send_and_sync::<Handle<Course>>();
    is_send_and_sync::<Course>();
    is_send_and_sync::<IsolationLevel>();
}

#[tokio::test]
async fn every_future_of_a_session_can_be_sent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let course = is_send(session.get::<Course>(1)).await?.expect("it is there");
    is_send(session.flush()).await?;
    is_send(session.load(&[course], Course::homeworks)).await?;
    is_send(session.related(course, Course::homeworks)).await?;
    is_send(session.all(query::<Course>().with(Course::homeworks))).await?;
    is_send(session.query::<Course>().count()).await?;
    is_send(session.query::<Course>().filter(Course::id.eq(9)).delete().run()).await?;
    is_send(session.rows(query::<Course>().select(Course::id))).await?;
    is_send(session.no_autoflush(async |session| session.flush().await)).await?;
    is_send(session.raw()).await?;
    is_send(session.commit()).await?;
    is_send(session.rollback()).await?;
    is_send(db.engine.all(query::<Course>().with(Course::homeworks))).await?;
    is_send(session.close()).await
}

/// `graph_add_and_move`, `two_objects_at_once`: a rule over two objects.
fn rule(c: &mut Course, h: &mut Homework) {
    c.name.clone_from(&h.description);
}

#[tokio::test]
async fn two_objects_at_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let s = &mut session;
    let courses = s.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let [c, d] = courses[..] else { panic!("two courses") };
    for h in s[c].homeworks.handles() {
        s[h].number += 1;
        s[c].name.push('x');
    }
    for h in &s[c].homeworks.clone() {
        s[h].number += 1;
    }
    let h = s.add(Homework::builder().number(s[c].name.len() as i32).description("x").course(c));
    s[c].homeworks.push(h);
    let [a, b] = s.many_mut([c, d]);
    std::mem::swap(&mut a.note, &mut b.note);
    let (c1, h1) = s.pair_mut(c, h);
    rule(c1, h1);
    s.with(c, |c, s| {
        for h in &c.homeworks {
            s[h].number += 1;
            c.name.push_str(&s[h].description);
        }
    });
    s.with(c, |c, s| c.name.push_str(&s[d].name));
    s[h].number += s[c].name.len() as i32;
    s.commit().await?;
    assert_eq!(s[c].name, "xдз1дз2xJava");
    assert_eq!(db.stored("SELECT number FROM homework ORDER BY id").await, ["4", "5", "25"]);
    Ok(())
}

#[tokio::test]
async fn arguments_of_a_query_read_the_session() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut s = db.engine.session();
    let c = s.query::<Course>().filter(Course::id.eq(1)).one().await?;
    s[c].note = Some("дз1".into());
    let note = s[c].note.clone().unwrap_or_default();
    let hs = s
        .all(
            query::<Homework>().filter(Homework::description.eq(note.as_str())).filter(Homework::course_id.eq(s[c].id)),
        )
        .await?;
    assert_eq!(hs.len(), 1);
    let hs = query::<Homework>().filter(Homework::course_id.eq(s[c].id)).on(&mut s).all().await?;
    assert_eq!(hs.len(), 2);
    Ok(())
}

/// As axum has it: shared state, and a handler whose future must be `Send`.
async fn rename(engine: Arc<Engine>, name: String) -> Result<Course> {
    let log = [1, 2];
    engine
        .transaction(async |s| {
            let c = s.query::<Course>().filter(Course::name.eq(&name)).one().await?;
            s[c].name.push('!');
            for _ in &log {
                helper(s, c).await?;
                s[c].name.push('?');
            }
            Ok(s[c].clone())
        })
        .await
}

async fn helper(s: &mut Session, c: Handle<Course>) -> Result<()> {
    s[c].name.push('h');
    s.flush().await
}

#[tokio::test]
async fn a_web_handler_runs_a_transaction_with_a_closure_that_borrows() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let engine = Arc::new(db.engine.clone());
    let handler = tokio::spawn(rename(Arc::clone(&engine), "Java".into()));
    let course = handler.await.expect("it does not panic")?;
    assert_eq!(course.name, "Java!h?h?");
    assert_eq!(db.stored("SELECT name FROM course WHERE id = 2").await, ["Java!h?h?"]);
    let missing = tokio::spawn(rename(engine, "Cobol".into())).await.expect("it does not panic");
    assert!(missing.expect_err("there is none").is_not_found());
    Ok(())
}

#[tokio::test]
async fn find_is_generic_over_models() -> Result<()> {
    async fn find<M: Model>(s: &mut Session, key: M::Key) -> Result<Option<Handle<M>>> {
        s.get::<M>(key).await
    }
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut s = db.engine.session();
    let course = find::<Course>(&mut s, 2).await?.expect("it is there");
    assert_eq!(s[course].name, "Java");
    assert!(find::<Homework>(&mut s, 9).await?.is_none());
    Ok(())
}
