use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

async fn copy(engine: &Engine, people: Vec<Person>) {
    let _ = engine.copy_in::<Course>().rows(people).await;
}
