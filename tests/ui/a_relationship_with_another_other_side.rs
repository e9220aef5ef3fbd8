use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(has_many = Homework::course)]
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
    #[model(references = Course::id)]
    pub earlier_course_id: Option<i32>,
    #[model(belongs_to = earlier_course_id, back_populates = homeworks)]
    pub earlier_course: BelongsTo<Course>,
}

fn main() {}
