use jiff::Timestamp;

use crate::{$child::$Child, $parent::$Parent};

#[derive(Debug, toasty::Model)]
pub struct $Model {
    #[key]
    #[auto]
    pub id: i64,
    #[unique]
    pub code: String,
    pub title: String,
    pub note: Option<String>,
    pub active: bool,
    pub quantity: i32,
    pub total: i64,
    pub ratio: Option<f64>,
    pub created: Timestamp,
    #[index]
    pub parent_id: i64,
    #[belongs_to]
    pub parent: toasty::Deferred<$Parent>,
    #[has_many(pair = parent)]
    pub children: toasty::Deferred<Vec<$Child>>,
}
