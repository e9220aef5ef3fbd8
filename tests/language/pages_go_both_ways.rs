//! Q21: pages by number, and by the keys of the rows at their ends.

use std::collections::HashSet;

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, Rows};
use orm_tests::TestDb;

use crate::shop::{Customer, Line, Order, shop};

#[derive(Model, Debug, Clone, PartialEq)]
struct Thing {
    #[model(primary_key)]
    id: Auto<i32>,
    size: i32,
    shade: Option<String>,
    weight: Option<f64>,
}

/// Things with many equals and NULLs, in no order.
async fn things() -> TestDb {
    let db = TestDb::with::<Thing>().await;
    db.run(concat!(
        "INSERT INTO thing (size, shade, weight) SELECT n * 7 % 5, (ARRAY['red', 'green', NULL, 'blue'])[1 + n * 5 % 4], ",
        "CASE n % 6 WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::float8 ELSE n % 3 - 1 END FROM generate_series(1, 53) AS n",
    ))
    .await;
    db
}

#[tokio::test]
async fn q21_a_page_has_its_number_and_the_total() -> Result<()> {
    let db = things().await;
    let recording = db.record();
    let ordered = db.engine.query::<Thing>().filter(Thing::id.le(50)).order_by(Thing::id.asc());
    let page = ordered.clone().page(3, 20).await?;
    assert_eq!((page.number, page.size, page.total, page.pages()), (3, 20, 50, 3));
    assert_eq!(
        page.items.iter().map(|thing| thing.id.get().unwrap()).collect::<Vec<_>>(),
        (41..=50).collect::<Vec<_>>()
    );
    assert!(page.has_previous() && !page.has_next());
    let sent: Vec<String> = recording.take();
    assert_eq!(sent[0], r#"SELECT count(*) FROM "thing" WHERE "thing"."id" <= $1"#);
    assert!(sent[1].ends_with(r#"WHERE "thing"."id" <= $1 ORDER BY "thing"."id" LIMIT 20 OFFSET 40"#));
    let beyond = ordered.clone().page(9, 20).await?;
    assert_eq!((beyond.items.len(), beyond.total), (0, 50));
    let none = ordered.clone().filter(Thing::id.lt(0)).page(1, 20).await?;
    assert_eq!(
        (none.items.len(), none.total, none.pages(), none.has_next(), none.has_previous()),
        (0, 0, 0, false, false)
    );
    let columns = ordered.clone().select(Thing::id).page(1, 3).await?;
    assert_eq!((columns.items, columns.total), (vec![1, 2, 3], 50));
    let mut session = db.engine.session();
    let handles = session.query::<Thing>().order_by(Thing::id.desc()).page(2, 2).await?;
    assert_eq!(handles.total, 53);
    assert_eq!(session[handles.items[0]].id.get(), Some(51));
    let groups =
        db.engine.query::<Thing>().group_by(Thing::size).order_by(Thing::size.asc()).select((Thing::size, count()));
    let page = groups.page(2, 2).await?;
    assert_eq!((page.total, page.items.len(), page.items[0].0), (5, 2, 2));
    for (number, size) in [(0, 1), (1, 0), (u64::MAX, u64::MAX), (u64::MAX, 1)] {
        assert_eq!(ordered.clone().page(number, size).await.unwrap_err().kind(), ErrorKind::Invalid);
    }
    assert_eq!(ordered.limit(3).page(1, 1).await.unwrap_err().kind(), ErrorKind::Invalid);
    Ok(())
}

#[tokio::test]
async fn q21_a_page_by_key_has_its_text() -> Result<()> {
    let db = things().await;
    let text = async |query: orm_core::Query<&Engine, Thing>| -> Result<String> {
        let cursor = query.clone().after(None, 1).await?.last;
        let recording = db.record();
        query.after(cursor.as_deref(), 2).await?;
        let sql = recording.take()[0].clone();
        Ok(sql.split_once(r#" FROM "thing" "#).expect("a FROM clause").1.to_owned())
    };
    let things = || db.engine.query::<Thing>();
    assert_eq!(text(things()).await?, r#"WHERE "thing"."id" > $1 ORDER BY "thing"."id" LIMIT 3"#);
    assert_eq!(
        text(things().order_by(Thing::size.desc())).await?,
        concat!(
            r#"WHERE ("thing"."size", "thing"."id") < ($1, $2) "#,
            r#"ORDER BY "thing"."size" DESC, "thing"."id" DESC LIMIT 3"#,
        ),
    );
    assert_eq!(
        text(things().order_by(Thing::size.desc()).order_by(Thing::id.asc())).await?,
        concat!(
            r#"WHERE "thing"."size" <= $1 AND ("thing"."size" < $2 OR ("thing"."size" = $3 AND "thing"."id" > $4)) "#,
            r#"ORDER BY "thing"."size" DESC, "thing"."id" LIMIT 3"#,
        ),
    );
    assert_eq!(
        text(things().order_by(Thing::shade.asc())).await?,
        concat!(
            r#"WHERE "thing"."shade" > $1 OR "thing"."shade" IS NULL OR ("thing"."shade" = $2 AND "thing"."id" > $3) "#,
            r#"ORDER BY "thing"."shade", "thing"."id" LIMIT 3"#,
        ),
    );
    assert_eq!(
        text(things().order_by(Thing::shade.asc().nulls_first())).await?,
        concat!(
            r#"WHERE "thing"."shade" IS NOT NULL OR ("thing"."shade" IS NULL AND "thing"."id" > $1) "#,
            r#"ORDER BY "thing"."shade" NULLS FIRST, "thing"."id" LIMIT 3"#,
        ),
    );
    Ok(())
}

/// Walks over all pages, forwards and backwards, and compares them with the whole.
async fn walk(query: Rows<&Engine, i32>, size: u64) -> Result<()> {
    // The first page that has all rows is the order that the pages go by.
    let whole = query.clone().after(None, 1000).await?;
    assert!(!whole.has_next && !whole.has_previous && whole.next().is_none() && whole.previous().is_none());
    let whole = whole.items;
    assert_eq!(whole.iter().collect::<HashSet<_>>().len(), whole.len());
    let mut forwards = Vec::new();
    let mut page = query.clone().after(None, size).await?;
    loop {
        assert_eq!(page.has_previous, !forwards.is_empty());
        forwards.extend(page.items.iter().copied());
        let Some(cursor) = page.next().map(str::to_owned) else { break };
        assert_eq!(page.items.len() as u64, size);
        page = query.clone().after(Some(&cursor), size).await?;
    }
    assert_eq!(forwards, whole);
    let mut pages = Vec::new();
    let mut page = query.clone().before(None, size).await?;
    loop {
        assert_eq!(page.has_next, !pages.is_empty());
        pages.push(page.items.clone());
        let Some(cursor) = page.previous().map(str::to_owned) else { break };
        page = query.clone().before(Some(&cursor), size).await?;
    }
    pages.reverse();
    assert_eq!(pages.concat(), whole);
    // Forth and back again is where one was.
    let first = query.clone().after(None, size).await?;
    if let Some(cursor) = first.next() {
        let second = query.clone().after(Some(cursor), size).await?;
        let back = query.before(second.previous(), size).await?;
        assert_eq!((back.items, back.has_previous, back.has_next), (first.items, false, true));
    }
    Ok(())
}

#[tokio::test]
async fn q21_all_orders_are_walked_in_both_directions() -> Result<()> {
    let db = things().await;
    let base = || db.engine.query::<Thing>();
    let shades = [
        Thing::shade.asc(),
        Thing::shade.desc(),
        Thing::shade.asc().nulls_first(),
        Thing::shade.asc().nulls_last(),
        Thing::shade.desc().nulls_first(),
        Thing::shade.desc().nulls_last(),
    ];
    let weights = [Thing::weight.asc(), Thing::weight.desc().nulls_last(), Thing::weight.asc().nulls_first()];
    let mut queries = vec![base(), base().order_by(Thing::id.desc()), base().order_by(Thing::size.desc())];
    for shade in &shades {
        queries.push(base().order_by(shade.clone()));
        for weight in &weights {
            queries.push(base().order_by(shade.clone()).order_by(weight.clone()));
            queries.push(base().order_by(weight.clone()).order_by(Thing::size.desc()).order_by(shade.clone()));
        }
    }
    queries.push(base().order_by((Thing::size * 3).desc()).order_by(Thing::shade.is_null().asc()));
    queries.push(base().order_by(Thing::size.asc()).filter(Thing::size.gt(2)));
    for (number, query) in queries.into_iter().enumerate() {
        for size in [if number < 9 { 1 } else { 10 }, 17, 53] {
            walk(query.clone().select(Thing::id), size).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn q21_joined_rows_are_walked_too() -> Result<()> {
    let db = shop().await;
    let lines = db.engine.query::<Order>().join(Order::lines).order_by(Order::total.desc());
    walk(lines.clone().select(Line::id), 1).await?;
    let recording = db.record();
    lines.after(None, 1).await?;
    assert!(
        recording.take()[0].contains(r#"ORDER BY "order"."total" DESC, "order"."id" DESC, "line"."id" DESC LIMIT"#)
    );
    // One that brings one row at most needs no key.
    let orders = db.engine.query::<Order>().join(Order::customer).order_by(Customer::name.asc());
    walk(orders.clone().select(Order::id), 1).await?;
    orders.after(None, 1).await?;
    assert!(recording.take().last().unwrap().contains(r#"ORDER BY "customer"."name", "order"."id" LIMIT"#));
    // What is missing behind an outer join is NULL in the order.
    let all = db.engine.query::<Customer>().left_join(Customer::orders).order_by(Order::total.asc());
    let count = all.clone().count().await?;
    let mut seen = 0;
    let mut cursor = None;
    loop {
        let page = all.clone().select((Customer::id, Order::id)).after(cursor.as_deref(), 2).await?;
        seen += page.items.len() as u64;
        cursor = page.next().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, count);
    Ok(())
}

#[tokio::test]
async fn q21_a_walk_among_inserts_sees_each_old_row_once() -> Result<()> {
    let db = things().await;
    let ordered = db.engine.query::<Thing>().order_by(Thing::shade.desc().nulls_last()).order_by(Thing::size.asc());
    for backward in [false, true] {
        let old: HashSet<i32> = db.engine.query::<Thing>().select(Thing::id).all().await?.into_iter().collect();
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let rows = ordered.clone().select(Thing::id);
            let page = if backward {
                rows.before(cursor.as_deref(), 4).await?
            } else {
                rows.after(cursor.as_deref(), 4).await?
            };
            seen.extend(page.items.iter().copied());
            let next = if backward { page.previous() } else { page.next() };
            cursor = next.map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            // On both sides of where the walk is, and right there; and the row of the cursor goes.
            db.run("INSERT INTO thing (size, shade) VALUES (0, 'a'), (9, 'zz'), (2, NULL), (2, 'green'), (2, 'red')")
                .await;
            let edge = if backward { page.items.first() } else { page.items.last() };
            if seen.len() == 8 {
                db.run(&format!("DELETE FROM thing WHERE id = {}", edge.expect("a row"))).await;
            }
        }
        let unique: HashSet<i32> = seen.iter().copied().collect();
        assert_eq!(unique.len(), seen.len(), "no row comes twice");
        assert!(old.is_subset(&unique), "no old row is left out");
    }
    Ok(())
}

/// A cursor of the same order with other bytes for its first value, as one who knows the format makes it.
fn forged(cursor: &str, value: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = cursor.bytes().map(|c| ALPHABET.iter().position(|a| *a == c).expect("a digit") as u32);
    let bits: Vec<bool> = digits.flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1 == 1)).collect();
    let byte = |bits: &[bool]| bits.iter().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit));
    let bytes: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    // A version, a fingerprint of eight bytes, then a tag, a length and the value.
    let len = u32::from_be_bytes(bytes[10..14].try_into().expect("four bytes")) as usize;
    let mut forged = bytes[..10].to_vec();
    forged.extend((value.len() as u32).to_be_bytes());
    forged.extend(value);
    forged.extend(&bytes[14 + len..bytes.len() - 4]);
    let mixed = (forged.len() as u64).to_be_bytes().into_iter().chain(forged.iter().copied());
    let hash =
        mixed.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    forged.extend(((hash ^ (hash >> 32)) as u32).to_be_bytes());
    let bits: Vec<bool> = forged.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    bits.chunks(6).map(|six| char::from(ALPHABET[(usize::from(byte(six))) << (6 - six.len())])).collect()
}

#[tokio::test]
async fn q21_a_cursor_that_was_made_up_with_care_is_refused_by_the_server() -> Result<()> {
    let db = things().await;
    let by_shade = db.engine.query::<Thing>().order_by(Thing::shade.asc());
    let cursor = by_shade.clone().after(None, 1).await?.last.expect("a cursor");
    assert_eq!(forged(&cursor, b"blue"), cursor);
    // Whoever knows the format begins where he likes, and does no more.
    let hostile = forged(&cursor, b"'; DROP TABLE thing; --");
    assert!(!by_shade.clone().after(Some(&hostile), 3).await?.items.is_empty());
    for value in [&b"\xff\xfe"[..], b"a\0b"] {
        let error = by_shade.clone().after(Some(&forged(&cursor, value)), 3).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cursor, "{error}");
    }
    let by_size = db.engine.query::<Thing>().order_by(Thing::size.asc());
    let cursor = by_size.clone().after(None, 1).await?.last.expect("a cursor");
    for value in [&b""[..], b"abc", b"123456789"] {
        let error = by_size.clone().after(Some(&forged(&cursor, value)), 3).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cursor, "{error}");
    }
    let expression = db.engine.query::<Thing>().order_by((Thing::size * 2).desc());
    let cursor = expression.clone().after(None, 1).await?.last.expect("a cursor");
    let error = expression.clone().select(Thing::id).before(Some(&forged(&cursor, b"x")), 3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cursor, "{error}");
    assert_eq!(db.engine.query::<Thing>().count().await?, 53);
    Ok(())
}

#[tokio::test]
async fn q21_pages_are_asked_for_in_tasks() -> Result<()> {
    let db = shop().await;
    let engine = db.engine.clone();
    let pages = tokio::spawn(async move {
        let mut session = engine.session();
        let by_number = session.query::<Order>().page(1, 3).await?.items.len();
        let by_key = session.query::<Order>().after(None, 3).await?.items.len();
        let values = engine.query::<Order>().page(2, 3).await?.items.len();
        let columns = engine.query::<Order>().select(Order::id).before(None, 3).await?.items.len();
        Ok::<_, orm_core::Error>([by_number, by_key, values, columns])
    });
    assert_eq!(pages.await.expect("a task")?, [3, 3, 1, 3]);
    Ok(())
}

#[tokio::test]
async fn q21_a_session_pages_with_what_it_loads() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    let by_total = || query::<Order>().order_by(Order::total.desc()).with(Order::customer).with(Order::lines);
    let first = by_total().on(&mut session).after(None, 3).await?;
    let totals: Vec<i64> = first.items.iter().map(|&order| session[order].total).collect();
    assert_eq!(totals, [1000, 700, 250]);
    let second = by_total().on(&mut session).after(first.next(), 3).await?;
    assert_eq!((second.items.len(), second.has_next, second.has_previous), (1, false, true));
    let back = by_total().on(&mut session).before(second.previous(), 2).await?;
    assert_eq!((back.items, back.has_previous), (first.items[1..].to_vec(), true));
    let joined =
        db.engine.query::<Order>().order_by(Order::id.asc()).with_joined(Order::customer).after(None, 2).await?;
    let names: Vec<&str> = joined.items.iter().map(|(_, customer)| customer.name.as_str()).collect();
    assert_eq!(names, ["Ann", "Ann"]);
    let mut session = db.engine.session();
    let joined =
        session.query::<Order>().order_by(Order::id.desc()).with_joined(Order::customer).after(None, 2).await?;
    assert_eq!(joined.items.len(), 2);
    Ok(())
}

#[tokio::test]
async fn q21_a_cursor_of_another_order_or_of_nobody_is_refused_before_it_is_sent() -> Result<()> {
    let db = things().await;
    let by_size = db.engine.query::<Thing>().order_by(Thing::size.asc());
    let cursor = by_size.clone().after(None, 3).await?.last.expect("a cursor");
    assert!(cursor.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "{cursor}");
    // Other filters are none of its business.
    assert!(!by_size.clone().filter(Thing::id.gt(3)).after(Some(&cursor), 3).await?.items.is_empty());
    let recording = db.record();
    let others = [
        db.engine.query::<Thing>(),
        db.engine.query::<Thing>().order_by(Thing::size.desc()),
        db.engine.query::<Thing>().order_by(Thing::size.asc().nulls_first()),
        db.engine.query::<Thing>().order_by(Thing::id.asc()).order_by(Thing::size.asc()),
        db.engine.query::<Thing>().order_by((Thing::size + 1).asc()),
    ];
    for other in others {
        let error = other.after(Some(&cursor), 3).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cursor, "{error}");
    }
    let times = |n: i32| db.engine.query::<Thing>().order_by((Thing::size * n).asc());
    let of_three = times(3).after(None, 1).await?.last;
    let _ = recording.take();
    assert_eq!(times(4).after(of_three.as_deref(), 1).await.unwrap_err().kind(), ErrorKind::Cursor);
    for garbage in
        ["", "x", "'; DROP TABLE thing; --", "\u{0}", &cursor[1..], &format!("{cursor}{cursor}"), &"A".repeat(100_000)]
    {
        let error = by_size.clone().after(Some(garbage), 3).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cursor);
        let error = by_size.clone().select(Thing::id).before(Some(garbage), 3).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cursor);
    }
    let refused = [
        by_size.clone().after(None, 0).await.unwrap_err(),
        by_size.clone().limit(2).after(None, 1).await.unwrap_err(),
        by_size.clone().distinct().after(None, 1).await.unwrap_err(),
        by_size.clone().group_by(Thing::size).before(None, 1).await.unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::Invalid));
    assert!(recording.take().is_empty());
    Ok(())
}
