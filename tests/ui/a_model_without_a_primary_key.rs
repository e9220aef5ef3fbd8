use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    pub name: String,
}

fn main() {}
