use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let first = engine.query::<Course>().order_by(Course::id.asc()).for_update().first().await?;
    drop(first);
    Ok(())
}

fn main() {}
