use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(course: Course) {
    let _ = sql!("select * from homework where course_id = {course}");
}

fn main() {}
