use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo() {
    let _ = query::<Course>().explain();
}

fn main() {}
