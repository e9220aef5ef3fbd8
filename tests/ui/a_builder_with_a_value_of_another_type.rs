#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = Homework::builder().number("one");
}
