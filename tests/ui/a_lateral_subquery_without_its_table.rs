use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let given = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id)).subquery();
    let _ = query::<Person>().join_lateral(&given);
}
