//! Keys that the server makes go to the object that they belong to, whatever the batch.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::{TestDb, written};

use crate::models::{City, Country, Course, Item, Line, Person, Sample, School};

#[tokio::test]
async fn u02_rows_are_inserted_in_the_order_of_adding() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let people = session.add_all((0..1000).map(|i| Person::builder().name(format!("p{i}"))));
    session.commit().await?;
    assert_eq!(sent.sql().len(), 1);
    for (i, person) in people.iter().enumerate() {
        assert_eq!(session[person].id.get(), Some(i as i32 + 1));
    }
    let wrong = "SELECT count(*) FROM person WHERE name <> 'p' || (id - 1)";
    assert_eq!(db.stored(wrong).await, ["0"]);
    Ok(())
}

#[tokio::test]
async fn u02_the_text_of_a_batch_names_each_row_by_its_key() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    session.add_all([Course::builder().name("a"), Course::builder().name("b")]);
    session.commit().await?;
    assert_eq!(
        sent.take(),
        [concat!(
            r#"WITH "input" AS MATERIALIZED (SELECT "n", nextval((SELECT pg_get_serial_sequence('"course"', 'id')::regclass)) "#,
            r#"AS "k0", "v0", "v1" FROM UNNEST ($1::text[], $2::text[]) WITH ORDINALITY AS "rows" ("v0", "v1", "n")), "#,
            r#""output" AS (INSERT INTO "course" ("id", "name", "note") SELECT "k0", "v0", "v1" FROM "input" "#,
            r#"RETURNING "id") SELECT "sent"."keys", "made"."keys" FROM (SELECT array_agg("k0"::integer ORDER BY "n") "#,
            r#"AS "keys" FROM "input") AS "sent", (SELECT array_agg("id") AS "keys" FROM "output") AS "made" "#,
            r#"WHERE 1 / ("sent"."keys" IS NOT DISTINCT FROM "made"."keys"::integer[])::integer = 1"#,
        )],
    );
    // If the transaction stays open, the keys are compared when they are there.
    session.add_all([Course::builder().name("c"), Course::builder().name("d")]);
    session.flush().await?;
    let sql = sent.take();
    let end = r#", (SELECT array_agg("id") AS "keys" FROM "output") AS "made""#;
    assert!(sql.len() == 2 && sql[1].ends_with(end), "{sql:?}");
    Ok(())
}

#[tokio::test]
async fn u03_given_and_generated_keys_are_mixed() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let people = session.add_all((0..10).map(|i| {
        let person = Person::builder().name(format!("p{i}"));
        if i % 2 == 0 { person.build() } else { person.id(100 + i).build() }
    }));
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.take().len(), 1, "they are one statement");
    let keys: Vec<_> = people.iter().map(|person| session[person].id.get()).collect();
    assert_eq!(keys, [1, 101, 2, 103, 3, 105, 4, 107, 5, 109].map(Some),);
    for person in people {
        let name = db.stored(&format!("SELECT name FROM person WHERE id = {}", session[person].id)).await;
        assert_eq!(name, [session[person].name.as_str()]);
    }
    Ok(())
}

#[tokio::test]
async fn a_trigger_that_takes_from_the_same_sequence_mixes_nothing_up() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "CREATE TABLE log (id int PRIMARY KEY, name text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO log VALUES (nextval(pg_get_serial_sequence('person', 'id')), NEW.name); RETURN NEW; END $$;
         CREATE TRIGGER note BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION note();",
    )
    .await;
    let mut session = db.engine.session();
    let people = session.add_all((0..50).map(|i| Person::builder().name(format!("p{i}"))));
    session.commit().await?;
    for person in people {
        let name = db.stored(&format!("SELECT name FROM person WHERE id = {}", session[person].id)).await;
        assert_eq!(name, [session[person].name.as_str()]);
    }
    assert_eq!(db.stored("SELECT count(*) FROM log").await, ["50"]);
    Ok(())
}

const STORED: &str = "SELECT p.id, p.name, COALESCE (b.name, '') FROM person p LEFT JOIN person b ON b.id = p.boss_id";

/// A batch that is committed, one that is flushed, and one whose keys are taken ahead: each object has the key of its row.
async fn keys_are_those_of_the_rows(db: &TestDb) -> Result<()> {
    let mut session = db.engine.session();
    let mut people = session.add_all((0..20).map(|i| Person::builder().name(format!("a{i}"))));
    session.commit().await?;
    people.extend(session.add_all((0..20).map(|i| Person::builder().name(format!("b{i}")))));
    session.flush().await?;
    let chief = |i| Person::builder().name(format!("c{i}")).reports([Person::builder().name(format!("d{i}"))]);
    people.extend(session.add_all((0..20).map(|i| Person::builder().name(format!("e{i}")).reports([chief(i)]))));
    session.commit().await?;
    assert_eq!((people.len(), session.objects::<Person>().len()), (60, 100));
    let mut known: Vec<String> = Vec::new();
    for person in session.objects::<Person>() {
        let boss = session[person].boss.handle().map(|boss| session[boss].name.clone());
        known.push(format!("{}|{}|{}", session[person].id, session[person].name, boss.unwrap_or_default()));
    }
    let mut stored = db.stored(STORED).await;
    known.sort();
    stored.sort();
    assert_eq!(known, stored);
    Ok(())
}

