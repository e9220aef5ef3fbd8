use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn set(session: &mut Session, homework: Handle<Homework>) {
    let _ = session.set(homework, Homework::description.set(Course::name));
}
