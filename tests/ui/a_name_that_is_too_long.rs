use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(table = "the_courses_that_are_held_at_the_school_in_the_autumn_and_the_spring")]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
}

fn main() {}
