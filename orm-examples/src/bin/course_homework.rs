//! The lesson, step by step: a course, its homeworks, and everything that a session does with them.
//!
//! Run it with `cargo run -p orm-examples --bin course_homework`. Without `DATABASE_URL` it starts a PostgreSQL of its own,
//! which is gone afterwards; with it, it works in a schema of its own on that server.

#![allow(clippy::print_stdout, reason = "printing is what the example is for")]

use orm_core::prelude::*;
use orm_examples::course_homework::back_populates::{Course, Homework};
use orm_examples::course_homework::backref;
use orm_examples::{Error, Stage};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stage = Stage::open("course_homework").await?;
    println!("The lesson: courses and homeworks");
    let outcome = lesson(&mut stage).await;
    stage.close().await?;
    outcome
}

async fn lesson(stage: &mut Stage) -> Result<(), Error> {
    let engine = stage.engine().clone();

    stage.step("An engine connects to nothing until it is asked to");
    stage.show(format!("connections: {}", engine.connections()));

    create_tables(stage, &engine).await?;

    stage.step("A session maker makes sessions, which connect to nothing either");
    let sessions = SessionMaker::new(&engine);
    let mut session = sessions.session();
    stage.show(format!("transaction open: {}", session.in_transaction()));

    let python = add_a_course(stage, &mut session).await?;
    add_homeworks(stage, &mut session, python).await?;
    queries(stage, &mut session).await?;
    subquery_join(stage, &mut session).await?;
    rename_and_delete(stage, &mut session).await?;
    with_backref(stage, &mut session).await?;
    close(stage, &engine, session).await
}

async fn create_tables(stage: &mut Stage, engine: &Engine) -> Result<(), Error> {
    stage.step("Tables are dropped and created, in the order of their foreign keys");
    engine.drop_all::<(Course, Homework)>().await?;
    engine.create_all::<(Course, Homework)>().await?;
    stage.show(format!("connections: {}", engine.connections()));

    stage.step("Creating them again changes nothing");
    engine.create_all::<(Course, Homework)>().await?;
    stage.show("done");
    Ok(())
}

async fn add_a_course(stage: &mut Stage, session: &mut Session) -> Result<Handle<Course>, Error> {
    stage.step("A new course has no key");
    let course = Course::builder().name("Python").build();
    stage.show(format!("{:?}", course.id.get()));

    stage.step("After the commit it has one");
    let python = session.add(course);
    session.commit().await?;
    stage.sql();
    if let Some(id) = session[python].id.get() {
        stage.show(id);
    }
    stage.show(&session[python]);
    Ok(python)
}

async fn add_homeworks(stage: &mut Stage, session: &mut Session, python: Handle<Course>) -> Result<(), Error> {
    stage.step("Two homeworks of the course: their foreign key is filled in");
    session.add_all([
        Homework::builder().number(1).description("дз1").course(python),
        Homework::builder().number(2).description("дз2").course(python),
    ]);
    session.commit().await?;
    stage.show("committed");
    Ok(())
}

async fn queries(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("All courses");
    for course in session.query::<Course>().all().await? {
        stage.show(&session[course]);
    }

    stage.step("All homeworks");
    for homework in session.query::<Homework>().all().await? {
        stage.show(&session[homework]);
    }

    stage.step("Homeworks with a number above 1");
    for homework in session.query::<Homework>().filter(Homework::number.gt(1)).all().await? {
        stage.show(&session[homework]);
    }

    stage.step("Homeworks with the letter з in their description");
    for homework in session.query::<Homework>().filter(Homework::description.like("%з%")).all().await? {
        stage.show(&session[homework]);
    }

    stage.step("The homework with number 2");
    for homework in session.query::<Homework>().filter(Homework::number.eq(2)).all().await? {
        stage.show(&session[homework]);
    }
    Ok(())
}

async fn subquery_join(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("A second course, without homeworks");
    let java = session.add(Course::builder().name("Java"));
    session.commit().await?;
    stage.show(&session[java]);

    stage.step("Courses that have a homework with the letter з: a join with a subquery");
    let with_z = session.query::<Homework>().filter(Homework::description.like("%з%")).subquery();
    let courses = session.query::<Course>().join_on(&with_z, Course::id.eq(with_z.c.course_id)).all().await?;
    for course in courses {
        stage.show(&session[course]);
    }
    Ok(())
}

async fn rename_and_delete(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("Java becomes JavaScript, in the table and in the loaded object");
    let java = session.query::<Course>().filter(Course::name.eq("Java")).one().await?;
    stage.show(&session[java]);
    session.query::<Course>().filter(Course::name.eq("Java")).update(Course::name.set("JavaScript")).await?;
    stage.show(&session[java]);
    session.commit().await?;
    stage.sql();

    stage.step("JavaScript goes, and its handle leads to nothing");
    session.query::<Course>().filter(Course::name.eq("JavaScript")).delete().await?;
    session.commit().await?;
    stage.sql();
    match session.try_get(java) {
        Ok(course) => stage.show(format!("still there: {course}")),
        Err(error) => stage.show(format!("error: {error}")),
    }
    for course in session.query::<Course>().all().await? {
        stage.show(&session[course]);
    }
    Ok(())
}

/// The lesson's other way to declare the relationship: once, with `backref`.
async fn with_backref(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("The same with backref: the course's end of the relationship is made by the homework's");
    let query = query::<backref::Course>().filter(backref::Course::name.eq("Python"));
    let python = session.one(query).await?;
    for homework in session.related(python, backref::Course::homeworks).await? {
        stage.show(&session[homework]);
    }
    session.push(python, backref::Course::homeworks, backref::Homework::builder().number(3).description("дз3"))?;
    session.commit().await?;
    stage.sql();
    let joined = session.query::<backref::Course>().join(backref::Course::homeworks);
    let count = joined.filter(backref::Homework::number.eq(3)).count().await?;
    stage.show(format!("courses with a homework number 3: {count}"));
    Ok(())
}

async fn close(stage: &mut Stage, engine: &Engine, mut session: Session) -> Result<(), Error> {
    stage.step("A closed session gives its connection back to the pool, and can be used again");
    session.close().await?;
    stage.show(format!("connections: {}, idle: {}", engine.connections(), engine.idle_connections()));
    let count = session.query::<Homework>().count().await?;
    stage.show(format!("homeworks: {count}"));
    Ok(())
}
