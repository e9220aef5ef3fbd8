use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo() -> orm_core::Result<()> {
    let plan = query::<Course>().explain();
    println!("{}", plan.await?);
    Ok(())
}

fn main() {}
