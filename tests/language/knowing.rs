//! What is known of a statement (Q28 to Q31): its text and parameters, its plan, its event, its record.

use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{ErrorKind, Recording};

use crate::shop::{Customer, Line, Order, shop};
use crate::traced::traced;

#[derive(Model, Debug, Clone)]
struct Account {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(sensitive)]
    password: String,
    #[model(sensitive)]
    pin: Option<i32>,
}

/// An engine that is asked for nothing.
fn nowhere() -> orm_core::Result<Engine> {
    Engine::new("postgresql://nobody@localhost/nowhere")
}

/// `$1 = 'a'`, and whether it is sensitive.
fn shown(statement: &orm_core::SqlStatement) -> Vec<String> {
    let params = statement.params();
    params.map(|one| format!("{one} = {}{}", one.reveal(), if one.is_sensitive() { " !" } else { "" })).collect()
}

#[test]
fn q28_a_statement_is_its_text_and_typed_parameters() -> orm_core::Result<()> {
    let query = query::<Order>()
        .filter(Order::status.eq("paid"))
        .filter(Order::total.ge(100))
        .filter(Order::discount.is_not_distinct_from(None))
        .filter(Order::id.in_([1, 2]))
        .filter(Order::tags.eq(vec!["gift".to_owned()]));
    let statement = query.to_statement()?;
    assert_eq!(statement.sql(), query.to_sql());
    assert_eq!(
        shown(&statement),
        [
            "$1: text = 'paid'",
            "$2: bigint = 100",
            "$3: double precision = NULL",
            "$4: integer[] = [1, 2]",
            "$5: text[] = ['gift']",
        ]
    );
    let debug = format!("{statement:?}");
    assert!(debug.ends_with("[$1: text, $2: bigint, $3: double precision, $4: integer[], $5: text[]]"), "{debug}");
    assert_eq!(statement.to_string(), query.to_sql());
    let third = statement.params().nth(2).expect("the discount");
    assert!(third.is_null() && third.number() == 3 && third.value().is_null());
    Ok(())
}

#[test]
fn q28_every_kind_of_statement_has_them() -> orm_core::Result<()> {
    let paid = || query::<Order>().filter(Order::status.eq("paid"));
    assert_eq!(shown(&paid().select(Order::id).to_statement()?), ["$1: text = 'paid'"]);
    assert_eq!(shown(&paid().dynamic().filter(Order::id.eq(1)).to_statement()?)[1], "$2: integer = 1");
    let update = paid().update(Order::total.set(5));
    assert_eq!(update.to_statement()?.sql(), update.to_sql());
    assert_eq!(shown(&update.to_statement()?), ["$1: bigint = 5", "$2: text = 'paid'"]);
    let delete = paid().delete();
    assert_eq!(delete.to_statement()?.sql(), delete.to_sql());
    // `Debug` prints the SQL.
    assert_eq!(format!("{delete:?}"), delete.to_sql());
    assert_eq!(format!("{update:?}"), update.to_sql());
    assert_eq!(format!("{:?}", paid()), paid().to_sql());
    Ok(())
}

#[test]
fn q28_what_would_be_refused_has_no_statement() {
    let error = query::<Order>().filter(Order::status.eq("a\0")).to_statement().expect_err("a NUL");
    assert_eq!(error.kind(), ErrorKind::Encode);
    let error = query::<Order>().delete().to_statement().expect_err("no filter");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = query::<Order>().dynamic().filter(Line::id.eq(1)).to_statement().expect_err("not joined");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let engine = nowhere().expect("it connects to nothing");
    let explain = engine.query::<Order>().update(Order::total.set(1)).explain();
    assert_eq!(explain.to_statement().expect_err("no filter").kind(), ErrorKind::Invalid);
}

#[test]
fn q29_a_sensitive_columns_values_are_told_apart() -> orm_core::Result<()> {
    let query = query::<Account>().filter(Account::name.eq("ann")).filter(Account::password.eq("s3cret"));
    assert_eq!(shown(&query.to_statement()?), ["$1: text = 'ann'", "$2: text = 's3cret' !"]);
    let either = Account::password.eq("s3cret").or(Account::name.eq("ann")).and(Account::pin.between(1, 2));
    let update = orm_core::prelude::query::<Account>()
        .filter(either)
        .filter(Account::pin.in_([7]).not())
        .update((Account::name.set("bob"), Account::password.set("n3w")));
    assert_eq!(
        shown(&update.to_statement()?),
        [
            "$1: text = 'bob'",
            "$2: text = 'n3w' !",
            "$3: text = 's3cret' !",
            "$4: text = 'ann'",
            "$5: integer = 1 !",
            "$6: integer = 2 !",
            "$7: integer[] = [7] !",
        ]
    );
    Ok(())
}

