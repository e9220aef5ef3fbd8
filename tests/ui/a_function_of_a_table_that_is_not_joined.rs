use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>().filter(func::lower(Homework::description).eq("one"));
}
