//! SeaORM: entities in its dense format, `insert_many`, the entity loader.
//!
//! Its pool asks the server before it lends a connection, which is switched off. It has no unit of work: what is committed
//! is written out by hand; its own nested save would take three statements an object. Many changed rows are one insert
//! whose conflict updates, which takes fewer statements than its `update`, one for each row.

#![allow(unreachable_pub, reason = "its macros want entities that are public")]

use futures_util::TryStreamExt;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectOptions, Database, DatabaseConnection, EntityTrait, QueryFilter,
    TransactionTrait,
};

use crate::meter::Meter;
use crate::peer::{Done, Peer, together};
use crate::plain::{ROWS_OF_VALUES, names, spread};
use crate::tables::{Data, NewRow};
use crate::{Result, keys};

mod item {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "item")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub amount: i32,
        #[sea_orm(has_many)]
        pub parts: HasMany<super::part::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod part {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "part")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub color: String,
        pub item_id: Option<i64>,
        #[sea_orm(belongs_to, from = "item_id", to = "id")]
        pub item: BelongsTo<Option<super::item::Entity>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod entry {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "entry")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub amount: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod stock {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "stock")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(unique)]
        pub code: i64,
        pub name: String,
        pub amount: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod top {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "top")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        #[sea_orm(has_many)]
        pub middles: HasMany<super::middle::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod middle {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "middle")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub top_id: i64,
        #[sea_orm(belongs_to, from = "top_id", to = "id")]
        pub top: BelongsTo<super::top::Entity>,
        #[sea_orm(has_many)]
        pub leaves: HasMany<super::leaf::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod leaf {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "leaf")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub middle_id: i64,
        #[sea_orm(belongs_to, from = "middle_id", to = "id")]
        pub middle: BelongsTo<super::middle::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) struct Sea {
    url: String,
    db: DatabaseConnection,
    pool: Option<DatabaseConnection>,
}

impl Sea {
    async fn pool(url: &str, size: usize) -> Result<DatabaseConnection> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(u32::try_from(size)?).test_before_acquire(false).sqlx_logging(false);
        Ok(Database::connect(options).await?)
    }
}

