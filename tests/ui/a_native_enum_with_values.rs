use orm_core::prelude::*;

#[derive(Enum, Debug, Clone)]
pub enum Format {
    OnSite { room: i32 },
    Online,
}

fn main() {}
