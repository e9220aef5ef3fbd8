//! A table or column that is missing, or of another type: the error names both sides and says what to do.

use orm_core::prelude::*;
use orm_core::{Error, ErrorKind};
use orm_tests::TestDb;

use crate::said;

#[derive(Model, Debug, Clone)]
#[model(table = "shop item", schema = "s\"x")]
struct Item {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(column = "the \"price\"")]
    price: i32,
    tags: Vec<String>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    year: Option<i32>,
}

fn course() -> Course {
    Course::builder().name("s3cret").year(7777).build()
}

/// Every kind of statement, and the errors that they give.
async fn statements(db: &TestDb) -> Vec<(&'static str, Error)> {
    let mut errors = Vec::new();
    let mut note = |what, outcome: orm_core::Result<u64>| {
        if let Err(error) = outcome {
            errors.push((what, error));
        }
    };
    let query = || db.engine.query::<Course>();
    note("select", query().all().await.map(|rows| rows.len() as u64));
    note("select of a column", query().select(Course::year).all().await.map(|rows| rows.len() as u64));
    note("filter", query().filter(Course::year.eq(7777)).select(Course::id).all().await.map(|rows| rows.len() as u64));
    note("list", query().filter(Course::year.in_([7777])).select(Course::id).all().await.map(|rows| rows.len() as u64));
    note("order", query().order_by(Course::year.asc()).select(Course::id).all().await.map(|rows| rows.len() as u64));
    note("update", query().filter(Course::id.eq(1)).update(Course::year.set(7777)).await);
    note("delete", query().filter(Course::year.eq(7777)).delete().await);
    let mut session = db.engine.session();
    session.add(course());
    note("insert", session.commit().await.map(|()| 1));
    let mut session = db.engine.session();
    session.add_all([course(), course()]);
    note("inserts", session.commit().await.map(|()| 2));
    errors
}

#[tokio::test]
async fn the_table_is_missing() {
    let db = TestDb::new();
    let errors = statements(&db).await;
    assert_eq!(errors.len(), 9);
    for (what, error) in errors {
        let parts = ["table `course` of model `Course` does not exist", "engine.create_all::<Course>()", "migration"];
        said::check(&error, ErrorKind::Schema, &parts, &["s3cret", "7777"]);
        assert_eq!((error.model(), error.table()), (Some("Course"), Some("course")), "{what}");
        assert_eq!(error.sqlstate(), Some("42P01"));
    }
    let error = db.engine.query::<Item>().all().await.unwrap_err();
    said::check(&error, ErrorKind::Schema, &["table `s\"x.shop item` of model `Item` does not exist"], &[]);
}

#[tokio::test]
async fn the_joined_table_is_missing() {
    #[derive(Model, Debug, Clone)]
    #[model(table = "lesson")]
    struct Lesson {
        #[model(primary_key)]
        id: Auto<i32>,
        #[model(references = Course::id)]
        course_id: i32,
        #[model(belongs_to = course_id)]
        course: BelongsTo<Course>,
    }
    let db = TestDb::with::<(Course, Lesson)>().await;
    db.run("DROP TABLE course CASCADE").await;
    let error = db.engine.query::<Lesson>().join(Lesson::course).all().await.unwrap_err();
    said::check(&error, ErrorKind::Schema, &["table `course`", "does not exist", "create_all"], &[]);
    assert_eq!(error.table(), Some("course"));
    assert_ne!(error.model(), Some("Lesson"));
    db.run("INSERT INTO lesson VALUES (1, 1)").await;
    let error = db.engine.query::<Lesson>().with(Lesson::course).all().await.unwrap_err();
    said::check(&error, ErrorKind::Schema, &["table `course` of model `Course`"], &[]);
}

#[tokio::test]
async fn a_column_is_missing() {
    let db = TestDb::with::<Course>().await;
    db.run("ALTER TABLE course DROP year").await;
    let errors = statements(&db).await;
    assert_eq!(errors.len(), 9);
    for (what, error) in errors {
        let parts = ["column `course.year` does not exist", "`Course::year`", "`integer`", "migration"];
        said::check(&error, ErrorKind::Schema, &parts, &["s3cret", "7777"]);
        assert_eq!(
            (error.model(), error.table(), error.column()),
            (Some("Course"), Some("course"), Some("year")),
            "{what}"
        );
    }
    db.engine.create_all::<Item>().await.expect("created");
    db.run("ALTER TABLE \"s\"\"x\".\"shop item\" DROP \"the \"\"price\"\"\"").await;
    let error = db.engine.query::<Item>().all().await.unwrap_err();
    said::check(
        &error,
        ErrorKind::Schema,
        &["column `s\"x.shop item.the \"price\"` does not exist", "`Item::price`"],
        &[],
    );
}

