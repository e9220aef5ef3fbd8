//! Schemas of tables are created, and the engine's own schema is where the others go.

use orm_core::prelude::*;
use orm_core::{Engine, ErrorKind};
use orm_tests::TestDb;

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "course", schema = "one")]
struct One {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(index)]
    name: String,
}

#[derive(Model, Debug, Clone)]
#[model(table = "course", schema = "t \"w\" o")]
struct Two {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(index, references = One::id)]
    one: i32,
}

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Plain {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(index)]
    name: String,
}

#[tokio::test]
async fn tables_of_one_name_in_several_schemas() -> orm_core::Result<()> {
    let db = TestDb::with::<(One, Two, Plain)>().await;
    let mut session = db.engine.session();
    session.add_all([One::builder().name("a"), One::builder().name("b")]);
    session.commit().await?;
    session.add_all([Two::builder().one(1), Two::builder().one(2)]);
    session.add(Plain::builder().name("c"));
    session.commit().await?;
    assert_eq!(db.stored(r#"SELECT * FROM "t ""w"" o".course"#).await, ["1|1", "2|2"]);
    let joined = db.engine.query::<One>().filter(One::name.eq("b")).all().await?;
    assert_eq!(joined[0].id.get(), Some(2));
    let indexes =
        "SELECT schemaname, indexname FROM pg_indexes WHERE tablename = 'course' AND indexname LIKE '%idx' ORDER BY 1";
    assert_eq!(
        db.stored(indexes).await,
        ["one|course_name_idx", "public|course_name_idx", r#"t "w" o|course_one_idx"#]
    );
    db.engine.drop_all::<(One, Two, Plain)>().await
}

#[tokio::test]
async fn the_engines_schema_takes_the_others() -> orm_core::Result<()> {
    let db = TestDb::new();
    for name in ["app", "with \"quotes\" and \\ and 'spaces'", "a,b", "заказы"] {
        db.run(&format!("CREATE SCHEMA \"{}\"", name.replace('"', "\"\""))).await;
        let engine = Engine::builder().dsn(db.database.url()).schema(name).build()?;
        engine.create_all::<Plain>().await?;
        let mut session = engine.session();
        session.add_all([Plain::builder().name("x"), Plain::builder().name("y")]);
        session.commit().await?;
        let tables = db.stored("SELECT schemaname FROM pg_tables WHERE tablename = 'course' ORDER BY 1").await;
        assert!(tables.contains(&name.to_owned()), "{tables:?}");
    }
    assert_eq!(db.stored("SELECT to_regclass('public.course') IS NULL").await, ["t"]);
    Ok(())
}

#[tokio::test]
async fn an_engines_schema_that_is_not_there_is_named() -> orm_core::Result<()> {
    let db = TestDb::new();
    let engine = Engine::builder().dsn(db.database.url()).schema("nowhere").build()?;
    let error = engine.create_all::<Plain>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("search_path"), "{error}");
    Ok(())
}
