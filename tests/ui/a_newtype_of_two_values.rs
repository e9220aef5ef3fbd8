use orm_core::prelude::*;

#[derive(Newtype, Debug, Clone)]
pub struct Position(f64, f64);

fn main() {}
