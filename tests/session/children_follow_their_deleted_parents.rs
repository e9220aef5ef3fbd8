//! Deleting a parent: the relationship's rule, the foreign key's, and what the session's objects are afterwards.

use orm_core::prelude::*;
use orm_core::{Result, State};
use orm_tests::TestDb;

use crate::models::{Person, School};

#[derive(Model, Debug, Clone)]
#[model(table = "house")]
struct House {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(has_many = Room::house, on_parent_delete = delete)]
    rooms: HasMany<Room>,
    #[model(has_many = Guest::house)]
    guests: HasMany<Guest>,
    #[model(has_many = Key::house)]
    keys: HasMany<Key>,
    #[model(has_many = Bill::house)]
    bills: HasMany<Bill>,
    #[model(has_many = Lease::house)]
    leases: HasMany<Lease>,
}

/// Deleted with the house, by the relationship.
#[derive(Model, Debug, Clone)]
#[model(table = "room")]
struct Room {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = House::id)]
    house_id: i32,
    #[model(belongs_to = house_id)]
    house: BelongsTo<House>,
    #[model(has_many = Chair::room, on_parent_delete = delete)]
    chairs: HasMany<Chair>,
}

/// Deleted with the room, by the relationship.
#[derive(Model, Debug, Clone)]
#[model(table = "chair")]
struct Chair {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Room::id)]
    room_id: i32,
    #[model(belongs_to = room_id)]
    room: BelongsTo<Room>,
}

/// Stays without a house: the key may be NULL.
#[derive(Model, Debug, Clone)]
#[model(table = "guest")]
struct Guest {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = House::id)]
    house_id: Option<i32>,
    #[model(belongs_to = house_id)]
    house: BelongsTo<House>,
}

/// Deleted by the database.
#[derive(Model, Debug, Clone)]
#[model(table = "door_key")]
struct Key {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = House::id, on_delete = cascade)]
    house_id: i32,
    #[model(belongs_to = house_id)]
    house: BelongsTo<House>,
}

/// Its key is set to NULL by the database.
#[derive(Model, Debug, Clone)]
#[model(table = "bill")]
struct Bill {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = House::id, on_delete = set_null)]
    house_id: Option<i32>,
    #[model(belongs_to = house_id)]
    house: BelongsTo<House>,
}

/// Keeps the house from being deleted.
#[derive(Model, Debug, Clone)]
#[model(table = "lease")]
struct Lease {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = House::id)]
    house_id: i32,
    #[model(belongs_to = house_id)]
    house: BelongsTo<House>,
}

type All = (House, Room, Chair, Guest, Key, Bill, Lease);

async fn two_houses() -> Result<(TestDb, Session, [Handle<House>; 2])> {
    let db = TestDb::with::<All>().await;
    let mut session = db.engine.session();
    let house = |name: &str| {
        House::builder()
            .name(name)
            .rooms(
                ["hall", "attic"].map(|name| Room::builder().name(name).chairs([Chair::builder(), Chair::builder()])),
            )
            .guests(["Ann", "Bob"].map(|name| Guest::builder().name(name)))
            .keys([Key::builder()])
            .bills([Bill::builder()])
    };
    let first = session.add(house("first"));
    let second = session.add(house("second"));
    session.commit().await?;
    Ok((db, session, [first, second]))
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM house), (SELECT count(*) FROM room), (SELECT count(*) FROM chair), \
     (SELECT count(*) FROM guest), (SELECT count(*) FROM guest WHERE house_id IS NULL), (SELECT count(*) FROM door_key), \
     (SELECT count(*) FROM bill WHERE house_id IS NULL)";

#[tokio::test]
async fn u19_each_rule_is_one_statement_and_the_databases_own_needs_none() -> Result<()> {
    let (db, _, _) = two_houses().await?;
    // Nothing of the children is loaded.
    let mut session = db.engine.session();
    let house = session.get::<House>(1).await?.expect("it is there");
    session.delete(house)?;
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        sent.take(),
        [
            "BEGIN",
            r#"DELETE FROM "chair" WHERE "chair"."room_id" IN (SELECT "room"."id" FROM "room" WHERE "room"."house_id" = ANY ($1)) RETURNING "chair"."id""#,
            r#"DELETE FROM "room" WHERE "room"."house_id" = ANY ($1) RETURNING "room"."id""#,
            r#"UPDATE "guest" SET "house_id" = $1 WHERE "guest"."house_id" = ANY ($2) RETURNING "guest"."id""#,
            r#"DELETE FROM "house" WHERE "id" = ANY ($1::integer[])"#,
            "COMMIT"
        ]
    );
    assert_eq!(db.stored(COUNTS).await, ["1|2|4|4|2|1|1"]);
    Ok(())
}

#[tokio::test]
async fn u19_children_in_the_session_are_brought_in_line() -> Result<()> {
    let (_db, mut session, [first, second]) = two_houses().await?;
    let (rooms, guests) = (session[first].rooms.handles(), session[first].guests.handles());
    let chairs = session[rooms[0]].chairs.handles();
    let (keys, bills) = (session[first].keys.handles(), session[first].bills.handles());
    session.delete(first)?;
    session.flush().await?;
    assert_eq!((session.state(rooms[0]), session.state(chairs[1])), (State::Deleted, State::Deleted));
    assert_eq!((session.state(keys[0]), session.state(bills[0])), (State::Deleted, State::Persistent));
    assert_eq!((session[guests[0]].house_id, session[guests[0]].house.get()), (None, Some(None)));
    assert_eq!((session[bills[0]].house_id, session[bills[0]].house.get()), (None, Some(None)));
    session.commit().await?;
    assert_eq!((session.state(rooms[0]), session.state(keys[0])), (State::Detached, State::Detached));
    assert_eq!(session[second].rooms.len(), 2);
    Ok(())
}

