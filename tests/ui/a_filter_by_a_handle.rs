use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    fn of(course: Handle<Course>) {
        let _ = query::<Homework>().filter(Homework::course.is(course));
    }
    let _ = of;
}
