use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let early = subquery!(query::<Homework>().filter(Homework::number.lt(3)));
    let late = subquery!(query::<Homework>().filter(Homework::number.gt(5)));
    let _ = query::<Course>().join_on(&early, Course::id.eq(late.c.course_id));
}
