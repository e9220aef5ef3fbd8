use orm_core::sql::raw_expr;

#[path = "support/school.rs"]
mod school;
use school::*;

fn demo(column: String) {
    let text = format!("lower({column})");
    let _ = raw_expr::<String, Course>(&text);
}

fn main() {}
