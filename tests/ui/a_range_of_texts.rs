use orm_core::prelude::*;
use orm_core::types::Range;

#[derive(Model, Debug, Clone)]
pub struct Booking {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub days: Range<i32>,
}

fn main() {
    let _ = query::<Booking>().filter(Booking::days.overlaps("a".."b"));
}
