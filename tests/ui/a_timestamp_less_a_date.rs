use chrono::{DateTime, NaiveDate, Utc};
use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
struct Loan {
    #[model(primary_key)]
    id: Auto<i32>,
    since: DateTime<Utc>,
    day: NaiveDate,
}

fn main() {
    let _ = query::<Loan>().select(Loan::since - Loan::day);
}
