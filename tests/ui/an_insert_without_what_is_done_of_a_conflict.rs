use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

async fn add(engine: &Engine, courses: Vec<Course>) {
    let _ = engine.insert(courses).on_conflict(Course::id).await;
}
