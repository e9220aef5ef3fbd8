use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(has_many = Homework::previous)]
    pub homeworks: HasMany<Homework>,
}

#[derive(Model, Debug, Clone)]
pub struct Homework {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(references = Homework::id)]
    pub previous_id: Option<i32>,
    #[model(belongs_to = previous_id)]
    pub previous: BelongsTo<Homework>,
}

fn main() {}
