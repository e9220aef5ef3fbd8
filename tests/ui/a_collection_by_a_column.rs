use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(has_many = Homework::course_id)]
    pub homeworks: HasMany<Homework>,
}

#[derive(Model, Debug, Clone)]
pub struct Homework {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(references = Course::id)]
    pub course_id: i32,
}

fn main() {}
