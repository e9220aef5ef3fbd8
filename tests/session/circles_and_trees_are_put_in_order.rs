//! Rows that point to rows of their own table, or to each other.

use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

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
        sent.sql(),
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
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("egg.hen_id") && error.to_string().contains("hen.egg_id"), "{error}");
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
    let sql = sent.sql();
    assert_eq!(sql.len(), 5, "{sql:?}");
    assert!(sql[1].starts_with(r#"UPDATE "team""#), "{sql:?}");
    assert!(sql[2].starts_with(r#"DELETE FROM "player""#) && sql[3].starts_with(r#"DELETE FROM "team""#), "{sql:?}");
    assert_eq!(db.stored("SELECT name FROM team").await, ["other"]);
    session.delete(other)?;
    session.commit().await?;
    assert!(!sent.sql()[5..].iter().any(|sql| sql.starts_with("UPDATE")), "nobody points to what goes before it");
    Ok(())
}