#[test]
fn q29_what_a_subquery_gives_is_as_sensitive_as_its_column() -> orm_core::Result<()> {
    let passwords = query::<Account>().filter(Account::name.eq("bob")).select(Account::password);
    let query = query::<Customer>().filter(Customer::name.in_select(passwords)).filter(Customer::id.gt(1));
    // The condition's own values, and with them those of the query in it, are kept back: better one too many.
    assert_eq!(shown(&query.to_statement()?), ["$1: text = 'bob' !", "$2: integer = 1"]);
    let known = orm_core::prelude::query::<Account>()
        .outer(Customer::TABLE)
        .filter(Account::password.eq("s3cret"))
        .filter(Account::name.eq("bob"))
        .exists_in();
    let query = orm_core::prelude::query::<Customer>().filter(known);
    assert_eq!(shown(&query.to_statement()?), ["$1: text = 's3cret' !", "$2: text = 'bob'"]);
    Ok(())
}

#[test]
fn q28_explain_has_its_options_in_the_text() -> orm_core::Result<()> {
    let engine = nowhere()?;
    let plain = engine.query::<Line>().filter(Line::id.eq(1));
    let sql = plain.to_sql();
    assert_eq!(plain.clone().explain().to_statement()?.sql(), format!("EXPLAIN {sql}"));
    let all = plain.clone().explain_analyze().verbose().buffers().settings().without_costs().without_timing();
    let options = "ANALYZE, VERBOSE, BUFFERS, SETTINGS, COSTS false, TIMING false";
    assert_eq!(format!("{all:?}"), format!("EXPLAIN ({options}) {sql}"));
    // Without `ANALYZE` there are no times to leave out.
    assert_eq!(plain.explain().without_timing().to_statement()?.sql(), format!("EXPLAIN {sql}"));
    Ok(())
}

#[tokio::test]
async fn q28_explain_gives_the_plan_as_text_and_as_a_tree() -> orm_core::Result<()> {
    let db = shop().await;
    let query = || db.engine.query::<Order>().join(Order::customer).filter(Customer::name.eq("Ann"));
    let text = query().explain().without_costs().await?;
    assert!(text.contains("on customer") && text.lines().count() > 2 && !text.contains("cost="), "{text}");
    let plan = query().explain().plan().await?;
    let tables: Vec<&str> = plan.nodes().into_iter().filter_map(|node| node.relation.as_deref()).collect();
    assert!(tables.contains(&"customer") && tables.contains(&"order"), "{plan:?}");
    assert!(plan.root.total_cost > 0.0 && plan.root.plan_rows >= 1.0 && plan.root.plan_width > 0);
    assert!(plan.nodes().iter().all(|node| node.actual.is_none() && node.buffers.is_none()));
    assert_eq!(plan.execution_time, None);
    let keyed = db.engine.query::<Customer>().filter(Customer::id.eq(1)).explain().plan().await?;
    assert!(keyed.uses_index("customer_pkey") || keyed.scans("customer"), "{keyed:?}");
    assert!(db.engine.query::<Customer>().explain().plan().await?.scans("customer"));
    Ok(())
}

#[tokio::test]
async fn q28_explain_analyze_tells_how_it_went() -> orm_core::Result<()> {
    let db = shop().await;
    let sent = db.record();
    let plan = db.engine.query::<Customer>().explain_analyze().buffers().plan().await?;
    assert_eq!(
        sent.take(),
        [
            "BEGIN",
            r#"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT "customer"."id", "customer"."name", "customer"."city", "customer"."born" FROM "customer""#,
            "ROLLBACK",
        ]
    );
    let actual = plan.root.actual.expect("it was run");
    assert_eq!((actual.rows, actual.loops), (4.0, 1.0));
    assert!(actual.total_time.is_some() && plan.execution_time.is_some() && plan.planning_time.is_some());
    assert!(plan.root.buffers.is_some_and(|buffers| buffers.shared_hit + buffers.shared_read > 0));
    let rows = db.engine.query::<Customer>().filter(Customer::city.eq("Riga")).select(Customer::name);
    let plan = rows.explain_analyze().without_timing().plan().await?;
    let (name, condition) = &plan.root.conditions[0];
    assert_eq!((name.as_str(), condition.as_str()), ("Filter", "(city = 'Riga'::text)"));
    assert!(plan.root.actual.is_some_and(|actual| actual.rows == 2.0 && actual.total_time.is_none()));
    let text = db.engine.query::<Customer>().dynamic().explain_analyze().await?;
    assert!(text.contains("rows=4") && text.contains("Execution Time"), "{text}");
    Ok(())
}

