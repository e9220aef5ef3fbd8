//! ORDER BY, LIMIT, OFFSET and DISTINCT.

use orm_core::Result;
use orm_core::prelude::*;
use orm_core::sql::Order;
use orm_tests::TestDb;

use crate::from;
use crate::models::{Course, Homework, Person, School, Tag, two_courses};

#[test]
fn q01_clauses_have_their_texts() {
    let query_of = query::<Person>()
        .order_by(Person::boss_id.asc().nulls_first())
        .order_by(Person::mentor_id.desc().nulls_last())
        .order_by(Person::id.desc())
        .limit(3)
        .offset(2);
    assert_eq!(
        from(&query_of.to_sql()),
        concat!(
            r#""person" ORDER BY "person"."boss_id" NULLS FIRST, "person"."mentor_id" DESC NULLS LAST, "#,
            r#""person"."id" DESC LIMIT 3 OFFSET 2"#,
        ),
    );
    assert_eq!(query::<Tag>().distinct().to_sql(), r#"SELECT DISTINCT "tag"."id", "tag"."label" FROM "tag""#);
    assert_eq!(from(&query::<Tag>().limit(3).limit(0).to_sql()), r#""tag" LIMIT 0"#);
}

#[tokio::test]
async fn q01_clauses_order_and_cut() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name, boss_id) VALUES ('a', NULL), ('b', 1), ('c', 2)").await;
    let names = |order: Order<Person>| db.engine.rows(query::<Person>().order_by(order).select(Person::name));
    assert_eq!(names(Person::boss_id.asc().nulls_first()).await?, ["a", "b", "c"]);
    assert_eq!(names(Person::boss_id.desc().nulls_last()).await?, ["c", "b", "a"]);
    assert_eq!(names(Person::boss_id.desc().nulls_first()).await?, ["a", "c", "b"]);
    let page = db.engine.all(query::<Person>().order_by(Person::id.asc()).offset(1).limit(1)).await?;
    assert_eq!((page.len(), page[0].name.as_str()), (1, "b"));
    assert!(db.engine.all(query::<Person>().limit(0)).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_order_is_chosen_at_run_time() -> Result<()> {
    async fn sorted(e: &Engine, by: &str) -> Result<Vec<i32>> {
        let order: Order<(Course, Homework)> = match by {
            "name" => Course::name.asc().fit(),
            "number" => Homework::number.desc().fit(),
            _ => Homework::id.asc().fit(),
        };
        e.query::<Course>().join(Course::homeworks).order_by(order).select(Homework::number).all().await
    }
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    assert_eq!(sorted(&db.engine, "number").await?, [2, 1]);
    assert_eq!(sorted(&db.engine, "").await?, [1, 2]);
    assert_eq!(sorted(&db.engine, "name").await?.len(), 2);
    Ok(())
}
