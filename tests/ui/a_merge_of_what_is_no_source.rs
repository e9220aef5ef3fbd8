use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn merge() {
    let _ = merge_into::<Course>().using(query::<Person>());
}
