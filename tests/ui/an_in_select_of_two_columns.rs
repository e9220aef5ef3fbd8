use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>().filter(Course::id.in_select(query::<Homework>().select((Homework::course_id, Homework::number))));
}
