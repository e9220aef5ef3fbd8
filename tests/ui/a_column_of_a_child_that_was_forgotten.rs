use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(session: &mut Session) {
    session.add(Course::builder().name("Python").homeworks([Homework::builder().number(1)]));
}

fn main() {}
