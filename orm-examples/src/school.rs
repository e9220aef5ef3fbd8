//! The models of a small school: students, courses, enrolments with grades, homeworks and submissions, tags.

#![allow(clippy::use_self, reason = "a model names itself as it names the others")]

use orm_core::prelude::*;

/// How a course is held.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// In a room.
    OnSite,
    /// Anywhere.
    Online,
}

/// A student, who may have a mentor among the students.
#[derive(Model, Debug, Clone)]
pub struct Student {
    /// Made by the server.
    #[model(primary_key)]
    pub id: Auto<i64>,
    /// The full name.
    pub name: String,
    /// Where to write to; nobody shares one.
    #[model(length = 200, unique)]
    pub email: String,
    /// The key of the mentor.
    #[model(references = Student::id, on_delete = set_null)]
    pub mentor_id: Option<i64>,
    /// The mentor.
    #[model(belongs_to = mentor_id)]
    pub mentor: BelongsTo<Student>,
    /// Those whose mentor this student is.
    #[model(has_many = Student::mentor, order_by = Student::name)]
    pub mentees: HasMany<Student>,
    /// The courses that this student takes.
    #[model(has_many = Enrolment::student)]
    pub enrolments: HasMany<Enrolment>,
}

/// A course.
#[derive(Model, Debug, Clone)]
#[model(check("hours > 0", name = "course_hours_positive"))]
pub struct Course {
    /// Made by the server.
    #[model(primary_key)]
    pub id: Auto<i64>,
    /// The title.
    #[model(length = 80, unique)]
    pub title: String,
    /// How it is held.
    pub format: Format,
    /// How many hours it takes.
    pub hours: i32,
    /// Who takes it.
    #[model(has_many = Enrolment::course)]
    pub enrolments: HasMany<Enrolment>,
    /// Its homeworks, in their order.
    #[model(has_many = Homework::course, order_by = Homework::number)]
    pub homeworks: HasMany<Homework>,
    /// What it is about.
    #[model(through("course_tag", course_id, tag_id))]
    pub tags: HasMany<Tag>,
}

/// That a student takes a course, and the grade.
#[derive(Model, Debug, Clone)]
pub struct Enrolment {
    /// The key of the student.
    #[model(primary_key, references = Student::id, on_delete = cascade)]
    pub student_id: i64,
    /// The key of the course.
    #[model(primary_key, references = Course::id, on_delete = cascade)]
    pub course_id: i64,
    /// From 1 to 5, once it is given.
    #[model(check = "grade BETWEEN 1 AND 5")]
    pub grade: Option<i16>,
    /// The student.
    #[model(belongs_to = student_id)]
    pub student: BelongsTo<Student>,
    /// The course.
    #[model(belongs_to = course_id)]
    pub course: BelongsTo<Course>,
}

/// A homework of a course.
#[derive(Model, Debug, Clone)]
#[model(unique(course_id, number))]
pub struct Homework {
    /// Made by the server.
    #[model(primary_key)]
    pub id: Auto<i64>,
    /// Its number within the course.
    pub number: i32,
    /// What is to be done.
    pub description: String,
    /// The key of the course.
    #[model(references = Course::id, on_delete = cascade)]
    pub course_id: i64,
    /// The course.
    #[model(belongs_to = course_id)]
    pub course: BelongsTo<Course>,
    /// What was handed in.
    #[model(has_many = Submission::homework)]
    pub submissions: HasMany<Submission>,
}

/// What a student handed in for a homework.
#[derive(Model, Debug, Clone)]
pub struct Submission {
    /// Made by the server.
    #[model(primary_key)]
    pub id: Auto<i64>,
    /// The text.
    pub text: String,
    /// The key of the homework.
    #[model(references = Homework::id, on_delete = cascade)]
    pub homework_id: i64,
    /// The homework.
    #[model(belongs_to = homework_id)]
    pub homework: BelongsTo<Homework>,
    /// The key of the student.
    #[model(references = Student::id, on_delete = cascade)]
    pub student_id: i64,
    /// The student; makes `Student::submissions`.
    #[model(belongs_to = student_id, backref = submissions)]
    pub student: BelongsTo<Student>,
}

/// A word that courses are found by.
#[derive(Model, Debug, Clone)]
pub struct Tag {
    /// Made by the server.
    #[model(primary_key)]
    pub id: Auto<i64>,
    /// The word.
    #[model(length = 40, unique)]
    pub label: String,
    /// The courses that are about it.
    #[model(through("course_tag", tag_id, course_id))]
    pub courses: HasMany<Course>,
}

/// All tables of the school.
pub type All = (Student, Course, Enrolment, Homework, Submission, Tag);
