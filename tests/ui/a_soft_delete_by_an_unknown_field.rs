use chrono::{DateTime, Utc};
use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(soft_delete = delted_at)]
pub struct Course {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub deleted_at: Option<DateTime<Utc>>,
}

fn main() {}
