use orm_core::prelude::*;
use orm_core::unnest;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let names = unnest(Course::name);
    let _ = query::<Course>().join_lateral(&names.subquery());
}
