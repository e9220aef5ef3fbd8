//! Columns that are set to SQL expressions, and natural keys that move with what points to them.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::{City, Country, Document, Item, School, Shop, Stall, Ware};

#[tokio::test]
async fn u16_an_expression_is_assigned_and_read_back() -> Result<()> {
    let db = TestDb::with::<(Item,)>().await;
    let mut session = db.engine.session();
    let item = session.add(Item::builder().price(5));
    session.commit().await?;
    db.run("UPDATE item SET price = 7").await;

    let sent = db.record();
    session.set(item, Item::price.set(Item::price + 1))?;
    assert_eq!(session[item].price, 5);
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            r#"UPDATE "item" SET "price" = "item"."price" + $1 WHERE "id" = $2 RETURNING "total", "price""#,
            "COMMIT"
        ],
    );
    assert_eq!((session[item].price, session[item].total), (8, Some(8)));
    session.commit().await?;
    assert_eq!(sent.sql().len(), 3);

    // Beside values, and several at once; what the field was given loses.
    session[item].price = 100;
    session.set(item, (Item::price.set(Item::price * Item::quantity - 2), Item::quantity.set(Item::quantity + 3)))?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT price, quantity, total FROM item").await, ["6|4|24"]);
    assert_eq!((session[item].price, session[item].quantity.get()), (6, Some(4)));
    Ok(())
}

#[tokio::test]
async fn u16_a_versioned_row_is_checked_and_a_rollback_gives_the_expression_up() -> Result<()> {
    let db = TestDb::with::<(Document, Item)>().await;
    let mut session = db.engine.session();
    let document = session.add(Document::builder().title("a"));
    let item = session.add(Item::builder().price(5));
    session.commit().await?;
    session.set(document, Document::title.set("b"))?;
    session.set(item, Item::price.set(Item::price + 1))?;
    session.flush().await?;
    assert_eq!((session[document].version, session[item].price), (2, 6));
    session.rollback().await?;
    assert_eq!((session[document].title.as_str(), session[document].version, session[item].price), ("a", 1, 5));
    session.commit().await?;
    assert_eq!(db.stored("SELECT title, price FROM document, item").await, ["a|5"]);

    session.set(item, Item::price.set(Item::price + 1))?;
    session.rollback().await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT price FROM item").await, ["5"]);
    Ok(())
}

#[tokio::test]
async fn u16_after_a_failure_the_expression_is_written_again_and_not_its_value() -> Result<()> {
    let db = TestDb::with::<(Item, School)>().await;
    let mut session = db.engine.session();
    let item = session.add(Item::builder().price(5));
    session.add(crate::models::Course::builder().name("taken"));
    session.commit().await?;
    session.set(item, Item::price.set(Item::price + 1))?;
    session.flush().await?;
    let twice = session.add(crate::models::Course::builder().name("taken"));
    assert!(session.flush().await.is_err());
    db.run("UPDATE item SET price = 50").await;
    session[twice].name = "free".into();
    session.commit().await?;
    assert_eq!((session[item].price, db.stored("SELECT price FROM item").await), (51, vec!["51".to_owned()]));
    Ok(())
}

#[tokio::test]
async fn u16_what_cannot_be_set_is_refused_and_nothing_is_assigned() -> Result<()> {
    let db = TestDb::with::<(Document, Item)>().await;
    let mut session = db.engine.session();
    let new = session.add(Item::builder().price(5));
    let error = session.set(new, Item::price.set(Item::price + 1)).expect_err("it has no row");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Item")));
    session.commit().await?;
    let document = session.add(Document::builder().title("a"));
    session.commit().await?;
    for error in [
        session.set(new, Item::total.set(Some(3))).expect_err("generated"),
        session.set(document, (Document::title.set("b"), Document::version.set(9))).expect_err("the version"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.column().is_some());
    }
    let error = session.set(document, Document::title.set("a\0b")).expect_err("a NUL byte");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("title")));
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty());
    let mut other = db.engine.session();
    assert_eq!(other.set(new, Item::price.set(1)).expect_err("another session's").kind(), ErrorKind::Detached);
    Ok(())
}

