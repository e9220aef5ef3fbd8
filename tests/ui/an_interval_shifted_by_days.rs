use orm_core::prelude::*;
use orm_core::types::Interval;

#[derive(Model, Debug, Clone)]
struct Loan {
    #[model(primary_key)]
    id: Auto<i32>,
    span: Interval,
}

fn main() {
    let _ = query::<Loan>().select(Loan::span + 7);
}
