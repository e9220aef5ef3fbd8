use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn merge() {
    let merge = merge_into::<Course>().using(Person::TABLE).on(Course::name.eq(Person::name));
    let _ = merge.when_not_matched().insert(Course::name.set(Course::name));
}
