use orm_core::prelude::*;

#[path = "../ui/support/school.rs"]
mod school;
use school::*;

fn main() {
    aliased!(let boss = Person);
    aliased!(let chief = Person);
    let chain = query::<Person>()
        .join_as(Person::boss, &boss)
        .left_join_as(boss.rel(Person::boss), &chief)
        .filter(boss.c.name.eq("Ann"))
        .select((Person::name, boss.c.name, chief.c.name));
    assert!(chain.to_sql().contains(r#"AS "boss""#) && chain.to_sql().contains(r#"AS "chief""#));

    let early = subquery!(query::<Homework>().filter(Homework::number.lt(3)));
    let late = subquery!(query::<Homework>().filter(Homework::number.gt(5)));
    let _ = query::<Course>()
        .join_on(&early, Course::id.eq(early.c.course_id))
        .left_join_on(&late, Course::id.eq(late.c.course_id));

    let given = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id)).exists_in();
    let _ = query::<Course>().filter(given);
}
