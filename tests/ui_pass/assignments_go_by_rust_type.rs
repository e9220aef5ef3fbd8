use orm_core::prelude::*;

#[path = "../ui/support/school.rs"]
mod school;
use school::*;

fn main() {
    let _ = query::<Course>().update((Course::name.set("Python"), Course::note.set(None)));
    let _ = query::<Course>().update((Course::note.set(Course::name), Course::note.set(Some("x".to_owned()))));
    let _ = query::<Homework>().update(Homework::number.set(Homework::id));
    let _ = query::<Homework>().join(Homework::course).update(Homework::description.set(Course::name));
    let course = Course::builder().name("Python").note("in the evening").homeworks([
        Homework::builder().number(1).description("first"),
        Homework::builder().number(2).description("second").reviewer(Person::builder().name("Ann")),
    ]);
    let _: Course = course.build();
    let _: Homework = Homework::builder().number(1).description("x").course(Course::builder().name("Java")).build();
}
