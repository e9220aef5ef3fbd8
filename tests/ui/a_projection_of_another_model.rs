use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

#[derive(Projection, Clone)]
#[projection(model = Person)]
pub struct PersonView {
    pub name: String,
}

fn main() {
    let _ = query::<Course>().project::<PersonView>();
}
