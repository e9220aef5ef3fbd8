//! `with` from an engine: what is loaded comes beside the model, in a tuple whose type says so.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::{Account, Course, Homework, Line, Part, Person, Profile, School, Submission, Tag, two_courses};

#[tokio::test]
async fn q44_loads_are_one_statement_each() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let sent = db.record();
    let loaded: Vec<(Course, Vec<Homework>, Vec<Tag>)> =
        db.engine.query::<Course>().with(Course::homeworks).with(Course::tags).order_by(Course::id.asc()).all().await?;
    assert_eq!(sent.take().len(), 3);
    let numbers: Vec<Vec<i32>> = loaded.iter().map(|(_, list, _)| list.iter().map(|h| h.number).collect()).collect();
    assert_eq!(numbers, [vec![1, 2], vec![]]);
    let to_one: Vec<(Homework, Course, Option<Person>)> =
        db.engine.query::<Homework>().with(Homework::course).with(Homework::reviewer).all().await?;
    assert_eq!(to_one[1].1.name, "Python");
    assert!(to_one[1].2.is_none());
    assert_eq!(sent.take().len(), 2, "all reviewers are NULL");
    let one = db.engine.one(query::<Course>().filter(Course::id.eq(2)).with(Course::homeworks)).await?;
    assert_eq!((one.0.name.as_str(), one.1.len()), ("Java", 0));
    let first = db.engine.query::<Course>().with(Course::homeworks).limit(1).first().await?.expect("there are two");
    assert_eq!(first.1.len(), 2, "a limit counts parents");
    Ok(())
}

#[tokio::test]
async fn q44_loads_nest() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("Python").homeworks((1..=2).map(|n| {
        let bodies = (0..n).map(|i| Submission::builder().body(format!("{n}.{i}")));
        Homework::builder().number(n).description("x").submissions(bodies)
    })));
    session.commit().await?;
    let sent = db.record();
    let loaded: Vec<(Course, Vec<(Homework, Vec<Submission>)>)> =
        db.engine.query::<Course>().with(Course::homeworks.with(Homework::submissions)).all().await?;
    assert_eq!(sent.take().len(), 3);
    let counts: Vec<usize> = loaded[0].1.iter().map(|(_, submissions)| submissions.len()).collect();
    assert_eq!(counts, [1, 2]);
    let up: Vec<(Submission, (Homework, Course))> =
        db.engine.query::<Submission>().with(Submission::homework.with(Homework::course)).all().await?;
    assert_eq!(up[2].1.1.name, "Python");
    Ok(())
}

#[tokio::test]
async fn q44_no_parents_no_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let sent = db.record();
    let none = db
        .engine
        .query::<Course>()
        .with(Course::homeworks.with(Homework::submissions))
        .with(Course::tags)
        .all()
        .await?;
    assert!(none.is_empty());
    assert_eq!(sent.take().len(), 1);
    Ok(())
}

#[tokio::test]
async fn q44_has_one_and_composite_keys() -> Result<()> {
    let db = TestDb::with::<(Account, Profile, Line, Part)>().await;
    let mut session = db.engine.session();
    session.add(Account::builder().login("ann").profile(Profile::builder().bio("x")));
    session.add(Account::builder().login("bob"));
    for no in 1..=3 {
        session.add(Line::builder().order_id(1).no(no).text("x").parts((1..no).map(|_| Part::builder())));
    }
    session.commit().await?;
    let accounts: Vec<(Account, Option<Profile>)> =
        db.engine.query::<Account>().with(Account::profile).order_by(Account::id.asc()).all().await?;
    assert_eq!((accounts[0].1.as_ref().map(|p| p.bio.as_str()), accounts[1].1.is_none()), (Some("x"), true));
    let lines = db.engine.query::<Line>().with(Line::parts).order_by(Line::no.asc()).all().await?;
    assert_eq!(lines.iter().map(|(_, parts)| parts.len()).collect::<Vec<_>>(), [0, 1, 2]);
    let parts: Vec<(Part, Line)> = db.engine.query::<Part>().with(Part::line).all().await?;
    assert_eq!(parts[2].1.no, 3);
    Ok(())
}

#[tokio::test]
async fn q44_four_loads_side_by_side() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let loaded: Vec<(Course, Vec<Homework>, Vec<Tag>, Vec<Homework>, Vec<Homework>)> = db
        .engine
        .query::<Course>()
        .with(Course::homeworks)
        .with(Course::tags)
        .with(Course::homeworks)
        .with(Homework::course.rev())
        .all()
        .await?;
    assert_eq!((loaded[0].3.len(), loaded[0].4.len()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn q44_a_required_end_that_is_missing_is_not_found() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("ALTER TABLE homework DROP CONSTRAINT homework_course_id_fkey; DELETE FROM course").await;
    let error = db.engine.query::<Homework>().with(Homework::course).all().await.expect_err("the course is gone");
    assert_eq!((error.kind(), error.model()), (ErrorKind::NotFound, Some("Homework")));
    Ok(())
}

#[tokio::test]
async fn q44_seventy_thousand_parents_are_one_load() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) SELECT 'p' || n FROM generate_series(1, 70000) n; UPDATE person SET boss_id = id - 1 WHERE id % 2 = 0").await;
    let sent = db.record();
    let people = db.engine.query::<Person>().with(Person::reports).with(Person::boss).all().await?;
    assert_eq!(sent.take().len(), 3);
    assert_eq!(
        people.iter().map(|(_, reports, boss)| reports.len() + usize::from(boss.is_some())).sum::<usize>(),
        70_000
    );
    Ok(())
}
