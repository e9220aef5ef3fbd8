use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo() -> orm_core::Result<()> {
    query::<Course>().filter(Course::name.eq("Python")).all().await?;
    Ok(())
}

fn main() {}
