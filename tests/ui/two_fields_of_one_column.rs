use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub name: String,
    #[model(column = "name")]
    pub title: String,
}

fn main() {}
