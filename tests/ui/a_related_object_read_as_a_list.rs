use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let found: Vec<(Homework, Vec<Course>)> = engine.query::<Homework>().with(Homework::course).all().await?;
    drop(found);
    Ok(())
}

fn main() {}
