use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    aliased!(let boss = Person);
    aliased!(let mentor = Person);
    let _ = query::<Person>().join_as(Person::boss, &boss).filter(mentor.c.name.eq("Ann"));
}
