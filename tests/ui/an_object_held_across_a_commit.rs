use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(session: &mut Session, course: Handle<Course>) -> orm_core::Result<()> {
    let python = &session[course];
    session.commit().await?;
    println!("{}", python.name);
    Ok(())
}

fn main() {}
