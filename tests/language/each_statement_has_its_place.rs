//! Q30: whatever sends, sends with the place of the call. Each way of the public API is gone here; that none is forgotten
//! which is added later is looked for in the sources, by `layers`.

use futures_util::stream;
use orm_core::prelude::*;
use orm_core::{Error, Recording, Result, SessionMaker};
use orm_tests::TestDb;

use crate::rows_are_inserted::Stock;
use crate::shop::{Customer, Line, Order, shop};

/// How much was sold of each product.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(materialized_view = "SELECT product, sum(quantity)::bigint AS sold FROM line GROUP BY product")]
#[model(table = "sold", index(product, unique))]
struct Sold {
    #[model(primary_key)]
    product: String,
    sold: i64,
}

/// A table that comes and goes.
#[derive(Model, Debug, Clone, PartialEq)]
struct Guest {
    #[model(primary_key)]
    id: Auto<i32>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Customer)]
struct Buyer {
    id: i32,
    name: String,
    orders: Vec<Bought>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Order)]
struct Bought {
    total: i64,
}

/// Something was sent, and all of it from this line.
fn sent_from(line: u32, recording: &Recording, call: &str) {
    let statements = recording.statements();
    assert!(!statements.is_empty(), "nothing was sent by {call}");
    for statement in &statements {
        let place = statement.place().map(|place| (place.file(), place.line()));
        assert_eq!(place, Some((file!(), line)), "`{}` by {call}", statement.sql());
    }
}

/// Awaits what stands on the line, and asserts that it sent from there.
macro_rules! at {
    ($db:ident, $call:expr) => {{
        let recording = $db.record();
        let outcome = $call.await;
        sent_from(line!(), &recording, stringify!($call));
        outcome
    }};
}

#[tokio::test]
async fn q30_queries_have_their_places() -> Result<()> {
    let db = shop().await;
    let orders = || query::<Order>().order_by(Order::id.asc());
    let first = || orders().filter(Order::id.eq(1));
    let engine = || orders().on(&db.engine);
    at!(db, engine().all())?;
    at!(db, engine().with(Order::lines).all())?;
    at!(db, engine().first())?;
    at!(db, first().on(&db.engine).one())?;
    at!(db, first().on(&db.engine).one_or_none())?;
    at!(db, engine().count())?;
    at!(db, engine().exists())?;
    at!(db, engine().page(1, 2))?;
    let page = at!(db, engine().after(None, 2))?;
    at!(db, engine().with(Order::lines).after(page.next(), 1))?;
    at!(db, engine().before(page.next(), 2))?;
    at!(db, engine().explain())?;
    at!(db, engine().explain_analyze())?;
    at!(db, engine().explain().plan())?;
    at!(db, engine().dynamic().all())?;
    at!(db, engine().dynamic().first())?;
    at!(db, first().on(&db.engine).dynamic().one())?;
    at!(db, first().on(&db.engine).dynamic().one_or_none())?;
    at!(db, engine().dynamic().count())?;
    at!(db, engine().dynamic().exists())?;
    at!(db, engine().dynamic().explain())?;
    at!(db, db.engine.all(orders()))?;
    at!(db, db.engine.one(first()))?;
    at!(db, db.engine.first(orders()))?;
    at!(db, db.engine.rows(orders().select(Order::id)))?;
    let rows = || engine().select(Order::total);
    let one = || first().on(&db.engine).select(Order::total);
    at!(db, rows().all())?;
    at!(db, rows().first())?;
    at!(db, one().one())?;
    at!(db, one().one_or_none())?;
    at!(db, rows().count())?;
    at!(db, rows().exists())?;
    at!(db, rows().page(1, 2))?;
    let page = at!(db, rows().after(None, 2))?;
    at!(db, rows().before(page.next(), 2))?;
    at!(db, rows().explain())?;
    Ok(())
}

