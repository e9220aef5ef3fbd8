//! `select`: columns and expressions as typed tuples.

use orm_core::Result;
use orm_core::prelude::*;
use orm_core::sql::count;
use orm_tests::TestDb;

use crate::models::{Course, Homework, Person, School, two_courses};

#[test]
fn q02_selections_have_their_texts() {
    assert_eq!(query::<Course>().select(Course::name).to_sql(), r#"SELECT "course"."name" FROM "course""#);
    assert_eq!(
        query::<Course>()
            .select((Course::id, Course::name.eq("x"), Course::note.is_null()))
            .distinct()
            .limit(2)
            .to_sql(),
        r#"SELECT DISTINCT "course"."id", "course"."name" = $1, "course"."note" IS NULL FROM "course" LIMIT 2"#,
    );
    assert_eq!(
        query::<Course>().select((count(), Course::note.count())).to_sql(),
        r#"SELECT count(*), count("course"."note") FROM "course""#,
    );
}

#[tokio::test]
async fn q02_one_column_is_no_tuple() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let names: Vec<String> = db.engine.query::<Course>().order_by(Course::id.asc()).select(Course::name).all().await?;
    assert_eq!(names, ["Python", "Java"]);
    let ids: Vec<i32> = db.engine.rows(query::<Course>().order_by(Course::id.asc()).select(Course::id)).await?;
    assert_eq!(ids, [1, 2]);
    let notes: Vec<(Option<String>,)> = db.engine.query::<Course>().select((Course::note,)).all().await?;
    assert_eq!(notes, [(None,), (None,)]);
    Ok(())
}

#[tokio::test]
async fn q02_sixteen_columns_are_a_tuple() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let (h, c) = (Homework::c, Course::c);
    let rows = db
        .engine
        .query::<Homework>()
        .join(Homework::course)
        .left_join(Homework::reviewer)
        .order_by(Homework::id.asc())
        .select((
            h.id,
            h.number,
            h.description,
            h.course_id,
            h.reviewer_id,
            c.id,
            c.name,
            c.note,
            Person::id,
            Person::name,
            Person::boss_id,
            h.number.gt(1),
            h.reviewer_id.is_null(),
            h.reviewer_id.eq(1),
            c.note.is_not_null(),
            c.id.eq(h.course_id),
        ))
        .all()
        .await?;
    let row = rows[1].clone();
    assert_eq!((row.0, row.1, row.2.as_str(), row.3, row.4), (2, 2, "дз2", 1, None));
    assert_eq!((row.5, row.6.as_str(), row.7, row.8, row.9, row.10), (1, "Python", None, None, None, None));
    assert_eq!((row.11, row.12, row.13, row.14, row.15), (true, true, None, false, true));
    Ok(())
}

#[tokio::test]
async fn q02_a_session_gives_the_same_tuples() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let query = query::<Course>().left_join(Course::homeworks).order_by(Homework::number.asc().nulls_last());
    let rows: Vec<(String, Option<i32>)> = session.rows(query.clone().select((Course::name, Homework::number))).await?;
    assert_eq!(rows, db.engine.rows(query.select((Course::name, Homework::number))).await?);
    assert_eq!(rows.len(), 3);
    let count: i64 = session.query::<Homework>().select(count()).one().await?;
    assert_eq!(count, 2);
    Ok(())
}

#[tokio::test]
async fn q04_under_a_left_join_a_count_is_never_null() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let (all, numbers): (i64, i64) = db
        .engine
        .query::<Course>()
        .left_join(Course::homeworks)
        .select((count(), Homework::number.count()))
        .one()
        .await?;
    assert_eq!((all, numbers), (3, 2));
    let missing: Vec<Option<bool>> = db
        .engine
        .query::<Course>()
        .left_join(Course::homeworks)
        .order_by(Course::id.asc())
        .select(Homework::id.is_null())
        .all()
        .await?;
    assert_eq!(missing, [Some(false), Some(false), Some(true)]);
    Ok(())
}
