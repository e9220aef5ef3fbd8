//! Q23: rows of an insert, as the iterators give them.

use std::iter;

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::rows_are_copied::{Kind, kind};
use crate::rows_are_inserted::Stock;

/// A document of any length.
#[derive(Model, Debug, Clone, PartialEq)]
struct Document {
    #[model(primary_key)]
    id: i32,
    text: String,
}

/// Says that it has no end.
struct Endless<I>(I);

impl<I: Iterator> Iterator for Endless<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// The first is long.
fn texts() -> impl Iterator<Item = (i32, String)> {
    (0..10_000).map(|n| (n, if n == 0 { "x".repeat(8 << 20) } else { "x".to_owned() }))
}

const LENGTHS: &str = "SELECT count(*), sum(length(text)) FROM document";

#[tokio::test]
async fn q23_rows_after_a_long_one_need_no_memory_of_its_length() -> Result<()> {
    let db = TestDb::with::<Document>().await;
    let insert = db.engine.insert_into::<Document>().rows((Document::id, Document::text), texts());
    assert_eq!(insert.await?, 10_000);
    assert_eq!(db.stored(LENGTHS).await, ["10000|8398607"]);
    Ok(())
}

#[tokio::test]
async fn q23_values_after_a_long_one_need_no_memory_of_its_length() -> Result<()> {
    let db = TestDb::with::<Document>().await;
    assert_eq!(db.engine.insert(texts().map(|(id, text)| Document { id, text })).await?, 10_000);
    assert_eq!(db.stored(LENGTHS).await, ["10000|8398607"]);
    Ok(())
}

#[tokio::test]
async fn q23_objects_after_a_long_one_need_no_memory_of_its_length() -> Result<()> {
    let db = TestDb::with::<Document>().await;
    let mut session = db.engine.session();
    session.add_all(texts().map(|(id, text)| Document { id, text }));
    session.commit().await?;
    assert_eq!(db.stored(LENGTHS).await, ["10000|8398607"]);
    Ok(())
}

#[tokio::test]
async fn q23_what_an_iterator_says_of_its_length_need_not_be_true() -> Result<()> {
    let db = TestDb::with::<Document>().await;
    let documents = |from: i32| (from..from + 20).map(|id| Document { id, text: "a".into() });
    assert_eq!(db.engine.insert(Endless(documents(0))).await?, 20);
    let rows = Endless((20..40).map(|id| (id, "a")));
    assert_eq!(db.engine.insert_into::<Document>().rows((Document::id, Document::text), rows).await?, 20);
    Ok(())
}

#[tokio::test]
async fn q23_rows_end_where_the_iterator_ends_first() -> Result<()> {
    let db = TestDb::with::<Stock>().await;
    for state in [Auto::Value("shut".to_owned()), Auto::Pending] {
        let mut given = [Some(1), Some(2), None, Some(3)].into_iter();
        let rows = iter::from_fn(|| given.next().flatten())
            .map(|n| ("a", format!("{n} {state:?}"), n, vec![], 1, state.clone()));
        let columns = (Stock::place, Stock::product, Stock::amount, Stock::marks, Stock::version, Stock::state);
        assert_eq!(db.engine.insert_into().rows(columns, rows).await?, 2, "{state:?}");
    }
    Ok(())
}

#[test]
fn q23_what_is_refused_has_a_text() {
    for wrong in [0, 5, 20] {
        let rows = (0..30).map(|n| (n, if n == wrong { "a\0" } else { "a" }));
        let insert = insert_into::<Document>().rows((Document::id, Document::text), rows);
        let text = r#"INSERT INTO "document" ("id", "text") SELECT unnest($1::integer[]), unnest($2::text[])"#;
        assert_eq!(insert.to_sql(), text, "{wrong}");
    }
}

#[test]
fn q23_values_that_are_refused_have_a_text() {
    for wrong in [0, 5, 20] {
        let rows = (0..30).map(|n| Document { id: n, text: if n == wrong { "a\0".into() } else { "a".into() } });
        let text = r#"INSERT INTO "document" ("id", "text") SELECT unnest($1::integer[]), unnest($2::text[])"#;
        assert_eq!(insert(rows).to_sql(), text, "{wrong}");
    }
}

#[tokio::test]
async fn q23_an_iterator_may_make_inserts_of_its_own() -> Result<()> {
    let db = TestDb::with::<Document>().await;
    let inner = |count: i32| insert((0..count).map(|id| Document { id, text: "inner".into() })).to_sql();
    let rows = |from: i32| {
        (from..from + 30).map(move |id| {
            let inserts = insert_into::<Document>().rows(Document::text, (0..id % 12).map(|n| n.to_string()));
            (id, format!("{id} {} {}", inner(id % 11 + 1).len(), inserts.to_sql().len()))
        })
    };
    let wanted: Vec<String> = rows(0).chain(rows(30)).map(|(id, text)| format!("{id}|{text}")).collect();
    db.engine.insert_into::<Document>().rows((Document::id, Document::text), rows(0)).await?;
    db.engine.insert(rows(30).map(|(id, text)| Document { id, text })).await?;
    assert_eq!(db.stored("SELECT id, text FROM document ORDER BY id").await, wanted);
    Ok(())
}

