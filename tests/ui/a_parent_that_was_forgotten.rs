use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(session: &mut Session) {
    session.add(Homework::builder().number(1).description("first"));
}

fn main() {}
