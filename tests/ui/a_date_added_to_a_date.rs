use chrono::NaiveDate;
use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
struct Loan {
    #[model(primary_key)]
    id: Auto<i32>,
    day: NaiveDate,
    back: NaiveDate,
}

fn main() {
    let _ = query::<Loan>().select(Loan::day + Loan::back);
}
