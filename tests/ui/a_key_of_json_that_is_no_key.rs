use orm_core::prelude::*;
use orm_core::types::Json;

#[derive(Model, Debug, Clone)]
pub struct Event {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub data: Json<Vec<i32>>,
}

fn main() {
    let _ = query::<Event>().select(Event::data.get(true));
}
