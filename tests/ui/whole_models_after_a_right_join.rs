use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let courses = engine.query::<Course>().right_join(Course::homeworks).all().await?;
    drop(courses);
    Ok(())
}

fn main() {}
