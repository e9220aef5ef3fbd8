//! Features that meet: each of them is tested alone elsewhere.

use orm_core::prelude::*;
use orm_core::{Result, State};
use orm_tests::{TestDb, written};

use crate::models::kinds::{Airport, Desk, Flight, Office, cascading};
use crate::models::{
    Course, Homework, Library, Person, School, Shelf, Shop, Stall, Volume, Ware, a_shelf, two_courses,
};

/// What a hook adds.
#[derive(Model, Debug, Clone)]
#[model(table = "trace")]
struct Trace {
    #[model(primary_key)]
    id: Auto<i32>,
    what: String,
}

fn traced(engine: &Engine) -> SessionMaker {
    SessionMaker::new(engine).before_flush(|session| {
        if !session.new_objects::<Course>().is_empty() {
            session.add(Trace::builder().what("hook"));
        }
        Ok(())
    })
}

#[tokio::test]
async fn an_expression_is_forgotten_with_its_object_when_the_session_is_cleared() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let first = session.get::<Homework>(1).await?.expect("it is there");
    session.set(first, Homework::number.set(Homework::number + 100))?;
    session.clear();
    // No flush between, which would forget it too.
    let second = session.no_autoflush(async |session| session.get::<Homework>(2).await).await?.expect("it is there");
    session[second].description = "changed".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT number, description FROM homework ORDER BY id").await, ["1|дз1", "2|changed"]);
    Ok(())
}

#[tokio::test]
async fn an_object_in_the_place_of_one_that_a_hook_added_is_not_taken_for_it() -> Result<()> {
    let db = TestDb::with::<(School, Trace)>().await;
    two_courses(&db.engine).await?;
    let mut session = traced(&db.engine).session();
    session.add(Course::builder().name("Rust"));
    session.flush().await?;
    let hooked = session.objects::<Trace>()[0];
    session.expunge(hooked)?;
    let mine = session.add(Trace::builder().what("mine"));
    session.flush().await?;
    session.add(Person::builder().name("x").boss_id(99));
    session.commit().await.expect_err("there is no such boss");
    assert_eq!(session.state(mine), State::Pending);
    let mut session = traced(&db.engine).session();
    session.add(Course::builder().name("Rust"));
    session.flush().await?;
    session.clear();
    let mine = session.add(Trace::builder().what("mine"));
    session.flush().await?;
    session.add(Person::builder().name("x").boss_id(99));
    session.commit().await.expect_err("there is no such boss");
    assert_eq!(session.state(mine), State::Pending);
    Ok(())
}

