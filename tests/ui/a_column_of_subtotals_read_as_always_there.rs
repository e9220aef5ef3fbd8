use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let rows: Vec<(i32, i64)> =
        engine.query::<Homework>().rollup(Homework::number).select((Homework::number, count())).all().await?;
    drop(rows);
    Ok(())
}

fn main() {}
