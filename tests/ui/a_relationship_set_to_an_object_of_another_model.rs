use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(session: &mut Session, homework: Handle<Homework>, person: Handle<Person>) {
    session[homework].course.set(person);
}

fn main() {}