#[tokio::test]
async fn u02_sequences_may_count_down_and_keep_numbers() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("ALTER SEQUENCE person_id_seq INCREMENT -3 MINVALUE -1000 MAXVALUE 1000 START 7 RESTART 7 CACHE 8").await;
    keys_are_those_of_the_rows(&db).await
}

#[tokio::test]
async fn u02_keys_of_a_domain_come_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "CREATE DOMAIN number AS integer CHECK (value > 0);
         ALTER TABLE person ALTER id DROP IDENTITY;
         ALTER TABLE person ALTER id TYPE number, ALTER boss_id TYPE number;
         CREATE SEQUENCE numbers OWNED BY person.id;
         ALTER TABLE person ALTER id SET DEFAULT nextval('numbers')",
    )
    .await;
    keys_are_those_of_the_rows(&db).await
}

#[tokio::test]
async fn u02_keys_of_a_partitioned_table_come_back() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "DROP TABLE person CASCADE;
         CREATE TABLE person (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text NOT NULL,
           boss_id integer REFERENCES person, mentor_id integer REFERENCES person) PARTITION BY HASH (id);
         CREATE TABLE person_0 PARTITION OF person FOR VALUES WITH (MODULUS 3, REMAINDER 0);
         CREATE TABLE person_1 PARTITION OF person FOR VALUES WITH (MODULUS 3, REMAINDER 1);
         CREATE TABLE person_2 PARTITION OF person FOR VALUES WITH (MODULUS 3, REMAINDER 2)",
    )
    .await;
    keys_are_those_of_the_rows(&db).await
}

