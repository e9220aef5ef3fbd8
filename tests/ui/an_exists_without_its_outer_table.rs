use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Homework>().filter(Homework::course_id.eq(Course::id)).exists_in();
}
