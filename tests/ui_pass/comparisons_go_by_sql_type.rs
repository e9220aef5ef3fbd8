use orm_core::prelude::*;

#[path = "../ui/support/school.rs"]
mod school;
use school::*;

#[derive(Newtype, Debug, Clone)]
pub struct Isbn(String);

#[derive(Enum, Debug, Clone, PartialEq)]
pub enum Format {
    Paper,
    File,
}

#[derive(Model, Debug, Clone)]
pub struct Book {
    #[model(primary_key)]
    pub isbn: Isbn,
    pub format: Format,
}

fn generic<M: Model, T: orm_core::types::Field, V: orm_core::sql::IntoExpr<T::Sql>>(
    column: Column<M, T>,
    value: V,
    other: Column<M, T>,
) -> (impl Expression, impl Expression) {
    (column.eq(value), column.eq(other))
}

fn main() {
    let key: Auto<i32> = Auto::Value(1);
    let name = String::from("Python");
    let _ = query::<Homework>().filter(Homework::course_id.eq(key));
    let _ = query::<Course>().filter(Course::name.eq(&name)).filter(Course::note.eq(name));
    let _ = query::<Course>().filter(Course::note.eq(Course::name)).filter(Course::id.in_([1, 2]));
    let _ = query::<Homework>().filter(Homework::reviewer_id.eq(Homework::id));
    let _ = query::<Homework>().filter(Homework::reviewer_id.is_not_distinct_from(None));
    let _ = query::<Course>().filter(Course::id.in_select(query::<Homework>().select(Homework::course_id)));
    let _ = query::<Person>().filter(Person::id.in_select(query::<Homework>().select(Homework::reviewer_id)));
    let _ = query::<Book>().filter(Book::isbn.eq(Isbn::from(String::from("1")))).filter(Book::format.eq(Format::File));
    let _ = query::<Book>().filter(Book::isbn.eq(Book::isbn)).filter(Book::format.in_([Format::Paper]));
    let _ = generic(Course::name, "Python", Course::name);
}