#[tokio::test]
async fn a_column_is_of_another_type() {
    for (sql, found) in [
        ("text", "text"),
        ("bigint", "bigint"),
        ("smallint", "smallint"),
        ("timestamptz", "timestamptz"),
        ("integer[]", "integer[]"),
        ("varchar(10)", "varchar"),
        ("uuid", "uuid"),
        ("jsonb", "jsonb"),
        ("double precision", "double precision"),
        ("numeric", "numeric"),
        ("boolean", "boolean"),
        ("inet", "inet"),
        ("mood", "mood"),
    ] {
        let db = TestDb::with::<Course>().await;
        db.run("CREATE TYPE mood AS ENUM ('s3cret')").await;
        db.run(&format!("ALTER TABLE course DROP year; ALTER TABLE course ADD year {sql}")).await;
        let errors = statements(&db).await;
        for (what, error) in &errors {
            eprintln!("{sql}, {what}: {error}");
            let type_shown = if found == "varchar" { "character varying" } else { found };
            let (short, long) = (format!("is of type `{found}`"), format!("is of type `{type_shown}`"));
            let long = long.replace("timestamptz", "timestamp with time zone");
            let part = if error.to_string().contains(&short) { short } else { long };
            let parts = ["column `course.year`", &part, "`Course::year` needs `integer`", "migrate"];
            said::check(error, ErrorKind::Schema, &parts, &["s3cret", "7777"]);
            assert_eq!(
                (error.model(), error.table(), error.column()),
                (Some("Course"), Some("course"), Some("year")),
                "{what}"
            );
        }
        let failed: Vec<&str> = errors.iter().map(|(what, _)| *what).collect();
        assert!(failed.contains(&"select") && failed.contains(&"select of a column"), "{sql}: {failed:?}");
    }
}

#[tokio::test]
async fn an_array_is_of_another_type() {
    let db = TestDb::with::<Item>().await;
    db.run("ALTER TABLE \"s\"\"x\".\"shop item\" DROP tags; ALTER TABLE \"s\"\"x\".\"shop item\" ADD tags integer[]")
        .await;
    let error = db.engine.query::<Item>().all().await.unwrap_err();
    let parts = ["`s\"x.shop item.tags` is of type `integer[]`", "`Item::tags` needs `text[]`"];
    said::check(&error, ErrorKind::Schema, &parts, &[]);
    let mut session = db.engine.session();
    session.add(Item::builder().price(1).tags(vec!["s3cret".to_owned()]));
    let error = session.commit().await.unwrap_err();
    said::check(&error, ErrorKind::Schema, &["is of type `integer[]`", "`Item::tags` needs `text[]`"], &["s3cret"]);
}

/// What has the same binary format needs no migration.
#[tokio::test]
async fn texts_of_all_kinds_are_read() -> orm_core::Result<()> {
    for sql in ["varchar(50)", "char(10)", "name", "text", "short"] {
        let db = TestDb::with::<Course>().await;
        db.run("CREATE DOMAIN short AS text CHECK (length(value) < 20)").await;
        db.run(&format!("ALTER TABLE course ALTER name TYPE {sql}")).await;
        let mut session = db.engine.session();
        session.add(course());
        session.commit().await?;
        session.add_all([course(), course()]);
        session.commit().await?;
        assert_eq!(db.engine.query::<Course>().filter(Course::name.eq("s3cret")).count().await?, 3, "{sql}");
        assert_eq!(db.engine.query::<Course>().first().await?.expect("a course").name.trim_end(), "s3cret");
    }
    Ok(())
}

#[tokio::test]
async fn a_permission_is_missing() -> orm_core::Result<()> {
    let db = TestDb::with::<Course>().await;
    let role = format!("{}_reader", db.database.name());
    db.run(&format!("CREATE ROLE {role} LOGIN")).await;
    let (_, place) = db.database.url().split_once('@').expect("a user");
    let engine = orm_core::Engine::new(&format!("postgresql://{role}@{place}"))?;
    let outcome = engine.query::<Course>().all().await;
    db.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    let error = outcome.unwrap_err();
    // The sandbox lets nobody else in by its socket; where it does, the table is named.
    assert!(matches!(error.kind(), ErrorKind::Connection | ErrorKind::Database), "{error:?}");
    Ok(())
}
