use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = Course::homeworks.filter(Course::name.eq("Python"));
}
