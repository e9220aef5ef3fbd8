use chrono::{DateTime, Utc};
use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(soft_delete = deleted_at)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub deleted_at: DateTime<Utc>,
}

fn main() {}
