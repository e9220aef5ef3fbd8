//! A hand-written `Field`: the examples of `docs/custom_types.md` and of `Field` itself, which are these modules.

use orm_core::prelude::*;
use orm_tests::TestDb;

mod celsius;
mod citext;
mod point;

use celsius::Celsius;
use citext::CaseInsensitive;
use point::Point;

use crate::round_trip;

round_trip!(temperatures: Celsius, "double precision", [Celsius(36.6), Celsius(-273.15)]);

#[derive(Model, Debug, Clone, PartialEq)]
struct Station {
    #[model(primary_key)]
    id: Auto<i32>,
    place: Point,
    second: Option<Point>,
    temperature: Celsius,
}

#[tokio::test]
async fn a_type_of_postgresql_that_this_crate_does_not_know() -> orm_core::Result<()> {
    let db = TestDb::with::<Station>().await;
    let station = |x: f64| Station::builder().place(Point { x, y: -0.5 }).temperature(Celsius(x));
    let mut session = db.engine.session();
    session.add(station(1.0).second(Point { x: 0.0, y: f64::MAX }));
    session.commit().await?;
    let handles = session.add_all([station(2.0), station(3.0)]);
    session.commit().await?;
    session[handles[0]].place.x = 5.0;
    session[handles[1]].place.x = 6.0;
    session.commit().await?;
    assert_eq!(db.stored("SELECT place FROM station ORDER BY id").await, ["(1,-0.5)", "(5,-0.5)", "(6,-0.5)"]);
    let found = db.engine.query::<Station>().order_by(Station::id.asc()).all().await?;
    assert_eq!(found[0].second, Some(Point { x: 0.0, y: f64::MAX }));
    assert_eq!(found[2].place, Point { x: 6.0, y: -0.5 });
    // Its tag is that of every other double precision.
    assert_eq!(db.engine.query::<Station>().filter(Station::temperature.gt(2.5)).count().await?, 1);
    Ok(())
}

#[derive(Model, Debug, Clone)]
struct Member {
    #[model(primary_key)]
    email: CaseInsensitive,
    aliases: Vec<CaseInsensitive>,
    nick: Option<CaseInsensitive>,
}

#[tokio::test]
async fn a_type_of_an_extension_which_only_the_server_numbers() -> orm_core::Result<()> {
    let db = TestDb::new();
    if db.stored("SELECT 1 FROM pg_available_extensions WHERE name = 'citext'").await.is_empty() {
        eprintln!("skipped: this PostgreSQL has no citext");
        return Ok(());
    }
    db.run("CREATE EXTENSION citext").await;
    db.engine.create_all::<Member>().await?;
    let text = |text: &str| CaseInsensitive(text.to_owned());
    let mut session = db.engine.session();
    session.add_all([
        Member::builder().email(text("Ada")).aliases(vec![text("A"), text("B")]).nick(text("a")),
        Member::builder().email(text("Bob")).aliases(vec![]),
    ]);
    session.commit().await?;
    let found = db.engine.query::<Member>().filter(Member::email.eq(text("ADA"))).one().await?;
    assert_eq!(found.aliases, [text("A"), text("B")]);
    let found = db.engine.query::<Member>().filter(Member::email.in_([text("ADA"), text("BOB")])).count().await?;
    assert_eq!(found, 2);
    assert_eq!(db.stored("SELECT pg_typeof(aliases) FROM member LIMIT 1").await, ["citext[]"]);
    Ok(())
}

mod quoted {
    use orm_core::types::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull, TypeDef, sql};

    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct Quoted(pub(super) String);

    impl Field for Quoted {
        type Sql = sql::Text;
        type Read = Self;
        type Nullable = Option<Self>;
        type Null = NotNull;
        const TYPE: &'static TypeDef = &TypeDef::named("kinds.\"My Mood\"");

        fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
            self.0.encode(out)
        }

        fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
            String::decode(raw).map(Self)
        }
    }
}

#[derive(Model, Debug, Clone)]
struct Feeling {
    #[model(primary_key)]
    id: Auto<i32>,
    mood: quoted::Quoted,
}

#[tokio::test]
async fn a_type_whose_name_must_be_quoted() -> orm_core::Result<()> {
    let db = TestDb::new();
    db.run("CREATE SCHEMA kinds; CREATE TYPE kinds.\"My Mood\" AS ENUM ('good', 'bad')").await;
    db.engine.create_all::<Feeling>().await?;
    let mut session = db.engine.session();
    let mood = |text: &str| Feeling::builder().mood(quoted::Quoted(text.to_owned()));
    session.add(mood("good"));
    session.commit().await?;
    session.add_all([mood("good"), mood("bad")]);
    session.commit().await?;
    let moods = db.engine.query::<Feeling>().order_by(Feeling::id.asc()).select(Feeling::mood).all().await?;
    assert_eq!(moods[2], quoted::Quoted("bad".into()));
    Ok(())
}

/// The page shows the modules here and the doc example.
#[test]
fn the_page_shows_this_code() {
    let page = include_str!("../../docs/custom_types.md");
    for module in [
        include_str!("a_type_of_ones_own_is_a_field/celsius.rs"),
        include_str!("a_type_of_ones_own_is_a_field/point.rs"),
        include_str!("a_type_of_ones_own_is_a_field/citext.rs"),
    ] {
        let code = module.split_once("\n\n").expect("a line of documentation first").1;
        assert!(page.contains(&format!("```rust\n{code}```")), "docs/custom_types.md lacks:\n{code}");
    }
}
