//! The queries that are built and compiled.

use std::hint::black_box;

use orm_core::prelude::*;

use crate::Result;
use crate::measure::Cost;
use crate::shop::{Customer, Line, Order};

/// Two joins, four conditions, an order and a limit.
fn typical(status: &str, least: i64) -> Query<Unbound, Order, (Line, (Customer, (Order, ())))> {
    query::<Order>()
        .join(Order::customer)
        .join(Order::lines)
        .filter(Order::status.eq(status))
        .filter(Order::total.ge(least))
        .filter(Customer::city.eq("Riga"))
        .filter(Line::quantity.gt(1))
        .order_by(Order::total.desc())
        .order_by(Order::id.asc())
        .limit(20)
}

pub(crate) fn by_key(id: i32) -> Query<Unbound, Customer> {
    query::<Customer>().filter(Customer::id.eq(id))
}

/// The text of the typical query.
pub(crate) fn sql() -> String {
    typical("paid", 100).to_sql()
}

/// What they cost.
pub(crate) fn costs(batches: usize) -> Result<Vec<Cost>> {
    let built = typical("paid", 100);
    let _ = built.to_statement()?;
    Ok(vec![
        Cost::of("by key: build", batches, || by_key(black_box(1))),
        Cost::of("by key: build and compile", batches, || by_key(black_box(1)).to_statement().is_ok()),
        Cost::of("typical: build", batches, || typical(black_box("paid"), black_box(100))),
        Cost::of("typical: compile", batches, || built.to_statement().is_ok()),
        Cost::of("typical: build and compile", batches, || {
            typical(black_box("paid"), black_box(100)).to_statement().is_ok()
        }),
        Cost::of("typical: an update, build and compile", batches, || {
            let query = typical(black_box("paid"), black_box(100)).select(Order::id);
            let update = orm_core::prelude::query::<Order>().filter(Order::id.in_select(query));
            update.update(Order::total.set(1)).to_statement().is_ok()
        }),
    ])
}

/// The tables, for the server to prepare the query.
pub(crate) const TABLES: &str = r#"
    CREATE TABLE "customer" ("id" integer PRIMARY KEY, "name" text NOT NULL, "city" text, "born" integer);
    CREATE TABLE "order" ("id" integer PRIMARY KEY, "customer_id" integer NOT NULL, "status" text NOT NULL,
        "total" bigint NOT NULL, "discount" double precision);
    CREATE TABLE "line" ("id" integer PRIMARY KEY, "order_id" integer NOT NULL, "product" text NOT NULL,
        "quantity" integer NOT NULL);
"#;
