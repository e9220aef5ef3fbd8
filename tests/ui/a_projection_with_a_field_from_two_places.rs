use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

#[derive(Projection)]
#[projection(model = Course)]
pub struct View {
    #[projection(column = Course::name, expr = Course::id.gt(1))]
    pub name: String,
}

fn main() {}
