
use sea_orm::sea_query::Expr;
use sea_orm::{ExprTrait, QueryOrder, QuerySelect};

use super::$near;

pub async fn newest(db: &DatabaseConnection, least: i32) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(COLUMN.active.eq(true))
        .filter(COLUMN.quantity.gt(least))
        .order_by_desc(COLUMN.created)
        .limit(10)
        .all(db)
        .await
}

pub async fn under(db: &DatabaseConnection, title: &str, least: i64) -> Result<Vec<(i64, String, String)>, DbErr> {
    Entity::find()
        .inner_join($near::Entity)
        .filter($near::COLUMN.title.eq(title))
        .filter(COLUMN.total.gte(least))
        .select_only()
        .columns([Column::Id, Column::Title])
        .column($near::Column::Code)
        .into_tuple()
        .all(db)
        .await
}

pub async fn create(db: &DatabaseConnection, code: &str, parent_id: i64) -> Result<i64, DbErr> {
    let created = ActiveModel::builder()
        .set_code(code)
        .set_title("new")
        .set_note(Some("a note".to_owned()))
        .set_active(true)
        .set_quantity(1)
        .set_total(100)
        .set_ratio(Some(0.5))
        .set_created(chrono::Utc::now())
        .set_parent_id(parent_id)
        .insert(db)
        .await?;
    Ok(created.id)
}

pub async fn restock(db: &DatabaseConnection, code: &str, more: i32) -> Result<u64, DbErr> {
    let updated = Entity::update_many()
        .filter(COLUMN.code.eq(code))
        .col_expr(Column::Quantity, Expr::col(Column::Quantity).add(more))
        .col_expr(Column::Title, Expr::value("restocked"))
        .exec(db)
        .await?;
    Ok(updated.rows_affected)
}

pub async fn summary(db: &DatabaseConnection) -> Result<Option<(i64, Option<i64>)>, DbErr> {
    Entity::find()
        .filter(COLUMN.active.eq(true))
        .select_only()
        .column_as(Column::Id.count(), "count")
        .column_as(Column::Total.max(), "max")
        .into_tuple()
        .one(db)
        .await
}
