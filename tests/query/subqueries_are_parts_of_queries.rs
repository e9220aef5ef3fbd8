//! Subqueries: joined, in conditions, correlated to the query around them.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::models::{Course, Homework, Person, School, two_courses};
use crate::{condition, from};

#[test]
fn q16_exists_has_its_text() {
    let late = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id)).exists_in();
    assert_eq!(
        condition(&query::<Course>().filter(late.clone()).to_sql()),
        r#"EXISTS (SELECT 1 FROM "homework" WHERE "homework"."course_id" = "course"."id")"#,
    );
    assert_eq!(
        condition(&query::<Course>().filter(late.clone().and(Course::name.eq("x"))).to_sql()),
        r#"EXISTS (SELECT 1 FROM "homework" WHERE "homework"."course_id" = "course"."id") AND "course"."name" = $1"#,
    );
    let none = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id)).not_exists_in();
    assert_eq!(
        condition(&query::<Course>().filter(none).to_sql()),
        r#"NOT (EXISTS (SELECT 1 FROM "homework" WHERE "homework"."course_id" = "course"."id"))"#,
    );
    let any = query::<Homework>().filter(Homework::number.gt(5)).exists_in();
    assert_eq!(
        condition(&query::<Course>().filter(Course::id.gt(1)).filter(any).to_sql()),
        r#""course"."id" > $1 AND EXISTS (SELECT 1 FROM "homework" WHERE "homework"."number" > $2)"#,
    );
}

#[test]
fn q16_nested_correlation_reaches_both_levels_and_aliases() {
    let inner = query::<Person>()
        .outer(Homework::TABLE)
        .outer(Course::TABLE)
        .filter(Person::id.eq(Homework::reviewer_id))
        .filter(Course::name.eq("y"))
        .exists_in();
    let middle = query::<Homework>().outer(Course::TABLE).filter(inner).exists_in();
    assert_eq!(
        condition(&query::<Course>().filter(middle).to_sql()),
        concat!(
            r#"EXISTS (SELECT 1 FROM "homework" WHERE EXISTS (SELECT 1 FROM "person" "#,
            r#"WHERE "person"."id" = "homework"."reviewer_id" AND "course"."name" = $1))"#,
        ),
    );
    aliased!(let p = Person);
    let has_reports = query::<Person>().outer(p.table()).filter(Person::boss_id.eq(p.c.id)).exists_in();
    assert_eq!(
        from(&query::<Homework>().join_as(Homework::reviewer, &p).filter(has_reports).to_sql()),
        concat!(
            r#""homework" JOIN "person" AS "p" ON "homework"."reviewer_id" = "p"."id" "#,
            r#"WHERE EXISTS (SELECT 1 FROM "person" WHERE "person"."boss_id" = "p"."id")"#,
        ),
    );
}

#[tokio::test]
async fn q16_exists_finds_its_rows() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let with = |min: i32| {
        query::<Homework>()
            .outer(Course::TABLE)
            .filter(Homework::course_id.eq(Course::id))
            .filter(Homework::number.gt(min))
    };
    assert_eq!(db.engine.query::<Course>().filter(with(0).exists_in()).one().await?.name, "Python");
    assert_eq!(db.engine.query::<Course>().filter(with(0).not_exists_in()).one().await?.name, "Java");
    assert_eq!(db.engine.query::<Course>().filter(with(7).exists_in()).count().await?, 0);
    let mut session = db.engine.session();
    let found = session.query::<Course>().filter(with(1).exists_in().or(Course::name.eq("Java"))).all().await?;
    assert_eq!(found.len(), 2);
    Ok(())
}

#[tokio::test]
async fn q16_in_select_and_not_in_select() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let ids = || query::<Homework>().filter(Homework::number.gt(1)).select(Homework::course_id);
    let query_in = query::<Course>().filter(Course::name.ne("x")).filter(Course::id.in_select(ids()));
    assert_eq!(
        condition(&query_in.to_sql()),
        concat!(
            r#""course"."name" <> $1 AND "course"."id" IN "#,
            r#"(SELECT "homework"."course_id" FROM "homework" WHERE "homework"."number" > $2)"#,
        ),
    );
    assert_eq!(db.engine.one(query_in).await?.name, "Python");
    let query_out = query::<Course>().filter(Course::id.not_in_select(ids()));
    assert!(query_out.to_sql().contains(r#"NOT IN (SELECT "homework"."course_id""#));
    assert_eq!(db.engine.one(query_out).await?.name, "Java");
    let reviewers = query::<Homework>().select(Homework::reviewer_id);
    assert_eq!(db.engine.query::<Person>().filter(Person::id.in_select(reviewers)).count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn q15_two_subqueries_of_one_model() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let a = subquery!(query::<Homework>().filter(Homework::number.gt(1)));
    let b = subquery!(query::<Homework>().filter(Homework::number.eq(1)));
    let both = query::<Course>()
        .join_on(&a, a.c.course_id.eq(Course::id))
        .join_on(&b, b.c.course_id.eq(Course::id))
        .filter(a.c.number.gt(b.c.number));
    let sql = both.to_sql();
    assert!(sql.contains(r#") AS "subquery" ON "subquery"."course_id" = "course"."id""#), "{sql}");
    assert!(sql.ends_with(r#") AS "subquery_1" ON "subquery_1"."course_id" = "course"."id" WHERE "subquery"."number" > "subquery_1"."number""#), "{sql}");
    assert_eq!(db.engine.one(both).await?.name, "Python");
    Ok(())
}

#[tokio::test]
async fn q14_left_join_on_a_subquery_reads_options() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let last = query::<Homework>().order_by(Homework::number.desc()).limit(1).subquery();
    let rows: Vec<(String, Option<i32>)> = db
        .engine
        .query::<Course>()
        .left_join_on(&last, last.c.course_id.eq(Course::id).and(last.c.number.gt(0)))
        .order_by(Course::id.asc())
        .select((Course::name, last.c.number))
        .all()
        .await?;
    assert_eq!(rows, [("Python".into(), Some(2)), ("Java".into(), None)]);
    aliased!(let same = Course);
    let rows = db
        .engine
        .query::<Course>()
        .join_on(&same, same.c.id.gt(Course::id))
        .select((Course::id, same.c.id))
        .all()
        .await?;
    assert_eq!(rows, [(1, 2)]);
    Ok(())
}

#[tokio::test]
async fn q16_a_subquery_may_join_and_hold_a_subquery() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let inner = query::<Homework>().join(Homework::course).filter(Course::name.eq("Python")).subquery();
    let middle = subquery!(query::<Course>().join_on(&inner, inner.c.course_id.eq(Course::id)).distinct());
    let outer = query::<Course>().join_on(&middle, middle.c.id.eq(Course::id));
    assert_eq!(db.engine.all(outer.clone()).await?.len(), 1);
    assert_eq!(db.engine.query::<Course>().join_on(&middle, middle.c.id.eq(Course::id)).distinct().count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_optional_filter_by_exists() -> Result<()> {
    async fn search(e: &Engine, by: Option<i32>) -> Result<Vec<Course>> {
        let mut q = e.query::<Course>();
        if let Some(n) = by {
            let homeworks = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id));
            q = q.filter(homeworks.filter(Homework::number.eq(n)).exists_in());
        }
        q.all().await
    }
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    assert_eq!((search(&db.engine, None).await?.len(), search(&db.engine, Some(1)).await?.len()), (2, 1));
    Ok(())
}
