//! Q7: patterns, parts, regular expressions and collations.

use orm_core::prelude::*;
use orm_core::sql::{TextSql, escape};
use orm_core::{ErrorKind, Newtype, Result};
use orm_tests::TestDb;

use crate::shop::{Customer, Line};

fn text<E, I>(predicate: E) -> String
where
    E: Expression,
    E::Type: orm_core::sql::Condition,
    E::Uses: orm_core::sql::InScope<(Line, ()), I>,
{
    let sql = query::<Line>().filter(predicate).to_sql();
    sql.split_once(" WHERE ").map_or("", |(_, condition)| condition).replace(r#""line"."#, "")
}

#[test]
fn q07_patterns_have_their_texts() {
    assert_eq!(text(Line::product.like("t%")), r#""product" LIKE $1"#);
    assert_eq!(text(Line::product.ilike("t%")), r#""product" ILIKE $1"#);
    assert_eq!(text(Line::product.not_like("t%")), r#""product" NOT LIKE $1"#);
    assert_eq!(text(Line::product.not_ilike("t%")), r#""product" NOT ILIKE $1"#);
    assert_eq!(text(Line::product.like(Line::note)), r#""product" LIKE "note""#);
    assert_eq!(text(Line::product.like(escape("t!%", '!'))), r#""product" LIKE $1 ESCAPE $2"#);
    assert_eq!(text(Line::product.not_ilike(escape(Line::note, '!'))), r#""product" NOT ILIKE "note" ESCAPE $1"#);
    assert_eq!(
        text(Line::product.like(escape(Line::note.concat("%"), '!'))),
        r#""product" LIKE ("note" || $1) ESCAPE $2"#
    );
    assert_eq!(text(Line::product.similar_to("(a|b)%")), r#""product" SIMILAR TO $1"#);
    assert_eq!(text(Line::product.not_similar_to(escape("x", '!'))), r#""product" NOT SIMILAR TO $1 ESCAPE $2"#);
    assert_eq!(text(Line::product.regex("^t")), r#""product" ~ $1"#);
    assert_eq!(text(Line::product.iregex("^t")), r#""product" ~* $1"#);
    assert_eq!(text(Line::product.not_regex("^t")), r#""product" !~ $1"#);
    assert_eq!(text(Line::product.not_iregex("^t")), r#""product" !~* $1"#);
    assert_eq!(text(Line::product.contains("t")), r#""product" LIKE $1"#);
    assert_eq!(text(Line::product.icontains("t")), r#""product" ILIKE $1"#);
    assert_eq!(text(Line::product.contains(value("t"))), r#""product" LIKE $1"#);
    let escaped = r#"replace(replace(replace("note", E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_')"#;
    assert_eq!(text(Line::product.contains(Line::note)), format!(r#""product" LIKE (('%' || {escaped}) || '%')"#));
    assert_eq!(text(Line::product.starts_with(Line::note)), format!(r#""product" LIKE ({escaped} || '%')"#));
    assert_eq!(text(Line::product.ends_with(Line::note)), format!(r#""product" LIKE ('%' || {escaped})"#));
    assert_eq!(text(Line::product.collate("C").lt("b")), r#"("product" COLLATE "C") < $1"#);
    assert_eq!(
        text(Line::product.collate(("pg_catalog", "C")).lt("b")),
        r#"("product" COLLATE "pg_catalog"."C") < $1"#
    );
    assert_eq!(text(Line::product.collate(String::from("a\"b")).lt("b")), r#"("product" COLLATE "a""b") < $1"#);
    assert_eq!(text(func::lower(Line::product).starts_with("t")), r#"lower("product") LIKE $1"#);
}

const PRODUCTS: [&str; 8] = ["tea", "TEA", "100%", "1000", "a_b", "axb", r"back\slash", "чай"];

async fn products() -> TestDb {
    let db = TestDb::with::<(Customer, crate::shop::Order, Line)>().await;
    db.run("INSERT INTO customer (name) VALUES ('Ann')").await;
    db.run(r#"INSERT INTO "order" (customer_id, status, total, tags) VALUES (1, 'new', 1, '{}')"#).await;
    let mut session = db.engine.session();
    session.add_all(
        PRODUCTS.map(|product| Line::builder().order_id(1).product(product).quantity(1).note("0%".to_owned())),
    );
    session.commit().await.expect("the products are stored");
    db
}

#[tokio::test]
async fn q07_patterns_choose_their_rows() -> Result<()> {
    let db = products().await;
    let found = async |condition: Expr<bool, Line>| -> Result<Vec<String>> {
        db.engine.rows(query::<Line>().filter(condition).order_by(Line::id.asc()).select(Line::product)).await
    };
    assert_eq!(found(Line::product.like("t%")).await?, ["tea"]);
    assert_eq!(found(Line::product.ilike("t%")).await?, ["tea", "TEA"]);
    assert_eq!(found(Line::product.not_ilike("%a%")).await?, ["100%", "1000", "чай"]);
    assert_eq!(found(Line::product.like(escape("%!%", '!'))).await?, ["100%"]);
    assert_eq!(found(Line::product.like(escape("a'_b", '\''))).await?, ["a_b"]);
    assert_eq!(found(Line::product.like(r"%\\%")).await?, [r"back\slash"]);
    assert_eq!(found(Line::product.similar_to("(tea|a_b)")).await?, ["tea", "a_b", "axb"]);
    assert_eq!(found(Line::product.similar_to(escape("a!_b", '!'))).await?, ["a_b"]);
    assert_eq!(found(Line::product.not_similar_to("%[0-9a-z]%")).await?, ["TEA", "чай"]);
    assert_eq!(found(Line::product.regex("^[0-9]+$")).await?, ["1000"]);
    assert_eq!(found(Line::product.iregex("^te")).await?, ["tea", "TEA"]);
    assert_eq!(found(Line::product.not_regex("[a-z0-9]")).await?, ["TEA", "чай"]);
    assert_eq!(found(Line::product.not_iregex("[a-z0-9]")).await?, ["чай"]);
    Ok(())
}

#[tokio::test]
async fn q07_parts_are_what_they_are() -> Result<()> {
    let db = products().await;
    let found = async |condition: Expr<bool, Line>| -> Result<Vec<String>> {
        db.engine.rows(query::<Line>().filter(condition).order_by(Line::id.asc()).select(Line::product)).await
    };
    assert_eq!(found(Line::product.contains("0%")).await?, ["100%"]);
    assert_eq!(found(Line::product.starts_with("a_")).await?, ["a_b"]);
    assert_eq!(found(Line::product.ends_with("_b")).await?, ["a_b"]);
    assert_eq!(found(Line::product.contains(r"\")).await?, [r"back\slash"]);
    assert_eq!(found(Line::product.ends_with(r"\")).await?, Vec::<String>::new());
    assert_eq!(found(Line::product.icontains("ea")).await?, ["tea", "TEA"]);
    assert_eq!(found(Line::product.contains("")).await?.len(), PRODUCTS.len());
    assert_eq!(found(Line::product.contains("а")).await?, ["чай"]);
    // What the server has is taken as literally as what it is sent.
    for part in ["0%", "a_", "_b", r"\", "", "ea", "%", "чай", "%_"] {
        let there = || func::concat((value(part),));
        assert_eq!(found(Line::product.contains(there()).fit()).await?, found(Line::product.contains(part)).await?);
        assert_eq!(
            found(Line::product.starts_with(there()).fit()).await?,
            found(Line::product.starts_with(part)).await?
        );
        assert_eq!(found(Line::product.ends_with(there()).fit()).await?, found(Line::product.ends_with(part)).await?);
        assert_eq!(found(Line::product.icontains(there()).fit()).await?, found(Line::product.icontains(part)).await?);
        let wanted: Vec<&str> = PRODUCTS.into_iter().filter(|product| product.contains(part)).collect();
        assert_eq!(found(Line::product.contains(part)).await?, wanted, "{part}");
    }
    assert_eq!(found(Line::product.contains(Line::note).is_true().fit()).await?, ["100%"]);
    Ok(())
}

#[tokio::test]
async fn q07_a_collation_says_the_order() -> Result<()> {
    let db = products().await;
    let sorted = query::<Line>().order_by(Line::product.collate("C").asc()).limit(3).select(Line::product);
    assert_eq!(db.engine.rows(sorted).await?, ["100%", "1000", "TEA"]);
    let unknown = query::<Line>().order_by(Line::product.collate("no such").asc());
    assert_eq!(db.engine.all(unknown).await.expect_err("there is none").sqlstate(), Some("42704"));
    let sent = db.record();
    for name in ["", "a\0b", &"x".repeat(64)] {
        let refused = query::<Line>().order_by(Line::product.collate(name.to_owned()).asc());
        assert_eq!(db.engine.all(refused).await.expect_err("no name").kind(), ErrorKind::Invalid);
    }
    assert!(sent.sql().is_empty());
    Ok(())
}

#[derive(Newtype, Debug, Clone, PartialEq)]
struct Slug(String);

impl TextSql for Slug {}

#[derive(Model, Debug, Clone)]
struct Post {
    #[model(primary_key)]
    id: Auto<i32>,
    slug: Slug,
    old: Option<Slug>,
}

#[tokio::test]
async fn q07_a_newtype_over_text_may_be_text() -> Result<()> {
    let db = TestDb::with::<Post>().await;
    let mut session = db.engine.session();
    session.add_all(["rust-orm", "go-orm"].map(|slug| Post::builder().slug(Slug(slug.to_owned()))));
    session.commit().await?;
    let rust = query::<Post>().filter(Post::slug.starts_with("rust-")).filter(Post::slug.like("%orm"));
    let rust = rust.filter(func::upper(Post::slug).eq("RUST-ORM")).filter(Post::slug.eq(Slug("rust-orm".to_owned())));
    let found = db.engine.rows(rust.select((Post::id, func::length(Post::slug), func::lower(Post::old)))).await?;
    assert_eq!(found, [(1, 8, None)]);
    Ok(())
}
