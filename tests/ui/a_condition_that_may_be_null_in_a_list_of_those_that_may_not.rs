use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _: Vec<Expr<bool, Course>> = vec![Course::note.eq("new").fit()];
}
