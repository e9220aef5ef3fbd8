use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;

fn main() {}

fn merge(session: &mut Session) {
    let _ = session.merge("Python");
}
