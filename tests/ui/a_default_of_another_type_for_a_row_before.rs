use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = lag(Homework::number).or("none").over(window());
}
