//! Whatever a value or a name holds, it never becomes SQL: the text of a statement does not change with a value, names are
//! quoted, and what PostgreSQL cannot hold is refused before anything is sent.

use std::collections::BTreeSet;

use orm_core::prelude::*;
use orm_core::sql::escape;
use orm_core::{ErrorKind, Result};

use crate::shop::{Customer, Line, Order, shop};

type Condition = Expr<Option<bool>, Customer>;

/// Every place of the language that takes a text.
fn places(text: &str) -> Vec<(&'static str, Condition)> {
    let owned = || text.to_owned();
    vec![
        ("eq", Customer::city.eq(text).fit()),
        ("ne", Customer::city.ne(owned()).fit()),
        ("lt", Customer::city.lt(text).fit()),
        ("between", Customer::city.between(text, text).fit()),
        ("in_", Customer::city.in_([text, "x"]).fit()),
        ("not_in", Customer::city.not_in([owned()]).fit()),
        ("is_distinct_from", Customer::city.is_distinct_from(text).nullable().fit()),
        ("is_not_distinct_from", Customer::city.is_not_distinct_from(Some(owned())).nullable().fit()),
        ("contains", Customer::city.contains(text).fit()),
        ("icontains", Customer::city.icontains(text).fit()),
        ("starts_with", Customer::city.starts_with(text).fit()),
        ("ends_with", Customer::city.ends_with(text).fit()),
        ("contains there", Customer::city.contains(func::concat((text,))).fit()),
        ("concat", Customer::city.concat(text).eq(text).fit()),
        ("case", case().when(Customer::name.eq(text), text).otherwise(text).eq(text).nullable().fit()),
        ("coalesce", func::coalesce((Customer::city, text)).eq(text).nullable().fit()),
        ("greatest", func::greatest((Customer::city, text)).eq(text).nullable().fit()),
        ("nullif", func::nullif(Customer::city, text).eq(text).fit()),
        ("value", value(text).eq(text).nullable().fit()),
        ("cast", value(text).cast::<String>().eq(text).nullable().fit()),
        ("lower", func::lower(text).eq(Customer::city).fit()),
        ("length", func::length(text).eq(1).nullable().fit()),
        ("replace", func::replace(Customer::city, text, text).eq(text).fit()),
        ("position", func::position(Customer::city, text).eq(1).fit()),
        ("split_part", func::split_part(Customer::city, func::concat((text, "x")), 1).eq(text).fit()),
        ("lpad", func::lpad(Customer::city, 3, text).eq(text).fit()),
        ("func::concat", func::concat((text, Customer::city)).eq(text).nullable().fit()),
        ("func", func::<String>("upper").args((text,)).eq(text).nullable().fit()),
        ("tuple", (Customer::city, Customer::name).gt((text, text)).fit()),
        ("tuples", (Customer::city, Customer::name).in_([(text, "x"), ("y", text)]).fit()),
        ("array", value(vec![owned()]).eq(vec![owned()]).nullable().fit()),
        ("any", Customer::orders.any(Order::status.eq(text)).nullable().fit()),
        (
            "in_select",
            Customer::city.in_select(query::<Line>().filter(Line::note.eq(text)).select(Line::product)).fit(),
        ),
    ]
}

/// Places where the server wants more of a text than that it is one.
fn patterns(text: &str) -> Vec<(&'static str, Condition)> {
    vec![
        ("like", Customer::city.like(text).fit()),
        ("not_like", Customer::city.not_like(text).fit()),
        ("ilike", Customer::city.ilike(text).fit()),
        ("not_ilike", Customer::city.not_ilike(text).fit()),
        ("escape", Customer::city.like(escape(text, '#')).fit()),
        ("similar_to", Customer::city.similar_to(text).fit()),
        ("not_similar_to", Customer::city.not_similar_to(escape(text, '#')).fit()),
        ("regex", Customer::city.regex(text).fit()),
        ("iregex", Customer::city.iregex(text).fit()),
        ("not_regex", Customer::city.not_regex(text).fit()),
        ("not_iregex", Customer::city.not_iregex(text).fit()),
    ]
}

fn asked(condition: Condition) -> String {
    query::<Customer>().filter(condition).to_sql()
}

const HOSTILE: [&str; 13] = [
    "",
    "'; DROP TABLE customer; --",
    "\"",
    "\\",
    "\\'",
    "'' OR TRUE",
    "$1",
    "$$x$$",
    "%_%",
    "E'\\n'",
    "/* */ ? :name {x}",
    "Ж́🦀\u{202e}\u{feff}\r\n\t",
    "\u{1}\u{7f}",
];

