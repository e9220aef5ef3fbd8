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
#[projection(model = Homework)]
pub struct View {
    pub reviewer: PersonView,
}

fn main() {}
