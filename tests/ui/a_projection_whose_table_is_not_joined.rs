use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

#[derive(Projection)]
#[projection(model = Course, join(Homework))]
pub struct View {
    #[projection(column = Homework::number)]
    pub number: i32,
}

async fn demo(engine: Engine) {
    let _ = engine.query::<Course>().project::<View>().all().await;
}

fn main() {}
