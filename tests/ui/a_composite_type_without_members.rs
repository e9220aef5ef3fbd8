use orm_core::prelude::*;

#[derive(Composite, Debug, Clone)]
pub struct Address(String);

fn main() {}
