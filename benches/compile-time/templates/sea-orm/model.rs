use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "$table")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub code: String,
    pub title: String,
    pub note: Option<String>,
    pub active: bool,
    pub quantity: i32,
    pub total: i64,
    pub ratio: Option<f64>,
    pub created: DateTimeUtc,
    pub parent_id: i64,
    #[sea_orm(belongs_to, from = "parent_id", to = "id")] //parent
    pub parent: BelongsTo<super::$parent::Entity>, //parent
    #[sea_orm(has_many)] //child
    pub children: HasMany<super::$child::Entity>, //child
}

impl ActiveModelBehavior for ActiveModel {}
