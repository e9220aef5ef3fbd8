//! Keys of new rows, of every type and from every maker, are those of their rows.

use orm_core::prelude::*;
use orm_core::{Newtype, Result, State};
use orm_tests::TestDb;

use crate::models::{Person, School};

#[derive(Newtype, Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Number(i16);

/// Of a small number that has a name, in a table whose name is to be quoted.
#[derive(Model, Debug, Clone)]
#[model(table = "Or\"d.er's", schema = "some where")]
struct Order {
    #[model(primary_key, column = "I'd \"x\"")]
    id: Auto<Number>,
    name: String,
    #[model(references = Order::id)]
    before_id: Option<Number>,
    #[model(belongs_to = before_id, back_populates = after)]
    before: BelongsTo<Self>,
    #[model(has_many = Order::before, back_populates = before)]
    after: HasMany<Self>,
}

/// Of a number by an expression that is no integer.
#[derive(Model, Debug, Clone)]
struct Rounded {
    #[model(primary_key, default = "random() * 2000000000 + 0.3")]
    id: Auto<i32>,
    name: String,
}

/// Of a number that is random.
#[derive(Model, Debug, Clone)]
struct Token {
    #[model(primary_key, default = "gen_random_uuid()")]
    id: Auto<uuid::Uuid>,
    name: String,
}

/// Of two numbers, of which one is made.
#[derive(Model, Debug, Clone)]
struct Part {
    #[model(primary_key)]
    lot: i32,
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
}

macro_rules! keys_are_those_of_the_rows {
    ($db:expr, $builder:expr, $table:literal, $key:literal) => {{
        let db = $db;
        for commits in [true, false] {
            let mut session = db.engine.session();
            let objects = session.add_all((0..30).map(|n| $builder.name(format!("{commits} {n}"))));
            if commits {
                session.commit().await?
            } else {
                session.flush().await?
            }
            let mut known: Vec<String> = Vec::new();
            for &object in &objects {
                known.push(format!("{}|{}", session[object].id, session[object].name));
            }
            session.commit().await?;
            let mut stored =
                db.stored(&format!("SELECT {}, name FROM {} WHERE name LIKE '{commits}%'", $key, $table)).await;
            stored.sort();
            known.sort();
            assert_eq!(known, stored);
        }
    }};
}

#[tokio::test]
async fn u02_keys_by_expressions_are_those_of_the_rows() -> Result<()> {
    let db = TestDb::with::<(Rounded, Token, Part)>().await;
    keys_are_those_of_the_rows!(&db, Token::builder(), "token", "id");
    keys_are_those_of_the_rows!(&db, Part::builder().lot(1), "part", "id");
    keys_are_those_of_the_rows!(&db, Rounded::builder(), "rounded", "id");
    Ok(())
}

#[tokio::test]
async fn u02_small_named_keys_of_quoted_tables_are_those_of_the_rows() -> Result<()> {
    let db = TestDb::with::<Order>().await;
    let table = r#""some where"."Or""d.er's""#;
    let key = r#""I'd ""x""""#;
    for commits in [true, false] {
        let mut session = db.engine.session();
        // Some keys are given, and some are not; some are of the same statement as those that they point to.
        let given = |n: i16| {
            if n % 3 == 0 { Auto::Value(Number(1000 + n + if commits { 0 } else { 500 })) } else { Auto::Pending }
        };
        let child = |n: i16| Order::builder().name(format!("{commits} child {n}")).id(given(n + 100));
        session
            .add_all((0..40).map(|n| {
                Order::builder().name(format!("{commits} {n}")).id(given(n)).after([child(n), child(n + 50)])
            }));
        if commits {
            session.commit().await?
        } else {
            session.flush().await?
        }
        let mut known: Vec<String> = Vec::new();
        for object in session.objects::<Order>() {
            let order = &session[object];
            let before = order.before.handle().map(|before| session[before].name.clone()).unwrap_or_default();
            let id = order.id.get().expect("it is made").0;
            known.push(format!(
                "{id}|{}|{before}|{}",
                order.name,
                order.before_id.map_or(String::new(), |id| id.0.to_string())
            ));
        }
        session.commit().await?;
        let sql = format!(
            "SELECT a.{key}, a.name, COALESCE (b.name, ''), COALESCE (a.before_id::text, '') FROM {table} a LEFT JOIN {table} b ON b.{key} = a.before_id WHERE a.name LIKE '{commits}%'"
        );
        let mut stored = db.stored(&sql).await;
        stored.sort();
        known.sort();
        assert_eq!(known.len(), 120);
        assert_eq!(known, stored);
    }
    Ok(())
}

#[tokio::test]
async fn u02_keys_that_a_trigger_takes_over_are_refused_and_not_mixed_up() -> Result<()> {
    for change in
        ["NEW.id := NEW.id + 1", "NEW.id := 1000000 - NEW.id", "IF NEW.name LIKE '%7' THEN NEW.id := -NEW.id; END IF"]
    {
        let db = TestDb::with::<School>().await;
        db.run(&format!(
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change}; RETURN NEW; END $$;
             CREATE TRIGGER other BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION other()"
        ))
        .await;
        for commits in [true, false] {
            let mut session = db.engine.session();
            let people = session.add_all((0..20).map(|n| Person::builder().name(n.to_string())));
            let refused = if commits { session.commit().await } else { session.flush().await };
            refused.expect_err("the keys are others");
            session.rollback().await?;
            assert!(people.iter().all(|&person| session.state(person) != State::Persistent));
            assert!(db.stored("SELECT * FROM person").await.is_empty(), "{change}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn u02_keys_by_a_rule_are_those_of_the_rows() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "ALTER TABLE person RENAME TO persons;
         CREATE TABLE person (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, name text, boss_id integer,
           mentor_id integer);
         CREATE RULE other AS ON INSERT TO person DO INSTEAD INSERT INTO persons (id, name, boss_id, mentor_id)
           VALUES (NEW.id, NEW.name, NEW.boss_id, NEW.mentor_id) RETURNING id, name, boss_id, mentor_id",
    )
    .await;
    keys_are_those_of_the_rows!(&db, Person::builder(), "persons", "id");
    Ok(())
}

#[tokio::test]
async fn u02_a_sequence_at_its_end_takes_nothing_and_mixes_nothing_up() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("ALTER SEQUENCE person_id_seq MAXVALUE 30").await;
    for commits in [true, false] {
        let mut session = db.engine.session();
        let people = session.add_all((0..31).map(|n| Person::builder().name(n.to_string())));
        let refused = if commits { session.commit().await } else { session.flush().await };
        refused.expect_err("there are no more numbers");
        assert!(people.iter().all(|&person| session[person].id.is_pending()));
        session.rollback().await?;
    }
    db.run("ALTER SEQUENCE person_id_seq MAXVALUE 70 CYCLE RESTART 55").await;
    keys_are_those_of_the_rows!(&db, Person::builder(), "person", "id");
    Ok(())
}
