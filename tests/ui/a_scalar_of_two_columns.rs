use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let pair = query::<Homework>().select((Homework::id, Homework::number));
    let _ = query::<Course>().filter(Course::id.eq(pair.scalar_in()));
}
