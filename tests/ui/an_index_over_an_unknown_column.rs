use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(index(titel, unique))]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub title: String,
}

fn main() {}
