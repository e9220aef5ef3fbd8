use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

async fn add(engine: &Engine) {
    let _ = engine.insert([Course::builder().note("new")]).await;
}
