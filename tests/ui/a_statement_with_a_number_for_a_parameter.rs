use orm_core::prelude::*;

fn main() {
    let _ = sql!("select * from course where id = $1");
}
