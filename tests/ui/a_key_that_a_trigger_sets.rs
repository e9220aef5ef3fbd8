use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key, trigger)]
    pub id: Auto<i32>,
}

fn main() {}
