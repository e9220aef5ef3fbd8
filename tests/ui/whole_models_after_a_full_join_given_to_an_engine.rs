use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let courses = engine.all(query::<Course>().full_join(Course::homeworks)).await?;
    drop(courses);
    Ok(())
}

fn main() {}