#[tokio::test]
async fn q23_rows_of_every_kind_are_what_values_are() -> Result<()> {
    let db = TestDb::with::<Kind>().await;
    let columns = (
        Kind::id,
        Kind::mood,
        Kind::moods,
        Kind::short,
        Kind::small,
        Kind::ratio,
        Kind::bytes,
        Kind::uuid,
        Kind::at,
        Kind::day,
        Kind::time,
        Kind::price,
        Kind::json,
        Kind::words,
        Kind::code,
    );
    for count in [1, 3, 8, 9, 40] {
        let kinds: Vec<Kind> = (0..count).map(kind).collect();
        let rows = kinds.iter().map(|k| {
            (
                k.id,
                k.mood,
                k.moods.clone(),
                k.short.as_deref().map(str::to_owned),
                k.small,
                k.ratio,
                &*k.bytes,
                k.uuid,
                k.at,
                k.day,
                k.time,
                k.price,
                k.json.clone(),
                k.words.clone(),
                &*k.code,
            )
        });
        assert_eq!(db.engine.insert_into().rows(columns, rows).await?, count as u64);
        assert_eq!(db.engine.query::<Kind>().order_by(Kind::id.asc()).all().await?, kinds);
        db.run("DELETE FROM kind").await;
    }
    Ok(())
}

#[tokio::test]
async fn q23_rows_in_conflict_update_all_that_is_given() -> Result<()> {
    let db = TestDb::with::<Stock>().await;
    let columns = (Stock::place, Stock::product, Stock::amount, Stock::marks, Stock::version);
    for count in [1, 3, 20] {
        for round in 0..2 {
            let rows = (0..count).map(|n| ("a", format!("{count} {n}"), n + round, vec![], 1));
            let outcome =
                db.engine.insert_into().rows(columns, rows).on_conflict((Stock::place, Stock::product)).do_update_all();
            let outcome = outcome.await?;
            let wanted = if round == 0 { (count as u64, 0) } else { (0, count as u64) };
            assert_eq!((outcome.inserted, outcome.updated), wanted);
        }
    }
    assert_eq!(
        db.stored("SELECT DISTINCT amount - split_part(product, ' ', 2)::int, version, changes, state FROM stock")
            .await,
        ["1|2|1|open"]
    );
    Ok(())
}

#[derive(Embed, Debug, Clone, PartialEq)]
struct Spot {
    x: i32,
    #[model(length = 3)]
    y: Option<String>,
}

/// A secret at a spot.
#[derive(Model, Debug, Clone, PartialEq)]
struct Secret {
    #[model(primary_key, default = "gen_random_uuid()")]
    id: Auto<uuid::Uuid>,
    #[model(embed)]
    spot: Spot,
    #[model(sensitive)]
    word: String,
    #[model(generated = "length(word)")]
    length: Auto<i32>,
}

#[tokio::test]
async fn q23_rows_reach_embedded_columns_and_keep_secrets() -> Result<()> {
    let db = TestDb::with::<Secret>().await;
    for count in [1, 8, 9] {
        let rows = (0..count).map(|n| (n, (n % 2 == 0).then(|| "abc".to_owned()), "s3cret"));
        let insert = insert_into::<Secret>().rows((Secret::spot.x, Secret::spot.y, Secret::word), rows);
        let statement = format!("{insert:?}");
        assert!(!statement.contains("s3cret"), "{statement}");
        assert_eq!(insert.on(&db.engine).await?, count as u64);
    }
    let rows = (0..20).map(|n| (n, if n == 15 { "s3cret" } else { "a" }));
    let error = db
        .engine
        .insert_into::<Secret>()
        .rows((Secret::spot.x, Secret::spot.y), rows.map(|(n, y)| (n, Some(y.to_owned()))))
        .await;
    let error = error.expect_err("too long");
    assert!(!format!("{error:?} {error}").contains("s3cret"));
    assert_eq!(error.column(), Some("spot_y"));
    assert_eq!(db.stored("SELECT count(*), count(DISTINCT id), min(length) FROM secret").await, ["18|18|6"]);
    Ok(())
}

#[tokio::test]
async fn q23_a_generated_column_is_left_to_the_server() -> Result<()> {
    let db = TestDb::with::<Secret>().await;
    for count in [1, 8, 9] {
        let rows = (0..count).map(|n| (n, "abcd", Auto::Pending));
        let given = db.engine.insert_into::<Secret>().rows((Secret::spot.x, Secret::word, Secret::length), rows).await;
        assert_eq!(given?, count as u64);
        let rows = (0..count).map(|n| (n, "abcd", 4));
        let given = db.engine.insert_into::<Secret>().rows((Secret::spot.x, Secret::word, Secret::length), rows).await;
        assert_eq!(given.expect_err("generated").sqlstate(), Some("428C9"));
    }
    Ok(())
}