#[tokio::test]
async fn u19_a_rollback_brings_the_children_back() -> Result<()> {
    let (db, mut session, [first, _]) = two_houses().await?;
    let (rooms, guests) = (session[first].rooms.handles(), session[first].guests.handles());
    let (keys, bills) = (session[first].keys.handles(), session[first].bills.handles());
    session.delete(first)?;
    session.flush().await?;
    session.rollback().await?;
    assert_eq!((session.state(first), session.state(rooms[0])), (State::Persistent, State::Persistent));
    assert_eq!((session.state(keys[0]), session[bills[0]].house_id), (State::Persistent, Some(1)));
    assert_eq!((session[guests[0]].house_id, session[guests[0]].house.handle()), (Some(1), Some(first)));
    assert_eq!(session[first].rooms.handles(), rooms);
    assert_eq!(session[first].guests.handles(), guests);
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty());
    assert_eq!(db.stored(COUNTS).await, ["2|4|8|4|0|2|0"]);
    Ok(())
}

#[tokio::test]
async fn u19_children_without_a_rule_refuse_the_deletion_by_the_relationships_name() -> Result<()> {
    let (db, mut session, [first, second]) = two_houses().await?;
    session.add(Lease::builder().house(first));
    session.commit().await?;
    session.delete(first)?;
    session.delete(second)?;
    let error = session.commit().await.expect_err("a lease is left");
    assert!(error.is_foreign_key_violation(), "{error:?}");
    assert!(error.to_string().contains("`House::leases`"), "{error}");
    assert_eq!(session.deleted_objects::<House>().len(), 2);
    assert_eq!(db.stored(COUNTS).await, ["2|4|8|4|0|2|0"]);
    Ok(())
}

#[tokio::test]
async fn u21_a_child_that_moves_survives_its_old_parent() -> Result<()> {
    let (db, mut session, [first, second]) = two_houses().await?;
    let room = session[first].rooms.handles()[0];
    session[room].house.set(second);
    session.delete(first)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM room WHERE house_id = 2").await, ["3"]);
    assert_eq!((session.state(room), session[second].rooms.len()), (State::Persistent, 3));
    Ok(())
}

#[tokio::test]
async fn u19_a_child_that_was_given_the_parent_in_the_same_flush_follows_it_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let [boss, report] = ["boss", "report"].map(|name| session.add(Person::builder().name(name)));
    session.commit().await?;
    session[report].boss.set(boss);
    session.delete(boss)?;
    session.commit().await?;
    assert_eq!((session[report].boss_id, session[report].boss.get()), (None, Some(None)));
    assert_eq!(db.stored("SELECT name, boss_id FROM person").await, ["report|NULL"]);
    Ok(())
}

#[derive(Model, Debug, Clone)]
#[model(table = "depot")]
struct Depot {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(has_many = Bay::depot, on_parent_delete = delete)]
    bays: HasMany<Bay>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "bay", primary_key(depot_id, no))]
struct Bay {
    #[model(references = Depot::id)]
    depot_id: i32,
    no: i32,
    #[model(belongs_to = depot_id)]
    depot: BelongsTo<Depot>,
    #[model(has_many = Crate::bay, on_parent_delete = delete)]
    crates: HasMany<Crate>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "crate")]
struct Crate {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Bay::depot_id)]
    depot_id: i32,
    #[model(references = Bay::no)]
    bay_no: i32,
    #[model(belongs_to = (depot_id, bay_no))]
    bay: BelongsTo<Bay>,
}

#[tokio::test]
async fn u19_a_composite_key_below_the_first_level_is_one_statement_too() -> Result<()> {
    let db = TestDb::with::<(Depot, Bay, Crate)>().await;
    let mut session = db.engine.session();
    let bays = || [1, 2].map(|no| Bay::builder().no(no).crates([Crate::builder(), Crate::builder()]));
    let depots = session.add_all([Depot::builder().bays(bays()), Depot::builder().bays(bays())]);
    session.commit().await?;
    let crates = session.query::<Crate>().order_by(Crate::id.asc()).all().await?;
    let sent = db.record();
    session.delete(depots[0])?;
    session.commit().await?;
    assert_eq!(
        sent.sql()[1..3],
        [
            concat!(
                r#"DELETE FROM "crate" WHERE EXISTS (SELECT 1 FROM "bay" WHERE "crate"."depot_id" = "bay"."depot_id" "#,
                r#"AND "crate"."bay_no" = "bay"."no" AND "bay"."depot_id" = ANY ($1)) RETURNING "crate"."id""#,
            ),
            r#"DELETE FROM "bay" WHERE "bay"."depot_id" = ANY ($1) RETURNING "bay"."depot_id", "bay"."no""#,
        ],
    );
    assert_eq!(db.stored("SELECT DISTINCT depot_id FROM crate").await, ["2"]);
    assert_eq!(crates.iter().filter(|&&crate_| session.state(crate_) == State::Persistent).count(), 4);
    Ok(())
}
