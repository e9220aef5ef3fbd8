use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    cte!(let late = query::<Homework>().filter(Homework::number.gt(5)));
    let _ = query::<Course>().filter(late.c.number.gt(6));
}
