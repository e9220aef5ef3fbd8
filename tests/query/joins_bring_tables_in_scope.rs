//! Joins: by relationships, under aliases, over link tables, and at run time.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::from;
use crate::models::billing::{CourseInvoices, Invoice};
use crate::models::{
    Club, Course, Enrollment, Homework, Line, Part, Person, School, Student, Submission, Tag, two_courses,
};

#[test]
fn q14_joins_have_their_texts() {
    assert_eq!(
        from(&query::<Course>().join(Course::homeworks).to_sql()),
        r#""course" JOIN "homework" ON "course"."id" = "homework"."course_id""#,
    );
    assert_eq!(
        from(&query::<Homework>().join(Homework::course).left_join(Homework::reviewer).to_sql()),
        concat!(
            r#""homework" JOIN "course" ON "homework"."course_id" = "course"."id" "#,
            r#"LEFT JOIN "person" ON "homework"."reviewer_id" = "person"."id""#,
        ),
    );
    assert_eq!(
        from(&query::<Course>().join(Course::tags).to_sql()),
        concat!(
            r#""course" JOIN "course_tag" AS "course_tag" ON "course_tag"."course_id" = "course"."id" "#,
            r#"JOIN "tag" ON "course_tag"."tag_id" = "tag"."id""#,
        ),
    );
    assert_eq!(
        from(&query::<Student>().left_join(Student::clubs).to_sql()),
        concat!(
            r#""student" LEFT JOIN "enrollment" AS "enrollment" ON "enrollment"."student_id" = "student"."id" "#,
            r#"LEFT JOIN "club" ON "enrollment"."club_id" = "club"."id""#,
        ),
    );
    assert_eq!(
        from(&query::<Line>().join(Line::parts).to_sql()),
        r#""line" JOIN "part" ON "line"."order_id" = "part"."order_id" AND "line"."no" = "part"."line_no""#,
    );
    assert_eq!(
        from(&query::<Course>().join(Invoice::course.rev()).to_sql()),
        r#""course" JOIN "invoice" ON "course"."id" = "invoice"."course_id""#,
    );
    assert_eq!(
        query::<Course>().join(Course::invoices).to_sql(),
        query::<Course>().join(Invoice::course.rev()).to_sql()
    );
}

#[test]
fn q15_aliases_have_their_texts() {
    aliased!(let boss = Person);
    aliased!(let mentor = Person);
    let query = query::<Person>().join_as(Person::boss, &boss).left_join_as(Person::mentor, &mentor);
    assert_eq!(
        from(&query.filter(boss.c.name.eq("x")).order_by(mentor.c.id.asc()).to_sql()),
        concat!(
            r#""person" JOIN "person" AS "boss" ON "person"."boss_id" = "boss"."id" "#,
            r#"LEFT JOIN "person" AS "mentor" ON "person"."mentor_id" = "mentor"."id" "#,
            r#"WHERE "boss"."name" = $1 ORDER BY "mentor"."id""#,
        ),
    );
}

#[tokio::test]
async fn q15_self_joins_go_up_two_levels() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "INSERT INTO person (name, boss_id, mentor_id) VALUES ('top', NULL, NULL), ('boss', 1, NULL), ('ann', 2, 1)",
    )
    .await;
    aliased!(let boss = Person);
    aliased!(let mentor = Person);
    aliased!(let top = Person);
    let staff: Vec<(i32, Option<i32>, Option<String>)> = db
        .engine
        .query::<Person>()
        .join_as(Person::boss, &boss)
        .left_join_as(Person::mentor, &mentor)
        .left_join_as(boss.rel(Person::boss), &top)
        .order_by(Person::id.asc())
        .select((Person::id, mentor.c.id, top.c.name))
        .all()
        .await?;
    assert_eq!(staff, [(2, None, None), (3, Some(1), Some("top".into()))]);
    Ok(())
}

#[tokio::test]
async fn q15_an_alias_may_be_named_like_a_table() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    aliased!(let course = Course);
    aliased!(let homework = Homework);
    let query = query::<Homework>().join_as(Homework::course, &course).join(Homework::course);
    let rows = db.engine.rows(query.select((course.c.name, Course::name))).await?;
    assert_eq!(rows.len(), 2);

    // The table of a subquery does not hide the alias around it.
    let inner = orm_core::query::<Homework>()
        .outer(homework.table())
        .filter(Homework::number.gt(homework.c.number))
        .exists_in();
    let outer = orm_core::query::<Course>().join_as(Course::homeworks, &homework).filter(inner);
    let numbers = db.engine.rows(outer.select(homework.c.number)).await?;
    assert_eq!(numbers, [1]);
    Ok(())
}

