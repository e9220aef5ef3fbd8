//! Rows that point to rows of their own table, or to each other.

use orm_core::{ErrorKind, Result, State};
use orm_tests::{TestDb, written};

use crate::models::kinds::{deferrable, deferred};
use crate::models::{City, Country, Egg, Hen, Person, Player, School, Team};

const PEOPLE: &str = "SELECT p.name, b.name FROM person p LEFT JOIN person b ON b.id = p.boss_id ORDER BY 1";

#[tokio::test]
async fn u05_a_tree_is_inserted_level_by_level() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let person = |name: String| Person::builder().name(name);
    session.add(
        person("a".into()).reports((1..=3).map(|i| {
            person(format!("a{i}")).reports((1..=2).map(move |j| Person::builder().name(format!("a{i}{j}"))))
        })),
    );
    session.commit().await?;
    assert_eq!(sent.sql().iter().filter(|sql| sql.contains("INSERT INTO")).count(), 3, "{sent:?}");
    assert_eq!(
        db.stored(PEOPLE).await,
        ["a|NULL", "a1|a", "a11|a1", "a12|a1", "a2|a", "a21|a2", "a22|a2", "a3|a", "a31|a3", "a32|a3"],
    );
    Ok(())
}

#[tokio::test]
async fn u05_a_tree_that_was_added_leaves_first_is_inserted_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let [leaf, middle, root] = ["leaf", "middle", "root"].map(|name| session.add(Person::builder().name(name)));
    session[leaf].boss.set(middle);
    session[middle].boss.set(root);
    session.commit().await?;
    assert_eq!(db.stored(PEOPLE).await, ["leaf|middle", "middle|root", "root|NULL"]);
    assert_eq!(session[root].reports.handles(), [middle]);
    Ok(())
}

#[tokio::test]
async fn u05_a_tree_is_deleted_as_a_whole() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let root = session.add(Person::builder().name("root").reports([Person::builder().name("leaf")]));
    session.commit().await?;
    let leaf = session[root].reports.handles()[0];
    session.delete(root)?;
    session.delete(leaf)?;
    session.commit().await?;
    assert!(db.stored(PEOPLE).await.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_row_that_points_to_itself_does_so_in_the_table() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let me = session.add(Person::builder().name("me"));
    session[me].boss.set(me);
    session.commit().await?;
    assert_eq!(session[me].boss_id, Some(1));
    assert_eq!(db.stored(PEOPLE).await, ["me|me"]);
    Ok(())
}

#[tokio::test]
async fn u08_mutual_references_are_closed_by_an_update() -> Result<()> {
    let db = TestDb::with::<(Team, Player)>().await;
    let mut session = db.engine.session();
    let team = session.add(Team::builder().name("t"));
    let captain = session.add(Player::builder().name("c").team(team));
    session[team].captain.set(captain);
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        written(&sent.sql()),
        [
            "BEGIN",
            r#"INSERT INTO "team" ("name", "captain_id") VALUES ($1, $2) RETURNING "id""#,
            r#"INSERT INTO "player" ("name", "team_id") VALUES ($1, $2) RETURNING "id""#,
            r#"UPDATE "team" SET "captain_id" = $1 WHERE "id" = $2"#,
            "COMMIT",
        ],
    );
    assert_eq!((session[team].captain_id, session[captain].team_id), (Some(1), 1));
    assert_eq!(db.stored("SELECT captain_id FROM team").await, ["1"]);
    session[team].name = "u".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM team").await, ["1|u|1"]);
    Ok(())
}

#[tokio::test]
async fn u08_mutual_references_by_natural_keys_are_closed_too() -> Result<()> {
    let db = TestDb::with::<(Country, City)>().await;
    let mut session = db.engine.session();
    let italy = session.add(Country::builder().code("it").name("Italy"));
    let rome = session.add(City::builder().name("Rome").country(italy));
    session[italy].capital.set(rome);
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM country").await, ["it|Italy|Rome"]);
    assert_eq!(session[italy].capital_name.as_deref(), Some("Rome"));
    Ok(())
}

#[tokio::test]
async fn u08_two_people_who_are_each_others_boss() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let [a, b] = ["a", "b"].map(|name| session.add(Person::builder().name(name)));
    session[a].boss.set(b);
    session[b].boss.set(a);
    session.commit().await?;
    assert_eq!(db.stored(PEOPLE).await, ["a|b", "b|a"]);
    Ok(())
}

#[tokio::test]
async fn u08_a_circle_of_keys_that_must_be_set_is_refused_before_any_statement() -> Result<()> {
    let db = TestDb::with::<(Hen, Egg)>().await;
    let mut session = db.engine.session();
    let hen = session.add(Hen::builder().egg_id(0));
    let egg = session.add(Egg::builder().hen(hen));
    session[hen].egg.set(egg);
    let sent = db.record();
    let error = session.commit().await.expect_err("which was first?");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Invalid, Some("Hen"), Some("egg_id")));
    assert_eq!(
        error.to_string(),
        "new objects point to each other in a circle of keys that cannot be NULL: \
         `Hen::egg` by `hen.egg_id` → `Egg::hen` by `egg.hen_id`"
    );
    assert!(sent.sql().is_empty());
    assert_eq!((session.state(hen), session.state(egg)), (State::Pending, State::Pending));
    assert_eq!(session.new_objects::<Hen>(), [hen]);
    Ok(())
}

