use orm_core::prelude::*;
use orm_core::generate_series;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let series = generate_series(1, Course::name);
    let _ = query::<Course>().join_lateral(&series.subquery());
}
