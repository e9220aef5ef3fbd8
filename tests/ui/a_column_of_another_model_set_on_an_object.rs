use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn set(session: &mut Session, course: Handle<Course>) {
    let _ = session.set(course, Homework::number.set(1));
}