#[tokio::test]
async fn u02_a_key_that_is_wider_than_the_models_is_named() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("ALTER TABLE person ALTER id TYPE bigint").await;
    for commits in [true, false] {
        let mut session = db.engine.session();
        session.add_all((0..20).map(|i| Person::builder().name(format!("p{i}"))));
        let refused = if commits { session.commit().await } else { session.flush().await };
        let error = refused.expect_err("it is no integer");
        assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Schema, Some("Person"), Some("id")));
        session.rollback().await?;
        assert!(db.stored("SELECT * FROM person").await.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn u15_defaults_and_generated_columns_come_back_with_the_insert() -> Result<()> {
    let db = TestDb::with::<(Item,)>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let one = session.add(Item::builder().price(5));
    session.flush().await?;
    assert_eq!((session[one].quantity.get(), session[one].total), (Some(1), Some(5)));
    let many =
        session.add_all([Item::builder().price(10), Item::builder().price(10).quantity(3), Item::builder().price(20)]);
    session.flush().await?;
    let made: Vec<_> = many.iter().map(|item| (session[item].quantity.get(), session[item].total)).collect();
    assert_eq!(made, [(Some(1), Some(10)), (Some(3), Some(30)), (Some(1), Some(20))]);
    session[many[1]].price = 7;
    session.commit().await?;
    assert_eq!(session[many[1]].total, Some(21));
    let sent = sent.sql();
    assert_eq!(sent.len(), 5, "{sent:#?}");
    assert_eq!(sent[1], r#"INSERT INTO "item" ("price") VALUES ($1) RETURNING "id", "quantity", "total""#);
    assert_eq!(sent[3], r#"UPDATE "item" SET "price" = $1 WHERE "id" = $2 RETURNING "total""#);
    assert_eq!(db.stored("SELECT quantity, total FROM item ORDER BY id").await, ["1|5", "1|10", "3|21", "1|20"]);
    Ok(())
}

#[tokio::test]
async fn u15_generated_columns_of_a_batch_of_updates_come_back_each_to_its_own() -> Result<()> {
    let db = TestDb::with::<(Item,)>().await;
    let mut session = db.engine.session();
    let items = session.add_all((1..=5).map(|price| Item::builder().price(price)));
    session.commit().await?;
    for (i, item) in items.iter().enumerate().rev() {
        session[item].price = 100 * (i as i32 + 1);
    }
    session.commit().await?;
    let totals: Vec<_> = items.iter().map(|item| session[item].total).collect();
    assert_eq!(totals, [100, 200, 300, 400, 500].map(Some));
    Ok(())
}

#[tokio::test]
async fn composite_keys_are_written_and_found() -> Result<()> {
    let db = TestDb::with::<(Line, crate::models::Part)>().await;
    let mut session = db.engine.session();
    let line = |no| Line::builder().order_id(1).no(no).text(format!("l{no}"));
    let lines = session.add_all([line(2), line(1)]);
    let part = session.add(crate::models::Part::builder().line(lines[0]));
    session.commit().await?;
    assert_eq!((session[part].order_id, session[part].line_no), (1, 2));
    session[lines[0]].text = "changed".into();
    session[lines[1]].text = "changed too".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM line ORDER BY no").await, ["1|1|changed too", "1|2|changed"]);
    assert_eq!(session.get::<Line>((1, 2)).await?, Some(lines[0]));
    assert_eq!(session.get::<Line>((2, 1)).await?, None);
    let mut other = db.engine.session();
    let found = other.get::<Line>((1, 1)).await?.expect("the line is there");
    assert_eq!(other[found].text, "changed too");
    other.delete(found)?;
    other.commit().await?;
    assert_eq!(db.stored("SELECT no FROM line").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn natural_keys_are_written_and_found() -> Result<()> {
    let db = TestDb::with::<(Country, City)>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let countries =
        session.add_all([Country::builder().code("fr").name("France"), Country::builder().code("it").name("Italy")]);
    let rome = session.add(City::builder().name("Rome").country(countries[1]));
    session.commit().await?;
    assert_eq!(session[rome].country_code, "it");
    assert_eq!(
        written(&sent.sql())[1],
        concat!(
            r#"INSERT INTO "country" ("code", "name", "capital_name") "#,
            r#"SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::text[])"#,
        ),
    );
    assert_eq!(session.get::<Country>("fr").await?, Some(countries[0]));
    assert_eq!(session.get::<Country>("xx").await?, None);
    Ok(())
}

#[tokio::test]
async fn rows_with_array_columns_are_written_too() -> Result<()> {
    let db = TestDb::with::<(Sample,)>().await;
    let mut session = db.engine.session();
    let labels = |i: i32| (0..i).map(|j| format!("{i}.{j}")).collect::<Vec<_>>();
    let samples = session.add_all((0..4).map(|i| Sample::builder().labels(labels(i)).value(f64::from(i))));
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT id, labels FROM sample ORDER BY id").await,
        ["1|{}", "2|{1.0}", "3|{2.0,2.1}", "4|{3.0,3.1,3.2}"]
    );
    for sample in &samples {
        session[sample].labels.push("new".into());
    }
    session[samples[0]].labels.clear();
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT labels FROM sample ORDER BY id").await,
        ["{}", "{1.0,new}", "{2.0,2.1,new}", "{3.0,3.1,3.2,new}"]
    );
    Ok(())
}

#[tokio::test]
async fn u38_two_objects_with_one_identity_are_refused_before_any_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let first = session.add(Person::builder().id(1).name("a"));
    let second = session.add(Person::builder().id(1).name("b"));
    let sent = db.record();
    let error = session.commit().await.expect_err("one row is one object");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Person")));
    assert!(error.to_string().contains("primary key `id` (1)"), "{error}");
    assert!(sent.sql().is_empty());
    session[second].id = Auto::Value(2);
    session.commit().await?;
    let third = session.add(Person::builder().id(1).name("c"));
    assert!(session.commit().await.is_err());
    assert_eq!(session.take(third)?.name, "c");
    session.commit().await?;
    assert_eq!(session[first].name, "a");
    assert_eq!(db.stored("SELECT id, name FROM person ORDER BY 1").await, ["1|a", "2|b"]);
    Ok(())
}

#[tokio::test]
async fn u10_seventy_thousand_rows_are_one_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let people = session.add_all((0..70_000).map(|i| Person::builder().name(format!("p{i}"))));
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    for person in &people {
        session[person].name.push('!');
    }
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!(db.stored("SELECT count(*) FROM person WHERE name = 'p' || (id - 1) || '!'").await, ["70000"]);
    Ok(())
}

/// A key that the server makes without a sequence.
#[derive(Model, Debug, Clone)]
#[model(table = "token")]
struct Token {
    #[model(primary_key, default = "gen_random_uuid()")]
    id: Auto<uuid::Uuid>,
    n: i32,
}

#[tokio::test]
async fn u02_keys_without_a_sequence_go_to_their_own_rows_too() -> Result<()> {
    let db = TestDb::with::<Token>().await;
    let mut session = db.engine.session();
    let tokens = session.add_all((0..500).map(|n| Token::builder().n(n)));
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.sql().len(), 3);
    let pairs = query::<Token>().order_by(Token::n.asc()).select((Token::id, Token::n));
    let stored: Vec<(uuid::Uuid, i32)> = db.engine.rows(pairs).await?;
    let held: Vec<_> = tokens.iter().filter_map(|token| Some((session[token].id.get()?, session[token].n))).collect();
    assert_eq!(stored, held);
    Ok(())
}
