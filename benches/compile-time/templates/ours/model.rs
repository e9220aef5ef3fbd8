use chrono::{DateTime, Utc};
use orm_core::prelude::*;

use crate::{$child::$Child, $parent::$Parent};

#[derive(Model, Debug, Clone)]
pub struct $Model {
    #[model(primary_key)]
    pub id: Auto<i64>,
    #[model(length = 40, unique)]
    pub code: String,
    pub title: String,
    pub note: Option<String>,
    pub active: bool,
    pub quantity: i32,
    pub total: i64,
    pub ratio: Option<f64>,
    pub created: DateTime<Utc>,
    #[model(references = $Parent::id)]
    pub parent_id: i64,
    #[model(belongs_to = parent_id, back_populates = children)]
    pub parent: BelongsTo<$Parent>,
    #[model(has_many = $Child::parent)]
    pub children: HasMany<$Child>,
}
