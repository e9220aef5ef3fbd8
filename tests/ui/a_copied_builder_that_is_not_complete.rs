use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

async fn copy(engine: &Engine) {
    let _ = engine.copy_in::<Course>().rows([Course::builder().note("new")]).await;
}
