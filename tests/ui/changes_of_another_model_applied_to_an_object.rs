use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

#[derive(Changes)]
#[changes(model = Homework)]
struct HomeworkChanges {
    number: Option<i32>,
}

fn rename(session: &mut Session, course: Handle<Course>, changes: HomeworkChanges) {
    let _ = session.apply(course, changes);
}
