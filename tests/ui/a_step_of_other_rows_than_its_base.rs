use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

fn main() {
    recursive!(
        let tree = query::<Person>().select(Person::id);
        union_all query::<Person>().join_on(&tree, Person::boss_id.eq(tree.c.0)).select(Person::name)
    );
    let _ = tree;
}
