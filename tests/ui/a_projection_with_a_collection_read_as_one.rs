use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

#[derive(Projection, Clone)]
#[projection(model = Homework)]
pub struct HomeworkView {
    pub number: i32,
}

#[derive(Projection)]
#[projection(model = Course)]
pub struct View {
    pub homeworks: Option<HomeworkView>,
}

fn main() {}
