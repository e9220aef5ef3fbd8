use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

#[derive(Projection, Clone)]
#[projection(model = Person)]
pub struct PersonView {
    pub name: String,
}

#[derive(Projection)]
#[projection(model = Course)]
pub struct View {
    pub homeworks: Vec<PersonView>,
}

fn main() {}