#[tokio::test]
async fn q28_explain_analyze_of_a_write_is_taken_back() -> orm_core::Result<()> {
    let db = shop().await;
    let stored = || db.stored(r#"SELECT id, total FROM "order" ORDER BY id"#);
    let before = stored().await;
    let update = db.engine.query::<Order>().filter(Order::status.eq("paid")).update(Order::total.set(1));
    let text = update.explain_analyze().await?;
    assert!(text.starts_with("Update on"), "{text}");
    let plan = db.engine.query::<Line>().filter(Line::id.gt(0)).delete().explain_analyze().plan().await?;
    assert_eq!(plan.root.node_type, "ModifyTable");
    assert!(plan.root.children[0].actual.is_some_and(|actual| actual.rows == 4.0), "{plan:?}");
    let text = db.engine.query::<Line>().filter(Line::id.gt(0)).delete().explain().await?;
    assert!(text.starts_with("Delete on line"), "{text}");
    assert_eq!(stored().await, before);
    assert_eq!(db.stored("SELECT count(*) FROM line").await, ["4"]);
    Ok(())
}

#[tokio::test]
async fn q28_an_error_while_analyzing_leaves_the_connection_of_use() -> orm_core::Result<()> {
    let db = shop().await;
    let error = db.engine.query::<Customer>().filter(Customer::id.gt(0)).delete().explain_analyze().await;
    assert!(matches!(error.expect_err("orders point to them").kind(), ErrorKind::Constraint(_)));
    let error = db.engine.query::<Order>().filter(Order::id.gt(0)).update(Order::customer_id.set(99));
    error.explain_analyze().await.expect_err("no such customer");
    assert_eq!((db.engine.connections(), db.engine.idle_connections()), (1, 1));
    assert_eq!(db.engine.query::<Customer>().count().await?, 4);
    Ok(())
}

#[tokio::test]
async fn q28_a_session_explains_in_its_own_transaction() -> orm_core::Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    session.add(Customer::builder().name("Eve"));
    let sent = db.record();
    // What is not run flushes nothing.
    session.query::<Customer>().explain().await?;
    assert_eq!(sent.take().len(), 1);
    let plan = session.query::<Customer>().explain_analyze().plan().await?;
    assert_eq!(plan.root.actual.map(|actual| actual.rows), Some(5.0));
    let sql = sent.take();
    assert_eq!((sql[0].as_str(), sql[2].as_str()), ("BEGIN", "SAVEPOINT \"orm_explain\""));
    assert!(sql[3].starts_with("EXPLAIN (ANALYZE, FORMAT JSON) ") && sql[4].starts_with("ROLLBACK TO SAVEPOINT"));
    // A write is undone, and the transaction goes on; so it does after an error.
    session.query::<Line>().filter(Line::id.gt(0)).delete().explain_analyze().await?;
    session.query::<Customer>().filter(Customer::id.gt(0)).delete().explain_analyze().await.expect_err("orders");
    assert!(session.in_transaction());
    session.commit().await?;
    assert_eq!(db.engine.query::<Customer>().count().await?, 5);
    assert_eq!(db.engine.query::<Line>().count().await?, 4);
    Ok(())
}

#[tokio::test]
async fn q28_a_session_that_only_reads_runs_no_write_for_its_plan() -> orm_core::Result<()> {
    let db = shop().await;
    let mut session = orm_core::prelude::SessionMaker::new(&db.engine).read_only(true).session();
    let lines = || query::<Line>().filter(Line::id.gt(0));
    assert!(lines().on(&mut session).delete().explain().await?.starts_with("Delete on line"));
    let error = lines().on(&mut session).delete().explain_analyze().await;
    assert_eq!(error.expect_err("it reads only").kind(), ErrorKind::Invalid);
    assert!(session.query::<Line>().explain_analyze().await?.contains("Execution Time"));
    Ok(())
}

