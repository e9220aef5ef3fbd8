use orm_core::prelude::*;

#[derive(Enum, Debug, Clone)]
pub enum Format {
    OnSite,
    Online,
}

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub format: Format,
}

fn main() {
    let _ = query::<Course>().filter(Course::format.eq("online"));
}