#[tokio::test]
async fn u17_children_follow_where_the_database_moves_them() -> Result<()> {
    let db = TestDb::with::<(Country, City)>().await;
    let mut session = db.engine.session();
    let country = session.add(Country::builder().code("DE").name("Germany"));
    let cities = session.add_all(["Berlin", "Bonn"].map(|name| City::builder().name(name).country(country)));
    session.commit().await?;
    let sent = db.record();
    session[country].code = "GE".into();
    session.commit().await?;
    assert_eq!(sent.sql(), [r#"UPDATE "country" SET "code" = $1 WHERE "code" = $2"#]);
    for city in &cities {
        assert_eq!(session[city].country_code, "GE");
    }
    session[cities[0]].name = "Potsdam".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT name, country_code FROM city ORDER BY name").await, ["Bonn|GE", "Potsdam|GE"]);
    session[country].code = "DD".into();
    session.flush().await?;
    assert_eq!(session[cities[0]].country_code, "DD");
    session.rollback().await?;
    assert_eq!((session[country].code.as_str(), session[cities[0]].country_code.as_str()), ("GE", "GE"));
    assert_eq!(session.get::<Country>("GE").await?, Some(country));
    Ok(())
}

#[tokio::test]
async fn u17_children_are_updated_with_their_parent_where_the_schema_has_no_rule() -> Result<()> {
    let db = TestDb::with::<(Shop, Stall, Ware)>().await;
    let mut session = db.engine.session();
    let shop = session.add(Shop::builder().code("a").stalls([Stall::builder().no(1), Stall::builder().no(2)]));
    session.add(Shop::builder().code("b").stalls([Stall::builder().no(1)]));
    session.commit().await?;
    let stalls = session[shop].stalls.handles();
    session.add(Ware::builder().label("apple").stall(stalls[0]));
    session.commit().await?;
    let mut session = db.engine.session();
    let shop = session.get::<Shop>("a").await?.expect("it is there");
    let stalls = session.query::<Stall>().filter(Stall::shop_code.eq("a")).order_by(Stall::no.asc()).all().await?;
    let wares = session.query::<Ware>().all().await?;

    let sent = db.record();
    session[shop].code = "z".into();
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            concat!(
                r#"WITH "follower0" AS (UPDATE "stall" SET "shop_code" = $1 WHERE "shop_code" = $2) "#,
                r#"UPDATE "shop" SET "code" = $3 WHERE "code" = $4"#,
            ),
            "COMMIT",
        ],
    );
    assert_eq!(db.stored("SELECT shop_code, no FROM stall ORDER BY 1, 2").await, ["b|1", "z|1", "z|2"]);
    assert_eq!(db.stored("SELECT shop_code, no FROM ware").await, ["z|1"]);
    // The identity of the stalls has moved with it, and what points to them has, too.
    assert_eq!(session[stalls[1]].shop_code, "z");
    assert_eq!(session[wares[0]].shop_code, "z");
    assert_eq!(session.get::<Stall>(("z".to_owned(), 2)).await?, Some(stalls[1]));
    session[stalls[1]].open = true.into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT shop_code, no FROM stall WHERE open").await, ["z|2"]);

    // A child that is on its way elsewhere goes there.
    session[shop].code = "y".into();
    session[wares[0]].label = "pear".into();
    session.flush().await?;
    session.rollback().await?;
    assert_eq!((session[shop].code.as_str(), session[stalls[0]].shop_code.as_str()), ("z", "z"));
    assert_eq!(session[wares[0]].shop_code, "z");
    Ok(())
}

#[tokio::test]
async fn u17_keys_that_are_swapped_take_their_own_children() -> Result<()> {
    let db = TestDb::with::<(Shop, Stall, Ware)>().await;
    db.run("ALTER TABLE stall DROP CONSTRAINT stall_shop_code_fkey").await;
    db.run("ALTER TABLE stall ADD FOREIGN KEY (shop_code) REFERENCES shop ON UPDATE CASCADE DEFERRABLE").await;
    let mut session = db.engine.session();
    let a = session.add(Shop::builder().code("a").stalls([Stall::builder().no(1)]));
    let b = session.add(Shop::builder().code("b").stalls([Stall::builder().no(2)]));
    session.commit().await?;
    let (of_a, of_b) = (session[a].stalls.handles()[0], session[b].stalls.handles()[0]);
    session[a].code = "c".into();
    session[b].code = "a".into();
    session.commit().await?;
    assert_eq!((session[of_a].shop_code.as_str(), session[of_b].shop_code.as_str()), ("c", "a"));
    assert_eq!(db.stored("SELECT shop_code, no FROM stall ORDER BY no").await, ["c|1", "a|2"]);
    Ok(())
}
