use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let late = query::<Homework>().filter(Homework::number.gt(5)).subquery();
    let _ = query::<Course>().join_on(&late, late.c.reviewer_id.eq(Person::id));
}
