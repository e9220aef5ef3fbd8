use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Homework>().filter(Homework::description.get("a").as_text().eq("b"));
}
