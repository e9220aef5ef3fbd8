use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn find() {
    let _ = query::<Course>().filter(Course::name.eq(excluded(Course::name)));
}
