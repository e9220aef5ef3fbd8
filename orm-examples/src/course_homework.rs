//! The lesson's models, in its two variants.

/// The first variant: both ends of the relationship are fields, and each names the other.
pub mod back_populates {
    use std::fmt;

    use orm_core::prelude::*;

    /// A course.
    #[derive(Model, Debug, Clone)]
    #[model(table = "course")]
    pub struct Course {
        /// Made by the server.
        #[model(primary_key)]
        pub id: Auto<i32>,
        /// Unique, 40 characters at most.
        #[model(length = 40, unique)]
        pub name: String,
        /// What is to be done at home.
        #[model(has_many = Homework::course, back_populates = course)]
        pub homeworks: HasMany<Homework>,
    }

    /// A homework.
    #[derive(Model, Debug, Clone)]
    #[model(table = "homework")]
    pub struct Homework {
        /// Made by the server.
        #[model(primary_key)]
        pub id: Auto<i32>,
        /// Its number within the course.
        pub number: i32,
        /// What is to be done.
        pub description: String,
        /// The key of the course.
        #[model(references = Course::id)]
        pub course_id: i32,
        /// The course that it belongs to.
        #[model(belongs_to = course_id, back_populates = homeworks)]
        pub course: BelongsTo<Course>,
    }

    impl fmt::Display for Course {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}: {}", self.id, self.name)
        }
    }

    impl fmt::Display for Homework {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}: {}, {}, {}", self.id, self.number, self.description, self.course_id)
        }
    }
}

/// The second variant: the relationship is declared once, on the homework, and `backref` makes the other end.
pub mod backref {
    use std::fmt;

    use orm_core::prelude::*;

    /// A course. It knows nothing of homeworks.
    #[derive(Model, Debug, Clone)]
    #[model(table = "course")]
    pub struct Course {
        /// Made by the server.
        #[model(primary_key)]
        pub id: Auto<i32>,
        /// Unique, 40 characters at most.
        #[model(length = 40, unique)]
        pub name: String,
    }

    /// A homework.
    #[derive(Model, Debug, Clone)]
    #[model(table = "homework")]
    pub struct Homework {
        /// Made by the server.
        #[model(primary_key)]
        pub id: Auto<i32>,
        /// Its number within the course.
        pub number: i32,
        /// What is to be done.
        pub description: String,
        /// The key of the course.
        #[model(references = Course::id)]
        pub course_id: i32,
        /// The course that it belongs to; makes `Course::homeworks`.
        #[model(belongs_to = course_id, backref = homeworks)]
        pub course: BelongsTo<Course>,
    }

    impl fmt::Display for Homework {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}: {}, {}, {}", self.id, self.number, self.description, self.course_id)
        }
    }
}
