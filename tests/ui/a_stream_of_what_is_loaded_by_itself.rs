use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(engine: &Engine) {
    let _ = engine.query::<Course>().with(Course::homeworks).stream();
}

fn main() {}
