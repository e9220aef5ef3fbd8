use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub format: Format,
}

#[derive(Debug, Clone)]
pub enum Format {
    OnSite,
    Online,
}

fn main() {}