#[tokio::test]
async fn a_hook_may_forget_objects_and_the_flush_fail() -> Result<()> {
    let db = TestDb::with::<(School, Trace)>().await;
    two_courses(&db.engine).await?;
    let sessions = SessionMaker::new(&db.engine).before_flush(|session| {
        session.clear();
        Err("no".into())
    });
    let mut session = sessions.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    session[python].name = "x".into();
    session.add(Course::builder().name("y"));
    session.flush().await.expect_err("the hook refuses");
    assert_eq!(session.state(python), State::Detached);
    let sessions = SessionMaker::new(&db.engine).before_flush(|session| {
        for course in session.new_objects::<Course>() {
            session.expunge(course)?;
            session.add(Course::builder().name("another"));
        }
        Err("no".into())
    });
    let mut session = sessions.session();
    let new = session.add(Course::builder().name("y"));
    session.flush().await.expect_err("the hook refuses");
    assert_eq!(session.state(new), State::Detached);
    assert_eq!(session.objects::<Course>().len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_upsert_without_autoflush_still_writes_the_new_parents_of_its_values() -> Result<()> {
    let db = TestDb::with::<(Shop, Stall)>().await;
    let mut session = db.engine.session();
    let done = session
        .no_autoflush(async |session| {
            session
                .upsert([Stall::builder().shop(Shop::builder().code("a")).no(1)], (Stall::shop_code, Stall::no))
                .await
        })
        .await?;
    assert_eq!(done.inserted().len(), 1);
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let done = session
        .no_autoflush(async |session| {
            let new = Person::builder().id(7).name("b").boss(Person::builder().name("a"));
            session.upsert([new], Person::id).await
        })
        .await?;
    assert!(session[done.handles()[0]].boss_id.is_some());
    Ok(())
}

#[tokio::test]
async fn an_upsert_whose_key_a_trigger_changes_is_refused() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := lower(NEW.name); RETURN NEW; END'").await;
    db.run("CREATE TRIGGER low BEFORE INSERT ON course FOR EACH ROW EXECUTE FUNCTION low()").await;
    let mut session = db.engine.session();
    let values = ["A", "b"].map(|name| Course::builder().name(name));
    let outcome = session.upsert(values, Course::name).await;
    outcome.expect_err("the row of one value cannot be told");
    Ok(())
}

#[tokio::test]
async fn an_upsert_that_meets_marked_and_doomed_objects_brings_them_back() -> Result<()> {
    let db = TestDb::with::<Library>().await;
    a_shelf(&db.engine).await?;
    let mut session = db.engine.session();
    let shelf = session.get::<Shelf>(1).await?.expect("it is there");
    let volumes = session.query::<Volume>().order_by(Volume::id.asc()).all().await?;
    // One is doomed and not flushed, one is marked in this transaction.
    session.delete(volumes[1])?;
    session.flush().await?;
    session.delete(volumes[0])?;
    let values = [(1, "A2"), (2, "B2"), (4, "D")];
    let values = values.map(|(id, title)| Volume::builder().id(id).title(title).shelf(shelf));
    let done = session.no_autoflush(async |session| session.upsert(values, Volume::id).await).await?;
    assert_eq!(done.updated(), &volumes[..2]);
    assert_eq!(volumes[..2].iter().map(|&v| session.state(v)).collect::<Vec<_>>(), [State::Persistent; 2]);
    // What an update sets by itself is set by a conflict too, and not by an insert.
    assert_eq!(
        done.handles().iter().map(|&v| session[v].changes.get()).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(0)]
    );
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT id, title, changes, \"del\"\"eted\" IS NULL FROM volume ORDER BY id").await,
        ["1|A2|1|t", "2|B2|2|t", "3|C|0|t", "4|D|0|t"]
    );
    Ok(())
}

#[tokio::test]
async fn u17_a_new_child_of_a_parent_whose_key_changes_comes_after_it() -> Result<()> {
    let db = TestDb::with::<(Airport, Flight)>().await;
    let mut session = db.engine.session();
    let a = session.add(Airport::builder().code("a"));
    let b = session.add(Airport::builder().code("b"));
    session.add(Flight::builder().number("1").origin(a).destination(b));
    session.commit().await?;
    session[a].code = "z".into();
    session.add(Flight::builder().number("2").origin(b).destination(a));
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT number, origin_code, destination_code FROM flight ORDER BY 1").await,
        ["1|z|b", "2|b|z"]
    );
    Ok(())
}

#[tokio::test]
async fn u17_a_child_that_changes_in_the_flush_that_moves_its_key_is_found() -> Result<()> {
    let db = TestDb::with::<(Shop, Stall, Ware)>().await;
    let mut session = db.engine.session();
    let shop = session.add(Shop::builder().code("a").stalls([Stall::builder().no(1), Stall::builder().no(2)]));
    session.commit().await?;
    let stalls = session[shop].stalls.handles();
    session[shop].code = "z".into();
    session[stalls[0]].open = true.into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT shop_code, no, open FROM stall ORDER BY 2").await, ["z|1|t", "z|2|f"]);
    session[shop].code = "y".into();
    session.delete(stalls[0])?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT shop_code, no, open FROM stall ORDER BY 2").await, ["y|2|f"]);
    session[shop].code = "x".into();
    session[stalls[1]].no = 3;
    session[stalls[1]].open = true.into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT shop_code, no, open FROM stall ORDER BY 2").await, ["x|3|t"]);
    session[shop].code = "w".into();
    session.flush().await?;
    session[stalls[1]].no = 4;
    session.rollback().await?;
    assert_eq!((session[stalls[1]].shop_code.as_str(), session[stalls[1]].no), ("x", 3));
    Ok(())
}

