use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>().select(case().when(Course::id.gt(1), "late").otherwise(0));
}
