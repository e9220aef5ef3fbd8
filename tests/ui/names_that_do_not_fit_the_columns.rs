use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    subquery!(let late { course, number, late } = query::<Homework>().select((Homework::course_id, Homework::number)));
    let _ = late;
}
