use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(primary_key(id, name))]
pub struct Course {
    #[model(primary_key)]
    pub id: i32,
    pub name: String,
}

fn main() {}
