//! Large batches: a row that has gone is found among thousands, and each object gets its own row and key, whatever the
//! server does meanwhile.

use std::time::{Duration, Instant};

use orm_core::prelude::*;
use orm_core::{Error, ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Document, Homework, Person, School, Tag};

/// Plans that give rows in another order than they were sent: a hash join that does not fit in memory goes batch by batch.
const HOSTILE: [&str; 3] = [
    "SET enable_nestloop = off; SET enable_mergejoin = off; SET work_mem = '64kB'; SET hash_mem_multiplier = 1",
    "SET enable_hashjoin = off; SET enable_nestloop = off; SET work_mem = '64kB'",
    "SET force_parallel_mode = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
     SET min_parallel_table_scan_size = 0; SET enable_nestloop = off; SET enable_mergejoin = off",
];

/// Gives all connections of the database that are made from now on these settings.
async fn plan(db: &TestDb, settings: &str) {
    let version = db.stored("SELECT current_setting('server_version_num')::int / 10000").await.remove(0);
    let name = db.stored("SELECT quote_ident(current_database())").await.remove(0);
    for setting in settings.split(';').map(|setting| setting.trim().trim_start_matches("SET ")) {
        // Since PostgreSQL 16 it is called otherwise.
        let is_new = version.parse::<u32>().is_ok_and(|version| version >= 16);
        let setting =
            if is_new { setting.replace("force_parallel_mode", "debug_parallel_query") } else { setting.into() };
        db.run(&format!("ALTER DATABASE {name} SET {setting}")).await;
    }
}

/// A session with connections of its own, which have the settings of the database.
fn session(db: &TestDb) -> Result<Session> {
    Ok(Engine::new(db.database.url())?.session())
}

async fn ten_thousand(db: &TestDb) -> Result<(Session, Vec<Handle<Person>>)> {
    db.run("INSERT INTO person (name) SELECT 'p' || i FROM generate_series(1, 10000) i").await;
    let mut session = db.engine.session();
    let people = session.query::<Person>().order_by(Person::id.asc()).all().await?;
    assert_eq!(people.len(), 10_000);
    Ok((session, people))
}

fn is_stale(error: &Error, model: &str, key: &str) -> bool {
    let names = error.model() == Some(model) && error.to_string().contains(key);
    error.kind() == ErrorKind::StaleData && names
}

#[tokio::test]
async fn u13_a_stale_row_among_ten_thousand_updates_is_found_and_nothing_stays() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, people) = ten_thousand(&db).await?;
    db.run("DELETE FROM person WHERE id = 7777").await;
    for person in &people {
        session[person].name.push('!');
    }
    let sent = db.record();
    let error = session.commit().await.expect_err("a row has gone");
    assert!(is_stale(&error, "Person", "(7777)"), "{error}");
    // Rows are counted by the statement, and told apart only if some were not met.
    assert_eq!(sent.take().len(), 4, "one statement, then BEGIN, one statement, ROLLBACK");
    assert_eq!(db.stored("SELECT count(*), count(*) FILTER (WHERE name LIKE '%!') FROM person").await, ["9999|0"]);
    // What is wrong can be put right.
    session.take(people[7776])?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM person WHERE name = 'p' || id || '!'").await, ["9999"]);
    Ok(())
}

