//! How often a commit waits for the server, counted by a proxy on the way.

use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{IsolationLevel, Result};
use orm_tests::{Proxy, TestDb};

use crate::models::levels::{Level0, Level1, Level2, Level3, Level4, Level5, Level6, Level7, Level8, Level9, Levels};
use crate::models::{Course, Homework, Player, School, Tag, Team};

/// Longer than it takes to send what is sent at once.
const DELAY: Duration = Duration::from_millis(20);
/// A machine that is busy can make one turn look like two, and never two like one.
const TRIES: usize = 3;

/// The round trips of a commit, cold and with its statements prepared.
#[derive(Debug, PartialEq, Eq)]
struct Trips {
    cold: usize,
    warm: usize,
}

/// Counts what a commit takes after `change`, on a new connection, and again on the same one.
async fn trips(db: &TestDb, change: impl AsyncFn(&mut Session) -> Result<()>) -> Result<Trips> {
    let proxy = Proxy::start(db.database.url(), DELAY).await;
    let mut fewest = Trips { cold: usize::MAX, warm: usize::MAX };
    for _ in 0..TRIES {
        let engine = Engine::builder().dsn(proxy.dsn()).pool_size(1).build()?;
        drop(engine.raw().await?);
        let cold = commit(&proxy, &engine, &change).await?;
        // What is written and removed in turns is the same again the third time.
        commit(&proxy, &engine, &change).await?;
        let warm = commit(&proxy, &engine, &change).await?;
        fewest = Trips { cold: fewest.cold.min(cold), warm: fewest.warm.min(warm) };
    }
    Ok(fewest)
}

async fn commit(proxy: &Proxy, engine: &Engine, change: &impl AsyncFn(&mut Session) -> Result<()>) -> Result<usize> {
    let mut session = engine.session();
    change(&mut session).await?;
    proxy.reset();
    session.commit().await?;
    Ok(proxy.turns())
}

fn name() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("course {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[tokio::test]
async fn u11_a_parent_with_a_hundred_children_takes_two_round_trips() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let trips = trips(&db, async |session| {
        let child = |number| Homework::builder().number(number).description("x");
        session.add(Course::builder().name(name()).homeworks((0..100).map(child)));
        Ok(())
    })
    .await?;
    assert_eq!(trips, Trips { cold: 3, warm: 2 });
    assert_eq!(db.stored("SELECT DISTINCT count(*) FROM homework GROUP BY course_id").await, ["100"]);
    Ok(())
}

/// One object for each of those below, which it belongs to.
macro_rules! level {
    ($session:ident, $level:ident, $below:ident) => {{
        let all = $below.iter().map(|&below| $level::builder().label("x").below(below));
        $session.add_all(all)
    }};
}

fn ten_levels(session: &mut Session, rows: usize) {
    let below = session.add_all((0..rows).map(|_| Level0::builder().label("x")));
    let below = level!(session, Level1, below);
    let below = level!(session, Level2, below);
    let below = level!(session, Level3, below);
    let below = level!(session, Level4, below);
    let below = level!(session, Level5, below);
    let below = level!(session, Level6, below);
    let below = level!(session, Level7, below);
    let below = level!(session, Level8, below);
    level!(session, Level9, below);
}

#[tokio::test]
async fn u11_ten_tables_take_two_round_trips_whatever_the_number_of_rows() -> Result<()> {
    for rows in [1, 300] {
        let db = TestDb::with::<Levels>().await;
        let trips = trips(&db, async |session| {
            ten_levels(session, rows);
            Ok(())
        })
        .await?;
        assert_eq!(trips, Trips { cold: 3, warm: 2 }, "{rows} rows");
        let stored = (3 * TRIES * rows).to_string();
        assert_eq!(db.stored("SELECT count(DISTINCT below_id) FROM level9").await, [stored]);
    }
    Ok(())
}

#[tokio::test]
async fn u11_one_new_object_takes_one_round_trip() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let trips = trips(&db, async |session| {
        session.add(Course::builder().name(name()));
        Ok(())
    })
    .await?;
    assert_eq!(trips, Trips { cold: 2, warm: 1 });
    Ok(())
}

#[tokio::test]
async fn u11_one_changed_object_takes_one_round_trip() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) VALUES ('Python')").await;
    let trips = trips(&db, async |session| {
        let course = session.query::<Course>().one().await?;
        session[course].name = name();
        Ok(())
    })
    .await?;
    assert_eq!(trips, Trips { cold: 2, warm: 1 });
    Ok(())
}

#[tokio::test]
async fn u11_one_deleted_object_takes_one_round_trip() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) SELECT n FROM generate_series(1, 20) AS n").await;
    let trips = trips(&db, async |session| {
        let courses = session.query::<Course>().order_by(Course::id.asc()).limit(1).all().await?;
        session.delete(courses[0])
    })
    .await?;
    // Its row of another table is looked at by the database.
    assert_eq!(trips, Trips { cold: 2, warm: 1 });
    Ok(())
}

