use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let notes: Vec<String> = engine.query::<Course>().select(case().when(Course::id.gt(1), "late")).all().await?;
    drop(notes);
    Ok(())
}

fn main() {}
