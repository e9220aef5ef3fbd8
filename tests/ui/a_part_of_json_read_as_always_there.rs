use orm_core::prelude::*;
use orm_core::types::Json;

#[derive(Model, Debug, Clone)]
pub struct Event {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub data: Json<Vec<i32>>,
}

async fn sizes(engine: &Engine) -> orm_core::Result<Vec<i64>> {
    engine.query::<Event>().select(Event::data.get(0).as_i64()).all().await
}

fn main() {}
