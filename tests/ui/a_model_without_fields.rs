use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course;

fn main() {}
