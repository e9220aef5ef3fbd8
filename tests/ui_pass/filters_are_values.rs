use orm_core::prelude::*;

#[path = "../ui/support/school.rs"]
mod school;
use school::*;

fn python() -> Expr<bool, Course> {
    Course::name.like("Py%").and(Course::id.gt(1)).fit()
}

fn late() -> Expr<bool, (Course, Homework)> {
    Homework::number.gt(5).and(Course::name.ne("Java")).fit()
}

fn by_name(text: Option<&str>) -> Query<Unbound, Course> {
    let mut found = query::<Course>();
    if let Some(text) = text {
        found = found.filter(Course::name.eq(text));
    }
    found
}

fn any_number(numbers: &[i32]) -> Query<Unbound, Homework> {
    let mut filter = Homework::number.gt(0);
    for number in numbers {
        filter = filter | Homework::number.eq(number);
    }
    query::<Homework>().filter(filter)
}

fn sorted(descending: bool) -> Query<Unbound, Course> {
    query::<Course>().order_by(if descending { Course::name.desc() } else { Course::name.asc() })
}

fn main() {
    let both = query::<Course>().join(Course::homeworks).filter(python()).filter(late()).filter_all(vec![python()]);
    assert!(both.clone().to_sql().contains("WHERE"));
    assert_eq!(by_name(None).to_sql(), query::<Course>().to_sql());
    assert_ne!(by_name(Some("Python")).to_sql(), query::<Course>().to_sql());
    assert_ne!(sorted(true).to_sql(), sorted(false).to_sql());
    assert!(any_number(&[1, 2]).to_sql().contains("OR"));
}
