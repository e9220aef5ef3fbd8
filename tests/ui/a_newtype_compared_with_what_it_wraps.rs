use orm_core::prelude::*;

#[derive(Newtype, Debug, Clone)]
pub struct CourseId(i32);

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: CourseId,
}

fn main() {
    let _ = query::<Course>().filter(Course::id.eq(1));
}
