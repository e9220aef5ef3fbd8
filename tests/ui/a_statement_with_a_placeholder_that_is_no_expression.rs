use orm_core::prelude::*;

fn main() {
    let id = 1;
    let _ = sql!("select * from course where id = {id:?}");
}
