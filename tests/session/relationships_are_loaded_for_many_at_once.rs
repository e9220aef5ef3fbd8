//! Loading: one statement for any number of parents, nothing for what is loaded or known.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::billing::{CourseInvoices, Invoice};
use crate::models::{Course, Homework, Line, Part, Person, School, Submission, Tag, two_courses};

#[tokio::test]
async fn u44_with_loads_in_one_more_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    assert_eq!(sent.take().len(), 2);
    assert_eq!((session[courses[0]].homeworks.len(), session[courses[1]].homeworks.len()), (2, 0));
    let homework = session[courses[0]].homeworks.handles()[0];
    assert_eq!(session[homework].course.handle(), Some(courses[0]), "children know their parent");
    session.load(&courses, Course::homeworks).await?;
    assert!(sent.take().is_empty(), "it is loaded already");
    Ok(())
}

#[tokio::test]
async fn u44_to_one_asks_nothing_for_what_the_session_holds() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homeworks = session.query::<Homework>().all().await?;
    let sent = db.record();
    session.load(&homeworks, Homework::reviewer).await?;
    assert!(sent.take().is_empty(), "a key that is NULL leads to none");
    assert_eq!(session[homeworks[0]].reviewer.get(), Some(None));
    session.load(&homeworks, Homework::course).await?;
    assert_eq!(
        sent.take(),
        [concat!(
            r#"SELECT "course"."id", "course"."name", "course"."note" FROM "course" "#,
            r#"WHERE "course"."id" = ANY ($1)"#,
        )],
    );
    let mut session = db.engine.session();
    let courses = session.query::<Course>().all().await?;
    let homeworks = session.query::<Homework>().all().await?;
    let _ = sent.take();
    session.load(&homeworks, Homework::course).await?;
    assert!(sent.take().is_empty());
    assert_eq!(session[homeworks[1]].course.handle(), Some(courses[0]));
    assert_eq!(session.related(homeworks[0], Homework::course).await?, courses[0]);
    assert!(sent.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn u44_nested_loads_are_one_statement_a_level() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(
        Course::builder()
            .name("Python")
            .homeworks(
                (1..=3).map(|n| {
                    Homework::builder().number(n).description("x").submissions([Submission::builder().body("b")])
                }),
            )
            .tags([Tag::builder().label("t")]),
    );
    session.commit().await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let query =
        query::<Course>().with(Course::homeworks.with(Homework::submissions)).with(Course::tags.with(Tag::courses));
    let course = session.one(query).await?;
    assert_eq!(sent.take().len(), 5);
    for homework in &session[course].homeworks {
        let submission = session[homework].submissions.handles()[0];
        assert_eq!(session[submission].homework.handle(), Some(homework));
    }
    let tag = session[course].tags.handles()[0];
    assert_eq!(session[tag].courses.handles(), [course]);
    Ok(())
}

#[tokio::test]
async fn u44_no_parents_no_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let none = session.query::<Course>().with(Course::homeworks.with(Homework::submissions)).all().await?;
    assert!(none.is_empty());
    assert_eq!(sent.take().len(), 1);
    session.load::<Course, _>(&[], Course::homeworks).await?;
    assert!(sent.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn u44_several_relationships_under_one_are_loaded_with_it_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    reviewed(&db).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let below = Course::homeworks.with(Homework::submissions).with(Homework::reviewer.with(Person::boss));
    let course = session.query::<Course>().with(below).one().await?;
    assert_eq!(sent.take().len(), 5, "the course, its homeworks, and three below them");
    for homework in &session[course].homeworks {
        assert_eq!(session[homework].submissions.len(), 1);
        let reviewer = session[homework].reviewer.handle().expect("it was loaded");
        assert!(session[reviewer].boss.is_loaded());
    }
    let mut session = db.engine.session();
    let query = session
        .query::<Course>()
        .with(Course::homeworks.with(Homework::submissions))
        .with(Course::homeworks.with(Homework::reviewer));
    query.one().await?;
    assert_eq!(sent.take().len(), 4, "what is said twice is loaded once");
    Ok(())
}

#[tokio::test]
async fn u44_a_limit_counts_parents() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let query = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).limit(1);
    let courses = query.all().await?;
    assert_eq!((courses.len(), session[courses[0]].homeworks.len()), (1, 2));
    Ok(())
}

#[tokio::test]
async fn u44_the_distinct_keys_of_the_rows_are_asked_for() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    db.run("INSERT INTO homework (number, description, course_id) VALUES (3, 'x', 2), (4, 'y', 2)").await;
    let sent = db.record();
    let homeworks = session.query::<Homework>().with(Homework::course).order_by(Homework::id.asc()).all().await?;
    let sent = sent.take();
    assert_eq!(sent.len(), 2);
    assert_eq!(session[homeworks[0]].course.handle(), Some(python), "this one was there");
    assert_eq!(session[homeworks[2]].course.handle(), session[homeworks[3]].course.handle());
    Ok(())
}

