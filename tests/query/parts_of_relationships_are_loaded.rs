//! A relationship in `with` that is filtered, ordered and limited for each parent.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::models::{Course, Homework, Line, Part, Person, School, Submission, Tag};

async fn courses(db: &TestDb) -> Result<()> {
    db.run(
        "INSERT INTO course (name) VALUES ('Python'), ('Java'); \
         INSERT INTO homework (number, description, course_id) SELECT n, 'x', c FROM generate_series(1, 4) n, generate_series(1, 2) c; \
         INSERT INTO submission (body, homework_id) SELECT 'b' || id, id FROM homework",
    )
    .await;
    Ok(())
}

#[tokio::test]
async fn u45_without_a_limit_it_is_a_condition_and_an_order() -> Result<()> {
    let db = TestDb::with::<School>().await;
    courses(&db).await?;
    let sent = db.record();
    let part = Course::homeworks.filter(Homework::number.gt(2)).order_by(Homework::number.desc());
    let found: Vec<(Course, Vec<Homework>)> = db.engine.query::<Course>().with(part).all().await?;
    assert_eq!(
        sent.take()[1],
        concat!(
            r#"SELECT "homework"."id", "homework"."number", "homework"."description", "homework"."course_id", "#,
            r#""homework"."reviewer_id" FROM "homework" WHERE "homework"."course_id" = ANY ($1) "#,
            r#"AND "homework"."number" > $2 ORDER BY "homework"."number" DESC, "homework"."id""#,
        )
    );
    for (_, homeworks) in found {
        assert_eq!(homeworks.iter().map(|homework| homework.number).collect::<Vec<_>>(), [4, 3]);
    }
    Ok(())
}

#[tokio::test]
async fn u45_a_limit_is_for_each_parent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    courses(&db).await?;
    let sent = db.record();
    let part = Course::homeworks.order_by(Homework::number.desc()).limit(3).filter_all([Homework::number.ne(3)]);
    let part = part.with(Homework::submissions.filter(Submission::body.like("b%"))).with_joined(Homework::reviewer);
    let found: Vec<(Course, Vec<(Homework, Vec<Submission>, Option<Person>)>)> =
        db.engine.query::<Course>().with(part).order_by(Course::id.asc()).all().await?;
    assert_eq!(sent.take().len(), 3);
    for (_, homeworks) in found {
        assert_eq!(homeworks.iter().map(|(homework, ..)| homework.number).collect::<Vec<_>>(), [4, 2, 1]);
        assert!(
            homeworks
                .iter()
                .all(|(homework, submissions, _)| submissions[0].homework_id == homework.id.get().unwrap_or(0))
        );
    }
    Ok(())
}

#[tokio::test]
async fn u45_a_limit_over_a_link_table_and_a_composite_key() -> Result<()> {
    let db = TestDb::with::<(School, (Line, Part))>().await;
    courses(&db).await?;
    db.run(
        "INSERT INTO tag (label) VALUES ('a'), ('b'), ('c'); \
         INSERT INTO course_tag (course_id, tag_id) SELECT c, t FROM generate_series(1, 2) c, generate_series(1, 3) t; \
         INSERT INTO line (order_id, no, text) VALUES (1, 1, 'a'), (1, 2, 'b'); \
         INSERT INTO part (order_id, line_no) SELECT 1, 1 + n % 2 FROM generate_series(1, 6) n",
    )
    .await;
    let found: Vec<(Course, Vec<Tag>)> =
        db.engine.query::<Course>().with(Course::tags.order_by(Tag::label.desc()).limit(2)).all().await?;
    for (_, tags) in found {
        assert_eq!(tags.iter().map(|tag| tag.label.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    }
    let lines: Vec<(Line, Vec<Part>)> = db.engine.query::<Line>().with(Line::parts.limit(2)).all().await?;
    assert_eq!(lines.iter().map(|(_, parts)| parts.len()).collect::<Vec<_>>(), [2, 2]);
    Ok(())
}

#[tokio::test]
async fn u45_a_part_of_a_to_one_relationship_may_lead_nowhere() -> Result<()> {
    let db = TestDb::with::<School>().await;
    courses(&db).await?;
    let part = Homework::course.filter(Course::name.eq("Java"));
    let found: Vec<(Homework, Option<Course>)> = db.engine.query::<Homework>().with(part).all().await?;
    assert_eq!(found.iter().filter(|(_, course)| course.is_some()).count(), 4);
    Ok(())
}

#[tokio::test]
async fn u45_a_condition_may_ask_for_what_is_related() -> Result<()> {
    let db = TestDb::with::<School>().await;
    courses(&db).await?;
    db.run("DELETE FROM submission WHERE homework_id > 3").await;
    let part = Course::homeworks.filter(Homework::submissions.exists()).limit(10);
    let found: Vec<(Course, Vec<Homework>)> = db.engine.query::<Course>().with(part).all().await?;
    assert_eq!(found.iter().map(|(_, homeworks)| homeworks.len()).sum::<usize>(), 3);
    Ok(())
}
