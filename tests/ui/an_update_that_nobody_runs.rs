use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo() -> orm_core::Result<()> {
    query::<Course>().filter(Course::id.eq(1)).update(Course::name.set("Python")).await?;
    Ok(())
}

fn main() {}
