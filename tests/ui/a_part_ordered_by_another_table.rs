use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = Course::homeworks.limit(3).order_by(Course::name.asc());
}
