//! `with_joined` from an engine: the end of a to-one relationship comes beside the model, from the same row.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::from;
use crate::models::{Account, Course, Homework, Line, Part, Person, Profile, School, Submission, two_courses};

#[tokio::test]
async fn u44_joined_ends_have_the_shape_of_loaded_ones() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO person (name) VALUES ('Ann'); UPDATE homework SET reviewer_id = 1 WHERE number = 2").await;
    let sent = db.record();
    let query = query::<Homework>().order_by(Homework::number.asc());
    let rows: Vec<(Homework, Course, Option<Person>)> =
        query.clone().with_joined(Homework::course).with_joined(Homework::reviewer).on(&db.engine).all().await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!((rows[0].1.name.as_str(), rows[0].2.is_none()), ("Python", true));
    assert_eq!(rows[1].2.as_ref().map(|person| person.name.as_str()), Some("Ann"));
    let mixed: Vec<(Homework, Vec<Submission>, Course)> =
        db.engine.all(query.with(Homework::submissions).with_joined(Homework::course)).await?;
    assert_eq!(sent.take().len(), 2);
    assert_eq!(mixed[1].2.name, "Python", "the tuple is in the order of the calls");
    Ok(())
}

#[tokio::test]
async fn u44_joined_ends_nest_and_have_loads_below_them() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO submission (body, homework_id) VALUES ('b', 2); UPDATE homework SET reviewer_id = NULL").await;
    let sent = db.record();
    let path =
        Submission::homework.with_joined(Homework::course.with(Course::homeworks)).with_joined(Homework::reviewer);
    let rows: Vec<(Submission, (Homework, (Course, Vec<Homework>), Option<Person>))> =
        db.engine.query::<Submission>().with_joined(path).all().await?;
    assert_eq!(sent.take().len(), 2);
    let (_, (homework, (course, homeworks), reviewer)) = &rows[0];
    assert_eq!((homework.number, course.name.as_str(), homeworks.len(), reviewer.is_none()), (2, "Python", 2, true));
    let below: Vec<(Course, Vec<(Homework, Option<Person>)>)> =
        db.engine.query::<Course>().with(Course::homeworks.with_joined(Homework::reviewer)).all().await?;
    assert_eq!((sent.take().len(), below[0].1.len()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn u44_below_an_end_that_may_be_missing_nothing_is_required() -> Result<()> {
    let db = TestDb::with::<(Account, Profile)>().await;
    db.run(
        "INSERT INTO account (login) VALUES ('ann'), ('bob'); INSERT INTO profile (bio, account_id) VALUES ('x', 1)",
    )
    .await;
    let path = Account::profile.with_joined(Profile::account);
    let query = query::<Account>().with_joined(path).order_by(Account::id.asc());
    assert_eq!(
        from(&query.to_sql()),
        concat!(
            r#""account" LEFT JOIN "profile" AS "profile" ON "account"."id" = "profile"."account_id" "#,
            r#"LEFT JOIN "account" AS "account_1" ON "profile"."account_id" = "account_1"."id" "#,
            r#"ORDER BY "account"."id""#,
        )
    );
    let rows: Vec<(Account, Option<(Profile, Option<Account>)>)> = db.engine.all(query).await?;
    assert_eq!(rows[0].1.as_ref().and_then(|(_, account)| account.as_ref()).map(|a| a.login.as_str()), Some("ann"));
    assert!(rows[1].1.is_none());
    Ok(())
}

#[tokio::test]
async fn u44_the_alias_gives_way_to_the_users_joins() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    aliased!(let reviewer = Person);
    let query = query::<Homework>()
        .with_joined(Homework::reviewer)
        .with_joined(Homework::course)
        .left_join_as(Homework::reviewer, &reviewer)
        .join(Homework::course)
        .filter(Course::name.eq("Python").and(reviewer.c.name.is_null()));
    assert_eq!(
        from(&query.to_sql()),
        concat!(
            r#""homework" LEFT JOIN "person" AS "reviewer" ON "homework"."reviewer_id" = "reviewer"."id" "#,
            r#"JOIN "course" ON "homework"."course_id" = "course"."id" "#,
            r#"LEFT JOIN "person" AS "reviewer_1" ON "homework"."reviewer_id" = "reviewer_1"."id" "#,
            r#"JOIN "course" AS "course_1" ON "homework"."course_id" = "course_1"."id" "#,
            r#"WHERE "course"."name" = $1 AND "reviewer"."name" IS NULL"#,
        )
    );
    assert_eq!(db.engine.all(query).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn u44_self_references_and_composite_keys_are_joined() -> Result<()> {
    let db = TestDb::with::<(School, (Line, Part))>().await;
    db.run(
        "INSERT INTO person (name) VALUES ('boss'); INSERT INTO person (name, boss_id, mentor_id) VALUES ('Ann', 1, 1)",
    )
    .await;
    db.run("INSERT INTO line (order_id, no, text) VALUES (1, 1, 'a'), (1, 2, 'b'); INSERT INTO part (order_id, line_no) VALUES (1, 2)")
        .await;
    let query = query::<Person>().with_joined(Person::boss).with_joined(Person::mentor);
    let people: Vec<(Person, Option<Person>, Option<Person>)> = db.engine.all(query.order_by(Person::id.asc())).await?;
    assert!(people[0].1.is_none());
    assert_eq!(people[1].1.as_ref().map(|boss| boss.name.as_str()), Some("boss"));
    let parts: Vec<(Part, Line)> = db.engine.query::<Part>().with_joined(Part::line).all().await?;
    assert_eq!(parts[0].1.text, "b");
    Ok(())
}

#[tokio::test]
async fn u44_joined_ends_are_left_out_where_no_row_is_read() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let query = query::<Homework>().with_joined(Homework::course);
    assert!(!query.clone().select(Homework::id).to_sql().contains("JOIN"));
    assert_eq!(query.clone().on(&db.engine).limit(1).count().await?, 1);
    assert!(query.clone().on(&db.engine).exists().await?);
    let subquery = query.clone().subquery();
    let joined = orm_core::query::<Course>().join_on(&subquery, Course::id.eq(subquery.c.course_id));
    assert_eq!(db.engine.all(joined).await?.len(), 2);
    let deleted = query.on(&db.engine).filter(Homework::number.eq(1)).delete().await?;
    assert_eq!(deleted, 1);
    Ok(())
}
