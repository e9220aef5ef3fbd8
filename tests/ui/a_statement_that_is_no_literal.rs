use orm_core::prelude::*;

fn main() {
    let text = String::from("select 1");
    let _ = sql!(text);
}
