use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    fn of(person: &Person) {
        let _ = query::<Homework>().filter(Homework::course.is(person));
    }
    let _ = of;
}
