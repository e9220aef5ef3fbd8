use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine) -> orm_core::Result<()> {
    let python = query::<Course>().filter(Course::name.eq("Python"));
    let found = engine.all(python).await?;
    println!("{} of {}", found.len(), python.on(engine).count().await?);
    Ok(())
}

fn main() {}
