use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(soft_delete = is_deleted)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub is_deleted: Option<bool>,
}

fn main() {}
