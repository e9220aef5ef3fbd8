//! A crate that denies and forbids much can derive; `main.rs` of this binary does the same for all modules.

#![deny(
    missing_docs,
    missing_debug_implementations,
    unused,
    unused_qualifications,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_const_for_fn,
    clippy::shadow_unrelated
)]

/// Models of which everything is public.
pub mod models {
    use orm_core::prelude::*;
    use orm_core::{Enum, Newtype};

    /// A key.
    #[derive(Newtype, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct CourseId(i32);

    /// How much one must know.
    #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Level {
        /// Nothing.
        Low,
        /// Much.
        High,
    }

    /// A course.
    #[derive(Model, Debug, Clone)]
    #[model(table = "course", unique(name, level), check("name <> ''"))]
    pub struct Course {
        /// The key.
        #[model(primary_key)]
        pub id: Auto<CourseId>,
        /// What it is called.
        #[model(length = 40)]
        pub name: String,
        /// How hard it is.
        pub level: Level,
        /// Counts changes.
        #[model(version)]
        pub version: i32,
        /// What is to be done.
        #[model(has_many = Homework::course, back_populates = course, order_by = Homework::number)]
        pub homeworks: HasMany<Homework>,
        /// What it is about.
        #[model(through("course_tag", course_id, tag_id))]
        pub tags: HasMany<Tag>,
        /// Not stored.
        #[model(skip)]
        pub cache: Option<Vec<u8>>,
    }

    /// A homework.
    #[derive(Model, Debug, Clone)]
    #[model(table = "homework")]
    pub struct Homework {
        /// The key.
        #[model(primary_key)]
        pub id: Auto<i32>,
        /// Its number.
        pub number: i32,
        /// The course's key.
        #[model(references = Course::id, on_delete = cascade)]
        pub course_id: CourseId,
        /// The course.
        #[model(belongs_to = course_id, back_populates = homeworks)]
        pub course: BelongsTo<Course>,
        /// What comes before.
        #[model(references = Homework::id)]
        pub after_id: Option<i32>,
        /// What comes before.
        #[model(belongs_to = after_id, backref = followers)]
        pub after: BelongsTo<Self>,
    }

    /// A tag.
    #[derive(Model, Debug, Clone)]
    #[model(primary_key(a, b))]
    pub struct Pair {
        /// One.
        pub a: i32,
        /// Other.
        pub b: String,
    }

    /// A tag.
    #[derive(Model, Debug, Clone)]
    pub struct Tag {
        /// The key.
        #[model(primary_key)]
        pub id: Auto<i32>,
    }

    /// A course to show.
    #[derive(Projection, Debug, Clone)]
    #[projection(model = Course)]
    pub struct CourseView {
        /// What it is called.
        pub name: String,
        /// What is to be done.
        pub homeworks: Vec<HomeworkView>,
    }

    /// A homework to show.
    #[derive(Projection, Debug, Clone)]
    #[projection(model = Homework, join(Course))]
    pub struct Line {
        /// Its number.
        pub number: i32,
        /// The course.
        #[projection(column = Course::name)]
        pub course: String,
    }

    /// A homework to show.
    #[derive(Projection, Debug, Clone)]
    #[projection(model = Homework)]
    pub struct HomeworkView {
        /// Its number.
        #[projection(expr = Homework::number + 1)]
        pub number: i32,
    }

    /// A statement.
    pub fn statement(name: &str, count: i32) -> orm_core::Sql {
        sql!("select * from course where name = {name} and {name.is_empty()} < {count}")
    }

    /// Deprecated, but it can be derived for without a warning.
    #[deprecated = "as a test"]
    #[derive(Model, Debug, Clone)]
    pub struct Old {
        /// The key.
        #[model(primary_key)]
        pub id: Auto<i32>,
        /// A field.
        #[deprecated = "as a test"]
        pub name: String,
    }
}

#[test]
fn projections_and_statements_are_read() {
    use models::{Course, CourseView, Homework, Line, statement};
    let course = orm_core::query::<Course>().project::<CourseView>();
    assert_eq!(course.to_sql(), r#"SELECT "course"."name", "course"."id" FROM "course""#);
    let line = orm_core::query::<Homework>().join(Homework::course).project::<Line>();
    assert!(line.to_sql().starts_with(r#"SELECT "homework"."number", "course"."name" FROM "homework" JOIN"#));
    let shown = |view: CourseView| (view.name, view.homeworks.into_iter().map(|homework| homework.number).sum::<i32>());
    let python = CourseView { name: String::from("Python"), homeworks: Vec::new() };
    assert_eq!(shown(python), (String::from("Python"), 0));
    let first = Line { number: 1, course: String::from("Python") };
    assert_eq!((first.number, first.course.as_str()), (1, "Python"));
    assert!(statement("Python", 1).to_sql().ends_with("name = $1 and $2 < $3"));
}

#[test]
fn the_models_are_models() -> orm_core::Result<()> {
    use models::{Course, CourseId, Homework, Level, Pair, Tag};
    let metadata = orm_core::schema::Metadata::of::<(Course, Homework, Pair, Tag)>()?;
    assert_eq!(metadata.tables().len(), 4);
    let course = Course::builder()
        .name("Rust")
        .level(Level::High)
        .homeworks([Homework::builder().number(1)])
        .tags([Tag::builder()])
        .build();
    assert_eq!((course.id.get(), course.version, course.cache), (None, 1, None));
    assert_eq!(Homework::builder().number(1).course_id(CourseId::from(1)).build().after_id, None);
    Ok(())
}
