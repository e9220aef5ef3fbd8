use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

#[derive(Changes)]
#[changes(model = Course)]
struct CourseChanges {
    name: Option<i32>,
}
