use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn rename(session: &mut Session, course: Handle<Course>) {
    session[course].name.push('!');
}

fn demo(session: &mut Session, homework: Handle<Homework>) {
    rename(session, homework);
}

fn main() {}
