use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn numbers(engine: &Engine) -> orm_core::Result<()> {
    let numbers = query::<Homework>().select((Homework::course_id, Homework::number)).subquery();
    let rows = engine.query_from(&numbers).filter(numbers.c.1.gt(1)).all().await?;
    drop(rows);
    Ok(())
}

fn main() {
    let _ = numbers;
}
