//! What is there stays as it is, with its rows, also if two create it at once.

use orm_core::prelude::*;
use orm_core::{Engine, Enum};
use orm_tests::TestDb;

#[derive(Enum, Debug, Clone, Copy, PartialEq)]
enum Level {
    Low,
    High,
}

#[derive(Model, Debug, Clone)]
#[model(table = "course", schema = "school", comment = "courses")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(length = 40, unique)]
    name: String,
    #[model(index)]
    level: Level,
    #[model(references = Homework::id)]
    best: Option<i32>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "homework")]
struct Homework {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Course::id)]
    course_id: i32,
}

#[tokio::test]
async fn rows_survive() -> orm_core::Result<()> {
    let db = TestDb::with::<(Course, Homework)>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("Python").level(Level::High));
    session.commit().await?;
    db.engine.create_all::<(Homework, Course)>().await?;
    let courses = db.engine.query::<Course>().all().await?;
    assert_eq!(courses[0].level, Level::High);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_wait_for_each_other() -> orm_core::Result<()> {
    let db = TestDb::new();
    let engines: Vec<Engine> = (0..4).map(|_| Engine::new(db.database.url())).collect::<Result<_, _>>()?;
    for _ in 0..5 {
        let tasks: Vec<_> = engines
            .iter()
            .cloned()
            .map(|engine| tokio::spawn(async move { engine.create_all::<(Course, Homework)>().await }))
            .collect();
        for task in tasks {
            task.await.expect("no panic")?;
        }
        db.engine.drop_all::<(Course, Homework)>().await?;
    }
    let (a, b) =
        tokio::join!(engines[0].create_all::<(Course, Homework)>(), engines[1].drop_all::<(Course, Homework)>());
    a?;
    b
}

/// A statement that was prepared before keeps no memory of the types that were.
#[tokio::test]
async fn dropped_and_created_anew_it_works_on_the_same_connection() -> orm_core::Result<()> {
    let db = TestDb::new();
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    for _ in 0..3 {
        engine.create_all::<(Course, Homework)>().await?;
        let mut session = engine.session();
        session.add(Course::builder().name("Python").level(Level::High));
        session.commit().await?;
        session
            .add_all([Course::builder().name("a").level(Level::High), Course::builder().name("b").level(Level::Low)]);
        session.commit().await?;
        drop(session);
        let found = engine.query::<Course>().filter(Course::level.eq(Level::High)).all().await?;
        assert_eq!(found.len(), 2);
        engine.drop_all::<(Course, Homework)>().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_error_leaves_nothing_behind() {
    #[derive(Model, Debug, Clone)]
    #[model(table = "zzz", check("there_is_no_such_column > 0"))]
    struct Wrong {
        #[model(primary_key)]
        id: Auto<i32>,
    }
    let db = TestDb::new();
    let error = db.engine.create_all::<(Homework, Course, Wrong)>().await.unwrap_err();
    assert!(error.to_string().contains("there_is_no_such_column"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM pg_tables WHERE tablename IN ('homework', 'course')").await, ["0"]);
    assert_eq!(db.engine.idle_connections(), db.engine.connections());
}