#[tokio::test]
async fn q29_each_statement_makes_one_event() -> orm_core::Result<()> {
    let db = shop().await;
    let events = traced();
    db.engine.query::<Customer>().filter(Customer::city.eq("Riga")).all().await?;
    let [event] = &events.take()[..] else { panic!("one statement, one event") };
    assert_eq!(event.level, tracing::Level::DEBUG);
    let line = (line!() - 3).to_string();
    let expected = [
        ("db.system.name", "postgresql"),
        ("db.operation.name", "SELECT"),
        ("db.collection.name", "customer"),
        (
            "db.query.text",
            r#"SELECT "customer"."id", "customer"."name", "customer"."city", "customer"."born" FROM "customer" WHERE "customer"."city" = $1"#,
        ),
        ("db.response.returned_rows", "2"),
        ("message", "SELECT customer"),
        ("code.file.path", file!()),
        ("code.line.number", &line),
    ];
    for (name, value) in expected {
        assert_eq!(event.get(name), Some(value), "{name}");
    }
    assert!(event.get("db.namespace").is_some_and(|name| !name.is_empty()));
    assert!(event.get("db.client.operation.duration").is_some_and(|text| text.parse::<f64>().is_ok_and(|s| s > 0.0)));
    for name in ["db.query.parameters", "error.type", "db.response.affected_rows"] {
        assert_eq!(event.get(name), None, "{name}");
    }
    assert!(!format!("{event:?}").contains("Riga"), "values are told only if that is asked for");
    Ok(())
}

