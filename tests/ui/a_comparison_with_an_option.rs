use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let note: Option<String> = None;
    let _ = query::<Course>().filter(Course::note.eq(note));
}
