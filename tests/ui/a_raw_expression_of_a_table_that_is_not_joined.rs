use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let late = orm_core::sql::raw_expr::<bool, Homework>("homework.number > 3");
    let _ = query::<Course>().filter(late);
}
