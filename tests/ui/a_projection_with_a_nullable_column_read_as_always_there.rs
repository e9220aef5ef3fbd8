use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

#[derive(Projection)]
#[projection(model = Course)]
pub struct View {
    pub note: String,
}

fn main() {}
