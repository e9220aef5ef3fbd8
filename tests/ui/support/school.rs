//! The models that most cases share.

use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub name: String,
    pub note: Option<String>,
    #[model(has_many = Homework::course)]
    pub homeworks: HasMany<Homework>,
}

#[derive(Model, Debug, Clone)]
pub struct Homework {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub number: i32,
    pub description: String,
    #[model(references = Course::id)]
    pub course_id: i32,
    #[model(belongs_to = course_id)]
    pub course: BelongsTo<Course>,
    #[model(references = Person::id)]
    pub reviewer_id: Option<i32>,
    #[model(belongs_to = reviewer_id)]
    pub reviewer: BelongsTo<Person>,
}

#[derive(Model, Debug, Clone)]
pub struct Person {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub name: String,
    #[model(references = Person::id)]
    pub boss_id: Option<i32>,
    #[model(belongs_to = boss_id)]
    pub boss: BelongsTo<Person>,
}
