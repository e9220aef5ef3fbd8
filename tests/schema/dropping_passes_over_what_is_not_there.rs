//! Dropping asks for nothing to be there, and is all or nothing.

use orm_core::Enum;
use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Enum, Debug, Clone, Copy, PartialEq)]
enum Mood {
    Good,
    Bad,
}

#[derive(Model, Debug, Clone)]
#[model(table = "person", schema = "people")]
struct Person {
    #[model(primary_key)]
    id: Auto<i32>,
    mood: Mood,
}

#[derive(Model, Debug, Clone)]
#[model(table = "dog")]
struct Dog {
    #[model(primary_key)]
    id: Auto<i32>,
    mood: Option<Mood>,
    past: Vec<Mood>,
    #[model(references = Person::id)]
    owner: i32,
}

#[tokio::test]
async fn in_an_empty_database() -> orm_core::Result<()> {
    // The schema is not there either.
    TestDb::new().engine.drop_all::<(Person, Dog)>().await
}

#[tokio::test]
async fn in_half_a_database() -> orm_core::Result<()> {
    let db = TestDb::with::<(Person, Dog)>().await;
    db.run("DROP TABLE dog").await;
    db.engine.drop_all::<(Person, Dog)>().await?;
    assert_eq!(db.stored("SELECT count(*) FROM pg_type WHERE typname = 'mood'").await, ["0"]);
    Ok(())
}

#[tokio::test]
async fn a_table_that_others_point_to_stays() {
    let db = TestDb::with::<(Person, Dog)>().await;
    let error = db.engine.drop_all::<Person>().await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("2BP01"));
    assert!(error.to_string().contains("person"), "{error}");
    assert_eq!(db.stored("SELECT to_regclass('people.person') IS NOT NULL").await, ["t"]);
}

/// The type goes with the last table that uses it.
#[tokio::test]
async fn an_enum_that_other_tables_use_stays() -> orm_core::Result<()> {
    let db = TestDb::with::<(Person, Dog)>().await;
    db.engine.drop_all::<Dog>().await?;
    assert_eq!(db.stored("SELECT count(*) FROM pg_type WHERE typname = 'mood'").await, ["1"]);
    db.engine.drop_all::<Person>().await?;
    assert_eq!(db.stored("SELECT count(*) FROM pg_type WHERE typname = 'mood'").await, ["0"]);
    Ok(())
}

#[test]
fn the_text() -> orm_core::Result<()> {
    assert_eq!(
        Metadata::of::<(Person, Dog)>()?.drop_ddl().lines().collect::<Vec<_>>(),
        [
            r#"DROP TABLE IF EXISTS "dog";"#,
            r#"DROP TABLE IF EXISTS "people"."person";"#,
            r#"DROP TYPE IF EXISTS "mood";"#,
        ]
    );
    Ok(())
}