#[tokio::test]
async fn q30_projections_and_own_statements_have_their_places() -> Result<()> {
    let db = shop().await;
    let buyers = || query::<Customer>().order_by(Customer::id.asc()).project::<Buyer>();
    let ann = || buyers().filter(Customer::id.eq(1));
    at!(db, buyers().on(&db.engine).all())?;
    at!(db, buyers().on(&db.engine).first())?;
    at!(db, ann().on(&db.engine).one())?;
    at!(db, ann().on(&db.engine).one_or_none())?;
    let mut session = db.engine.session();
    at!(db, buyers().on(&mut session).all())?;
    at!(db, ann().on(&mut session).one())?;
    session.rollback().await?;
    let id = 1;
    let own = || sql!("select * from customer where id = {id}");
    at!(db, own().on(&db.engine).all::<Customer>())?;
    at!(db, own().on(&db.engine).first::<Customer>())?;
    at!(db, own().on(&db.engine).one::<Buyer>())?;
    at!(db, own().on(&db.engine).one_or_none::<Customer>())?;
    at!(db, own().on(&db.engine).execute())?;
    at!(db, own().on(&mut session).all::<Customer>())?;
    at!(db, own().on(&mut session).one::<Buyer>())?;
    at!(db, sql!("select id from customer").on(&mut session).all::<i32>())?;
    at!(db, own().on(&mut session).execute())?;
    Ok(())
}

#[tokio::test]
async fn q30_streams_and_copies_have_their_places() -> Result<()> {
    let db = shop().await;
    // What a stream sends is noted when it has come to its end.
    macro_rules! read {
        ($open:expr) => {{
            let recording = db.record();
            let mut rows = $open.await?;
            while rows.next().await?.is_some() {}
            sent_from(line!(), &recording, stringify!($open));
        }};
    }
    let orders = || db.engine.query::<Order>();
    read!(orders().stream());
    read!(orders().select(Order::id).stream());
    read!(orders().project::<Bought>().stream());
    read!(orders().copy_out());
    read!(orders().select(Order::id).copy_out());
    let guest = |id: i32| Guest { id: Auto::Value(id) };
    db.engine.create_all::<Guest>().await?;
    at!(db, db.engine.copy_in::<Guest>().rows([guest(1), guest(2)]))?;
    at!(db, db.engine.copy_in::<Guest>().stream(stream::iter([Ok::<_, Error>(guest(3))])))?;
    at!(db, db.engine.copy_in::<Guest>().columns(Guest::id).rows([4]))?;
    let mut session = db.engine.session();
    at!(db, session.copy_in::<Guest>().rows([guest(5)]))?;
    at!(db, session.copy_in::<Guest>().stream(stream::iter([Ok::<_, Error>(guest(6))])))?;
    at!(db, session.commit())?;
    assert_eq!(db.engine.query::<Guest>().count().await?, 6);
    // The application makes the rows: what they ask for has its own place, in the midst of the copy.
    let recording = db.record();
    let inner = line!() + 1;
    let count = || db.engine.query::<Order>().count();
    let row = async { count().await.map(|orders| guest(if orders > 0 { 10 } else { 20 })) };
    db.engine.copy_in::<Guest>().stream(stream::once(row)).await?;
    let lines = recording.statements().iter().map(|one| one.place().map_or(0, |at| at.line())).collect::<Vec<u32>>();
    assert_eq!(lines, [inner, inner + 2]);
    Ok(())
}

