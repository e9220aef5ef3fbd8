use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn add() {
    let numbers = query::<Homework>().select((Homework::number, Homework::description));
    let _ = insert_into::<Course>().from_select((Course::name, Course::note), numbers);
}
