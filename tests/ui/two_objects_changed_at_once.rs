use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(session: &mut Session, a: Handle<Course>, b: Handle<Course>) {
    std::mem::swap(&mut session[a].name, &mut session[b].name);
}

fn main() {}
