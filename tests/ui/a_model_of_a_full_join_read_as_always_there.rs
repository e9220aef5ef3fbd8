use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let rows: Vec<(Option<Course>, Homework)> =
        engine.query::<Course>().full_join(Course::homeworks).select((Course::all(), Homework::all())).all().await?;
    drop(rows);
    Ok(())
}

fn main() {}