#[tokio::test]
async fn u11_one_statement_is_a_transaction_by_itself_where_nothing_else_is_asked_of_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let insert = r#"INSERT INTO "course" ("name", "note") VALUES ($1, $2) RETURNING "id""#;
    let sent = db.record();
    let mut session = db.engine.session();
    session.add(Course::builder().name(name()));
    session.commit().await?;
    assert_eq!(sent.take(), [insert]);
    // After a flush the transaction is open.
    session.add(Course::builder().name(name()));
    session.flush().await?;
    session.commit().await?;
    assert_eq!(sent.take(), ["BEGIN", insert, "COMMIT"]);
    // An isolation is that of a transaction that is opened.
    let mut session = SessionMaker::new(&db.engine).isolation(IsolationLevel::Serializable).session();
    session.add(Course::builder().name(name()));
    session.commit().await?;
    let whole = concat!(
        r#"WITH "written" AS (INSERT INTO "course" ("name", "note") VALUES ($1, $2) RETURNING "id") "#,
        r#"SELECT "written"."id" FROM (VALUES (1)) AS "sent" LEFT JOIN "written" ON TRUE "#,
        r#"WHERE 1 / ("written"."id" IS NOT NULL)::integer = 1"#,
    );
    assert_eq!(sent.take(), ["BEGIN ISOLATION LEVEL SERIALIZABLE", whole, "COMMIT"]);
    // Of many rows some may be met and others not: the statement fails then.
    let mut session = db.engine.session();
    let courses = session.query::<Course>().all().await?;
    courses.iter().for_each(|&course| session[course].name = name());
    drop(sent.take());
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    // A transaction for a test is one already.
    let test = db.engine.test_transaction().await?;
    let mut session = test.session();
    session.add(Course::builder().name(name()));
    session.commit().await?;
    drop((session, test));
    assert_eq!(db.stored("SELECT count(*) FROM course").await, ["3"]);
    Ok(())
}

#[tokio::test]
async fn u33_one_statement_that_fails_leaves_the_session_as_it_was_and_the_connection_of_use() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) VALUES ('Python')").await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    let mut session = engine.session();
    let sent = engine.record();
    let twin = session.add(Course::builder().name("Python"));
    let error = session.commit().await.expect_err("the name is taken");
    assert!(error.is_unique_violation(), "{error}");
    assert_eq!((session.state(twin), sent.take().len()), (orm_core::State::Pending, 1));
    session[twin].name = "Java".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["Python", "Java"]);
    // One that has gone is stale, and nothing is written.
    session[twin].name = "Rust".into();
    db.run("DELETE FROM course WHERE name = 'Java'").await;
    let error = session.commit().await.expect_err("the row is gone");
    assert_eq!(error.kind(), orm_core::ErrorKind::StaleData);
    assert_eq!((session[twin].name.as_str(), session.state(twin)), ("Rust", orm_core::State::Persistent));
    Ok(())
}

#[tokio::test]
async fn u11_new_links_alone_are_committed_in_one_round_trip() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) VALUES ('Python'); INSERT INTO tag (label) VALUES ('a'), ('b')").await;
    let trips = trips(&db, async |session| {
        let course = session.query::<Course>().with(Course::tags).one().await?;
        let tags = session.query::<Tag>().all().await?;
        // Those that are there are removed, and the others written.
        let linked: Vec<_> = session[course].tags.handles().to_vec();
        session[course].tags.set(tags.into_iter().filter(|tag| !linked.contains(tag)));
        Ok(())
    })
    .await?;
    assert_eq!(trips, Trips { cold: 2, warm: 1 });
    Ok(())
}

#[tokio::test]
async fn u11_several_kinds_of_changes_cold_take_one_round_trip_more() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) SELECT 'old ' || i FROM generate_series(1, 100) i").await;
    let trips = trips(&db, async |session| {
        let old = session.query::<Course>().order_by(Course::id.asc()).limit(3).all().await?;
        session.delete(old[0])?;
        session[old[1]].name = name();
        session[old[2]].note = Some(name());
        let child = |number| Homework::builder().number(number).description("x");
        let tags = [Tag::builder().label("new"), Tag::builder().label("newer")];
        session.add(Course::builder().name(name()).homeworks((0..100).map(child)).tags(tags));
        Ok(())
    })
    .await?;
    assert_eq!(trips, Trips { cold: 3, warm: 2 });
    Ok(())
}

#[tokio::test]
async fn u11_changed_and_deleted_rows_take_one_round_trip_whatever_their_number() -> Result<()> {
    for rows in [1, 300] {
        let db = TestDb::with::<School>().await;
        db.run("INSERT INTO course (name) SELECT 'old ' || i FROM generate_series(1, 10000) i").await;
        let trips = trips(&db, async |session| {
            let courses = session.query::<Course>().order_by(Course::id.asc()).limit(3 * rows).all().await?;
            for chunk in courses.chunks(3) {
                session.delete(chunk[0])?;
                session[chunk[1]].name = name();
                session[chunk[2]].note = Some(name());
            }
            Ok(())
        })
        .await?;
        assert_eq!(trips, Trips { cold: 2, warm: 1 }, "{rows} rows");
        let stored = (10_000 - 3 * TRIES as u64 * rows).to_string();
        assert_eq!(db.stored("SELECT count(*) FROM course").await, [stored]);
    }
    Ok(())
}

#[tokio::test]
async fn u11_two_that_point_to_each_other_take_three_round_trips() -> Result<()> {
    let db = TestDb::with::<(Team, Player)>().await;
    let trips = trips(&db, async |session| {
        let team = session.add(Team::builder().name("a"));
        let player = session.add(Player::builder().name("b").team(team));
        session[team].captain.set(player);
        Ok(())
    })
    .await?;
    assert_eq!(trips, Trips { cold: 4, warm: 3 });
    Ok(())
}

#[tokio::test]
async fn u11_what_is_unchanged_takes_no_round_trip() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) VALUES ('Python')").await;
    let trips = trips(&db, async |session| {
        let course = session.query::<Course>().one().await?;
        let name = session[course].name.clone();
        session[course].name = name;
        Ok(())
    })
    .await?;
    assert_eq!(trips, Trips { cold: 0, warm: 0 });
    Ok(())
}