#[tokio::test]
async fn q30_writes_have_their_places() -> Result<()> {
    let db = shop().await;
    db.engine.create_all::<Stock>().await?;
    let some = || query::<Line>().filter(Line::id.gt(0));
    let one = || query::<Line>().filter(Line::id.eq(1));
    let set = Line::note.set("x");
    let lines = || some().on(&db.engine);
    at!(db, lines().update(set.clone()))?;
    at!(db, lines().update(set.clone()).run())?;
    at!(db, lines().update(set.clone()).explain())?;
    at!(db, lines().update(set.clone()).returning(Line::id))?;
    at!(db, lines().update(set.clone()).returning(Line::id).all())?;
    at!(db, one().on(&db.engine).update(set.clone()).returning(Line::id).one())?;
    at!(db, one().on(&db.engine).update(set.clone()).returning(Line::id).one_or_none())?;
    let mut session = db.engine.session();
    at!(db, some().on(&mut session).update(set.clone()))?;
    at!(db, some().on(&mut session).update(set.clone()).run())?;
    at!(db, some().on(&mut session).update(set.clone()).explain())?;
    at!(db, some().on(&mut session).update(set.clone()).returning(Line::id))?;
    at!(db, one().on(&mut session).update(set.clone()).returning(Line::id).one())?;
    at!(db, one().on(&mut session).delete().returning(Line::id))?;
    at!(db, some().on(&mut session).delete())?;
    session.rollback().await?;
    let stock = |product: &str| Stock::builder().place("here").product(product).amount(1).marks(vec![]).version(1);
    at!(db, db.engine.insert([stock("tea")]))?;
    at!(db, db.engine.insert([stock("milk")]).run())?;
    at!(db, db.engine.insert([stock("rye")]).returning(Stock::id))?;
    at!(db, db.engine.insert([stock("oats")]).returning(Stock::id).one())?;
    at!(db, insert([stock("salt")]).on(&mut session))?;
    at!(db, insert([stock("jam")]).on(&mut session).run())?;
    at!(db, insert([stock("figs")]).on(&mut session).returning(Stock::id))?;
    session.rollback().await?;
    let again = || insert([stock("tea")]).on_conflict((Stock::place, Stock::product)).do_update(Stock::amount.set(5));
    at!(db, again().on(&db.engine))?;
    at!(db, again().on(&db.engine).run())?;
    at!(db, again().on(&db.engine).returning(Stock::id))?;
    at!(db, again().on(&mut session))?;
    session.rollback().await?;
    let merge = || {
        let merge = merge_into::<Stock>().using(Line::TABLE).on(Stock::product.eq(Line::product));
        merge.when_matched().update(Stock::amount.set(7))
    };
    db.run("DELETE FROM line WHERE id = 3").await;
    at!(db, merge().on(&db.engine))?;
    at!(db, merge().on(&db.engine).run())?;
    at!(db, merge().on(&mut session))?;
    session.rollback().await?;
    at!(db, lines().delete())?;
    at!(db, lines().delete().run())?;
    at!(db, lines().delete().returning(Line::id))?;
    Ok(())
}

#[tokio::test]
async fn q30_sessions_have_their_places() -> Result<()> {
    let db = shop().await;
    let orders = || query::<Order>().order_by(Order::id.asc());
    let mut session = db.engine.session();
    at!(db, session.all(orders()))?;
    at!(db, session.one(orders().filter(Order::id.eq(1))))?;
    at!(db, session.first(orders()))?;
    at!(db, session.rows(orders().select(Order::id)))?;
    at!(db, orders().on(&mut session).page(1, 2))?;
    let page = at!(db, orders().on(&mut session).after(None, 2))?;
    at!(db, orders().on(&mut session).before(page.next(), 2))?;
    let page = at!(db, orders().on(&mut session).select(Order::id).after(None, 2))?;
    at!(db, orders().on(&mut session).select(Order::id).before(page.next(), 2))?;
    at!(db, orders().on(&mut session).select(Order::id).page(1, 2))?;
    at!(db, orders().on(&mut session).populate_existing())?;
    at!(db, orders().on(&mut session).explain())?;
    at!(db, orders().on(&mut session).dynamic().one_or_none()).expect_err("there are several");
    let mut batches = query::<Order>().in_batches(2);
    at!(db, batches.next(&mut session))?;
    let ann = at!(db, session.get::<Customer>(1))?.expect("Ann");
    let some = at!(db, session.get_many::<Customer>([2, 3]))?;
    at!(db, session.refresh(&[ann]))?;
    at!(db, session.load(&[ann], Customer::orders))?;
    at!(db, session.load_some(&[ann], Customer::orders.limit(1)))?;
    at!(db, session.related(some[1].expect("Cleo"), Customer::orders))?;
    at!(db, session.merge(Customer::builder().id(4).name("Dan")))?;
    at!(db, session.merge_all([Customer::builder().id(2).name("Rob")]))?;
    at!(db, session.flush())?;
    at!(db, session.upsert([Customer::builder().id(4).name("Don")], Customer::id))?;
    at!(db, session.rollback())?;
    Ok(())
}

