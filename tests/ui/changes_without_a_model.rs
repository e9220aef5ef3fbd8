use orm_core::prelude::*;

#[derive(Changes)]
struct CourseChanges {
    name: Option<String>,
}

fn main() {}
