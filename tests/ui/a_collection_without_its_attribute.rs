use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub homeworks: HasMany<Homework>,
}

#[derive(Model, Debug, Clone)]
pub struct Homework {
    #[model(primary_key)]
    pub id: Auto<i32>,
}

fn main() {}