#[tokio::test]
async fn q30_transactions_have_their_places() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    at!(db, session.begin())?;
    let savepoint = at!(db, session.savepoint())?;
    at!(db, savepoint.release())?;
    let savepoint = session.savepoint().await?;
    at!(db, savepoint.rollback())?;
    session.add(Customer::builder().name("Eve"));
    at!(db, session.commit())?;
    at!(db, session.raw())?;
    at!(db, session.close())?;
    let mut session = at!(db, db.engine.begin())?;
    session.rollback().await?;
    let add = async |session: &mut Session| {
        session.add(Customer::builder().name("Fay"));
        Ok::<_, Error>(())
    };
    at!(db, db.engine.transaction(add))?;
    at!(db, db.engine.transaction_with(add))?;
    at!(db, SessionMaker::new(&db.engine).transaction(add))?;
    at!(db, SessionMaker::new(&db.engine).transaction_with(add))?;
    // What the closure sends has its own place, and its end that of the transaction: its commit, or its rollback.
    for fails in [false, true] {
        let recording = db.record();
        let outer = line!() + 1;
        let run = db.engine.transaction(async |session: &mut Session| {
            session.query::<Line>().filter(Line::id.gt(1)).update(Line::note.set("x")).await?;
            // Refused before it is sent.
            if fails { session.query::<Line>().delete().await.map(drop) } else { Ok(()) }
        });
        assert_eq!(run.await.is_err(), fails);
        let places = recording.statements();
        let places: Vec<u32> = places.iter().filter_map(|one| Some(one.place()?.line())).collect();
        assert_eq!(places, [outer + 1, outer + 1, outer]);
    }
    let mut session = db.engine.session();
    let counted = session.no_autoflush(async |session| at!(db, session.query::<Line>().count()));
    assert_eq!(counted.await?, 4);
    Ok(())
}

#[tokio::test]
async fn q30_generic_code_has_its_places() -> Result<()> {
    async fn ask(recorder: &TestDb, mut db: impl Db) -> Result<()> {
        at!(recorder, db.all(query::<Customer>()))?;
        at!(recorder, db.rows(query::<Customer>().select(Customer::id)))?;
        at!(recorder, db.projections(query::<Customer>().project::<Buyer>()))?;
        Ok(())
    }
    let db = shop().await;
    ask(&db, db.engine.clone()).await?;
    ask(&db, db.engine.session()).await?;
    ask(&db, &mut db.engine.session()).await?;
    ask(&db, &mut &mut db.engine.clone()).await?;
    Ok(())
}

#[tokio::test]
async fn q30_schemas_have_their_places() -> Result<()> {
    let db = shop().await;
    let guests = Metadata::of::<Guest>()?;
    at!(db, db.engine.create_all::<Guest>())?;
    at!(db, db.engine.drop_all::<Guest>())?;
    at!(db, db.engine.create_tables(&guests))?;
    at!(db, db.engine.drop_tables(&guests))?;
    db.engine.create_all::<(Line, Order, Customer, Sold)>().await?;
    at!(db, db.engine.refresh_materialized::<Sold>())?;
    at!(db, db.engine.refresh_materialized_concurrently::<Sold>())?;
    assert_eq!(db.engine.query::<Sold>().count().await?, 3);
    Ok(())
}
