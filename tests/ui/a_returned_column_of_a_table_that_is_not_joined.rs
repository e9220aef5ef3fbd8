use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn rename() {
    let _ = query::<Course>().filter(Course::id.eq(1)).update(Course::name.set("x")).returning(Homework::number);
}
