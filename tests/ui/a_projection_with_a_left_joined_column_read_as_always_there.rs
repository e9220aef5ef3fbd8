use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

#[derive(Projection)]
#[projection(model = Course, left_join(Homework))]
pub struct View {
    #[projection(column = Homework::number)]
    pub number: i32,
}

fn main() {}
