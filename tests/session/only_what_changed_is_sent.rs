//! Dirty tracking: what is sent is what differs, in few statements.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::{TestDb, written};

use crate::models::{Course, Document, Homework, Person, Sample, School, two_courses};

#[tokio::test]
async fn u12_committing_what_is_unchanged_sends_nothing() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).all().await?;
    let sent = db.record();
    session.commit().await?;
    for course in &courses {
        let name = session[course].name.clone();
        session[course].name = name;
        session[course].note = Some("x".into());
        session[course].note = None;
    }
    assert_eq!(session.dirty_objects::<Course>().len(), 2);
    session.commit().await?;
    assert!(session.dirty_objects::<Course>().is_empty());
    assert!(sent.sql().is_empty(), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn u12_one_changed_column_is_sent_alone() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let homework = session.get::<Homework>(2).await?.expect("it is there");
    let sent = db.record();
    session[homework].number = 22;
    session.commit().await?;
    assert_eq!(sent.sql(), [r#"UPDATE "homework" SET "number" = $1 WHERE "id" = $2"#]);
    assert_eq!(db.stored("SELECT number FROM homework ORDER BY id").await, ["1", "22"]);
    Ok(())
}

#[tokio::test]
async fn u13_updates_of_one_shape_are_one_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let people = session.add_all((0..6).map(|i| Person::builder().name(format!("p{i}"))));
    session.commit().await?;
    let sent = db.record();
    for person in people[..3].iter().rev() {
        session[person].name.push('!');
    }
    session[people[4]].boss.set(people[0]);
    session.commit().await?;
    assert_eq!(
        written(&sent.sql()),
        [
            "BEGIN",
            concat!(
                r#"UPDATE "person" AS "target" SET "name" = "input"."v0" "#,
                r#"FROM UNNEST ($1::integer[], $2::text[]) WITH ORDINALITY AS "input" ("k0", "v0", "n") "#,
                r#"WHERE "target"."id" = "input"."k0""#,
            ),
            r#"UPDATE "person" SET "boss_id" = $1 WHERE "id" = $2"#,
            "COMMIT",
        ],
    );
    assert_eq!(
        db.stored("SELECT name, boss_id FROM person ORDER BY id").await,
        ["p0!|NULL", "p1!|NULL", "p2!|NULL", "p3|NULL", "p4|1", "p5|NULL"],
    );
    Ok(())
}

#[tokio::test]
async fn u12_not_a_number_equals_itself() -> Result<()> {
    let db = TestDb::with::<(Sample,)>().await;
    let mut session = db.engine.session();
    let sample = session.add(Sample::builder().labels(vec![]).value(f64::NAN));
    session.commit().await?;
    let sent = db.record();
    session[sample].value = f64::NAN;
    session.commit().await?;
    assert!(sent.sql().is_empty());
    assert_eq!(db.stored("SELECT value FROM sample").await, ["NaN"]);
    Ok(())
}

#[tokio::test]
async fn u18_changes_inside_an_array_are_seen() -> Result<()> {
    let db = TestDb::with::<(Sample,)>().await;
    let mut session = db.engine.session();
    let sample = session.add(Sample::builder().labels(vec!["a".to_owned()]).value(1.0));
    session.commit().await?;
    let sent = db.record();
    session[sample].labels[0].push('b');
    session.commit().await?;
    assert_eq!(sent.sql()[0], r#"UPDATE "sample" SET "labels" = $1 WHERE "id" = $2"#);
    assert_eq!(db.stored("SELECT labels FROM sample").await, ["{ab}"]);
    Ok(())
}

#[tokio::test]
async fn u14_changing_a_collection_does_not_update_the_parent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let course = session.query::<Course>().with(Course::homeworks).filter(Course::id.eq(1)).one().await?;
    let homework = session.add(Homework::builder().number(3).description("дз3").course_id(0));
    session[course].homeworks.push(homework);
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        [concat!(
            r#"INSERT INTO "homework" ("number", "description", "course_id", "reviewer_id") "#,
            r#"VALUES ($1, $2, $3, $4) RETURNING "id""#,
        )],
    );
    Ok(())
}

#[tokio::test]
async fn u39_a_version_starts_at_one_and_is_raised_by_each_update() -> Result<()> {
    let db = TestDb::with::<(Document,)>().await;
    let mut session = db.engine.session();
    let document = session.add(Document::builder().title("a"));
    session.commit().await?;
    assert_eq!(session[document].version, 1);
    let sent = db.record();
    session[document].title = "b".into();
    session.commit().await?;
    assert_eq!(session[document].version, 2);
    assert_eq!(
        sent.sql()[0],
        r#"UPDATE "document" SET "title" = $1, "version" = $2 WHERE "id" = $3 AND "version" = $4"#,
    );
    session[document].title = "c".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM document").await, ["1|c|3"]);
    Ok(())
}

