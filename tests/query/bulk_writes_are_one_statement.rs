//! Bulk updates and deletes from an engine.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::models::{Course, Document, Homework, Person, School, Tag, two_courses};

#[test]
fn q22_bulk_writes_have_their_texts() {
    assert_eq!(
        query::<Homework>()
            .filter(Homework::id.eq(1))
            .update((Homework::number.set(1), Homework::description.set("x")))
            .to_sql(),
        r#"UPDATE "homework" SET "number" = $1, "description" = $2 WHERE "homework"."id" = $3"#,
    );
    assert_eq!(
        query::<Homework>().update(Homework::number.set(Homework::id)).all_rows().to_sql(),
        r#"UPDATE "homework" SET "number" = "homework"."id""#,
    );
    assert_eq!(
        query::<Homework>()
            .join(Homework::course)
            .filter(Course::name.eq("x"))
            .update(Homework::description.set(Course::name))
            .to_sql(),
        concat!(
            r#"UPDATE "homework" SET "description" = "course"."name" FROM "course" "#,
            r#"WHERE "homework"."course_id" = "course"."id" AND "course"."name" = $1"#,
        ),
    );
    assert_eq!(
        query::<Course>().join(Course::tags).filter(Tag::label.eq("x")).delete().to_sql(),
        concat!(
            r#"DELETE FROM "course" USING "course_tag" AS "course_tag", "tag" "#,
            r#"WHERE "course_tag"."course_id" = "course"."id" AND "course_tag"."tag_id" = "tag"."id" AND "tag"."label" = $1"#,
        ),
    );
    assert_eq!(
        query::<Document>().filter(Document::id.eq(1)).update(Document::title.set("x")).to_sql(),
        r#"UPDATE "document" SET "title" = $1, "version" = "document"."version" + $2 WHERE "document"."id" = $3"#,
    );
    assert_eq!(
        query::<Document>().filter(Document::id.eq(1)).update(Document::version.set(7)).to_sql(),
        r#"UPDATE "document" SET "version" = $1 WHERE "document"."id" = $2"#,
    );
    let update =
        query::<Tag>().filter(Tag::id.eq(1).or(Tag::id.eq(2))).filter(Tag::label.eq("x")).update(Tag::label.set("y"));
    assert_eq!(
        format!("{update:?}"),
        r#"UPDATE "tag" SET "label" = $1 WHERE ("tag"."id" = $2 OR "tag"."id" = $3) AND "tag"."label" = $4"#,
    );
}

#[tokio::test]
async fn q22_assignments_take_values_options_and_columns() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO person (name) VALUES ('a')").await;
    let engine = &db.engine;
    let reviewers = "SELECT reviewer_id FROM homework ORDER BY id";
    assert_eq!(engine.query::<Homework>().update(Homework::reviewer_id.set(1)).all_rows().await?, 2);
    assert_eq!(db.stored(reviewers).await, ["1", "1"]);
    engine.query::<Homework>().filter(Homework::number.eq(1)).update(Homework::reviewer_id.set(None)).await?;
    assert_eq!(db.stored(reviewers).await, ["NULL", "1"]);
    engine.query::<Homework>().filter(Homework::number.eq(1)).update(Homework::reviewer_id.set(Some(1))).await?;
    let changed =
        engine.query::<Homework>().join(Homework::course).update(Homework::description.set(Course::name)).run().await?;
    assert_eq!(changed, 2);
    assert_eq!(db.stored("SELECT description FROM homework").await, ["Python", "Python"]);
    let text = String::from("owned");
    engine
        .query::<Course>()
        .filter(Course::id.eq(2))
        .update((Course::note.set(&text), Course::name.set(text.as_str())))
        .await?;
    assert_eq!(db.stored("SELECT name, note FROM course WHERE id = 2").await, ["owned|owned"]);
    Ok(())
}

#[tokio::test]
async fn q22_writes_with_joins_choose_their_rows() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let deleted = db.engine.query::<Homework>().join(Homework::course).filter(Course::name.eq("Java")).delete().await?;
    assert_eq!(deleted, 0);
    let none = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id)).not_exists_in();
    assert_eq!(db.engine.query::<Course>().filter(none).delete().await?, 1);
    assert_eq!(db.stored("SELECT name FROM course").await, ["Python"]);
    let ids = query::<Homework>().order_by(Homework::id.desc()).limit(1).select(Homework::id);
    assert_eq!(db.engine.query::<Homework>().filter(Homework::id.in_select(ids)).delete().await?, 1);
    assert_eq!(db.stored("SELECT number FROM homework").await, ["1"]);
    let error = db.engine.query::<Homework>().left_join(Homework::reviewer).filter(Person::id.is_null()).delete().await;
    assert!(error.expect_err("an outer join").to_string().contains("outer-join"));
    Ok(())
}

#[tokio::test]
async fn q22_a_self_join_under_an_alias_updates_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name, boss_id) VALUES ('boss', NULL), ('a', 1)").await;
    aliased!(let boss = Person);
    let changed =
        db.engine.query::<Person>().join_as(Person::boss, &boss).update(Person::name.set(boss.c.name)).await?;
    assert_eq!(changed, 1);
    assert_eq!(db.stored("SELECT name FROM person").await, ["boss", "boss"]);
    Ok(())
}
