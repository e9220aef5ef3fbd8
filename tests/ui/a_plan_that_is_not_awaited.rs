#![deny(unused_must_use)]

use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

async fn demo(engine: Engine) {
    engine.query::<Course>().filter(Course::id.eq(1)).explain();
}

fn main() {}
