use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let rows: Vec<(String, String)> = engine.query::<Homework>().select((Homework::number, Homework::description)).all().await?;
    drop(rows);
    Ok(())
}

fn main() {}
