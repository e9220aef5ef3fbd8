use orm_core::prelude::*;

#[derive(Projection)]
pub struct View {
    pub name: String,
}

fn main() {}
