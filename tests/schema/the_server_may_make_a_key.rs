//! Keys and values by default: UUIDs, times, texts; one row and several, some of them with a value of their own.

use chrono::{DateTime, Utc};
use orm_core::Enum;
use orm_core::prelude::*;
use orm_tests::TestDb;
use uuid::Uuid;

#[derive(Enum, Debug, Clone, Copy, PartialEq)]
enum Stage {
    New,
    Paid,
}

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "order", schema = "shop")]
struct Order {
    #[model(primary_key, default = "gen_random_uuid()")]
    id: Auto<Uuid>,
    #[model(default = "now()")]
    at: Auto<DateTime<Utc>>,
    #[model(default = "'new'")]
    stage: Auto<Stage>,
    #[model(default = "'it''s'", length = 10)]
    text: Auto<String>,
    number: i32,
    #[model(generated = "number * 2")]
    doubled: Auto<i32>,
}

#[tokio::test]
async fn by_default() -> orm_core::Result<()> {
    let db = TestDb::with::<Order>().await;
    let mut session = db.engine.session();
    let order = |number| Order::builder().number(number);
    let one = session.add(order(1));
    session.commit().await?;
    assert_eq!((session[one].stage, session[one].doubled), (Auto::Value(Stage::New), Auto::Value(2)));
    let own = Uuid::from_u128(7);
    let many = session.add_all([
        order(2),
        order(3).id(own).stage(Stage::Paid),
        order(4).text("x"),
        order(5).at(DateTime::UNIX_EPOCH),
    ]);
    session.commit().await?;
    let shown: Vec<_> = many
        .iter()
        .map(|&h| (session[h].number, session[h].doubled, session[h].stage, session[h].text.clone()))
        .collect();
    let made = |text: &str| Auto::Value(text.to_owned());
    let new = Auto::Value(Stage::New);
    assert_eq!(
        shown,
        [
            (2, Auto::Value(4), new, made("it's")),
            (3, Auto::Value(6), Auto::Value(Stage::Paid), made("it's")),
            (4, Auto::Value(8), new, made("x")),
            (5, Auto::Value(10), new, made("it's")),
        ]
    );
    assert_eq!(session[many[1]].id, Auto::Value(own));
    let found = db.engine.query::<Order>().order_by(Order::number.asc()).all().await?;
    assert_eq!(found[0], session[one].clone());
    for (found, &handle) in found[1..].iter().zip(&many) {
        assert_eq!(found, &session[handle]);
    }
    Ok(())
}

/// The key is the program's, and still the server makes something.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "entry", primary_key(left, right))]
struct Entry {
    left: String,
    #[model(default = "5")]
    right: Auto<i32>,
    #[model(generated = "upper(\"left\")")]
    upper: Option<String>,
}

#[tokio::test]
async fn a_part_of_a_key() -> orm_core::Result<()> {
    let db = TestDb::with::<Entry>().await;
    let mut session = db.engine.session();
    session.add(Entry::builder().left("a"));
    session.commit().await?;
    let many =
        session.add_all([Entry::builder().left("b"), Entry::builder().left("a").right(6), Entry::builder().left("c")]);
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM entry ORDER BY 1, 2").await, ["a|5|A", "a|6|A", "b|5|B", "c|5|C"]);
    assert_eq!((session[many[1]].upper.as_deref(), session[many[2]].right.get()), (Some("A"), Some(5)));
    let again = session.get::<Entry>(("c".to_owned(), 5)).await?;
    assert_eq!(again, Some(many[2]));
    Ok(())
}

/// A foreign key need not point to the primary key.
#[derive(Model, Debug, Clone)]
#[model(table = "country")]
struct Country {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(unique, length = 2)]
    code: String,
    #[model(has_many = City::country)]
    cities: HasMany<City>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "city")]
struct City {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Country::code, length = 2, on_update = cascade)]
    country_code: String,
    #[model(belongs_to = country_code)]
    country: BelongsTo<Country>,
}

#[tokio::test]
async fn a_foreign_key_to_a_unique_column() -> orm_core::Result<()> {
    let db = TestDb::with::<(City, Country)>().await;
    let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'city_country_code_fkey'";
    assert_eq!(db.stored(key).await, ["FOREIGN KEY (country_code) REFERENCES country(code) ON UPDATE CASCADE"]);
    let mut session = db.engine.session();
    let country = session.add(Country::builder().code("NP").cities([City::builder(), City::builder()]));
    session.commit().await?;
    assert_eq!(db.stored("SELECT country_code FROM city").await, ["NP", "NP"]);
    let cities = session[country].cities.handles();
    assert_eq!(session[cities[0]].country_code, "NP");
    let found = db.engine.query::<Country>().with(Country::cities).one().await?;
    assert_eq!(found.1.len(), 2);
    Ok(())
}