impl Peer for Sea {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), db: Self::pool(url, 1).await?, pool: None })
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let items: Vec<item::Model> = item::Entity::find().all(&self.db).await?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn join(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let query = part::Entity::find().find_also_related(item::Entity).filter(part::Column::Color.eq("red"));
                let parts: Vec<(part::Model, Option<item::Model>)> = query.all(&self.db).await?;
                Ok((parts.len(), parts))
            })
            .await
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let tx = if rows.len() > ROWS_OF_VALUES { Some(self.db.begin().await?) } else { None };
                let (mut count, mut made) = (0, Vec::new());
                for rows in rows.chunks(ROWS_OF_VALUES) {
                    let values = rows.iter().map(|row| entry::ActiveModel {
                        name: Set(row.name.clone()),
                        amount: Set(row.amount),
                        ..Default::default()
                    });
                    let insert = entry::Entity::insert_many(values);
                    match (&tx, keys) {
                        (None, false) => count += insert.exec_without_returning(&self.db).await? as usize,
                        (None, true) => made.extend(insert.exec_with_returning_keys(&self.db).await?),
                        (Some(tx), false) => count += insert.exec_without_returning(tx).await? as usize,
                        (Some(tx), true) => made.extend(insert.exec_with_returning_keys(tx).await?),
                    }
                }
                if let Some(tx) = tx {
                    tx.commit().await?;
                }
                Ok((count + made.len(), made))
            })
            .await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(parents * 100, async || {
                let tops = top::Entity::load().with((middle::Entity, leaf::Entity)).all(&self.db).await?;
                let count = tops.iter().flat_map(|top| top.middles.iter()).map(|middle| middle.leaves.len()).sum();
                Ok((count, tops))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let found = entry::Entity::find_by_id(keys::any()).one(&self.db).await?;
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let update = entry::Entity::update_many()
                    .col_expr(entry::Column::Amount, Expr::value(7))
                    .filter(entry::Column::Id.eq(keys::any()));
                Ok((update.exec(&self.db).await?.rows_affected as usize, ()))
            })
            .await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let delete = entry::Entity::delete_by_id(keys::next());
                Ok((delete.exec(&self.db).await?.rows_affected as usize, ()))
            })
            .await
    }

    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<Done> {
        let [of_tops, of_middles, of_leaves] = counts;
        meter
            .run(counts.iter().sum(), async || {
                let tx = self.db.begin().await?;
                let values = names(data, of_tops)
                    .into_iter()
                    .map(|name| top::ActiveModel { name: Set(name.to_owned()), ..Default::default() });
                let ids: Vec<i64> = top::Entity::insert_many(values).exec_with_returning_keys(&tx).await?;
                let values = names(data, of_middles).into_iter().zip(spread(&ids, of_middles)).map(|(name, key)| {
                    middle::ActiveModel { name: Set(name.to_owned()), top_id: Set(key), ..Default::default() }
                });
                let ids: Vec<i64> = middle::Entity::insert_many(values).exec_with_returning_keys(&tx).await?;
                let mut count = of_tops + ids.len();
                if of_leaves > 0 {
                    let values = names(data, of_leaves).into_iter().zip(spread(&ids, of_leaves)).map(|(name, key)| {
                        leaf::ActiveModel { name: Set(name.to_owned()), middle_id: Set(key), ..Default::default() }
                    });
                    let ids: Vec<i64> = leaf::Entity::insert_many(values).exec_with_returning_keys(&tx).await?;
                    count += ids.len();
                }
                tx.commit().await?;
                Ok((count, ()))
            })
            .await
    }

    async fn change(&mut self, _loaded: usize, changed: usize, meter: &mut Meter) -> Result<Done> {
        let mut entries = entry::Entity::find().all(&self.db).await?;
        entries.truncate(changed);
        meter
            .run(changed, async || {
                if let [one] = entries.as_slice() {
                    let update = entry::Entity::update_many()
                        .col_expr(entry::Column::Amount, Expr::value(one.amount + 1))
                        .filter(entry::Column::Id.eq(one.id));
                    return Ok((update.exec(&self.db).await?.rows_affected as usize, ()));
                }
                let values = entries.iter().map(|entry| entry::ActiveModel {
                    id: Set(entry.id),
                    name: Set(entry.name.clone()),
                    amount: Set(entry.amount + 1),
                });
                let conflict = OnConflict::column(entry::Column::Id).update_column(entry::Column::Amount).to_owned();
                let insert = entry::Entity::insert_many(values).on_conflict(conflict);
                Ok((insert.exec_without_returning(&self.db).await? as usize, ()))
            })
            .await
    }

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let entries = entry::Entity::find().all(&self.db).await?;
        meter
            .run(rows, async || {
                let ids = entries.iter().map(|entry| entry.id);
                let delete = entry::Entity::delete_many().filter(entry::Column::Id.is_in(ids));
                Ok((delete.exec(&self.db).await?.rows_affected as usize, ()))
            })
            .await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let values = rows.iter().zip(0i64..).map(|(row, code)| stock::ActiveModel {
                    code: Set(code),
                    name: Set(row.name.clone()),
                    amount: Set(row.amount),
                    ..Default::default()
                });
                let conflict = OnConflict::column(stock::Column::Code)
                    .update_columns([stock::Column::Name, stock::Column::Amount])
                    .to_owned();
                let insert = stock::Entity::insert_many(values).on_conflict(conflict);
                Ok((insert.exec_without_returning(&self.db).await? as usize, ()))
            })
            .await
    }

    async fn stream(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let mut items = item::Entity::find().stream(&self.db).await?;
                let (mut count, mut total) = (0, 0);
                while let Some(item) = items.try_next().await? {
                    count += 1;
                    total += item.id + i64::from(item.amount) + item.name.len() as i64;
                }
                Ok((count, total))
            })
            .await
    }

    async fn throughput(&mut self, tasks: usize, size: usize, finds: usize, meter: &mut Meter) -> Result<Done> {
        let pool = match &self.pool {
            Some(pool) => pool.clone(),
            None => self.pool.insert(Self::pool(&self.url, size).await?).clone(),
        };
        meter
            .run(finds, async || {
                let pool = pool.clone();
                let find = move || {
                    let pool = pool.clone();
                    async move { Ok(entry::Entity::find_by_id(keys::any()).one(&pool).await?.is_some()) }
                };
                Ok((together(tasks, finds, find).await?, ()))
            })
            .await
    }
}
