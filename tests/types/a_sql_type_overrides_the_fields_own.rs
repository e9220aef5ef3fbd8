//! `sql_type`: the column is of another type than the field's usual one, and nothing is lost on the way.

use chrono::{DateTime, Utc};
use orm_core::prelude::*;
use orm_tests::TestDb;
use rust_decimal::Decimal;

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "odd")]
struct Odd {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(sql_type = "numeric(10, 2)")]
    price: Decimal,
    #[model(sql_type = "char(5)")]
    code: String,
    #[model(sql_type = "CHARACTER(5)")]
    second_code: Option<String>,
    #[model(sql_type = "character varying(5)")]
    varying: String,
    #[model(sql_type = "timestamp(0) with time zone")]
    at: DateTime<Utc>,
    #[model(sql_type = "text COLLATE \"C\"")]
    sorted: String,
    #[model(sql_type = "\"public\".\"short\"")]
    of_domain: String,
}

async fn database() -> TestDb {
    let db = TestDb::new();
    // Far from UTC: a timestamp that loses its zone on the way would be another.
    db.run(&format!("ALTER DATABASE \"{}\" SET timezone = 'Asia/Kathmandu'", db.database.name())).await;
    db.run("CREATE DOMAIN short AS varchar(10) CHECK (value <> 'no')").await;
    db.engine.create_all::<Odd>().await.expect("created");
    db
}

fn odd(code: &str) -> Odd {
    Odd {
        id: Auto::Pending,
        price: "12345678.90".parse().expect("a decimal"),
        code: code.into(),
        second_code: Some(code.into()),
        varying: code.into(),
        at: DateTime::UNIX_EPOCH,
        sorted: "я".into(),
        of_domain: "yes".into(),
    }
}

#[tokio::test]
async fn it_is_kept_by_one_row_and_by_several() -> orm_core::Result<()> {
    let db = database().await;
    let fresh = orm_core::Engine::new(db.database.url())?;
    let mut session = fresh.session();
    session.add(odd("абвгд"));
    session.commit().await?;
    let handles = session.add_all([odd("abcde"), odd("fghij")]);
    session.commit().await?;
    for &handle in &handles {
        session[handle].code = "xyzzy".into();
        session[handle].at = DateTime::from_timestamp(1_000_000_000, 0).expect("an instant");
    }
    session.commit().await?;
    let found = fresh.query::<Odd>().order_by(Odd::id.asc()).all().await?;
    assert_eq!(found[0].code, "абвгд");
    assert_eq!(found[0].at, DateTime::UNIX_EPOCH);
    assert_eq!(found[1], session[handles[0]].clone());
    assert_eq!(found[2], session[handles[1]].clone());
    assert_eq!(found[2].price.to_string(), "12345678.90");
    for filter in [
        Odd::code.eq("xyzzy").fit::<Odd, _>(),
        Odd::second_code.eq("abcde").is_true().fit(),
        Odd::varying.in_(["abcde", "other"]).fit(),
        Odd::of_domain.eq("yes").fit(),
        Odd::at.eq(session[handles[0]].at).fit(),
        Odd::price.gt(Decimal::ONE).fit(),
        Odd::sorted.gt("z").fit(),
    ] {
        let shown = format!("{filter:?}");
        assert!(fresh.query::<Odd>().filter(filter).count().await? >= 1, "{shown}");
    }
    fresh.query::<Odd>().filter(Odd::id.eq(1)).update((Odd::code.set("vwxyz"), Odd::of_domain.set("set"))).await?;
    assert_eq!(db.stored("SELECT code, of_domain FROM odd WHERE id = 1").await, ["vwxyz|set"]);
    Ok(())
}

#[tokio::test]
async fn the_server_still_checks_it() {
    let db = database().await;
    for count in [1, 2] {
        let mut session = db.engine.session();
        session.add_all((0..count).map(|_| odd("abcdef")));
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.sqlstate(), Some("22001"), "{error}");
        let mut session = db.engine.session();
        session.add_all((0..count).map(|_| Odd { of_domain: "no".into(), ..odd("a") }));
        let error = session.commit().await.unwrap_err();
        assert!(error.is_check_violation(), "{error}");
        assert_eq!(error.constraint(), Some("short_check"));
    }
}

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "account")]
struct Account {
    #[model(primary_key, sql_type = "citext")]
    email: String,
    #[model(sql_type = "citext", unique)]
    name: Option<String>,
}

#[tokio::test]
async fn a_type_of_an_extension() -> orm_core::Result<()> {
    let db = TestDb::new();
    if db.stored("SELECT 1 FROM pg_available_extensions WHERE name = 'citext'").await.is_empty() {
        eprintln!("skipped: this PostgreSQL has no citext");
        return Ok(());
    }
    db.run("CREATE EXTENSION citext").await;
    db.engine.create_all::<Account>().await?;
    let mut session = db.engine.session();
    session.add(Account::builder().email("Ada@Example.org").name("Ada".to_owned()));
    session.commit().await?;
    session.add_all([Account::builder().email("Bob@example.org"), Account::builder().email("eve@example.org")]);
    session.commit().await?;
    let found = db.engine.query::<Account>().filter(Account::email.eq("ada@example.org")).all().await?;
    assert_eq!(found.len(), 1);
    let found =
        db.engine.query::<Account>().filter(Account::email.in_(["BOB@EXAMPLE.ORG", "EVE@EXAMPLE.ORG"])).all().await?;
    assert_eq!(found.len(), 2);
    let mut session = db.engine.session();
    session.add(Account::builder().email("ADA@EXAMPLE.ORG"));
    assert!(session.commit().await.unwrap_err().is_unique_violation());
    let mut session = db.engine.session();
    let ada = session.get::<Account>("Ada@Example.org".to_owned()).await?.expect("Ada");
    session[ada].name = Some("ADA".into());
    session.commit().await?;
    session.delete(ada)?;
    session.commit().await?;
    assert_eq!(db.engine.query::<Account>().count().await?, 2);
    Ok(())
}