#[tokio::test]
async fn u08_a_circle_among_many_levels_is_closed_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let people = ["a", "b", "c", "d"].map(|name| session.add(Person::builder().name(name)));
    for (i, person) in people.iter().enumerate() {
        session[person].boss.set(people[(i + 1) % 4]);
    }
    let chain = session.add(Person::builder().name("e").boss(Person::builder().name("f").boss(people[0])));
    session[chain].mentor.set(chain);
    session.commit().await?;
    assert_eq!(db.stored(PEOPLE).await, ["a|b", "b|c", "c|d", "d|a", "e|f", "f|a"]);
    assert_eq!(db.stored("SELECT name FROM person WHERE mentor_id = id").await, ["e"]);
    Ok(())
}

#[tokio::test]
async fn u08_two_that_point_to_each_other_are_deleted_together() -> Result<()> {
    let db = TestDb::with::<(Team, Player)>().await;
    let mut session = db.engine.session();
    let team = session.add(Team::builder().name("t"));
    let captain = session.add(Player::builder().name("c").team(team));
    let other = session.add(Team::builder().name("other"));
    session[team].captain.set(captain);
    session.commit().await?;
    session.delete(team)?;
    session.delete(captain)?;
    let sent = db.record();
    session.commit().await?;
    let sql = written(&sent.sql());
    assert_eq!(sql.len(), 5, "{sql:?}");
    assert!(sql[1].starts_with(r#"UPDATE "team""#), "{sql:?}");
    assert!(sql[2].starts_with(r#"DELETE FROM "player""#) && sql[3].starts_with(r#"DELETE FROM "team""#), "{sql:?}");
    assert_eq!(db.stored("SELECT name FROM team").await, ["other"]);
    session.delete(other)?;
    session.commit().await?;
    assert!(!sent.sql()[5..].iter().any(|sql| sql.starts_with("UPDATE")), "nobody points to what goes before it");
    Ok(())
}

#[tokio::test]
async fn u08_a_circle_with_a_key_that_is_checked_at_the_end_is_inserted_by_keys_taken_ahead() -> Result<()> {
    use deferred::{Egg, Hen};
    let db = TestDb::with::<(Hen, Egg)>().await;
    let mut session = db.engine.session();
    let hen = session.add(Hen::builder().egg_id(0));
    let egg = session.add(Egg::builder().hen(hen));
    session[hen].egg.set(egg);
    let sent = db.record();
    session.commit().await?;
    assert_eq!(
        written(&sent.take()),
        [
            "BEGIN",
            r#"SELECT array_agg((nextval((SELECT pg_get_serial_sequence('"hen"', 'id')::regclass)))::integer) FROM generate_series(1, $1)"#,
            r#"SELECT array_agg((nextval((SELECT pg_get_serial_sequence('"egg"', 'id')::regclass)))::integer) FROM generate_series(1, $1)"#,
            r#"INSERT INTO "hen" ("id", "egg_id") VALUES ($1, $2)"#,
            r#"INSERT INTO "egg" ("id", "hen_id") VALUES ($1, $2)"#,
            "COMMIT",
        ],
    );
    assert_eq!((session[hen].egg_id, session[egg].hen_id), (1, 1));
    assert_eq!(db.stored("SELECT hen.id, egg_id, egg.id, hen_id FROM hen, egg").await, ["1|1|1|1"]);
    session.delete(hen)?;
    session.delete(egg)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT (SELECT count(*) FROM hen), (SELECT count(*) FROM egg)").await, ["0|0"]);
    Ok(())
}

#[tokio::test]
async fn u08_a_circle_of_given_keys_that_are_checked_at_the_end_is_inserted() -> Result<()> {
    use deferred::Link;
    let db = TestDb::with::<Link>().await;
    let mut session = db.engine.session();
    session.add_all([(1, 2), (2, 3), (3, 1), (4, 1), (5, 5)].map(|(id, next)| Link::builder().id(id).next_id(next)));
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM link ORDER BY 1").await, ["1|2", "2|3", "3|1", "4|1", "5|5"]);
    let lost = session.add(Link::builder().id(6).next_id(7));
    assert!(session.commit().await.expect_err("there is no seventh").is_foreign_key_violation());
    assert_eq!(session.state(lost), State::Pending);
    Ok(())
}

#[tokio::test]
async fn u08_a_key_that_may_be_checked_at_the_end_is_if_a_circle_needs_it() -> Result<()> {
    use deferrable::{Egg, Hen};
    let db = TestDb::with::<(Hen, Egg)>().await;
    let mut session = db.engine.session();
    let pairs = [(); 2].map(|()| {
        let hen = session.add(Hen::builder().egg_id(0));
        let egg = session.add(Egg::builder().hen(hen));
        session[hen].egg.set(egg);
        (hen, egg)
    });
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.take().iter().filter(|sql| *sql == "SET CONSTRAINTS ALL DEFERRED").count(), 1);
    for (hen, egg) in pairs {
        assert_eq!(
            (session[hen].egg_id, session[egg].hen_id),
            (session[egg].id.get().unwrap_or(0), session[hen].id.get().unwrap_or(0))
        );
    }
    assert_eq!(
        db.stored("SELECT count(*) FROM hen JOIN egg ON egg.hen_id = hen.id AND hen.egg_id = egg.id").await,
        ["2"]
    );
    // Where there is no circle, nothing is deferred.
    session.add(Egg::builder().hen(pairs[0].0));
    session.commit().await?;
    assert!(!sent.take().iter().any(|sql| sql.starts_with("SET")));
    Ok(())
}

#[tokio::test]
async fn u08_a_row_that_must_point_to_itself_has_its_key_taken_ahead() -> Result<()> {
    use deferrable::Ring;
    let db = TestDb::with::<Ring>().await;
    let mut session = db.engine.session();
    let ring = session.add(Ring::builder().next_id(0));
    session[ring].next.set(ring);
    session.commit().await?;
    assert_eq!(session[ring].next_id, 1);
    assert_eq!(db.stored("SELECT * FROM ring").await, ["1|1"]);
    Ok(())
}
