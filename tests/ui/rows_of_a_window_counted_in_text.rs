use orm_core::prelude::*;
use orm_core::sql::{current_row, preceding};

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = window().order_by(Homework::id.asc()).rows(preceding("two".to_owned()), current_row());
}
