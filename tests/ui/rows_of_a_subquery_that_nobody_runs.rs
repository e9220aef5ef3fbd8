use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn numbers() -> orm_core::Result<()> {
    let numbers = query::<Homework>().select((Homework::course_id, Homework::number)).subquery();
    let rows = query_from(&numbers).select(numbers.c.0).all().await?;
    drop(rows);
    Ok(())
}

fn main() {
    let _ = numbers;
}
