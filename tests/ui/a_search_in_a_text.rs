use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Homework>().filter(Homework::description.matches_query(plainto_tsquery("english", "cat")));
}
