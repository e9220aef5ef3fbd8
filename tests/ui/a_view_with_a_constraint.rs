use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(view, unique(homeworks))]
pub struct Stats {
    #[model(primary_key)]
    pub course_id: i32,
    pub homeworks: i64,
}

fn main() {}
