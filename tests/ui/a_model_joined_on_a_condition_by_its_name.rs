use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>().join_on(Course::homeworks, Homework::course_id.eq(Course::id));
}