#[tokio::test]
async fn u17_a_parent_whose_key_changed_is_deleted_with_its_children() -> Result<()> {
    let db = TestDb::with::<(Office, Desk)>().await;
    let mut session = db.engine.session();
    let office = session.add(Office::builder().building("a").room(1).desks([Desk::builder().label("d")]));
    session.commit().await?;
    session[office].room = 2;
    session[office].building = "b".into();
    let mut savepoint = session.savepoint().await?;
    savepoint[office].room = 3;
    savepoint.flush().await?;
    savepoint.rollback().await?;
    let desk = session[office].desks.handles()[0];
    assert_eq!((session[desk].room, session[desk].building.as_deref()), (Some(2), Some("b")));
    assert_eq!(session.get::<Office>(("b".to_owned(), 2)).await?, Some(office));
    session.commit().await?;
    assert_eq!(db.stored("SELECT building, room FROM desk").await, ["b|2"]);
    session[office].room = 9;
    session.delete(office)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT building, room FROM desk").await, ["NULL|NULL"]);
    Ok(())
}

#[tokio::test]
async fn u17_a_child_that_changes_in_the_flush_in_which_the_database_moves_its_key_is_found() -> Result<()> {
    use cascading::{Shop, Stall};
    let db = TestDb::with::<(Shop, Stall)>().await;
    let mut session = db.engine.session();
    let shop = session.add(Shop::builder().code("a").stalls([Stall::builder().no(1), Stall::builder().no(2)]));
    session.commit().await?;
    let stalls = session[shop].stalls.handles();
    session[shop].code = "z".into();
    session[stalls[0]].open = true.into();
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        written(&sent.sql()),
        [
            "BEGIN",
            r#"UPDATE "shop" SET "code" = $1 WHERE "code" = $2"#,
            r#"UPDATE "stall" SET "open" = $1 WHERE "shop_code" = $2 AND "no" = $3"#,
            "COMMIT",
        ],
    );
    assert_eq!(db.stored("SELECT shop_code, no, open FROM stall ORDER BY 2").await, ["z|1|t", "z|2|f"]);
    session[shop].code = "y".into();
    session.delete(stalls[0])?;
    session.commit().await?;
    session[shop].code = "x".into();
    session[stalls[1]].no = 3;
    session.commit().await?;
    assert_eq!(db.stored("SELECT shop_code, no, open FROM stall").await, ["x|3|f"]);
    assert_eq!(session.get::<Stall>(("x".to_owned(), 3)).await?, Some(stalls[1]));
    Ok(())
}

#[tokio::test]
async fn u17_a_new_object_takes_the_key_that_another_gives_up_and_each_keeps_its_children() -> Result<()> {
    let db = TestDb::with::<(Airport, Flight)>().await;
    let mut session = db.engine.session();
    let [a, b] = ["a", "b"].map(|code| session.add(Airport::builder().code(code)));
    let old = session.add(Flight::builder().number("1").origin(a).destination(b));
    let moved = session.add(Flight::builder().number("2").origin(b).destination(b));
    session.commit().await?;
    session[a].code = "z".into();
    let new = session.add(Airport::builder().code("a"));
    let third = session.add(Flight::builder().number("3").origin(new).destination(b));
    session[moved].origin.set(new);
    session.commit().await?;
    assert_eq!(db.stored("SELECT number, origin_code FROM flight ORDER BY 1").await, ["1|z", "2|a", "3|a"]);
    let flights = [old, moved, third];
    assert_eq!(flights.map(|flight| session[flight].origin_code.clone()), ["z", "a", "a"]);
    assert_eq!(flights.map(|flight| session[flight].origin.handle()), [Some(a), Some(new), Some(new)]);
    assert_eq!((session.get::<Airport>("a").await?, session.get::<Airport>("z").await?), (Some(new), Some(a)));
    Ok(())
}
