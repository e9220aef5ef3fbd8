use orm_core::prelude::*;

#[path = "../ui/support/school.rs"]
mod school;
use school::*;

async fn demo(engine: &Engine, session: &mut Session) -> orm_core::Result<()> {
    let _: Vec<(Course, Vec<Homework>)> = engine.query::<Course>().with(Course::homeworks).all().await?;
    let _: Vec<(Homework, Course)> = engine.query::<Homework>().with(Homework::course).all().await?;
    let _: Vec<(Homework, Option<Person>)> = engine.query::<Homework>().with(Homework::reviewer).all().await?;
    let _: Vec<Handle<Course>> = session.query::<Course>().with(Course::homeworks).all().await?;
    let _: Vec<(String, Option<i32>)> =
        session.query::<Course>().left_join(Course::homeworks).select((Course::name, Homework::number)).all().await?;
    let _: Vec<Option<String>> = engine.query::<Course>().select(Course::note).all().await?;
    let _: Vec<i32> = engine.rows(query::<Homework>().select(Homework::course_id)).await?;
    Ok(())
}

fn main() {
    let _ = demo;
}
