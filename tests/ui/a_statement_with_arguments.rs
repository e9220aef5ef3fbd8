use orm_core::prelude::*;

fn main() {
    let _ = sql!("select {}", 1);
}
