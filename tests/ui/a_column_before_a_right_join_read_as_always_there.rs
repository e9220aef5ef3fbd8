use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let rows: Vec<(String, i32)> =
        engine.query::<Course>().right_join(Course::homeworks).select((Course::name, Homework::number)).all().await?;
    drop(rows);
    Ok(())
}

fn main() {}
