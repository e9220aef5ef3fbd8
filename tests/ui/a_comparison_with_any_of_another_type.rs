use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let names = query::<Person>().select(Person::name);
    let _ = query::<Homework>().filter(Homework::number.eq(names.any_in()));
}
