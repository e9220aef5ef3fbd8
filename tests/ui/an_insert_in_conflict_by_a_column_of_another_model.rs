use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn add(courses: Vec<Course>) {
    let _ = insert(courses).on_conflict(Homework::number).do_nothing();
}