#[tokio::test]
async fn q23_seventy_thousand_borrowed_rows_are_one_statement() -> Result<()> {
    let db = TestDb::with::<Stock>().await;
    let words: Vec<String> = (0..70_000).map(|n| format!("thing {n}")).collect();
    let rows = words.iter().zip(0..).map(|(word, n)| ("a", word, n, vec![], 1));
    let columns = (Stock::place, Stock::product, Stock::amount, Stock::marks, Stock::version);
    assert_eq!(db.engine.insert_into().rows(columns, rows).returning(Stock::id).await?.len(), 70_000);
    assert_eq!(db.stored("SELECT count(*) FROM stock WHERE product <> 'thing ' || amount").await, ["0"]);
    Ok(())
}

#[derive(Composite, Debug, Clone, PartialEq)]
struct Corner {
    x: i32,
    y: Option<String>,
}

/// Has corners, and a span.
#[derive(Model, Debug, Clone, PartialEq)]
struct Shape {
    #[model(primary_key)]
    id: i32,
    first: Corner,
    others: Vec<Corner>,
    last: Option<Corner>,
    span: orm_core::types::Range<i32>,
    tags: Option<Vec<Option<String>>>,
}

#[tokio::test]
async fn q23_rows_of_what_is_composed_are_what_values_are() -> Result<()> {
    let db = TestDb::with::<Shape>().await;
    let corner = |x: i32| Corner { x, y: (x % 2 == 0).then(|| format!("\"{x}, )")) };
    let tags = |id: i32| match id % 3 {
        0 => None,
        1 => Some(vec![]),
        _ => Some(vec![None, Some("a".to_owned())]),
    };
    for count in [1, 8, 9, 30] {
        let row = |id: i32| {
            let others: Vec<Corner> = (0..id % 4).map(corner).collect();
            (id, corner(id), others, (id % 2 == 1).then(|| corner(-id)), id..id + 3, tags(id))
        };
        let columns = (Shape::id, Shape::first, Shape::others, Shape::last, Shape::span, Shape::tags);
        assert_eq!(db.engine.insert_into().rows(columns, (0..count).map(row)).await?, count as u64);
        let by_rows = db.engine.query::<Shape>().order_by(Shape::id.asc()).all().await?;
        db.run("DELETE FROM shape").await;
        assert_eq!(by_rows.len(), count as usize);
        for (shape, id) in by_rows.iter().zip(0..) {
            let (_, first, others, last, span, tags) = row(id);
            let wanted = Shape { id, first, others, last, span: span.into(), tags };
            assert_eq!(*shape, wanted);
        }
    }
    Ok(())
}

#[tokio::test]
async fn q24_columns_that_are_copied_are_checked() -> Result<()> {
    let db = TestDb::with::<Stock>().await;
    for wrong in [0, 1, 1500] {
        for (text, column) in [("a\0", "product"), ("ab", "place")] {
            let rows = (0..2000).map(|n| {
                let is_wrong = n == wrong;
                let place = if is_wrong && column == "place" { "too long" } else { "äöüäö" };
                let product = if is_wrong { text.to_owned() } else { n.to_string() };
                (n, place, product, vec![], 1)
            });
            let columns = (Stock::amount, Stock::place, Stock::product, Stock::marks, Stock::version);
            let error = db.engine.copy_in::<Stock>().columns(columns).rows(rows).await.expect_err("it cannot be held");
            assert_eq!(error.column(), Some(column), "{error}");
        }
    }
    assert!(db.stored("SELECT id FROM stock").await.is_empty());
    Ok(())
}

/// All that the server makes, the first of it by an expression.
#[derive(Model, Debug, Clone)]
struct Made {
    #[model(generated = "length(state)")]
    length: Auto<i32>,
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(default = "'open'")]
    state: Auto<String>,
}

#[tokio::test]
async fn q23_rows_may_leave_all_to_the_server() -> Result<()> {
    let db = TestDb::with::<Made>().await;
    for count in [1, 2, 9] {
        let rows = (0..count).map(|_| (Auto::Pending, Auto::Pending));
        assert_eq!(db.engine.insert_into().rows((Made::id, Made::length), rows).await?, count);
        assert_eq!(db.engine.insert((0..count).map(|_| Made::builder())).await?, count);
    }
    for count in [1, 2, 9] {
        let rows = (0..count).map(|_| (Auto::Pending, Auto::Pending));
        assert_eq!(db.engine.insert_into().rows((Made::length, Made::id), rows).await?, count);
        let rows = (0..count).map(|_| Auto::Pending);
        assert_eq!(db.engine.insert_into().rows(Made::length, rows).await?, count);
    }
    Ok(())
}

#[tokio::test]
async fn q23_values_end_where_the_iterator_ends_first() -> Result<()> {
    let db = TestDb::with::<Document>().await;
    for ends in [0, 2] {
        let mut given = (0..5).map(|n| (n != ends).then_some(n));
        let rows = iter::from_fn(|| given.next().flatten());
        let values = rows.map(|id| Document { id: id + ends * 10, text: "a".into() });
        assert_eq!(db.engine.insert(values).await?, ends as u64, "{ends}");
    }
    Ok(())
}
