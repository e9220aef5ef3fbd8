use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub enum Course {
    OnSite,
    Online,
}

fn main() {}
