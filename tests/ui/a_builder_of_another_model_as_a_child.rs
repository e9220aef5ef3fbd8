#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = Course::builder().homeworks([Person::builder().name("Ann")]);
}
