#![deny(unused_must_use)]

use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(engine: &Engine) {
    engine.query::<Course>().filter(Course::name.eq("Python"));
}

fn main() {}
