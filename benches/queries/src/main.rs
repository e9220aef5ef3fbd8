//! What a query costs before it is sent.
mod shop;
use std::hint::black_box;
use std::time::Instant;
use orm_core::prelude::*;
use shop::{Customer, Line, Order};
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
fn main() {
    println!("{}", typical("paid", 1).to_sql());
    for _ in 0..5 {
        let n = 200_000;
        let t = Instant::now();
        for _ in 0..n { black_box(typical(black_box("paid"), black_box(1))); }
        let a = t.elapsed().as_nanos() as f64 / n as f64;
        let t = Instant::now();
        for _ in 0..n { black_box(typical(black_box("paid"), black_box(1)).to_sql()); }
        let b = t.elapsed().as_nanos() as f64 / n as f64;
        println!("build {a:.0} ns, build and text {b:.0} ns");
    }
}
