use orm_core::prelude::*;

mod school {
    use orm_core::prelude::*;

    #[derive(Model, Debug, Clone)]
    pub struct Course {
        #[model(primary_key)]
        pub id: Auto<i32>,
        secret: String,
    }
}
use school::Course;

fn main() {
    let _ = query::<Course>().filter(Course::secret.eq("x"));
}
