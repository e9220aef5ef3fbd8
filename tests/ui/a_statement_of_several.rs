use orm_core::prelude::*;

fn main() {
    let _ = sql!("delete from homework; delete from course");
}
