use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course(i32, String);

fn main() {}
