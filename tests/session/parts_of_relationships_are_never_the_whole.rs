//! Parts of relationships in a session: their objects are tracked, and the fields stay as they are.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::{TestDb, written};

use crate::models::{Club, Course, Enrollment, Homework, Line, Part, Person, School, Student, Submission, Tag};

/// Two courses with five and two homeworks, each with a submission.
async fn courses(db: &TestDb) -> Result<()> {
    let mut session = db.engine.session();
    for (name, count) in [("Python", 5), ("Java", 2)] {
        session.add(Course::builder().name(name).homeworks((1..=count).map(|n| {
            Homework::builder().number(n).description("x").submissions([Submission::builder().body(format!("{n}"))])
        })));
    }
    session.commit().await
}

#[tokio::test]
async fn u45_a_part_is_given_beside_the_handles() -> Result<()> {
    let db = TestDb::with::<School>().await;
    courses(&db).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let sent = db.record();
    let part = Course::homeworks.filter(Homework::number.gt(1)).order_by(Homework::number.desc()).limit(2);
    let found: Vec<Vec<Handle<Homework>>> = session.load_some(&courses, part.with(Homework::submissions)).await?;
    assert_eq!(
        sent.take()[0],
        concat!(
            r#"SELECT "part"."id", "part"."number", "part"."description", "part"."course_id", "part"."reviewer_id" "#,
            r#"FROM (SELECT "homework"."id", "homework"."number", "homework"."description", "homework"."course_id", "#,
            r#""homework"."reviewer_id", row_number() OVER (PARTITION BY "homework"."course_id" "#,
            r#"ORDER BY "homework"."number" DESC, "homework"."id") FROM "homework" "#,
            r#"WHERE "homework"."course_id" = ANY ($1) AND "homework"."number" > $2) AS "part" "#,
            r#"("id", "number", "description", "course_id", "reviewer_id", "number_") "#,
            r#"WHERE "part"."number_" <= 2 ORDER BY "part"."number_""#,
        )
    );
    let numbers = |list: &Vec<Handle<Homework>>| list.iter().map(|h| session[h].number).collect::<Vec<_>>();
    assert_eq!(found.iter().map(numbers).collect::<Vec<_>>(), [vec![5, 4], vec![2]]);
    assert!(found.iter().flatten().all(|h| session[h].submissions.is_loaded()), "what is below it fills its fields");
    assert_eq!(session[found[0][0]].course.handle(), Some(courses[0]), "children know their parent");
    assert_eq!(session[courses[0]].homeworks.get(), None, "the collection is not loaded");
    Ok(())
}

#[tokio::test]
async fn u45_a_part_removes_nothing_and_hides_nothing() -> Result<()> {
    let db = TestDb::with::<School>().await;
    courses(&db).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let part = session.load_some(&courses, Course::homeworks.limit(1)).await?;
    session[part[0][0]].description.push('!');
    session[courses[0]].name.push('!');
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        written(&sent.take()).iter().filter(|sql| sql.starts_with("UPDATE")).count(),
        2,
        "the two that were changed"
    );
    assert_eq!(db.stored("SELECT count(*) FROM homework WHERE course_id = 1").await, ["5"]);
    session.load(&courses, Course::homeworks).await?;
    assert_eq!(session[courses[0]].homeworks.len(), 5);
    assert!(session[courses[0]].homeworks.handles().contains(&part[0][0]), "one row is one object");
    let again = session.load_some(&courses, Course::homeworks.limit(1)).await?;
    assert_eq!((again[0].len(), session[courses[0]].homeworks.len()), (1, 5), "the whole stays the whole");
    Ok(())
}

#[tokio::test]
async fn u45_a_part_of_a_to_one_relationship_is_an_option() -> Result<()> {
    let db = TestDb::with::<School>().await;
    courses(&db).await?;
    let mut session = db.engine.session();
    let homeworks = session.query::<Homework>().order_by(Homework::id.asc()).all().await?;
    let python = Homework::course.filter(Course::name.eq("Python"));
    let found: Vec<Option<Handle<Course>>> = session.load_some(&homeworks, python).await?;
    assert_eq!(found.iter().filter(|course| course.is_some()).count(), 5);
    assert!(!session[homeworks[6]].course.is_loaded(), "it is not known to have none");
    Ok(())
}

#[tokio::test]
async fn u45_parts_over_link_tables_and_composite_keys() -> Result<()> {
    let db = TestDb::with::<(School, (Line, Part), (Student, Club, Enrollment))>().await;
    let mut session = db.engine.session();
    let tags: Vec<_> = (1..=3).map(|n| session.add(Tag::builder().label(format!("t{n}")))).collect();
    let courses: Vec<_> = ["Python", "Java"]
        .into_iter()
        .map(|name| session.add(Course::builder().name(name).tags(tags.iter().copied())))
        .collect();
    let lines: Vec<_> = (1..=2)
        .map(|no| session.add(Line::builder().order_id(1).no(no).text("x").parts((0..3).map(|_| Part::builder()))))
        .collect();
    let student = session.add(Student::builder().name("Ann"));
    for name in ["chess", "go"] {
        let club = session.add(Club::builder().name(name));
        session.add(Enrollment::builder().student(student).club(club));
    }
    session.commit().await?;
    let late = session.load_some(&courses, Course::tags.order_by(Tag::label.desc()).limit(2)).await?;
    assert_eq!(late, [vec![tags[2], tags[1]], vec![tags[2], tags[1]]]);
    let parts = session.load_some(&lines, Line::parts.limit(2)).await?;
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    let clubs = session.load_some(&[student], Student::clubs.filter(Club::name.eq("go"))).await?;
    assert_eq!(session[clubs[0][0]].name, "go");
    let clubs = session.load_some(&[student], Student::clubs.order_by(Club::name.desc()).limit(1)).await?;
    assert_eq!(session[clubs[0][0]].name, "go");
    Ok(())
}

#[tokio::test]
async fn u45_seventy_thousand_parents_are_one_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) SELECT 'p' || n FROM generate_series(1, 70000) n; UPDATE person SET boss_id = (id + 1) / 2 WHERE id > 1").await;
    let mut session = db.engine.session();
    let people = session.query::<Person>().order_by(Person::id.asc()).all().await?;
    let sent = db.record();
    let reports = session.load_some(&people, Person::reports.order_by(Person::id.desc()).limit(1)).await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!(reports.iter().map(Vec::len).sum::<usize>(), 35_000);
    assert_eq!(reports[9], [people[19]]);
    Ok(())
}

#[tokio::test]
async fn u45_new_objects_are_flushed_before_and_have_no_part_before_that() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course =
        session.add(Course::builder().name("Python").homeworks([Homework::builder().number(1).description("x")]));
    assert_eq!(session.load_some(&[course], Course::homeworks.limit(1)).await?[0].len(), 1);
    let other = session.add(Course::builder().name("Java"));
    let part = Course::homeworks.limit(1);
    let found = session.no_autoflush(async |session| session.load_some(&[other], part).await).await?;
    assert_eq!(found, [vec![]]);
    Ok(())
}
