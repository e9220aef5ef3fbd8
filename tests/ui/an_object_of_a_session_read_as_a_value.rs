use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(session: &mut Session) -> orm_core::Result<()> {
    let courses: Vec<Course> = session.query::<Course>().all().await?;
    drop(courses);
    Ok(())
}

fn main() {}
