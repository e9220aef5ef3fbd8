use chrono::{DateTime, Utc};
use orm_core::prelude::*;

use crate::$child::$Child; //child
use crate::$parent::$Parent; //parent

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
    #[model(references = $Parent::id)] //parent
    pub parent_id: i64,
    #[model(belongs_to = parent_id, back_populates = children)] //parent
    pub parent: BelongsTo<$Parent>, //parent
    #[model(has_many = $Child::parent)] //child
    pub children: HasMany<$Child>, //child
}
