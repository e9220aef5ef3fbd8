use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Homework>().filter((Homework::number + 1_i64).gt(1));
}
