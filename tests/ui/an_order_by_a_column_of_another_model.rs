use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub name: String,
    #[model(has_many = Homework::course, order_by = Course::name)]
    pub homeworks: HasMany<Homework>,
}

#[derive(Model, Debug, Clone)]
pub struct Homework {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(references = Course::id)]
    pub course_id: i32,
    #[model(belongs_to = course_id)]
    pub course: BelongsTo<Course>,
}

fn main() {}
