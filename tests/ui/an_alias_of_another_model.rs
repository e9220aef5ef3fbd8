use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    aliased!(let other = Course);
    let _ = query::<Person>().join_as(Person::boss, &other);
}
