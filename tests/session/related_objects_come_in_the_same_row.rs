//! `with_joined`: the end of a to-one relationship is read in the rows of the query, and is an object like any other.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::models::{Account, Course, Homework, Line, Part, Person, Profile, School, Submission, two_courses};

#[tokio::test]
async fn u44_with_joined_fills_the_field_in_one_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let query = session.query::<Homework>().with_joined(Homework::course).with_joined(Homework::reviewer);
    let homeworks = query.order_by(Homework::number.asc()).all().await?;
    assert_eq!(
        sent.take(),
        [concat!(
            r#"SELECT "homework"."id", "homework"."number", "homework"."description", "homework"."course_id", "#,
            r#""homework"."reviewer_id", "course"."id", "course"."name", "course"."note", "reviewer"."id", "#,
            r#""reviewer"."name", "reviewer"."boss_id", "reviewer"."mentor_id" FROM "homework" "#,
            r#"JOIN "course" AS "course" ON "homework"."course_id" = "course"."id" "#,
            r#"LEFT JOIN "person" AS "reviewer" ON "homework"."reviewer_id" = "reviewer"."id" "#,
            r#"ORDER BY "homework"."number""#,
        )],
    );
    let course = session[homeworks[0]].course.handle().expect("it was read");
    assert_eq!(session[homeworks[1]].course.handle(), Some(course), "one row is one object");
    assert_eq!(session[course].name, "Python");
    assert_eq!(session[homeworks[0]].reviewer.get(), Some(None), "there is none, and that is known");
    session[course].name.push('!');
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["Python!", "Java"], "it is tracked");
    Ok(())
}

#[tokio::test]
async fn u44_with_joined_keeps_what_was_changed_in_memory() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    session[courses[0]].name = "changed".to_owned();
    let query = query::<Homework>().with_joined(Homework::course).filter(Homework::id.eq(1));
    session.no_autoflush(async |session| session.all(query.clone()).await).await?;
    assert_eq!(session[courses[0]].name, "changed");
    assert_eq!(session[homework].course.handle(), Some(courses[0]));
    session[homework].course.set(courses[1]);
    session.no_autoflush(async |session| session.all(query.clone()).await).await?;
    assert_eq!(session[homework].course.handle(), Some(courses[1]), "the row does not undo what was set");
    Ok(())
}

#[tokio::test]
async fn u44_with_joined_and_a_key_that_was_changed_agree() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    session[homework].course_id = 2;
    let query = query::<Homework>().with_joined(Homework::course).filter(Homework::id.eq(1));
    session.no_autoflush(async |session| session.all(query).await).await?;
    assert!(session[homework].course.is_loaded());
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT course_id FROM homework ORDER BY id").await,
        ["2", "1"],
        "the key that was set stands"
    );
    Ok(())
}

#[tokio::test]
async fn u44_with_joined_follows_the_object_and_not_a_row_that_has_changed_since() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    db.run("UPDATE homework SET course_id = 2 WHERE id = 1").await;
    session.query::<Homework>().with_joined(Homework::course).all().await?;
    let course = session[homework].course.handle().expect("it was loaded");
    assert_eq!(session[homework].course_id, 1, "what was read is not overwritten");
    assert_eq!(session[course].name, "Python", "and the relationship agrees with it");
    session.commit().await?;
    session.query::<Homework>().with_joined(Homework::course).all().await?;
    let course = session[homework].course.handle().expect("it was loaded");
    assert_eq!((session[homework].course_id, session[course].name.as_str()), (2, "Java"));
    Ok(())
}

#[tokio::test]
async fn u44_with_joined_is_mixed_with_loads_filters_limits_and_counts() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let query = query::<Homework>()
        .with_joined(Homework::course.with(Course::tags))
        .with(Homework::submissions)
        .filter(Homework::number.gt(1));
    let first = session.first(query.clone().order_by(Homework::id.asc())).await?.expect("there is one");
    assert_eq!(sent.take().len(), 3);
    let course = session[first].course.handle().expect("it was read");
    assert!(session[course].tags.is_loaded() && session[first].submissions.is_loaded());
    assert_eq!(session.one(query.clone()).await?, first);
    let _ = sent.take();
    assert_eq!(query.clone().on(&mut session).count().await?, 1);
    assert!(query.on(&mut session).exists().await?);
    for sql in sent.take() {
        assert!(!sql.contains("JOIN"), "{sql}");
    }
    Ok(())
}

#[tokio::test]
async fn u44_with_joined_leads_along_a_path_and_to_oneself() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let top = session.add(Person::builder().name("top"));
    let boss = session.add(Person::builder().name("boss").boss(top));
    let mentor = session.add(Person::builder().name("mentor"));
    session.add(Person::builder().name("Ann").boss(boss).mentor(mentor));
    session.commit().await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let query = session.query::<Person>().with_joined(Person::boss.with_joined(Person::boss));
    let ann = query.with_joined(Person::mentor).filter(Person::name.eq("Ann")).one().await?;
    assert_eq!(sent.take().len(), 1);
    let boss = session[ann].boss.handle().expect("it was read");
    let top = session[boss].boss.handle().expect("it was read");
    let mentor = session[ann].mentor.handle().expect("it was read");
    let names = [boss, top, mentor].map(|person| session[person].name.clone());
    assert_eq!(names, ["boss", "top", "mentor"]);
    Ok(())
}

#[tokio::test]
async fn u44_with_joined_reads_has_one_and_composite_keys() -> Result<()> {
    let db = TestDb::with::<(Account, Profile, Line, Part)>().await;
    let mut session = db.engine.session();
    session.add(Account::builder().login("ann").profile(Profile::builder().bio("x")));
    session.add(Account::builder().login("bob"));
    session.add(Line::builder().order_id(1).no(2).text("x").parts([Part::builder()]));
    session.commit().await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let query = session.query::<Account>().with_joined(Account::profile).order_by(Account::id.asc());
    let accounts = query.all().await?;
    let profile = session[accounts[0]].profile.handle().expect("it was read");
    assert_eq!(session[profile].account.handle(), Some(accounts[0]), "it knows its account");
    assert_eq!(session[accounts[1]].profile.get(), Some(None));
    let part = session.query::<Part>().with_joined(Part::line).one().await?;
    let line = session[part].line.handle().expect("it was read");
    assert_eq!((session[line].order_id, session[line].no), (1, 2));
    assert_eq!(sent.take().len(), 2);
    Ok(())
}

#[tokio::test]
async fn u44_with_joined_below_a_collection_is_in_its_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO submission (body, homework_id) VALUES ('b', 1)").await;
    let mut session = db.engine.session();
    let sent = db.record();
    let below = Course::homeworks.with_joined(Homework::reviewer);
    let course = session.query::<Course>().with(below).filter(Course::id.eq(1)).one().await?;
    let submission =
        session.query::<Submission>().with_joined(Submission::homework.with_joined(Homework::course)).one().await?;
    assert_eq!(sent.take().len(), 3);
    let homework = session[submission].homework.handle().expect("it was read");
    assert_eq!(session[course].homeworks.handles()[0], homework);
    assert_eq!(session[homework].reviewer.get(), Some(None));
    Ok(())
}

#[tokio::test]
async fn u44_what_with_joined_has_read_in_a_transaction_goes_back_with_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.get::<Homework>(1).await?.expect("it is there");
    session.begin().await?;
    session.query::<Homework>().with_joined(Homework::course).all().await?;
    assert!(session[homework].course.is_loaded());
    session.rollback().await?;
    assert!(!session[homework].course.is_loaded(), "it was what the transaction saw");
    Ok(())
}
