use orm_core::prelude::*;

#[derive(Debug, Clone)]
pub struct Street(pub String);

#[derive(Composite, Debug, Clone)]
pub struct Address {
    pub city: String,
    pub street: Street,
}

fn main() {}
