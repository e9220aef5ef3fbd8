//! The paths that are counted.

use std::hint::black_box;

use orm_core::prelude::*;
use orm_core::tokio_postgres::Row;
use orm_core::types::{FromRow, RowReader};
use orm_core::{__guard as inside, Unbound};

use crate::Result;
use crate::rows::orders;
use crate::shop::{Customer, Line, Order};

/// Something whose instructions are counted.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    /// What is done, for the file of the figures.
    pub(crate) says: &'static str,
    /// Brings everything into place.
    pub(crate) prepare: fn() -> Result<Work>,
}

/// What is counted, once.
pub(crate) type Work = Box<dyn FnMut() -> Result<()>>;

pub(crate) const PATHS: [Path; 13] = [
    Path {
        name: "build",
        says: "A query is built: two joins, four conditions, two orders, a limit.",
        prepare: || work(|| done(typical())),
    },
    Path { name: "compile", says: "It is compiled.", prepare: compile },
    Path { name: "build_and_compile", says: "Both.", prepare: || work(|| done(typical().to_statement()?)) },
    Path {
        name: "by_key",
        says: "A query for one row by its key is built and compiled.",
        prepare: || work(|| done(query::<Customer>().filter(Customer::id.eq(black_box(1))).to_statement()?)),
    },
    Path { name: "decode_100", says: "100 rows become values.", prepare: decode },
    Path { name: "load_100", says: "100 rows become objects of a session.", prepare: load },
    Path { name: "find_100", says: "100 rows are found to be objects that the session has.", prepare: find },
    Path {
        name: "snapshot_100",
        says: "100 objects are touched, which takes their snapshots.",
        prepare: || {
            let (mut session, handles) = loaded(100)?;
            work(move || done(touch(&mut session, &handles)))
        },
    },
    Path { name: "diff_1000", says: "1,000 touched objects are compared with their rows: 10 differ.", prepare: diff },
    Path {
        name: "plan_1_and_100",
        says: "A new object and its 100 new children are collected and put in order.",
        prepare: plan,
    },
    Path { name: "insert_100", says: "100 new objects become an INSERT.", prepare: insert },
    Path { name: "update_100", says: "100 changed objects become an UPDATE.", prepare: update },
    Path { name: "arena_100", says: "100 objects are added to a session and leave it.", prepare: arena },
];

fn work(work: impl FnMut() -> Result<()> + 'static) -> Result<Work> {
    Ok(Box::new(work))
}

fn typical() -> Query<Unbound, Order, (Line, (Customer, (Order, ())))> {
    query::<Order>()
        .join(Order::customer)
        .join(Order::lines)
        .filter(Order::status.eq(black_box("paid")))
        .filter(Order::total.ge(black_box(100)))
        .filter(Customer::city.eq("Riga"))
        .filter(Line::quantity.gt(1))
        .order_by(Order::total.desc())
        .order_by(Order::id.asc())
        .limit(20)
}

/// A session that never asks its server.
fn session() -> Result<Session> {
    Ok(Engine::new("postgresql://guard@localhost/guard")?.session())
}

fn loaded(count: i32) -> Result<(Session, Vec<Handle<Order>>)> {
    let mut session = session()?;
    let handles = instances(&mut session, &orders(count)?)?;
    Ok((session, handles))
}

fn instances(session: &mut Session, rows: &[Row]) -> Result<Vec<Handle<Order>>> {
    rows.iter().map(|row| Ok(inside::instance(session, &mut RowReader::new(row))?)).collect()
}

fn touch(session: &mut Session, handles: &[Handle<Order>]) -> usize {
    for handle in handles {
        black_box(&mut session[handle]);
    }
    handles.len()
}

fn compile() -> Result<Work> {
    let query = typical();
    work(move || done(query.to_statement()?))
}

fn decode() -> Result<Work> {
    let rows = orders(100)?;
    work(move || {
        let read = |row| Order::from_row(&mut RowReader::new(row));
        done(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?)
    })
}

fn load() -> Result<Work> {
    let (mut session, rows) = (session()?, orders(100)?);
    work(move || done(instances(&mut session, &rows)?))
}

fn find() -> Result<Work> {
    let rows = orders(100)?;
    let (mut session, _) = loaded(100)?;
    work(move || done(instances(&mut session, &rows)?))
}

fn diff() -> Result<Work> {
    let (mut session, handles) = loaded(1000)?;
    touch(&mut session, &handles);
    for handle in handles.iter().step_by(100) {
        session[handle].total += 1;
    }
    work(move || expect(session.changes()?.len(), 10))
}

fn plan() -> Result<Work> {
    let mut session = session()?;
    let orders = (0..100).map(|total| Order::builder().status("new").total(total));
    session.add(Customer::builder().name("Ann").orders(orders));
    // One statement for each of the two tables.
    work(move || expect(inside::plan(&session)?, 2))
}

fn insert() -> Result<Work> {
    let mut session = session()?;
    for number in 0..100 {
        session.add(Customer::builder().name(format!("Customer {number}")).city("Riga"));
    }
    work(move || expect(inside::statements(&session)?.len(), 1))
}

fn update() -> Result<Work> {
    let (mut session, handles) = loaded(100)?;
    for handle in &handles {
        session[handle].total += 1;
    }
    work(move || expect(inside::statements(&session)?.len(), 1))
}

fn arena() -> Result<Work> {
    let mut session = session()?;
    work(move || {
        let handles = session.add_all((0..100).map(|born| Customer::builder().name("Ann").born(born)));
        // The last one first, which need not be looked for.
        handles.into_iter().rev().try_for_each(|handle| Ok(session.expunge(handle)?))
    })
}

/// What was made is dropped, which belongs to what it costs.
fn done<T>(made: T) -> Result<()> {
    drop(black_box(made));
    Ok(())
}

/// Whether a path has led to where it should.
fn expect(found: usize, expected: usize) -> Result<()> {
    if found == expected { Ok(()) } else { Err(format!("{found} instead of {expected}").into()) }
}
