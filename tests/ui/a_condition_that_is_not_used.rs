#![deny(unused_must_use)]

use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    Course::name.eq("Python");
}
