//! Q23: inserts without the unit of work: values and queries, conflicts, and what comes back.

use orm_core::prelude::*;
use orm_core::{ConstraintKind, ErrorKind, InsertOutcome, Result, Written};
use orm_tests::TestDb;

use crate::rows_are_copied::{Kind, Mood, kind};
use crate::shop::{Customer, Line, Order, shop};

/// A stock of something, with all that makes an insert hard.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(unique(place, product, name = "one stock"), index(code, unique, where = "state = 'open' AND amount > -1"))]
pub(crate) struct Stock {
    #[model(primary_key)]
    pub id: Auto<i64>,
    #[model(length = 5)]
    pub place: String,
    pub product: String,
    pub amount: i32,
    pub marks: Vec<String>,
    pub code: Option<String>,
    #[model(default = "'open'")]
    pub state: Auto<String>,
    #[model(generated = "amount * 2")]
    pub double: Option<i32>,
    #[model(version)]
    pub version: i32,
    #[model(default = "0", on_update = "changes + 1")]
    pub changes: Auto<i32>,
}

fn stock(place: &str, product: &str, amount: i32) -> Stock {
    Stock::builder().place(place).product(product).amount(amount).marks(vec![]).version(1).build()
}

const STOCKS: &str = "SELECT place, product, amount, version, changes FROM stock ORDER BY id";

/// A word of SQL as a table, whose rows are excluded by name.
#[derive(Model, Debug, Clone)]
struct Excluded {
    #[model(primary_key)]
    id: i32,
    text: String,
}

/// Nothing but what the server makes.
#[derive(Model, Debug, Clone)]
struct Ticket {
    #[model(primary_key)]
    id: Auto<i64>,
    #[model(default = "true")]
    open: Auto<bool>,
}

