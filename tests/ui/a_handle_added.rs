use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(session: &mut Session, course: Handle<Course>) {
    session.add(course);
}

fn main() {}
