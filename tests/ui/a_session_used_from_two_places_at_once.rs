use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(session: &mut Session) -> orm_core::Result<()> {
    let courses = session.query::<Course>().all();
    let homeworks = session.query::<Homework>().all();
    println!("{} {}", courses.await?.len(), homeworks.await?.len());
    Ok(())
}

fn main() {}
