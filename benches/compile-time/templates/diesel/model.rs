use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::$parent::$Parent; //parent
use crate::schema::{$near, $table};

#[derive(Queryable, Selectable, Identifiable, Debug, Clone)]
#[derive(Associations)] //parent
#[diesel(belongs_to($Parent, foreign_key = parent_id))] //parent
#[diesel(table_name = $table, check_for_backend(diesel::pg::Pg))]
pub struct $Model {
    pub id: i64,
    pub code: String,
    pub title: String,
    pub note: Option<String>,
    pub active: bool,
    pub quantity: i32,
    pub total: i64,
    pub ratio: Option<f64>,
    pub created: DateTime<Utc>,
    pub parent_id: i64,
}

#[derive(Insertable)]
#[diesel(table_name = $table, check_for_backend(diesel::pg::Pg))]
pub struct New$Model<'a> {
    pub code: &'a str,
    pub title: &'a str,
    pub note: Option<&'a str>,
    pub active: bool,
    pub quantity: i32,
    pub total: i64,
    pub ratio: Option<f64>,
    pub created: DateTime<Utc>,
    pub parent_id: i64,
}
