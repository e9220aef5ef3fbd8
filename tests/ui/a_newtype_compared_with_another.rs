use orm_core::prelude::*;

#[derive(Newtype, Debug, Clone)]
pub struct CourseId(i32);

#[derive(Newtype, Debug, Clone)]
pub struct PersonId(i32);

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: CourseId,
}

#[derive(Model, Debug, Clone)]
pub struct Person {
    #[model(primary_key)]
    pub id: PersonId,
}

fn demo(person: PersonId) {
    let _ = query::<Course>().filter(Course::id.eq(person));
}

fn main() {}
