//! `#[derive(Enum)]`: labels by `rename_all` and `rename`, in every statement, and what the database has beyond them.

use orm_core::prelude::*;
use orm_core::{Enum, ErrorKind};
use orm_tests::TestDb;

use crate::round_trip;

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum Several {
    OneWord,
    X2,
    #[model(rename = "null")]
    Null,
    #[model(rename = "with 'quotes', \"commas\" {} \\ и 🦀")]
    Odd,
    r#Type,
}

round_trip!(values: Several, "several", [Several::OneWord, Several::X2, Several::Null, Several::Odd, Several::Type]);

macro_rules! renamed {
    ($name:ident, $rule:literal) => {
        #[derive(Enum, Debug, Clone, Copy, PartialEq)]
        #[model(rename_all = $rule)]
        enum $name {
            HttpOk,
            A,
        }
    };
}
renamed!(Snake, "snake_case");
renamed!(Lower, "lowercase");
renamed!(Upper, "UPPERCASE");
renamed!(Camel, "camelCase");
renamed!(Pascal, "PascalCase");
renamed!(Kebab, "kebab-case");
renamed!(Screaming, "SCREAMING_SNAKE_CASE");

#[derive(Model, Debug, Clone)]
struct AllOfThem {
    #[model(primary_key)]
    snake: Snake,
    lower: Lower,
    upper: Upper,
    camel: Camel,
    pascal: Pascal,
    kebab: Kebab,
    screaming: Screaming,
}

#[tokio::test]
async fn the_rules() -> orm_core::Result<()> {
    let db = TestDb::with::<AllOfThem>().await;
    let mut session = db.engine.session();
    session.add(
        AllOfThem::builder()
            .snake(Snake::HttpOk)
            .lower(Lower::HttpOk)
            .upper(Upper::HttpOk)
            .camel(Camel::HttpOk)
            .pascal(Pascal::HttpOk)
            .kebab(Kebab::HttpOk)
            .screaming(Screaming::HttpOk),
    );
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM all_of_them").await, ["http_ok|httpok|HTTPOK|httpOk|HttpOk|http-ok|HTTP_OK"]);
    assert_eq!(
        [
            Snake::A as u8,
            Lower::A as u8,
            Upper::A as u8,
            Camel::A as u8,
            Pascal::A as u8,
            Kebab::A as u8,
            Screaming::A as u8
        ],
        [1; 7]
    );
    Ok(())
}

#[derive(Model, Debug, Clone)]
struct Light {
    #[model(primary_key)]
    id: Auto<i32>,
    color: Color,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq)]
enum Color {
    Red,
    Green,
}

#[tokio::test]
async fn a_label_that_the_program_does_not_know() {
    let db = TestDb::with::<Light>().await;
    db.run("ALTER TYPE color ADD VALUE 'private'").await;
    db.run("INSERT INTO light (color) VALUES ('private')").await;
    let error = db.engine.query::<Light>().all().await.unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Decode, Some("color")));
    let shown = format!("{error:?} {error}");
    assert!(shown.contains("Color") && !shown.contains("private"), "{shown}");
}

#[tokio::test]
async fn a_label_that_the_database_does_not_know() {
    let db = TestDb::new();
    db.run("CREATE TYPE color AS ENUM ('red')").await;
    db.engine.create_all::<Light>().await.expect("the type is there already");
    let mut session = db.engine.session();
    session.add(Light::builder().color(Color::Green));
    let error = session.commit().await.unwrap_err();
    assert!(error.to_string().contains("color"), "{error}");
    session.rollback().await.expect("rolled back");
    session.add_all([Light::builder().color(Color::Red), Light::builder().color(Color::Red)]);
    session.commit().await.expect("red is there");
}

#[tokio::test]
async fn the_order_is_that_of_the_variants() -> orm_core::Result<()> {
    let db = TestDb::with::<Light>().await;
    let mut session = db.engine.session();
    session.add_all([Color::Green, Color::Red, Color::Green].map(|color| Light::builder().color(color)));
    session.commit().await?;
    let colors = db.engine.query::<Light>().order_by(Light::color.asc()).select(Light::color).all().await?;
    assert_eq!(colors, [Color::Red, Color::Green, Color::Green]);
    assert_eq!(db.engine.query::<Light>().filter(Light::color.gt(Color::Red)).count().await?, 2);
    Ok(())
}
