#[path = "support/school.rs"]
mod school;
use school::*;

fn demo() {
    let _ = Homework::builder().course(1);
}

fn main() {}