#[tokio::test]
async fn u39_a_stale_update_and_a_stale_delete_are_refused() -> Result<()> {
    let db = TestDb::with::<(Document,)>().await;
    let mut session = db.engine.session();
    let documents = session.add_all(["a", "b", "c"].map(|title| Document::builder().title(title)));
    session.commit().await?;
    db.run("UPDATE document SET version = 7 WHERE id = 2").await;

    session[documents[1]].title = "mine".into();
    let error = session.commit().await.expect_err("the row is newer");
    assert_eq!((error.kind(), error.model()), (ErrorKind::StaleData, Some("Document")));
    assert!(error.to_string().contains("(2)"), "{error}");

    session[documents[0]].title = "mine".into();
    let error = session.commit().await.expect_err("one of two rows is newer");
    assert!(error.is_stale_data());
    assert_eq!(db.stored("SELECT title FROM document ORDER BY id").await, ["a", "b", "c"]);

    session.rollback().await?;
    session.delete(documents[1])?;
    assert!(session.commit().await.expect_err("the row is newer").is_stale_data());
    session.rollback().await?;
    session.delete(documents[2])?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT id FROM document ORDER BY id").await, ["1", "2"]);
    Ok(())
}

#[tokio::test]
async fn u39_a_bulk_update_raises_the_version() -> Result<()> {
    let db = TestDb::with::<(Document,)>().await;
    let mut session = db.engine.session();
    let document = session.add(Document::builder().title("a"));
    session.commit().await?;
    let mut other = db.engine.session();
    let theirs = other.get::<Document>(1).await?.expect("it is there");
    session.query::<Document>().filter(Document::id.eq(1)).update(Document::title.set("b")).await?;
    session.commit().await?;
    assert_eq!((session[document].title.as_str(), session[document].version), ("b", 2));
    other[theirs].title = "theirs".into();
    assert!(other.commit().await.expect_err("the row is newer").is_stale_data());
    session[document].title = "c".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM document").await, ["1|c|3"]);
    Ok(())
}

#[tokio::test]
async fn u13_a_row_that_vanished_is_stale_data_alone_and_in_a_batch() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let people = session.add_all((0..3).map(|i| Person::builder().name(format!("p{i}"))));
    session.commit().await?;
    db.run("DELETE FROM person WHERE id = 3").await;
    for person in &people {
        session[person].name.push('!');
    }
    let error = session.commit().await.expect_err("one row has gone");
    assert!(error.is_stale_data());
    assert!(error.to_string().contains("`Person`") && error.to_string().contains("(3)"), "{error}");
    assert_eq!(db.stored("SELECT name FROM person ORDER BY id").await, ["p0", "p1"]);
    session.rollback().await?;
    session.delete(people[2])?;
    assert!(session.commit().await.expect_err("the row has gone").is_stale_data());
    Ok(())
}

#[tokio::test]
async fn objects_of_a_new_flush_are_changed_again_in_the_same_transaction() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().name("a"));
    session.flush().await?;
    let sent = db.record();
    session[course].name = "b".into();
    session.flush().await?;
    session[course].name = "c".into();
    session.commit().await?;
    assert_eq!(sent.sql().len(), 3);
    assert_eq!(db.stored("SELECT name FROM course").await, ["c"]);
    Ok(())
}

#[tokio::test]
async fn u10_rows_with_arrays_are_one_statement_too() -> Result<()> {
    let db = TestDb::with::<(Sample,)>().await;
    let mut session = db.engine.session();
    let labels = |i: usize| (0..i % 4).map(|n| format!("{i}.{n}")).collect::<Vec<_>>();
    let sent = db.record();
    let samples = session.add_all((0..70_000).map(|i| Sample::builder().labels(labels(i)).value(i as f64)));
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    for (i, sample) in samples.iter().enumerate() {
        assert_eq!(session[sample].id.get(), Some(i as i32 + 1));
        session[sample].labels.push("\"new\"".into());
    }
    session.commit().await?;
    let update = sent.take();
    assert_eq!(update.len(), 1);
    assert_eq!(
        written(&update)[0],
        concat!(
            r#"UPDATE "sample" AS "target" SET "labels" = "input"."v0" FROM "#,
            r#"(SELECT "plain"."k0", CASE WHEN "plain"."v0" THEN COALESCE ("v0_elements"."v", '{}') END AS "v0", "plain"."n" "#,
            r#"FROM UNNEST ($1::integer[], $2::boolean[]) WITH ORDINALITY AS "plain" ("k0", "v0", "n") LEFT JOIN "#,
            r#"(SELECT "r", array_agg("v" ORDER BY "o") AS "v" FROM UNNEST ($3::bigint[], $4::text[]) "#,
            r#"WITH ORDINALITY AS "element" ("r", "v", "o") GROUP BY "r") AS "v0_elements" "#,
            r#"ON "v0_elements"."r" = "plain"."n" ORDER BY "plain"."n") AS "input" "#,
            r#"WHERE "target"."id" = "input"."k0""#,
        ),
    );
    let wrong = "SELECT count(*) FROM sample WHERE value + 1 <> id OR cardinality(labels) <> (id - 1) % 4 + 1 \
                 OR labels[cardinality(labels)] <> '\"new\"' OR (cardinality(labels) > 2 AND labels[2] <> (id - 1) || '.1')";
    assert_eq!(db.stored(wrong).await, ["0"]);
    Ok(())
}

