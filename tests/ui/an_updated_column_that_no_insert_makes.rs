use chrono::{DateTime, Utc};
use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(on_update = "now()")]
    pub updated_at: Auto<DateTime<Utc>>,
}

fn main() {}