#[tokio::test]
async fn u13_a_stale_row_among_ten_thousand_deletes_is_found_and_nothing_stays() -> Result<()> {
    let db = TestDb::with::<(Document,)>().await;
    db.run("INSERT INTO document (title, version) SELECT 't' || i, 1 FROM generate_series(1, 10000) i").await;
    let mut session = db.engine.session();
    let documents = session.query::<Document>().order_by(Document::id.asc()).all().await?;
    db.run("UPDATE document SET version = 2 WHERE id = 4321").await;
    for &document in &documents {
        session.delete(document)?;
    }
    let error = session.commit().await.expect_err("a row is newer");
    assert!(is_stale(&error, "Document", "(4321)"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM document").await, ["10000"]);
    session.rollback().await?;
    assert_eq!(session.state(documents[0]), State::Persistent);
    for &document in documents.iter().filter(|&&document| session[document].id.get() != Some(4321)).collect::<Vec<_>>()
    {
        session.delete(document)?;
    }
    session.commit().await?;
    assert_eq!(db.stored("SELECT id FROM document").await, ["4321"]);
    Ok(())
}

#[tokio::test]
async fn u13_a_row_without_a_version_that_vanished_among_ten_thousand_deletes_is_stale() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, people) = ten_thousand(&db).await?;
    db.run("DELETE FROM person WHERE id = 10000").await;
    for &person in &people {
        session.delete(person)?;
    }
    let error = session.commit().await.expect_err("a row has gone");
    assert!(is_stale(&error, "Person", "(10000)"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["9999"]);
    Ok(())
}

/// PostgreSQL promises no order in which `UPDATE … FROM` takes its locks. The rows are sent in the order of their keys, so
/// that a plan which follows them takes the locks in that order, in every session.
#[tokio::test]
async fn u13_rows_are_locked_in_the_order_of_their_keys_where_the_plan_follows_what_was_sent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    plan(&db, "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off").await;
    db.run("INSERT INTO person (id, name) SELECT i, 'p' FROM generate_series(50, 1, -1) i").await;
    let mut session = session(&db)?;
    let mut people = session.query::<Person>().all().await?;
    people.rotate_left(7);
    for person in &people {
        session[person].name.push('!');
    }
    session.commit().await?;
    // New versions of rows are written one after the other.
    let expected: Vec<String> = (1..=50).map(|key: i32| key.to_string()).collect();
    assert_eq!(db.stored("SELECT id FROM person ORDER BY ctid").await, expected);
    Ok(())
}

#[tokio::test]
async fn u13_updates_and_deletes_meet_their_rows_under_any_plan() -> Result<()> {
    for settings in HOSTILE {
        let db = TestDb::with::<School>().await;
        plan(&db, settings).await;
        db.run("INSERT INTO person (name) SELECT 'p' || i FROM generate_series(1, 10000) i; ANALYZE person").await;
        let mut session = session(&db)?;
        let mut people = session.query::<Person>().order_by(Person::id.desc()).all().await?;
        // Not in their order, and some of them alone with what they changed.
        people.rotate_left(3333);
        for (i, person) in people.iter().enumerate() {
            session[person].name = format!("new {}", session[person].id);
            if i % 10 == 0 {
                session[person].boss.set(people[0]);
            }
        }
        session.commit().await?;
        let wrong = "SELECT count(*) FROM person WHERE name <> 'new ' || id";
        assert_eq!(db.stored(wrong).await, ["0"], "{settings}");
        let bosses = "SELECT count(*), min(boss_id) = max(boss_id) FROM person WHERE boss_id IS NOT NULL";
        assert_eq!(db.stored(bosses).await, ["1000|t"], "{settings}");
        for &person in &people[..5000] {
            session[person].boss.clear();
        }
        session.commit().await?;
        for &person in &people[5000..] {
            session[person].boss.clear();
            session.delete(person)?;
        }
        session.commit().await?;
        assert_eq!(db.stored("SELECT count(*), count(boss_id) FROM person").await, ["5000|0"], "{settings}");
        let kept: i64 = people[..5000].iter().map(|person| i64::from(session[person].id.get().unwrap_or(0))).sum();
        assert_eq!(db.stored("SELECT sum(id) FROM person").await, [kept.to_string()], "{settings}");
    }
    Ok(())
}

/// A trigger that inserts into another table, with a sequence of its own, and one that takes from the table's own.
const TRIGGERS: &str = "
    CREATE TABLE log (id serial PRIMARY KEY, name text, of int);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO log (name, of) VALUES (NEW.name, NEW.id); RETURN NEW; END $$;
    CREATE FUNCTION waste() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM nextval(pg_get_serial_sequence('person', 'id')); RETURN NEW; END $$;
    CREATE TRIGGER before_note BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER after_note AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TRIGGER waste BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION waste();";

/// Each object has the key of the row that has its name, in the order of adding, and each row was noted twice.
async fn each_has_its_own(db: &TestDb, session: &mut Session, people: &[Handle<Person>]) -> Result<()> {
    let pairs = query::<Person>().order_by(Person::id.asc()).select((Person::id, Person::name));
    let stored: Vec<(i32, String)> = db.engine.rows(pairs).await?;
    let held: Vec<_> =
        people.iter().map(|person| (session[person].id.get().unwrap_or(0), session[person].name.clone())).collect();
    assert!(stored == held, "the keys are those of the rows, and rise in the order of adding");
    let noted = "SELECT count(*) FROM log JOIN person ON person.id = log.of AND person.name = log.name";
    assert_eq!(db.stored(noted).await, [(2 * people.len()).to_string()]);
    Ok(())
}

