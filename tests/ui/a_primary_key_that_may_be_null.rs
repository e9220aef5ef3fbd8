use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Option<i32>,
}

fn main() {}