#[tokio::test]
async fn q14_joins_find_their_rows() -> Result<()> {
    let db = TestDb::with::<(School, Invoice)>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO tag (label) VALUES ('a'), ('b'); INSERT INTO course_tag (course_id, tag_id) VALUES (1, 1), (1, 2), (2, 2);
            INSERT INTO invoice (amount, course_id) VALUES (5, 2)").await;
    let engine = &db.engine;
    assert_eq!(engine.query::<Course>().join(Course::homeworks).all().await?.len(), 2);
    assert_eq!(engine.query::<Course>().left_join(Course::homeworks).all().await?.len(), 3);
    let java =
        engine.query::<Course>().join(Course::tags).filter(Tag::label.eq("b")).filter(Course::id.gt(1)).one().await?;
    assert_eq!(java.name, "Java");
    let billed = engine.query::<Course>().join(Course::invoices).filter(Invoice::amount.gt(1i64)).one().await?;
    assert_eq!(billed.name, "Java");
    let with = engine.query::<Course>().join(Invoice::course.rev()).with(Invoice::course.rev()).all().await?;
    assert_eq!((with.len(), with[0].1[0].amount), (1, 5));
    let mut session = engine.session();
    assert_eq!(session.query::<Course>().left_join(Course::homeworks).all().await?.len(), 2, "each object once");
    let deep = session
        .query::<Course>()
        .join(Course::homeworks)
        .left_join(Homework::submissions)
        .filter(Submission::id.is_null());
    assert_eq!(deep.all().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn q14_many_to_many_twice_in_one_query() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO tag (label) VALUES ('a'), ('b'); INSERT INTO course_tag (course_id, tag_id) VALUES (1, 1), (1, 2), (2, 2)").await;
    aliased!(let other = Tag);
    let both = query::<Course>().join(Course::tags).join_as(Course::tags, &other).filter(Tag::id.lt(other.c.id));
    assert!(both.to_sql().contains(r#""course_tag" AS "course_tag_1""#), "{both:?}");
    assert_eq!(
        db.engine.rows(both.select((Course::name, Tag::label, other.c.label))).await?,
        [("Python".into(), "a".into(), "b".into())]
    );
    Ok(())
}

#[tokio::test]
async fn q05_dynamic_joins_are_checked_before_anything_is_sent() -> Result<()> {
    async fn search(engine: &Engine, number: Option<i32>) -> Result<Vec<Course>> {
        let mut query = engine.query::<Course>().dynamic();
        if let Some(number) = number {
            query = query.join(Course::homeworks).filter(Homework::number.eq(number));
        }
        query.order_by(Course::id.asc()).limit(10).offset(0).all().await
    }
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    assert_eq!(search(&db.engine, None).await?.len(), 2);
    assert_eq!(search(&db.engine, Some(2)).await?.len(), 1);

    let sent = db.record();
    let error =
        db.engine.query::<Course>().dynamic().filter(Homework::number.eq(1)).all().await.expect_err("not joined");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.to_string(), "`Homework` is not in this query's FROM clause");
    let ordered = db.engine.query::<Course>().dynamic().order_by(Homework::number.asc());
    assert!(ordered.count().await.is_ok(), "an order is nothing to a count");
    let twice = db.engine.query::<Course>().dynamic().join(Course::homeworks).left_join(Course::homeworks);
    let error = twice.clone().first().await.expect_err("twice");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error.to_string().contains("`homework` is in the query already") && error.to_string().contains("aliased!"),
        "{error}"
    );
    assert_eq!(sent.take().len(), 1);
    let mut session = db.engine.session();
    session.add(Course::builder().name("pending"));
    assert!(session.query::<Course>().dynamic().filter(Homework::number.eq(1)).all().await.is_err());
    assert!(sent.take().is_empty(), "nor is anything flushed");
    Ok(())
}

#[tokio::test]
async fn q15_an_alias_that_is_joined_twice_is_refused_with_advice() -> Result<()> {
    let db = TestDb::with::<School>().await;
    aliased!(let boss = Person);
    let twice = query::<Person>().join_as(Person::boss, &boss).join_as(Person::mentor, &boss);
    let error = db.engine.all(twice).await.expect_err("twice");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`boss` is in the query already"), "{error}");
    Ok(())
}

#[tokio::test]
async fn q04_what_a_left_join_misses_is_none() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let rows: Vec<(String, Option<i32>, Option<i32>)> = db
        .engine
        .query::<Course>()
        .left_join(Course::homeworks)
        .left_join(Homework::reviewer)
        .order_by(Course::id.asc())
        .order_by(Homework::number.asc())
        .select((Course::name, Homework::number, Person::id))
        .all()
        .await?;
    assert_eq!(rows, [("Python".into(), Some(1), None), ("Python".into(), Some(2), None), ("Java".into(), None, None)]);
    Ok(())
}

#[test]
fn link_models_and_parts_join_from_the_other_end() {
    assert_eq!(
        from(&query::<Enrollment>().join(Enrollment::student).join(Enrollment::club).filter(Club::id.eq(1)).to_sql()),
        concat!(
            r#""enrollment" JOIN "student" ON "enrollment"."student_id" = "student"."id" "#,
            r#"JOIN "club" ON "enrollment"."club_id" = "club"."id" WHERE "club"."id" = $1"#,
        ),
    );
    assert_eq!(
        from(&query::<Part>().join(Part::line).to_sql()),
        r#""part" JOIN "line" ON "part"."order_id" = "line"."order_id" AND "part"."line_no" = "line"."no""#,
    );
}

#[test]
fn a_link_model_is_joined_beside_the_relationship_over_it() {
    assert_eq!(
        from(
            &query::<Student>()
                .join(Student::clubs)
                .join(Student::enrollments)
                .filter(Enrollment::role.is_null())
                .to_sql()
        ),
        concat!(
            r#""student" JOIN "enrollment" AS "enrollment" ON "enrollment"."student_id" = "student"."id" "#,
            r#"JOIN "club" ON "enrollment"."club_id" = "club"."id" "#,
            r#"JOIN "enrollment" AS "enrollment_1" ON "student"."id" = "enrollment_1"."student_id" "#,
            r#"WHERE "enrollment_1"."role" IS NULL"#,
        ),
    );
}
