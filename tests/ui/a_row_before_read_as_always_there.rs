use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let by_id = window().order_by(Homework::id.asc());
    let before: Vec<i32> = engine.query::<Homework>().select(lag(Homework::number).over(by_id)).all().await?;
    drop(before);
    Ok(())
}

fn main() {}
