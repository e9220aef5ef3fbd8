use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

pub struct View {
    pub name: String,
}

fn main() {
    let _ = query::<Course>().project::<View>();
}
