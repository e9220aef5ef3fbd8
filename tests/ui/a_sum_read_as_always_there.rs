use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let sum: i64 = engine.query::<Homework>().select(Homework::number.sum()).one().await?;
    drop(sum);
    Ok(())
}

fn main() {}
