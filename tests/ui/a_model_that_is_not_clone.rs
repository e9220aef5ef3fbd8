use orm_core::prelude::*;

#[derive(Model, Debug)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
}

fn main() {}
