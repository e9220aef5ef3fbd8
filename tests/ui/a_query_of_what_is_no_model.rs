use orm_core::prelude::*;

fn main() {
    let _ = query::<String>();
}