#[tokio::test]
async fn u02_triggers_that_insert_elsewhere_mix_no_keys_up_under_any_plan() -> Result<()> {
    for settings in HOSTILE {
        let db = TestDb::with::<School>().await;
        db.run(TRIGGERS).await;
        plan(&db, settings).await;
        let mut session = session(&db)?;
        let people = session.add_all((0..3000).map(|i| Person::builder().name(format!("p{}", i * 7919 % 3000))));
        session.commit().await?;
        each_has_its_own(&db, &mut session, &people).await?;
    }
    Ok(())
}

#[tokio::test]
async fn u02_seventy_thousand_rows_get_each_its_own_key_with_triggers_and_a_hash_join() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(TRIGGERS).await;
    plan(&db, HOSTILE[0]).await;
    let mut session = session(&db)?;
    let people = session.add_all((0..70_000).map(|i| Person::builder().name(format!("p{i}"))));
    session.commit().await?;
    each_has_its_own(&db, &mut session, &people).await
}

#[tokio::test]
async fn u02_children_get_the_keys_of_their_own_parents_under_any_plan() -> Result<()> {
    for settings in HOSTILE {
        let db = TestDb::with::<School>().await;
        plan(&db, settings).await;
        let mut session = session(&db)?;
        let child = |of: usize, number| Homework::builder().number(number).description(format!("c{of}"));
        session.add_all(
            (0..500).map(|i| Course::builder().name(format!("c{i}")).homeworks((0..3).map(move |n| child(i, n)))),
        );
        session.commit().await?;
        let right = "SELECT count(*) FROM homework h JOIN course c ON c.id = h.course_id AND c.name = h.description";
        assert_eq!(db.stored(right).await, ["1500"], "{settings}");
    }
    Ok(())
}

#[tokio::test]
async fn u10_seventy_thousand_changed_rows_are_one_statement_of_few_parameters() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) SELECT 'p' || i FROM generate_series(1, 70000) i").await;
    let mut session = db.engine.session();
    let people = session.query::<Person>().all().await?;
    for person in &people {
        session[person].name = format!("new {}", session[person].id);
    }
    let sent = db.record();
    session.commit().await?;
    let statements = sent.statements();
    assert_eq!(statements.len(), 1);
    assert_eq!((statements[0].params(), statements[0].rows()), (3, 70_000));
    assert_eq!(db.stored("SELECT count(*) FROM person WHERE name = 'new ' || id").await, ["70000"]);
    for &person in &people {
        session.delete(person)?;
    }
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM person").await, ["0"]);
    Ok(())
}

#[tokio::test]
async fn u10_seventy_thousand_links_are_one_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) VALUES ('a'); INSERT INTO tag (label) SELECT 't' FROM generate_series(1, 70000)")
        .await;
    let mut session = db.engine.session();
    let tags = session.query::<Tag>().all().await?;
    let course = session.query::<Course>().with(Course::tags).one().await?;
    let sent = db.record();
    session[course].tags.set(tags);
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!(db.stored("SELECT count(*) FROM course_tag").await, ["70000"]);
    session[course].tags.set([]);
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!(db.stored("SELECT count(*) FROM course_tag").await, ["0"]);
    Ok(())
}

#[tokio::test]
async fn u10_seventy_thousand_objects_are_pushed_one_by_one_without_copying_those_before() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) VALUES ('a'), ('b'); INSERT INTO tag (label) SELECT 't' FROM generate_series(1, 70000)")
        .await;
    let mut session = db.engine.session();
    let tags = session.query::<Tag>().all().await?;
    let loaded = session.query::<Course>().with(Course::tags).filter(Course::id.eq(1)).one().await?;
    let unloaded = session.query::<Course>().filter(Course::id.eq(2)).one().await?;
    let start = Instant::now();
    for course in [loaded, unloaded] {
        for &tag in tags.iter().chain(&tags[..100]) {
            session[course].tags.push(tag);
        }
    }
    // Where each looked at or copied all before it, this would take minutes.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(session[loaded].tags.handles(), tags);
    assert!(session[loaded].tags.remove(tags[7]) && !session[loaded].tags.remove(tags[7]));
    assert_eq!(session[loaded].tags.len(), 69_999);
    session[unloaded].tags.remove(tags[7]);
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.take().len(), 4, "one of them has one to take out, if it is there");
    assert_eq!(db.stored("SELECT count(*) FROM course_tag GROUP BY course_id").await, ["69999", "69999"]);
    session[loaded].tags.push(tags[7]);
    session.rollback().await?;
    assert_eq!(session[loaded].tags.len(), 69_999);
    Ok(())
}
