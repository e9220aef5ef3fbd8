use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn upsert(session: &mut Session, courses: Vec<Course>) {
    let _ = session.upsert(courses, Homework::number);
}
