use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>().select(row_number().over(window().order_by(Homework::number.asc())));
}
