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

fn rename(changes: HomeworkChanges) {
    let _ = query::<Course>().filter(Course::id.eq(1)).update(changes);
}
