use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let late = query::<Homework>().subquery();
    let _ = query::<Course>().join_on(&late, late.c.course_id);
}
