use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(session: &mut Session) {
    let _ = session.query::<Course>().with(Course::homeworks.filter(Homework::number.gt(1))).all().await;
}

fn main() {}
