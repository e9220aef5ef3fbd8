//! Public models in a crate that demands much of its code, and depends on `orm-core` under the name `db`.

#![forbid(unsafe_code)]
#![deny(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused,
    rust_2018_idioms,
    warnings
)]

use db::Enum;
use db::prelude::*;

/// How much one must know.
#[derive(Enum, Debug, Clone, Copy, PartialEq)]
#[model(crate = db)]
pub enum Level {
    /// Nothing.
    Low,
    /// Much.
    High,
}

/// A course.
#[derive(Model, Debug, Clone)]
#[model(table = "course", crate = db)]
pub struct Course {
    /// The key.
    #[model(primary_key)]
    pub id: Auto<i32>,
    /// What it is called.
    #[model(length = 40, unique)]
    pub name: String,
    /// How hard it is.
    pub level: Level,
    /// What is to be done.
    #[model(has_many = Homework::course)]
    pub homeworks: HasMany<Homework>,
}

/// A homework.
#[derive(Model, Debug, Clone)]
#[model(table = "homework", crate = db)]
pub struct Homework {
    /// The key.
    #[model(primary_key)]
    pub id: Auto<i32>,
    /// Its number.
    pub number: i32,
    #[model(references = Course::id)]
    course_id: i32,
    /// The course.
    #[model(belongs_to = course_id)]
    pub course: BelongsTo<Course>,
    /// What comes before.
    #[model(references = Homework::id)]
    pub after_id: Option<i32>,
    /// What comes before.
    #[model(belongs_to = after_id, backref = followers)]
    pub after: BelongsTo<Homework>,
}

/// What may change of a course.
#[derive(Changes, Debug, Clone, Default)]
#[changes(model = Course, crate = db)]
pub struct CourseChanges {
    /// What it is called.
    pub name: Option<String>,
    /// How hard it is.
    #[changes(field = level)]
    pub difficulty: Option<Level>,
}
