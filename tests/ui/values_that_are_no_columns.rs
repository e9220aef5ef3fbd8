use orm_core::prelude::*;
use orm_core::values;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let waits = values([std::time::Duration::ZERO]);
    let _ = query::<Course>().cross_join(&waits.subquery());
}
