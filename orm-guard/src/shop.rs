//! The models.

use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
pub(crate) struct Customer {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    pub(crate) city: Option<String>,
    pub(crate) born: Option<i32>,
    #[model(has_many = Order::customer)]
    pub(crate) orders: HasMany<Order>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "order")]
pub(crate) struct Order {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    #[model(references = Customer::id)]
    pub(crate) customer_id: i32,
    pub(crate) status: String,
    pub(crate) total: i64,
    pub(crate) discount: Option<f64>,
    #[model(belongs_to = customer_id)]
    pub(crate) customer: BelongsTo<Customer>,
    #[model(has_many = Line::order)]
    pub(crate) lines: HasMany<Line>,
}

#[derive(Model, Debug, Clone)]
pub(crate) struct Line {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    #[model(references = Order::id)]
    pub(crate) order_id: i32,
    pub(crate) product: String,
    pub(crate) quantity: i32,
    #[model(belongs_to = order_id)]
    pub(crate) order: BelongsTo<Order>,
}
