use jiff::Timestamp;

use crate::$child::$Child; //child
use crate::$parent::$Parent; //parent

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
    #[belongs_to] //parent
    pub parent: toasty::Deferred<$Parent>, //parent
    #[has_many(pair = parent)] //child
    pub children: toasty::Deferred<Vec<$Child>>, //child
}
