//! A term at a small school: a larger graph than the lesson's, with students who mentor each other, enrolments that carry
//! grades, and tags that courses share.
//!
//! Run it with `cargo run -p orm-examples --bin school`.

#![allow(clippy::print_stdout, reason = "printing is what the example is for")]

use orm_core::prelude::*;
use orm_core::sql::count;
use orm_examples::school::{All, Course, Enrolment, Format, Homework, Student, Submission, Tag};
use orm_examples::{Error, Stage};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stage = Stage::open("school").await?;
    println!("A term at a small school");
    let outcome = term(&mut stage).await;
    stage.close().await?;
    outcome
}

async fn term(stage: &mut Stage) -> Result<(), Error> {
    let engine = stage.engine().clone();
    stage.step("Six tables, a link table and an enum type, in the order of their foreign keys");
    engine.create_all::<All>().await?;
    stage.sql();

    let mut session = engine.session();
    let ann = enrol(stage, &mut session).await?;
    hand_in(stage, engine.session()).await?;
    grade(stage, &mut session).await?;
    report(stage, &engine).await?;
    mentors(stage, &engine).await?;
    tags(stage, &mut session).await?;
    farewell(stage, &mut session, ann).await?;
    session.close().await?;
    Ok(())
}

/// One commit of a graph: every row of a table in one statement, keys filled in on the way.
async fn enrol(stage: &mut Stage, session: &mut Session) -> Result<Handle<Student>, Error> {
    stage.step("A graph of new objects is one commit: each table's rows in one statement");
    let ann = session.add(Student::builder().name("Ann").email("ann@example.org"));
    let others = session.add_all([
        Student::builder().name("Bob").email("bob@example.org").mentor(ann),
        Student::builder().name("Cleo").email("cleo@example.org").mentor(ann),
    ]);
    let rust = session.add(
        Course::builder()
            .title("Rust")
            .format(Format::Online)
            .hours(40)
            .homeworks([
                Homework::builder().number(1).description("ownership"),
                Homework::builder().number(2).description("traits"),
            ])
            .tags([Tag::builder().label("systems"), Tag::builder().label("safety")]),
    );
    let sql = session.add(Course::builder().title("SQL").format(Format::OnSite).hours(20));
    session.add_all(
        [(ann, rust), (ann, sql), (others[0], rust), (others[1], sql)]
            .map(|(student, course)| Enrolment::builder().student(student).course(course)),
    );
    session.commit().await?;
    stage.show("committed");
    Ok(ann)
}

async fn hand_in(stage: &mut Stage, mut session: Session) -> Result<(), Error> {
    stage.step("Ann hands in every homework of her courses: a new session loads one statement a level");
    let homeworks = Student::enrolments.with(Enrolment::course.with(Course::homeworks));
    let ann = session.query::<Student>().filter(Student::name.eq("Ann")).with(homeworks).one().await?;
    stage.sql();
    for enrolment in session[ann].enrolments.iter() {
        let Some(course) = session[enrolment].course.handle() else { continue };
        for homework in session[course].homeworks.iter() {
            let text = format!("{} by {}", session[homework].description, session[ann].name);
            session.push(homework, Homework::submissions, Submission::builder().text(text).student(ann))?;
        }
    }
    session.commit().await?;
    stage.sql();
    for submission in session.related(ann, Student::submissions).await? {
        stage.show(&session[submission].text);
    }
    Ok(())
}

async fn grade(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("Grades are given: rows with the same changed column are one statement");
    let rust = session.query::<Course>().filter(Course::title.eq("Rust")).with(Course::enrolments).one().await?;
    for (enrolment, grade) in session[rust].enrolments.iter().zip([5, 4]) {
        session[enrolment].grade = Some(grade);
    }
    session.commit().await?;
    stage.sql();

    stage.step("A grade that no check allows is refused, and nothing is lost");
    let Some(first) = session[rust].enrolments.iter().next() else { return Ok(()) };
    session[first].grade = Some(6);
    if let Err(error) = session.commit().await {
        stage.show(format!("error: {error}"));
    }
    session[first].grade = Some(5);
    session.commit().await?;
    stage.show(format!("grade: {:?}", session[first].grade));
    Ok(())
}

/// Reading needs no session: an engine gives plain values.
async fn report(stage: &mut Stage, engine: &Engine) -> Result<(), Error> {
    stage.step("A report: plain values from the engine, optional where a left join makes them so");
    let rows: Vec<(String, String, Option<i16>)> = engine
        .query::<Enrolment>()
        .join(Enrolment::student)
        .join(Enrolment::course)
        .order_by(Student::name.asc())
        .order_by(Course::title.asc())
        .select((Student::name, Course::title, Enrolment::grade))
        .all()
        .await?;
    for (student, course, grade) in rows {
        let grade = grade.map_or_else(|| "no grade yet".to_owned(), |grade| format!("grade {grade}"));
        stage.show(format!("{student}, {course}: {grade}"));
    }

    stage.step("Courses with their homeworks, in two statements");
    let courses: Vec<(Course, Vec<Homework>)> =
        engine.query::<Course>().with(Course::homeworks).order_by(Course::title.asc()).all().await?;
    for (course, homeworks) in courses {
        stage.show(format!("{} ({:?}): {} homeworks", course.title, course.format, homeworks.len()));
    }
    let rated: Vec<i64> =
        engine.query::<Enrolment>().filter(Enrolment::grade.is_not_null()).select(count()).all().await?;
    stage.show(format!("grades given: {rated:?}"));
    Ok(())
}

async fn mentors(stage: &mut Stage, engine: &Engine) -> Result<(), Error> {
    stage.step("Students and their mentors: one table twice, under an alias");
    aliased!(let mentor = Student);
    let pairs: Vec<(String, Option<String>)> = engine
        .query::<Student>()
        .left_join_as(Student::mentor, &mentor)
        .order_by(Student::name.asc())
        .select((Student::name, mentor.c.name))
        .all()
        .await?;
    for (student, mentor) in pairs {
        stage.show(format!("{student}: {}", mentor.as_deref().unwrap_or("no mentor")));
    }
    Ok(())
}

async fn tags(stage: &mut Stage, session: &mut Session) -> Result<(), Error> {
    stage.step("Courses share tags: only the link table is written");
    let sql = session.query::<Course>().filter(Course::title.eq("SQL")).with(Course::tags).one().await?;
    let safety = session.query::<Tag>().filter(Tag::label.eq("safety")).with(Tag::courses).one().await?;
    stage.sql();
    session[sql].tags.push(safety);
    session.commit().await?;
    stage.sql();
    let titles: Vec<&str> = session[safety].courses.iter().map(|course| session[course].title.as_str()).collect();
    stage.show(format!("safety: {}", titles.join(", ")));
    Ok(())
}

async fn farewell(stage: &mut Stage, session: &mut Session, ann: Handle<Student>) -> Result<(), Error> {
    stage.step("Ann leaves: the foreign keys say what goes with her and what stays");
    session.delete(ann)?;
    session.commit().await?;
    stage.sql();
    let left = session.query::<Submission>().count().await?;
    stage.show(format!("submissions left: {left}"));
    for student in session.query::<Student>().order_by(Student::name.asc()).all().await? {
        let student = &session[student];
        stage.show(format!("{}: mentor {:?}", student.name, student.mentor_id));
    }
    Ok(())
}
