use orm_core::prelude::*;

#[path = "../support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>()
        .join(Course::homeworks)
        .left_join_on(Homework::TABLE, Homework::course_id.eq(Course::id));
}
