use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course<T> {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub content: T,
}

fn main() {}
