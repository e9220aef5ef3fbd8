use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn add() {
    let _ = query::<Course>().filter((Course::id + 1).gt(2)).filter((Course::name + 1).gt(2));
}
