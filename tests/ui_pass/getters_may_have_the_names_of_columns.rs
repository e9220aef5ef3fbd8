#![deny(warnings)]

use orm_core::prelude::*;

mod school {
    use orm_core::prelude::*;

    #[derive(Model, Debug, Clone)]
    #[model(constants = off)]
    pub struct Course {
        #[model(primary_key)]
        id: Auto<i32>,
        pub(crate) name: String,
    }

    impl Course {
        pub fn id(&self) -> Option<i32> {
            self.id.get()
        }

        pub fn name(&self) -> &str {
            &self.name
        }
    }
}
use school::Course;

fn main() {
    let course = Course::builder().name("Python").build();
    assert_eq!((course.id(), course.name()), (None, "Python"));
    assert!(query::<Course>().filter(Course::c.name.eq("Python")).to_sql().contains(r#""course"."name" = $1"#));
}
