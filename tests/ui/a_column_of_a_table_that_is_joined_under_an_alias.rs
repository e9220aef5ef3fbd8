use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    aliased!(let boss = Person);
    let _ = query::<Homework>().join_as(Homework::reviewer, &boss).filter(Person::name.eq("Ann"));
}