#[test]
fn q27_no_text_changes_with_a_value() {
    let megabyte = "ж'\\%_".repeat(150_000);
    let tame: Vec<String> = places("x").into_iter().chain(patterns("x")).map(|(_, place)| asked(place)).collect();
    for text in HOSTILE.into_iter().chain([megabyte.as_str(), "a\0b"]) {
        for ((what, place), tame) in places(text).into_iter().chain(patterns(text)).zip(&tame) {
            assert_eq!(&asked(place), tame, "{what}");
        }
    }
}

#[tokio::test]
async fn q27_the_server_takes_any_text_for_what_it_is() -> Result<()> {
    let db = shop().await;
    let sent = db.record();
    let megabyte = "ж'\\%_".repeat(150_000);
    for text in HOSTILE.into_iter().chain([megabyte.as_str()]) {
        db.engine.query::<Customer>().filter(Customer::id.eq(1)).update(Customer::city.set(text)).await?;
        for (what, place) in places(text) {
            let found = db.engine.all(query::<Customer>().filter(place)).await;
            assert!(found.is_ok(), "{what} of {} bytes: {found:?}", text.len());
        }
        let (first, second, third) = db
            .engine
            .rows(query::<Customer>().filter(Customer::city.eq(text)).filter(Customer::city.contains(text)).select((
                Customer::id,
                value(text),
                Customer::city.concat(text),
            )))
            .await?
            .remove(0);
        assert_eq!((first, second.as_str(), third), (1, text, Some(text.repeat(2))));
    }
    let texts: BTreeSet<String> = sent.take().into_iter().collect();
    let wanted: BTreeSet<String> = places("x").into_iter().map(|(_, place)| asked(place)).collect();
    assert_eq!(texts.len(), wanted.len() + 2, "one text each, whatever the value: {texts:#?}");
    assert_eq!(db.stored("SELECT count(*) FROM customer").await, ["4"]);
    Ok(())
}

#[tokio::test]
async fn q27_a_nul_is_refused_before_anything_is_sent() -> Result<()> {
    let db = shop().await;
    let sent = db.record();
    for (what, place) in places("a\0b").into_iter().chain(patterns("a\0b")) {
        let refused = db.engine.all(query::<Customer>().filter(place)).await;
        let refused = refused.err().unwrap_or_else(|| panic!("{what} is sent"));
        assert_eq!(refused.kind(), ErrorKind::Encode, "{what}");
        assert!(!refused.to_string().contains("a\0b"), "{what} shows the value");
    }
    let refused = query::<Customer>().filter(Customer::name.like(escape("x", '\0')));
    assert_eq!(db.engine.all(refused).await.expect_err("no character").kind(), ErrorKind::Encode);
    let refused = query::<Customer>().select(value(Some("a\0b".to_owned())));
    assert_eq!(db.engine.rows(refused).await.expect_err("no text").kind(), ErrorKind::Encode);
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn q27_names_are_quoted() -> Result<()> {
    let db = shop().await;
    let sent = db.record();
    for name in HOSTILE.into_iter().filter(|name| !name.is_empty()) {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let called = query::<Customer>().filter(func::<bool>((name.to_owned(), name.to_owned())).args((Customer::id,)));
        assert!(called.to_sql().ends_with(&format!(r#" WHERE {quoted}.{quoted}("customer"."id")"#)), "{name}");
        let refused = db.engine.all(called).await.expect_err("there is no such schema");
        assert_eq!(refused.sqlstate(), Some("3F000"), "{name}");
        let sorted = query::<Customer>().order_by(Customer::name.collate(name.to_owned()).asc());
        assert!(sorted.to_sql().ends_with(&format!(r#" ORDER BY "customer"."name" COLLATE {quoted}"#)), "{name}");
        assert_eq!(db.engine.all(sorted).await.expect_err("there is none").sqlstate(), Some("42704"), "{name}");
        assert!(Customer::column(name).is_none());
    }
    let before = sent.sql().len();
    for name in ["a\0b", "", &"ж".repeat(32)] {
        let called = query::<Customer>().filter(func::<bool>(name.to_owned()).args(()));
        assert_eq!(db.engine.all(called).await.expect_err("no name").kind(), ErrorKind::Invalid);
        let sorted = query::<Customer>().order_by(Customer::name.collate(("pg_catalog", name.to_owned())).asc());
        assert_eq!(db.engine.all(sorted).await.expect_err("no name").kind(), ErrorKind::Invalid);
        assert!(Customer::column(name).is_none());
    }
    assert_eq!(sent.sql().len(), before);
    Ok(())
}
