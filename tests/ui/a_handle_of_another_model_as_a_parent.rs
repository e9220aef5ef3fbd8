use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(person: Handle<Person>) {
    let _ = Homework::builder().course(person);
}

fn main() {}