#[tokio::test]
async fn q29_writes_commands_and_errors_have_their_events_too() -> orm_core::Result<()> {
    let db = shop().await;
    let events = traced();
    db.engine.query::<Order>().filter(Order::status.eq("paid")).update(Order::total.set(1)).await?;
    db.engine.query::<Customer>().filter(Customer::id.eq(1)).delete().await.expect_err("orders point to it");
    let mut session = db.engine.session();
    session.add(Customer::builder().name("Eve"));
    session.flush().await?;
    session.commit().await?;
    db.engine.query::<Order>().stream().await?.next().await?;
    let told: Vec<(String, Option<String>, Option<String>)> = events
        .take()
        .iter()
        .map(|event| {
            let field = |name| event.get(name).map(str::to_owned);
            let rows = field("db.response.returned_rows").or(field("db.response.affected_rows"));
            (field("message").unwrap_or_default(), rows, field("error.type"))
        })
        .collect();
    let told: Vec<(&str, Option<&str>, Option<&str>)> =
        told.iter().map(|(a, b, c)| (a.as_str(), b.as_deref(), c.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("UPDATE order", Some("2"), None),
            ("DELETE customer", None, Some("23503")),
            ("BEGIN", None, None),
            ("INSERT customer", Some("1"), None),
            ("COMMIT", None, None),
            ("SELECT order", Some("1"), None),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn q29_a_slow_statement_is_a_warning() -> orm_core::Result<()> {
    let db = shop().await;
    let slow = |after| Engine::builder().dsn(db.database.url()).slow_statement(after).build();
    let events = traced();
    slow(Duration::ZERO)?.query::<Customer>().count().await?;
    slow(Duration::from_secs(3600))?.query::<Customer>().count().await?;
    let levels: Vec<tracing::Level> = events.take().iter().map(|event| event.level).collect();
    assert_eq!(levels, [tracing::Level::WARN, tracing::Level::DEBUG]);
    slow(Duration::ZERO)?.query::<Customer>().count().await?;
    assert_eq!(events.take()[0].get("message"), Some("slow statement: SELECT customer"));
    // What a test does in a transaction of its own is told as its engine would tell it.
    slow(Duration::ZERO)?.test_transaction().await?.query::<Customer>().count().await?;
    assert_eq!(events.take()[0].level, tracing::Level::WARN);
    Ok(())
}

#[tokio::test]
async fn q29_parameters_are_told_if_asked_for_and_sensitive_ones_never() -> orm_core::Result<()> {
    let db = shop().await;
    db.engine.create_all::<Account>().await?;
    let engine = Engine::builder().dsn(db.database.url()).log_params(true).build()?;
    let events = traced();
    let found = engine.query::<Account>().filter(Account::name.eq("ann")).filter(Account::password.eq("s3cret"));
    found.all().await?;
    assert_eq!(events.take()[0].get("db.query.parameters"), Some("$1 = 'ann', $2 = (sensitive)"));
    let mut session = engine.session();
    let accounts = session.add_all(["ann", "bob"].map(|name| Account::builder().name(name).password("s3cret")));
    session.flush().await?;
    session[accounts[0]].password = "s3cret too".to_owned();
    session[accounts[1]].pin = Some(987_654_321);
    session.commit().await?;
    session.add(Account::builder().name("cleo").password("s3cret").pin(987_654_321));
    session.commit().await?;
    session.query::<Account>().filter(Account::pin.eq(987_654_321)).update(Account::password.set("s3cret")).await?;
    session.rollback().await?;
    let told = events.take();
    let params: Vec<&str> = told.iter().filter_map(|event| event.get("db.query.parameters")).collect();
    assert!(params[0].contains("['ann', 'bob']"), "{params:?}");
    assert!(params.len() >= 4, "{params:?}");
    let all = format!("{told:?}");
    assert!(!all.contains("s3cret") && !all.contains("987654321"), "{params:?}");
    // A long list is cut.
    engine.query::<Customer>().filter(Customer::id.in_(0..5_000)).count().await?;
    let told = events.take();
    let params = told[0].get("db.query.parameters").expect("a list");
    assert!(params.len() < 1_100 && params.ends_with('…'), "{params}");
    Ok(())
}

/// The lines of the places of the most frequent shape.
fn lines(recording: &Recording, times: usize) -> Vec<(u32, usize)> {
    let repeated = recording.repeated(times);
    let places = repeated.first().map(|shape| shape.places().to_vec()).unwrap_or_default();
    places.into_iter().map(|(place, count)| (place.line(), count)).collect()
}

#[tokio::test]
async fn q30_the_same_shape_sent_n_times_is_reported_with_the_place() -> orm_core::Result<()> {
    let db = shop().await;
    let recording = db.record();
    for id in 1..=3 {
        db.engine.query::<Customer>().filter(Customer::id.eq(id)).all().await?;
    }
    let (loop_line, other_line) = (line!() - 2, line!() + 1);
    db.engine.all(query::<Customer>().filter(Customer::id.eq(4))).await?;
    db.engine.query::<Order>().count().await?;
    assert_eq!(recording.count(), 5);
    recording.assert_count(5);
    let repeated = recording.repeated(3);
    assert_eq!(repeated.len(), 1);
    assert_eq!(repeated[0].count(), 4);
    assert!(repeated[0].sql().ends_with(r#"WHERE "customer"."id" = $1"#));
    assert_eq!(lines(&recording, 3), [(loop_line, 3), (other_line, 1)]);
    assert!(repeated[0].places().iter().all(|(place, _)| place.file() == file!()));
    let text = repeated[0].to_string();
    assert!(text.starts_with("4 times: SELECT ") && text.contains(&format!("3 times at {}:{loop_line}:", file!())));
    assert!(recording.repeated(5).is_empty());
    recording.assert_not_repeated(5);
    Ok(())
}

#[tokio::test]
async fn q30_each_way_to_send_has_its_place() -> orm_core::Result<()> {
    let db = shop().await;
    let recording = db.record();
    let mut expected = Vec::new();
    let mut session = db.engine.session();
    expected.push(line!() + 1);
    let ann = session.get::<Customer>(1).await?.expect("Ann");
    expected.push(line!() + 1);
    session.load(&[ann], Customer::orders).await?;
    expected.push(line!() + 1);
    session.query::<Order>().select(Order::id).first().await?;
    // With the BEGIN of its transaction.
    expected.extend([line!() + 1; 2]);
    session.query::<Order>().filter(Order::id.eq(1)).update(Order::total.set(1)).await?;
    session.add(Customer::builder().name("Eve"));
    expected.push(line!() + 1);
    session.flush().await?;
    session.rollback().await?;
    expected.push(line!() + 1);
    query::<Order>().on(&db.engine).exists().await?;
    expected.push(line!() + 1);
    let mut rows = db.engine.query::<Customer>().stream().await?;
    while rows.next().await?.is_some() {}
    expected.push(line!() + 1);
    db.engine.query::<Line>().filter(Line::id.gt(0)).delete().explain().await?;
    let noted = recording.statements();
    let places = noted.iter().filter(|one| one.sql() != "ROLLBACK").map(|one| one.place().map_or(0, |at| at.line()));
    assert_eq!(places.collect::<Vec<u32>>(), expected, "{recording:?}");
    Ok(())
}

#[tokio::test]
async fn q30_the_place_is_that_of_the_application_and_of_each_future_its_own() -> orm_core::Result<()> {
    /// Code of the application: the place is in here, and not where it is called.
    async fn names(db: &mut impl Db) -> orm_core::Result<Vec<String>> {
        db.rows(query::<Customer>().select(Customer::name)).await
    }
    let here = line!() - 2;
    let db = shop().await;
    let recording = db.record();
    names(&mut db.engine.clone()).await?;
    names(&mut db.engine.session()).await?;
    let at = line!() + 1;
    let (orders, lines) = (db.engine.query::<Order>().count(), db.engine.query::<Line>().count());
    let (orders, lines) = tokio::join!(orders, lines);
    assert_eq!((orders?, lines?), (4, 4));
    let places: Vec<u32> = recording.statements().iter().filter_map(|one| Some(one.place()?.line())).collect();
    assert_eq!(places, [here, here, at, at]);
    // Within a transaction, that of each statement; the commit is the closure's end.
    let inside = line!() + 1;
    db.engine.transaction(async |session| session.query::<Line>().count().await).await?;
    assert_eq!(recording.statements().last().and_then(|one| one.place()).map(|place| place.line()), Some(inside));
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "4 times: SELECT ")]
async fn q30_a_test_fails_that_asks_again_and_again() {
    let db = shop().await;
    let recording = db.record();
    for id in 1..=4 {
        db.engine.query::<Line>().filter(Line::order_id.eq(id)).all().await.expect("lines");
    }
    recording.assert_not_repeated(3);
}

#[tokio::test]
#[should_panic(expected = "1 statements were sent, and not 2")]
async fn q30_a_test_fails_that_sends_more_or_less() {
    let db = shop().await;
    let recording = db.record();
    db.engine.query::<Line>().count().await.expect("a count");
    recording.assert_count(2);
}

#[tokio::test]
async fn q31_a_shape_has_one_text_and_is_prepared_once() -> orm_core::Result<()> {
    let db = shop().await;
    let engine = Engine::builder().dsn(db.database.url()).pool_size(1).build()?;
    let ask = |status: &'static str, ids: std::ops::Range<i32>| {
        let query = query::<Order>().join(Order::customer).filter(Order::status.eq(status));
        query.filter(Customer::id.in_(ids)).order_by(Order::id.asc()).limit(9)
    };
    // Neither the values nor how long a list is are part of the shape.
    assert_eq!(ask("paid", 0..1).to_sql(), ask("new", 0..1_000).to_sql());
    for (status, ids) in [("paid", 0..1), ("new", 0..1_000), ("lost", 7..7)] {
        engine.all(ask(status, ids)).await?;
    }
    let mut session = engine.session();
    session.all(ask("paid", 0..9)).await?;
    let client = engine.raw().await?;
    let listed = r#"SELECT statement FROM pg_prepared_statements WHERE statement LIKE 'SELECT "order"%'"#;
    let prepared = client.query(listed, &[]).await.expect("the server lists them");
    assert_eq!(prepared.len(), 1);
    assert_eq!(prepared[0].get::<_, &str>(0), ask("paid", 0..1).to_sql());
    Ok(())
}

#[test]
fn q31_the_text_is_the_same_in_each_thread_and_under_each_name() {
    aliased!(let other = Customer);
    let own = || query::<Customer>().to_sql();
    let texts = [own(), own(), std::thread::spawn(own).join().expect("a text")];
    let expected = r#"SELECT "customer"."id", "customer"."name", "customer"."city", "customer"."born" FROM "customer""#;
    assert_eq!(texts, [expected; 3]);
    // An alias in a query that has the table's name already, and the table in a query within.
    let twice = query::<Order>().join_as(Order::customer, &other).filter(other.c.id.gt(1));
    assert!(twice.to_sql().contains(r#"JOIN "customer" AS "other" ON"#), "{twice:?}");
    let within = query::<Customer>().filter(Customer::id.lt(3)).subquery();
    let outer = query::<Order>().join_on(&within, Order::customer_id.eq(within.c.id));
    assert!(outer.to_sql().contains(r#"(SELECT "customer"."id", "customer"."name", "customer"."city""#), "{outer:?}");
}

#[test]
fn q31_a_name_with_a_quote_in_it_is_quoted_wherever_it_stands() {
    #[derive(Model, Debug, Clone)]
    #[model(table = "a\"b")]
    struct Odd {
        #[model(primary_key)]
        id: Auto<i32>,
        #[model(column = "c\"\"d\"")]
        name: String,
    }
    let query = query::<Odd>().filter(Odd::name.eq("x"));
    assert_eq!(query.to_sql(), r#"SELECT "a""b"."id", "a""b"."c""""d""" FROM "a""b" WHERE "a""b"."c""""d""" = $1"#);
    assert!(Odd { id: Auto::Value(1), name: String::new() }.name.is_empty());
}
