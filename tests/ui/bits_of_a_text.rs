use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>().filter(Course::name.bit_and("x").eq("y"));
}
