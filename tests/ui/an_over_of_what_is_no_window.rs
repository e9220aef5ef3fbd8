use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = Homework::number.sum().over(Homework::course_id);
}
