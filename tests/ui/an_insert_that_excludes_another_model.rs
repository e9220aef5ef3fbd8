use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn add(courses: Vec<Course>) {
    let update = Course::name.set(excluded(Person::name));
    let _ = insert(courses).on_conflict(Course::id).do_update(update);
}
