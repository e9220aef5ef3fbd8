use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(table = "courses")]
    pub name: String,
}

fn main() {}
