//! Unique, foreign-key, not-null, check and exclusion: kind, constraint, table, column, model; and no value.

use orm_core::prelude::*;
use orm_core::{ConstraintKind, Error, ErrorKind};
use orm_tests::TestDb;

use crate::said;

#[derive(Model, Debug, Clone)]
#[model(table = "team", schema = "league")]
struct Team {
    #[model(primary_key)]
    id: i32,
    #[model(unique)]
    name: String,
}

#[derive(Model, Debug, Clone)]
#[model(table = "player", unique(team_id, name, name = "one_name_a_team"))]
struct Player {
    #[model(primary_key)]
    id: i32,
    #[model(check("name <> 's3cret'", name = "no_secrets"))]
    name: String,
    #[model(references = Team::id)]
    team_id: i32,
    strict: Option<i32>,
}

async fn database() -> TestDb {
    let db = TestDb::with::<(Team, Player)>().await;
    db.run("ALTER TABLE player ALTER strict SET NOT NULL").await;
    db.run("INSERT INTO league.team VALUES (1, 'one'), (77777, 's3cret')").await;
    db.run("INSERT INTO player VALUES (1, 'Ada', 1, 1)").await;
    db
}

fn player(id: i32) -> Player {
    Player::builder().id(id).name("Bob").team_id(1).strict(1).build()
}

#[track_caller]
fn named(
    error: &Error,
    kind: ConstraintKind,
    constraint: Option<&str>,
    table: &str,
    column: Option<&str>,
    model: &str,
) {
    let parts: Vec<&str> = [Some(table), constraint, column].into_iter().flatten().collect();
    said::check(error, ErrorKind::Constraint(kind), &parts, &["s3cret", "77777"]);
    assert_eq!((error.constraint(), error.table()), (constraint, Some(table)), "{error:?}");
    assert_eq!((error.column(), error.model()), (column, Some(model)), "{error:?}");
}

/// One row and two rows, which are different statements.
async fn insert(db: &TestDb, rows: &[Player]) -> Error {
    let mut session = db.engine.session();
    session.add(rows[0].clone());
    let one = session.commit().await.expect_err("one row is refused");
    let mut session = db.engine.session();
    session.add_all([player(100), rows[0].clone()]);
    let two = session.commit().await.expect_err("two rows are refused");
    assert_eq!(one.to_string(), two.to_string());
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
    one
}

#[tokio::test]
async fn unique() {
    let db = database().await;
    let error = insert(&db, &[player(1)]).await;
    named(&error, ConstraintKind::Unique, Some("player_pkey"), "player", None, "Player");
    assert!(error.is_unique_violation());
    let error = insert(&db, &[Player { name: "Ada".into(), ..player(2) }]).await;
    named(&error, ConstraintKind::Unique, Some("one_name_a_team"), "player", None, "Player");
    let mut session = db.engine.session();
    session.add(Team::builder().id(2).name("s3cret"));
    let error = session.commit().await.unwrap_err();
    named(&error, ConstraintKind::Unique, Some("team_name_key"), "league.team", None, "Team");
    let error = db.engine.query::<Team>().filter(Team::id.eq(1)).update(Team::name.set("s3cret")).await.unwrap_err();
    named(&error, ConstraintKind::Unique, Some("team_name_key"), "league.team", None, "Team");
}

#[tokio::test]
async fn foreign_key() -> orm_core::Result<()> {
    let db = database().await;
    let error = insert(&db, &[Player { team_id: 77778, ..player(2) }]).await;
    named(&error, ConstraintKind::ForeignKey, Some("player_team_id_fkey"), "player", None, "Player");
    // From the other side, the constraint is that of the table that points.
    let error = db.engine.query::<Team>().filter(Team::id.eq(1)).delete().await.unwrap_err();
    assert_eq!(error.constraint(), Some("player_team_id_fkey"));
    assert!(error.is_foreign_key_violation());
    let mut session = db.engine.session();
    let team = session.get::<Team>(1).await?.expect("a team");
    session.delete(team)?;
    let error = session.commit().await.unwrap_err();
    assert!(error.is_foreign_key_violation(), "{error}");
    Ok(())
}

#[tokio::test]
async fn not_null() {
    let db = database().await;
    let error = insert(&db, &[Player { strict: None, ..player(2) }]).await;
    named(&error, ConstraintKind::NotNull, None, "player", Some("strict"), "Player");
    assert!(error.is_not_null_violation());
}

#[tokio::test]
async fn check() {
    let db = database().await;
    let error = insert(&db, &[Player { name: "s3cret".into(), ..player(2) }]).await;
    named(&error, ConstraintKind::Check, Some("no_secrets"), "player", None, "Player");
    assert!(error.is_check_violation());
}

#[tokio::test]
async fn exclusion() {
    let db = database().await;
    db.run("ALTER TABLE player ADD CONSTRAINT apart EXCLUDE (strict WITH =)").await;
    let error = insert(&db, &[player(2)]).await;
    named(&error, ConstraintKind::Exclusion, Some("apart"), "player", None, "Player");
}

/// A deferred constraint is checked by the COMMIT.
#[tokio::test]
async fn at_the_commit() {
    let db = database().await;
    db.run("ALTER TABLE player ALTER CONSTRAINT player_team_id_fkey DEFERRABLE INITIALLY DEFERRED").await;
    let mut session = db.engine.session();
    session.add(Player { team_id: 5, ..player(2) });
    session.flush().await.expect("not yet");
    let error = session.commit().await.unwrap_err();
    assert!(error.is_foreign_key_violation(), "{error}");
    assert_eq!((error.constraint(), error.table()), (Some("player_team_id_fkey"), Some("player")));
}

#[tokio::test]
async fn what_a_trigger_says_is_passed_on() {
    let db = database().await;
    db.run("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the gate is shut' USING ERRCODE = 'XX123'; END $$").await;
    db.run("CREATE TRIGGER no BEFORE INSERT ON player FOR EACH ROW EXECUTE FUNCTION no()").await;
    let error = insert(&db, &[player(2)]).await;
    said::check(&error, ErrorKind::Database, &["the gate is shut"], &[]);
    assert_eq!(error.sqlstate(), Some("XX123"));
}