/// An array that may be NULL, one with NULLs in it, and one of a SQL type of its own.
#[derive(Model, Debug, Clone)]
#[model(table = "lists")]
struct Lists {
    #[model(primary_key)]
    id: i32,
    numbers: Option<Vec<i32>>,
    texts: Vec<Option<String>>,
    #[model(sql_type = "varchar(3)[]")]
    short: Vec<String>,
}

#[tokio::test]
async fn u10_arrays_are_null_empty_or_have_nulls_in_them() -> Result<()> {
    let db = TestDb::with::<(Lists,)>().await;
    let mut session = db.engine.session();
    let given = [(1, None), (2, Some(vec![])), (3, Some(vec![3, 1, 2]))];
    let lists = session.add_all(given.map(|(id, numbers)| {
        let texts = (0..id).map(|i| (i > 0).then(|| i.to_string())).collect::<Vec<_>>();
        Lists::builder().id(id).numbers(numbers).texts(texts).short(vec!["abc".to_owned(); id as usize - 1])
    }));
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    let stored = "SELECT id, numbers, texts, short FROM lists ORDER BY id";
    assert_eq!(db.stored(stored).await, ["1|NULL|{NULL}|{}", "2|{}|{NULL,1}|{abc}", "3|{3,1,2}|{NULL,1,2}|{abc,abc}"]);
    for list in &lists {
        session[list].short.clear();
        session[list].numbers = session[list].numbers.is_none().then(|| vec![9]);
    }
    // Of the first, `short` was empty already: it is a shape of its own.
    session.commit().await?;
    assert_eq!(sent.take().len(), 4);
    assert_eq!(db.stored("SELECT numbers, short FROM lists ORDER BY id").await, ["{9}|{}", "NULL|{}", "NULL|{}"]);
    Ok(())
}

/// A document, and values in values.
#[derive(Model, Debug, Clone)]
#[model(table = "note")]
struct Note {
    #[model(primary_key)]
    id: Auto<i32>,
    body: serde_json::Value,
    more: Option<serde_json::Value>,
}

#[tokio::test]
async fn u18_changes_inside_json_are_seen() -> Result<()> {
    let db = TestDb::with::<Note>().await;
    let mut session = db.engine.session();
    session.add(Note::builder().body(serde_json::json!({"a": [1, {"b": 2}]})));
    session.commit().await?;
    let mut session = db.engine.session();
    let note = session.query::<Note>().one().await?;
    let sent = db.record();
    session[note].body["a"][1]["b"] = 3.into();
    session.commit().await?;
    assert_eq!(sent.take(), [r#"UPDATE "note" SET "body" = $1 WHERE "id" = $2"#]);
    assert_eq!(db.stored("SELECT body->'a'->1->>'b' FROM note").await, ["3"]);
    session[note].body["a"][1]["b"] = 4.into();
    session[note].more = Some(serde_json::Value::Null);
    session[note].body["a"][1]["b"] = 3.into();
    session[note].more = None;
    session.commit().await?;
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn u12_ten_thousand_clean_objects_send_nothing_and_are_not_looked_at() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) SELECT 'p' || i FROM generate_series(1, 10000) i").await;
    let mut session = db.engine.session();
    let people = session.query::<Person>().all().await?;
    let sent = db.record();
    session.flush().await?;
    session.commit().await?;
    assert!(session.dirty_objects::<Person>().is_empty());
    for person in &people {
        let name = std::mem::take(&mut session[person].name);
        session[person].name = name;
    }
    session.commit().await?;
    assert!(sent.sql().is_empty() && !session.in_transaction());
    Ok(())
}