#[test]
fn q23_inserts_have_their_texts() {
    let one = || insert([stock("a", "tea", 1)]);
    let rows = concat!(
        r#"INSERT INTO "stock" ("place", "product", "amount", "marks", "code", "version") "#,
        r#"SELECT "v0", "v1", "v2", "v3", "v4", "v5" FROM (SELECT "plain"."v0", "plain"."v1", "plain"."v2", "#,
        r#"CASE WHEN "plain"."v3" THEN COALESCE ("v3_elements"."v", '{}') END AS "v3", "plain"."v4", "plain"."v5", "#,
        r#""plain"."n" FROM UNNEST ($1::text[], $2::text[], $3::integer[], $4::boolean[], $5::text[], $6::integer[]) "#,
        r#"WITH ORDINALITY AS "plain" ("v0", "v1", "v2", "v3", "v4", "v5", "n") LEFT JOIN (SELECT "r", "#,
        r#"array_agg("v" ORDER BY "o") AS "v" FROM UNNEST ($7::bigint[], $8::text[]) WITH ORDINALITY AS "element" "#,
        r#"("r", "v", "o") GROUP BY "r") AS "v3_elements" ON "v3_elements"."r" = "plain"."n" ORDER BY "plain"."n") "#,
        r#"AS "rows" ORDER BY "n""#,
    );
    let stocks = |count: i32| insert((0..count).map(|n| stock("a", "tea", n)));
    assert_eq!(stocks(9).to_sql().replace("varchar", "text"), rows);
    // Few rows need no arrays, if the same columns are given of all.
    let eight: Vec<String> = (0..48)
        .step_by(6)
        .map(|n| format!("(${}, ${}, ${}, ${}, ${}, ${})", n + 1, n + 2, n + 3, n + 4, n + 5, n + 6))
        .collect();
    assert!(stocks(8).to_sql().ends_with(&format!(" VALUES {}", eight.join(", "))), "{}", stocks(8).to_sql());
    let mut given = stock("b", "tea", 1);
    given.state = "shut".to_owned().into();
    assert!(insert([stock("a", "tea", 1), given]).to_sql().contains(" FROM UNNEST "));
    let values = r#"INSERT INTO "stock" ("place", "product", "amount", "marks", "code", "version") VALUES ($1, $2, $3, $4, $5, $6)"#;
    assert_eq!(one().to_sql(), values);
    let after = |sql: String| sql.strip_prefix(values).map_or(String::new(), ToOwned::to_owned);
    assert_eq!(after(one().on_conflict_do_nothing().to_sql()), " ON CONFLICT DO NOTHING");
    assert_eq!(
        after(one().on_conflict((Stock::place, Stock::product)).do_nothing().returning(Stock::id).to_sql()),
        r#" ON CONFLICT ("place", "product") DO NOTHING RETURNING "stock"."id""#,
    );
    let update = one()
        .on_conflict_on("one stock")
        .do_update(Stock::amount.set(Stock::amount + excluded(Stock::amount)))
        .filter(Stock::amount.lt(9));
    assert_eq!(
        after(update.to_sql()),
        concat!(
            r#" ON CONFLICT ON CONSTRAINT "one stock" DO UPDATE SET "amount" = "stock"."amount" + "excluded"."amount", "#,
            r#""version" = "stock"."version" + $7, "changes" = (SELECT changes + 1 FROM (SELECT "stock".*) AS "stock") "#,
            r#"WHERE "stock"."amount" < $8 RETURNING CASE WHEN (SELECT "relkind" = 'p' FROM "pg_catalog"."pg_class" "#,
            r#"WHERE "oid" = '"stock"'::regclass) THEN NOT EXISTS (SELECT FROM "stock" AS "before" "#,
            r#"WHERE "before"."id" = "stock"."id") ELSE "stock"."xmax" = 0 END"#,
        ),
    );
    let all = one().on_conflict((Stock::place, Stock::product)).do_update_all().to_sql();
    assert!(
        all.contains(r#"DO UPDATE SET "amount" = "excluded"."amount", "marks" = "excluded"."marks", "code" = "#),
        "{all}"
    );
    let partial = one().on_conflict(Stock::code).filter(Stock::state.eq("open").and(Stock::amount.gt(-1))).do_nothing();
    assert_eq!(
        after(partial.to_sql()),
        r#" ON CONFLICT ("code") WHERE "state" = 'open' AND "amount" > '-1'::int4 DO NOTHING"#
    );
    let quoted = one().on_conflict(Stock::code).filter(Stock::state.ne("it's \\ all")).do_nothing();
    assert!(quoted.to_sql().contains(r#"WHERE "state" <> E'it''s \\ all' DO"#), "{}", quoted.to_sql());
    let shown = insert([Excluded { id: 1, text: "a".into() }])
        .on_conflict(Excluded::id)
        .do_update(Excluded::text.set(excluded(Excluded::text)))
        .filter(Excluded::text.ne(excluded(Excluded::text)));
    assert_eq!(
        shown.to_sql().split(" RETURNING ").next().expect("a text"),
        concat!(
            r#"INSERT INTO "excluded" AS "excluded_1" ("id", "text") VALUES ($1, $2) "#,
            r#"ON CONFLICT ("id") DO UPDATE SET "text" = "excluded"."text" "#,
            r#"WHERE "excluded_1"."text" <> "excluded"."text""#,
        ),
    );
    assert_eq!(insert([Ticket::builder()]).to_sql(), r#"INSERT INTO "ticket" DEFAULT VALUES"#);
    let texts = |count: i32| insert((0..count).map(|id| Excluded { id, text: "a".into() })).to_sql();
    assert_eq!(texts(2), r#"INSERT INTO "excluded" ("id", "text") VALUES ($1, $2), ($3, $4)"#);
    assert_eq!(texts(9), r#"INSERT INTO "excluded" ("id", "text") SELECT unnest($1::integer[]), unnest($2::text[])"#);
    assert_eq!(
        insert([Ticket::builder(), Ticket::builder()]).to_sql(),
        concat!(
            r#"INSERT INTO "ticket" ("id") SELECT COALESCE ("v0", nextval((SELECT pg_get_serial_sequence('"ticket"', "#,
            r#"'id')::regclass))) AS "v0" FROM UNNEST ($1::bigint[]) WITH ORDINALITY AS "rows" ("v0", "n") ORDER BY "n""#,
        ),
    );
}

#[tokio::test]
async fn q23_rows_of_some_columns_are_inserted_as_they_are_borrowed() -> Result<()> {
    let db = TestDb::with::<(Stock, Ticket)>().await;
    let columns = || (Stock::place, Stock::product, Stock::amount, Stock::marks, Stock::version);
    let lines: Vec<String> = (0..25).map(|n| format!("p{n},tea {n}")).collect();
    let row = |line: &'_ str| line.split_once(',').map(|(place, product)| (place.to_owned(), product.to_owned()));
    let words: Vec<(String, String)> = lines.iter().filter_map(|line| row(line)).collect();
    let marks = |n: usize| if n.is_multiple_of(2) { vec![] } else { vec![n.to_string()] };
    let rows = || words.iter().enumerate().map(|(n, (place, product))| (&**place, product, n as i32, marks(n), 1));
    let sent = db.record();
    for (from, to) in [(0, 1), (1, 9), (9, 25)] {
        let some = rows().skip(from).take(to - from);
        assert_eq!(db.engine.insert_into().rows(columns(), some).await?, (to - from) as u64);
    }
    let texts = sent.take();
    let ends = |index: usize, text: &str| texts[index].ends_with(text);
    assert!(ends(0, r#"("place", "product", "amount", "marks", "version") VALUES ($1, $2, $3, $4, $5)"#), "{texts:?}");
    assert!(ends(1, " $40)") && texts[2].contains(" FROM UNNEST "), "{texts:?}");
    let stored: Vec<String> = (0..25).map(|n| format!("p{n}|tea {n}|{n}|{{{}}}|open", marks(n).join(","))).collect();
    assert_eq!(db.stored("SELECT place, product, amount, marks, state FROM stock ORDER BY id").await, stored);

    // What conflicts, what comes back, one column alone, and none of any.
    let again = insert_into::<Stock>().rows(columns(), rows().take(3));
    let again =
        again.on_conflict((Stock::place, Stock::product)).do_update(Stock::amount.set(excluded(Stock::amount) + 7));
    let outcome = again.on(&db.engine).await?;
    assert_eq!((outcome.inserted, outcome.updated), (0, 3));
    let open: Vec<bool> = db.engine.insert_into().rows(Ticket::open, [false, true]).returning(Ticket::open).await?;
    assert_eq!(open, [false, true]);
    let none: [&str; 0] = [];
    drop(sent.take());
    assert_eq!(db.engine.insert_into::<Stock>().rows(Stock::place, none).await?, 0);
    assert!(sent.sql().is_empty());
    Ok(())
}

#[tokio::test]
async fn q23_rows_leave_to_the_server_what_they_do_not_give() -> Result<()> {
    let db = TestDb::with::<Ticket>().await;
    let open = |n: i64| if n % 3 == 0 { Auto::Pending } else { Auto::Value(n % 3 == 1) };
    let columns = (Ticket::id, Ticket::open);
    for count in [1, 2, 8, 9, 20] {
        let (id, rows) = (count * 100, (0..count).map(open));
        let rows = rows.zip(0..).map(|(open, n)| (id + n, open));
        assert_eq!(db.engine.insert_into().rows(columns, rows).await?, count as u64);
        let wanted: Vec<String> =
            (0..count).map(|n| format!("{}|{}", id + n, if n % 3 == 2 { "f" } else { "t" })).collect();
        assert_eq!(db.stored(&format!("SELECT * FROM ticket WHERE id >= {id} ORDER BY id")).await, wanted);
    }
    let pending = [Auto::Pending; 3];
    assert_eq!(db.engine.insert_into().rows(Ticket::open, pending).returning(Ticket::open).await?, [true; 3]);
    // In the transaction of a session, after what is pending.
    let mut session = db.engine.session();
    session.add(Ticket::builder().id(7));
    insert_into::<Ticket>().rows(Ticket::id, [8]).on(&mut session).await?;
    assert!(db.stored("SELECT * FROM ticket WHERE id < 7").await.len() == 3, "those of the sequence alone");
    assert!(db.stored("SELECT * FROM ticket WHERE id IN (7, 8)").await.is_empty());
    session.commit().await?;
    assert_eq!(db.stored("SELECT id FROM ticket WHERE id IN (7, 8) ORDER BY id").await, ["7", "8"]);
    Ok(())
}

#[tokio::test]
async fn q23_a_row_that_cannot_be_sent_is_refused_before_any_is() -> Result<()> {
    let db = TestDb::with::<Stock>().await;
    let sent = db.record();
    for count in [1, 2, 8, 9, 30] {
        for wrong in [0, count / 2, count - 1] {
            for (product, column) in [("te\0a", "product"), ("tea", "place")] {
                let place = if column == "place" { "too long" } else { "a" };
                let row = |n| if n == wrong { (product, place) } else { ("milk", "b") };
                let rows = (0..count).map(row);
                let refused = db.engine.insert_into().rows((Stock::product, Stock::place), rows).await;
                let error = refused.expect_err("a column cannot hold it");
                let told = (error.kind(), error.model(), error.column());
                assert_eq!(told, (ErrorKind::Encode, Some("Stock"), Some(column)), "{count}, {wrong}: {error}");
                assert!(!error.to_string().contains("too long"), "{error}");
            }
        }
    }
    assert!(sent.sql().is_empty(), "{:?}", sent.sql());
    // What the server refuses, it refuses whole.
    let missing = db.engine.insert_into().rows((Stock::product, Stock::place), [("tea", "a"), ("milk", "b")]).await;
    let error = missing.expect_err("an amount is needed");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Constraint(ConstraintKind::NotNull), Some("amount")));
    let twice = db.engine.insert_into().rows((Stock::product, Stock::product), [("tea", "tea")]).await;
    assert_eq!(twice.expect_err("a column is named twice").sqlstate(), Some("42701"));
    assert!(db.stored("SELECT * FROM stock").await.is_empty());
    Ok(())
}

#[tokio::test]
async fn q23_values_are_inserted_by_one_statement() -> Result<()> {
    let db = TestDb::with::<(Stock, Ticket)>().await;
    let sent = db.record();
    let mut marked = stock("b", "milk", 2);
    marked.marks = vec!["cold".into(), "white".into()];
    marked.state = "shut".to_owned().into();
    let stocks = vec![stock("a", "tea", 1), marked, stock("c", "rye bread", 3)];
    let rows: Vec<(i64, String, Option<i32>, Vec<String>)> =
        db.engine.insert(stocks).returning((Stock::id, Stock::state, Stock::double, Stock::marks)).await?;
    let row = |id: i64, state: &str, double: i32, marks: &[&str]| {
        (id, state.to_owned(), Some(double), marks.iter().map(|&mark| mark.to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(rows, [row(1, "open", 2, &[]), row(2, "shut", 4, &["cold", "white"]), row(3, "open", 6, &[])]);
    assert_eq!(sent.sql().len(), 1);
    // Builders, and a key of one's own beside one that the server makes.
    let builder = |place: &str| Stock::builder().place(place).product("tea").amount(1).marks(vec![]).version(1);
    assert_eq!(db.engine.insert([builder("x").id(70), builder("y")]).await?, 2);
    assert_eq!(db.stored("SELECT id, place FROM stock WHERE id > 3 ORDER BY id").await, ["4|y", "70|x"]);
    let tickets = db.engine.insert((0..3).map(|_| Ticket::builder())).returning((Ticket::id, Ticket::open)).await?;
    assert_eq!(tickets, [(1, true), (2, true), (3, true)]);
    // No values, no statement.
    let before = sent.sql().len();
    assert_eq!(db.engine.insert(Vec::<Stock>::new()).await?, 0);
    assert_eq!(db.engine.insert(Vec::<Stock>::new()).returning(Stock::id).await?, Vec::<i64>::new());
    let none = db.engine.insert(Vec::<Stock>::new()).on_conflict(Stock::id).do_update_all().await?;
    assert_eq!(none, InsertOutcome::default());
    assert_eq!(sent.sql().len(), before);
    Ok(())
}

#[tokio::test]
async fn q23_seventy_thousand_rows_are_one_statement() -> Result<()> {
    let db = TestDb::with::<(Stock,)>().await;
    let sent = db.record();
    let many = || (0..70_000).map(|i| stock("a", &format!("thing {i}"), i));
    let ids = db.engine.insert(many()).returning(Stock::id).await?;
    assert_eq!(ids.len(), 70_000);
    let target = (Stock::place, Stock::product);
    let add = Stock::amount.set(Stock::amount + excluded(Stock::amount));
    let more = many().chain([stock("a", "another", 0)]);
    let outcome = db.engine.insert(more).on_conflict(target).do_update(add).await?;
    assert_eq!(outcome, InsertOutcome { inserted: 1, updated: 70_000 });
    assert_eq!(sent.sql().len(), 2);
    assert_eq!(db.stored("SELECT count(*), sum(amount) FROM stock").await, ["70001|4899930000"]);
    Ok(())
}

#[tokio::test]
async fn q23_the_rows_of_a_query_are_inserted() -> Result<()> {
    let db = shop().await;
    let big = query::<Order>().join(Order::customer).filter(Order::total.gt(500)).order_by(Order::id.asc()).select((
        Order::id,
        Customer::name,
        Customer::born,
    ));
    #[derive(Model, Debug, Clone)]
    #[model(table = "vip")]
    struct Vip {
        #[model(primary_key)]
        id: Auto<i32>,
        name: String,
        born: Option<i32>,
        #[model(default = "'new'")]
        state: Auto<String>,
    }
    db.engine.create_all::<Vip>().await?;
    let copy = insert_into::<Vip>().from_select((Vip::id, Vip::name, Vip::born), big.clone());
    assert_eq!(
        copy.to_sql(),
        concat!(
            r#"INSERT INTO "vip" ("id", "name", "born") SELECT "order"."id", "customer"."name", "customer"."born" "#,
            r#"FROM "order" JOIN "customer" ON "order"."customer_id" = "customer"."id" "#,
            r#"WHERE "order"."total" > $1 ORDER BY "order"."id""#,
        ),
    );
    assert_eq!(copy.clone().on(&db.engine).await?, 2);
    let error = copy.clone().on(&db.engine).await.expect_err("the keys are there");
    assert_eq!(error.kind(), ErrorKind::Constraint(ConstraintKind::Unique));
    assert_eq!(copy.clone().on_conflict(Vip::id).do_nothing().on(&db.engine).await?, 0);
    let outcome = copy.on_conflict(Vip::id).do_update(Vip::state.set("again")).on(&db.engine).await?;
    assert_eq!(outcome, InsertOutcome { inserted: 0, updated: 2 });
    assert_eq!(
        db.stored("SELECT id, name, born, state FROM vip ORDER BY id").await,
        ["1|Ann|1990|again", "3|Bob|1985|again"]
    );
    // A value that is never NULL into a column that may be; one column.
    let names = query::<Line>().distinct().select(Line::product);
    let added = db.engine.insert_into::<Vip>().from_select(Vip::name, names).returning(Vip::name);
    assert_eq!(
        added.await.expect_err("its sequence meets a key that was given").kind(),
        ErrorKind::Constraint(ConstraintKind::Unique)
    );
    let mut session = db.engine.session();
    // What is pending is flushed before, so that the query sees it.
    session.add(Line::builder().order_id(1).product("salt").quantity(1));
    let names = query::<Line>().filter(Line::id.gt(4)).select((Line::id, Line::product));
    let added = insert_into::<Vip>().from_select((Vip::id, Vip::name), names).on(&mut session);
    assert_eq!(added.returning((Vip::id, Vip::name, Vip::born)).await?, [(5, "salt".to_owned(), None)]);
    session.rollback().await?;
    assert_eq!(db.stored("SELECT count(*) FROM vip").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn q23_what_is_there_is_left_or_updated() -> Result<()> {
    let db = TestDb::with::<(Stock, Excluded)>().await;
    let engine = &db.engine;
    engine.insert([stock("a", "tea", 1), stock("b", "tea", 10)]).await?;
    let target = (Stock::place, Stock::product);
    let left = engine.insert([stock("a", "tea", 5), stock("c", "tea", 5)]).on_conflict(target).do_nothing();
    assert_eq!(left.returning(Stock::place).await?, ["c"]);
    assert_eq!(engine.insert([stock("a", "tea", 5)]).on_conflict_do_nothing().await?, 0);
    assert_eq!(engine.insert([stock("a", "tea", 5)]).on_conflict_on("one stock").do_nothing().await?, 0);
    assert_eq!(db.stored(STOCKS).await, ["a|tea|1|1|0", "b|tea|10|1|0", "c|tea|5|1|0"]);
    // With a condition, and each row says what became of it.
    let put = engine
        .insert([stock("a", "tea", 2), stock("b", "tea", 2), stock("d", "tea", 2)])
        .on_conflict(target)
        .do_update(Stock::amount.set(Stock::amount + excluded(Stock::amount)))
        .filter(Stock::amount.lt(excluded(Stock::amount) + 5));
    let put = put.returning((Stock::place, Stock::amount, Stock::version)).await?;
    assert_eq!(put, [(("a".to_owned(), 3, 2), Written::Updated), (("d".to_owned(), 2, 1), Written::Inserted)]);
    assert!(put[1].1.is_inserted());
    assert_eq!(
        db.stored("SELECT place, amount, version, changes, double FROM stock ORDER BY place").await,
        ["a|3|2|1|6", "b|10|1|0|20", "c|5|1|0|10", "d|2|1|0|4"]
    );
    let all = engine.insert([stock("b", "tea", 7), stock("e", "tea", 7)]).on_conflict(target).do_update_all();
    assert_eq!(all.await?, InsertOutcome { inserted: 1, updated: 1 });
    assert_eq!(db.stored("SELECT amount, version FROM stock WHERE place = 'b'").await, ["7|2"]);
    // A table with the name of the rows that are excluded.
    let row = |text: &str| Excluded { id: 1, text: text.into() };
    let put = |text: &str| {
        insert([row(text)])
            .on_conflict(Excluded::id)
            .do_update(Excluded::text.set(excluded(Excluded::text)))
            .filter(Excluded::text.ne(excluded(Excluded::text)))
    };
    assert_eq!(put("a").on(engine).await?.inserted, 1);
    assert_eq!(put("a").on(engine).await?, InsertOutcome::default());
    assert_eq!(put("b").on(engine).returning(Excluded::text).await?, [("b".to_owned(), Written::Updated)]);
    Ok(())
}

#[tokio::test]
async fn q23_a_partial_index_is_found_by_its_condition() -> Result<()> {
    let db = TestDb::with::<(Stock,)>().await;
    let coded = |place: &str, amount: i32| {
        Stock::builder().place(place).product("tea").amount(amount).marks(vec![]).version(1).code("x".to_owned())
    };
    let put = |place: &str, amount: i32| {
        db.engine
            .insert([coded(place, amount)])
            .on_conflict(Stock::code)
            .filter(Stock::state.eq("open").and(Stock::amount.gt(-1)))
            .do_update(Stock::amount.set(excluded(Stock::amount)))
    };
    assert_eq!(put("a", 1).await?.inserted, 1);
    assert_eq!(put("b", 2).await?.updated, 1);
    // Outside of the index, it is no conflict.
    assert_eq!(put("c", -1).await?.inserted, 1);
    assert_eq!(db.stored("SELECT place, amount FROM stock ORDER BY place").await, ["a|2", "c|-1"]);
    let without = db.engine.insert([coded("d", 1)]).on_conflict(Stock::code).do_nothing().await;
    let error = without.expect_err("the index is partial");
    assert_eq!((error.kind(), error.model(), error.sqlstate()), (ErrorKind::Schema, Some("Stock"), Some("42P10")));
    let odd = db.engine.insert([coded("d", 1)]).on_conflict(Stock::code).filter(Stock::id.gt(1)).do_nothing().await;
    assert_eq!(odd.expect_err("no such index").sqlstate(), Some("42P10"));
    Ok(())
}

#[tokio::test]
async fn q23_a_partitioned_table_tells_too() -> Result<()> {
    #[derive(Model, Debug, Clone)]
    #[model(table = "hit", primary_key(day, page))]
    struct Hit {
        day: i32,
        page: String,
        count: i64,
    }
    let db = TestDb::new();
    db.run("CREATE TABLE hit (day int, page text, count bigint NOT NULL, PRIMARY KEY (day, page)) PARTITION BY RANGE (day)")
        .await;
    db.run("CREATE TABLE hit_1 PARTITION OF hit FOR VALUES FROM (0) TO (9)").await;
    db.run("CREATE TABLE hit_2 PARTITION OF hit FOR VALUES FROM (9) TO (99)").await;
    let hit = |day: i32| Hit { day, page: "/".into(), count: 1 };
    let put = |hits: Vec<Hit>| {
        db.engine
            .insert(hits)
            .on_conflict((Hit::day, Hit::page))
            .do_update(Hit::count.set(Hit::count + excluded(Hit::count)))
    };
    assert_eq!(put(vec![hit(1), hit(10)]).await?, InsertOutcome { inserted: 2, updated: 0 });
    assert_eq!(
        put(vec![hit(1), hit(2), hit(10)]).returning((Hit::day, Hit::count)).await?,
        [((1, 2), Written::Updated), ((2, 1), Written::Inserted), ((10, 2), Written::Updated)]
    );
    Ok(())
}

#[tokio::test]
async fn q23_a_session_inserts_in_its_transaction_and_its_objects_follow() -> Result<()> {
    let db = TestDb::with::<(Stock,)>().await;
    let mut session = db.engine.session();
    let tea = session.add(stock("a", "tea", 1));
    session.commit().await?;
    session[tea].product = "tee".into();
    let target = (Stock::place, Stock::product);
    let rows = || [stock("a", "tee", 5), stock("b", "tee", 5)];
    // With nothing to follow, the number is that of the server.
    assert_eq!(insert(rows()).on_conflict(target).do_nothing().on(&mut session).await?, 1);
    assert_eq!(session[tea].amount, 1);
    let put = insert(rows()).on_conflict(target).do_update(Stock::amount.set(excluded(Stock::amount)));
    let put = put.on(&mut session).returning((Stock::place, Stock::amount)).await?;
    assert_eq!(put, [(("a".to_owned(), 5), Written::Updated), (("b".to_owned(), 5), Written::Updated)]);
    let (amount, double) = (session[tea].amount, session[tea].double);
    assert_eq!((amount, double, session[tea].changes.get()), (5, Some(10), Some(2)));
    let again = insert(rows()).on_conflict(target).do_update_all().on(&mut session).await?;
    assert_eq!(again, InsertOutcome { inserted: 0, updated: 2 });
    // The version is that of the row: the object can be written again.
    session[tea].amount = 6;
    session.commit().await?;
    assert_eq!(db.stored("SELECT place, amount FROM stock ORDER BY place").await, ["a|6", "b|5"]);
    insert([stock("c", "tea", 1)]).on(&mut session).await?;
    session.rollback().await?;
    assert_eq!(db.stored("SELECT count(*) FROM stock").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn q23_every_kind_of_value_is_inserted() -> Result<()> {
    let db = TestDb::with::<(Kind,)>().await;
    let kinds: Vec<Kind> = (1..4).map(kind).collect();
    assert_eq!(db.engine.insert(kinds.clone()).await?, 3);
    assert_eq!(db.engine.query::<Kind>().order_by(Kind::id.asc()).all().await?, kinds);
    let put = db.engine.insert(kinds.clone()).on_conflict(Kind::id).do_update_all();
    assert_eq!(put.await?, InsertOutcome { inserted: 0, updated: 3 });
    let moods = (Kind::mood.set(Mood::Sad), Kind::moods.set(excluded(Kind::moods)), Kind::code.set("efgh"));
    let put = db.engine.insert([kind(3)]).on_conflict(Kind::id).do_update(moods).returning((Kind::mood, Kind::code));
    assert_eq!(put.await?, [((Mood::Sad, "efgh".to_owned()), Written::Updated)]);
    let merge = db.engine.merge_into::<Kind>().using_values([kind(4), kind(3)]).on(Kind::id.eq(given(Kind::id)));
    assert_eq!(merge.when_matched().update_all().when_not_matched().insert_all().await?, 2);
    assert_eq!(db.engine.query::<Kind>().order_by(Kind::id.asc()).all().await?, (1..5).map(kind).collect::<Vec<_>>());
    // More than a few go as arrays.
    let many: Vec<Kind> = (5..30).map(kind).collect();
    assert_eq!(db.engine.insert(many.clone()).await?, 25);
    assert_eq!(db.engine.query::<Kind>().filter(Kind::id.gt(4)).order_by(Kind::id.asc()).all().await?, many);
    Ok(())
}

#[tokio::test]
async fn q23_what_is_there_comes_back_too() -> Result<()> {
    /// One value and its key.
    #[derive(Model, Debug, Clone)]
    #[model(schema = "sh\"op", table = "ta\"g", unique(label, name = "la\"bel"))]
    struct Tag {
        #[model(primary_key)]
        id: Auto<i32>,
        #[model(column = "la\"bel")]
        label: String,
        #[model(default = "0", on_update = "seen + 1")]
        seen: Auto<i32>,
    }
    let db = TestDb::new();
    db.run(r#"CREATE SCHEMA "sh""op""#).await;
    db.engine.create_all::<Tag>().await?;
    let tags = |labels: &[&str]| labels.iter().map(|&label| Tag::builder().label(label).build()).collect::<Vec<_>>();
    let put = |labels: &[&str]| db.engine.insert(tags(labels)).on_conflict(Tag::label).do_update_all();
    let rows = put(&["a", "b"]).returning((Tag::id, Tag::seen)).await?;
    assert_eq!(rows, [((1, 0), Written::Inserted), ((2, 0), Written::Inserted)]);
    let rows = put(&["b", "c"]).returning((Tag::label, Tag::seen)).await?;
    assert_eq!(rows, [(("b".to_owned(), 1), Written::Updated), (("c".to_owned(), 0), Written::Inserted)]);
    let named = db.engine.insert(tags(&["c"])).on_conflict_on("la\"bel").do_update_all();
    assert_eq!(named.await?, InsertOutcome { inserted: 0, updated: 1 });
    let merge = db.engine.merge_into::<Tag>().using_values(tags(&["a", "d"])).on(Tag::label.eq(given(Tag::label)));
    assert_eq!(merge.when_matched().update_all().when_not_matched().insert_all().await?, 2);
    assert_eq!(db.engine.copy_in().rows(tags(&["e"])).await?, 1);
    let mut out =
        db.engine.query::<Tag>().order_by(Tag::label.asc()).select((Tag::label, Tag::seen)).copy_out().await?;
    let mut all = Vec::new();
    while let Some(row) = out.next().await? {
        all.push(row);
    }
    let row = |label: &str, seen: i32| (label.to_owned(), seen);
    assert_eq!(all, [row("a", 1), row("b", 1), row("c", 1), row("d", 0), row("e", 0)]);
    Ok(())
}

#[tokio::test]
async fn q23_bad_input_is_an_error_that_names_it() -> Result<()> {
    let db = TestDb::with::<(Stock, Customer, Order, Line)>().await;
    let engine = &db.engine;
    let target = (Stock::place, Stock::product);
    let sent = db.record();
    let error = engine.insert([stock("a", "t\0a", 1)]).await.expect_err("no PostgreSQL text");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Encode, Some("Stock"), Some("product")));
    let error = engine.insert([stock("a", "tea", 1), stock("abcdef", "tea", 1)]).await.expect_err("too long");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Encode, Some("Stock"), Some("place")));
    assert!(!format!("{error:?}").contains("abcdef"));
    let put = engine.insert([stock("a", "tea", 1)]).on_conflict(target).do_update(Stock::place.set("abcdef"));
    let error = put.await.expect_err("too long");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("place")));
    let mut session = engine.session();
    let ann = session.add(Customer::builder().name("Ann"));
    let order = || Order::builder().status("new").total(1).tags(vec![]);
    let error = engine.insert([order().customer(ann)]).await.expect_err("an object's key is not known");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Order")));
    assert!(error.to_string().contains("`Order::customer`"), "{error}");
    let lines = [Line::builder().product("tea").quantity(1)];
    let error = engine.insert([order().customer_id(1).lines(lines)]).await.expect_err("children");
    assert!(error.to_string().contains("`Order::lines`"), "{error}");
    let bytes =
        engine.insert([stock("a", "tea", 1)]).on_conflict(Stock::code).filter(Stock::marks.eq(vec!["é\0".to_owned()]));
    assert_eq!(bytes.do_nothing().await.expect_err("no PostgreSQL text").kind(), ErrorKind::Encode);
    assert!(sent.sql().is_empty(), "{:?}", sent.sql());
    let twice = engine.insert([stock("a", "tea", 1), stock("a", "tea", 2)]).on_conflict(target).do_update_all().await;
    let error = twice.expect_err("one row twice");
    assert_eq!((error.kind(), error.model(), error.sqlstate()), (ErrorKind::Invalid, Some("Stock"), Some("21000")));
    assert!(error.to_string().contains("leave out all but one"), "{error}");
    let unknown = engine.insert([stock("a", "tea", 1)]).on_conflict_on("no \"such\"").do_nothing().await;
    let error = unknown.expect_err("no such constraint");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Schema, Some("Stock")));
    assert_eq!((error.constraint(), error.sqlstate()), (Some("no \"such\""), Some("42704")));
    let refused = engine.insert([Order::builder().customer_id(9).status("x").total(1).tags(vec![])]).await;
    assert!(refused.expect_err("no such customer").is_foreign_key_violation());
    // The texts of hostile values are values.
    engine.insert([stock("a", "'; DROP TABLE stock; --", 1)]).await?;
    assert_eq!(db.stored("SELECT product FROM stock").await, ["'; DROP TABLE stock; --"]);
    Ok(())
}
