use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {}

fn merge() {
    let merge = merge_into::<Course>().using(Person::TABLE).on(Course::name.eq(Person::name));
    let _ = merge.when_matched().update(Person::name.set("x"));
}
