use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn add() {
    let _ = insert_into::<Course>().rows((Course::name, Course::note), [("Python", 1)]);
}