/// A course with two homeworks, each with a submission and the same reviewer.
async fn reviewed(db: &TestDb) -> Result<()> {
    let mut session = db.engine.session();
    let boss = session.add(Person::builder().name("boss"));
    let reviewer = session.add(Person::builder().name("reviewer").boss(boss));
    session.add(Course::builder().name("Python").homeworks((1..=2).map(|n| {
        let submissions = [Submission::builder().body("b")];
        Homework::builder().number(n).description("x").reviewer(reviewer).submissions(submissions)
    })));
    session.commit().await
}

#[tokio::test]
async fn related_reads_what_has_no_field() -> Result<()> {
    let db = TestDb::with::<(School, Invoice)>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    session.add(Invoice::builder().amount(5i64).course(python));
    session.commit().await?;
    let invoices = session.related(python, Invoice::course.rev()).await?;
    assert_eq!(session[invoices[0]].amount, 5);
    let sent = db.record();
    assert_eq!(session.related(python, Invoice::course.rev()).await?, invoices);
    assert!(sent.take().is_empty());
    assert_eq!(session.related(python, Course::invoices).await?, invoices);
    session.push(python, Course::invoices, Invoice::builder().amount(6i64))?;
    let invoices = session.related(python, Course::invoices).await?;
    assert_eq!(invoices.len(), 2, "it was flushed before, and read anew");
    assert_eq!(session[invoices[1]].course.handle(), Some(python));
    Ok(())
}

#[tokio::test]
async fn related_gives_an_option_where_the_key_may_be_null() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let boss = session.add(Person::builder().name("boss").reports([Person::builder().name("report")]));
    session.commit().await?;
    let report: Vec<Handle<Person>> = session.related(boss, Person::reports).await?;
    let found: Option<Handle<Person>> = session.related(report[0], Person::boss).await?;
    assert_eq!(found, Some(boss));
    assert_eq!(session.related(boss, Person::boss).await?, None);
    Ok(())
}

#[tokio::test]
async fn composite_keys_are_loaded() -> Result<()> {
    let db = TestDb::with::<(Line, Part)>().await;
    let mut session = db.engine.session();
    for (order, no) in [(1, 1), (1, 2), (2, 1)] {
        let parts = (0..no).map(|_| Part::builder());
        session.add(Line::builder().order_id(order).no(no).text("x").parts(parts));
    }
    session.commit().await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let lines =
        session.query::<Line>().with(Line::parts).order_by(Line::order_id.asc()).order_by(Line::no.asc()).all().await?;
    assert_eq!(sent.take().len(), 2);
    let counts: Vec<_> = lines.iter().map(|line| session[line].parts.len()).collect();
    assert_eq!(counts, [1, 2, 1]);
    let mut session = db.engine.session();
    let parts = session.query::<Part>().with(Part::line).all().await?;
    let line = session[parts[3]].line.handle().expect("it was loaded");
    assert_eq!((session[line].order_id, session[line].no), (2, 1));
    Ok(())
}

#[tokio::test]
async fn u10_seventy_thousand_parents_are_loaded_at_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) SELECT 'p' || n FROM generate_series(1, 70000) n; UPDATE person SET boss_id = id - 1 WHERE id % 2 = 0").await;
    let mut session = db.engine.session();
    let sent = db.record();
    let people = session.query::<Person>().with(Person::reports).order_by(Person::id.asc()).all().await?;
    assert_eq!(sent.take().len(), 2);
    assert_eq!(session[people[69_998]].reports.handles(), [people[69_999]]);
    assert!(session[people[69_999]].reports.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_required_end_that_is_missing_is_not_found() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("ALTER TABLE homework DROP CONSTRAINT homework_course_id_fkey; DELETE FROM course").await;
    let mut session = db.engine.session();
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    let error = session.related(homework, Homework::course).await.expect_err("the course is gone");
    assert_eq!((error.kind(), error.model()), (ErrorKind::NotFound, Some("Homework")));
    Ok(())
}

#[tokio::test]
async fn u44_a_relationship_loaded_from_its_other_end_fills_no_collection() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let tags = session.add_all(["new", "hard"].map(|label| Tag::builder().label(label)));
    session.add(Course::builder().name("Python").tags(tags).homeworks([
        Homework::builder().number(1).description("дз1"),
        Homework::builder().number(2).description("дз2"),
    ]));
    session.commit().await?;
    let mut session = db.engine.session();
    let tags = session.query::<Tag>().order_by(Tag::id.asc()).limit(1).all().await?;
    let courses = session.related(tags[0], Course::tags.rev()).await?;
    assert!(!session[courses[0]].tags.is_loaded(), "there may be tags that nobody asked for");
    session.load(&courses, Course::tags).await?;
    assert_eq!(session[courses[0]].tags.len(), 2);
    let homeworks = session.query::<Homework>().limit(1).all().await?;
    session.related(homeworks[0], Course::homeworks.rev()).await?;
    session.load(&courses, Course::homeworks).await?;
    assert_eq!(session[courses[0]].homeworks.len(), 2);
    Ok(())
}
