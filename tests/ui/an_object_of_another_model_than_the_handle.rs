use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(session: &Session, homework: Handle<Homework>) -> &str {
    &session[homework].name
}

fn main() {}
