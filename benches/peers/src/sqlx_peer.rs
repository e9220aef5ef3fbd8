//! sqlx: text of one's own, `query_as` into structs with `FromRow`, statements prepared once a connection.
//!
//! On one connection and not its pool, which asks the server before it lends one; for the throughput that is switched off.
//! Rows are inserted by `UNNEST`, as its FAQ recommends. It is no ORM: what is committed or loaded together is by hand.

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, FromRow};

use crate::meter::Meter;
use crate::peer::{Done, Peer, together};
use crate::plain::{Item, Leaf, Middle, Top, names, nested, spread};
use crate::tables::{Data, NewRow};
use crate::{Result, keys};

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, FromRow)]
struct PartAndItem {
    id: i64,
    name: String,
    color: String,
    item_id: Option<i64>,
    found_id: Option<i64>,
    item_name: Option<String>,
    item_amount: Option<i32>,
}

const JOIN: &str = "SELECT part.id, part.name, part.color, part.item_id, item.id AS found_id, item.name AS item_name, item.amount AS item_amount \
                    FROM part LEFT JOIN item ON part.item_id = item.id WHERE part.color = $1";
const FIND: &str = "SELECT id, name, amount FROM entry WHERE id = $1";
const INSERT_ONE: &str = "INSERT INTO entry (name, amount) VALUES ($1, $2)";
const INSERT_ONE_KEY: &str = "INSERT INTO entry (name, amount) VALUES ($1, $2) RETURNING id";
const INSERT: &str = "INSERT INTO entry (name, amount) SELECT * FROM UNNEST($1::text[], $2::integer[])";
const INSERT_KEYS: &str =
    "INSERT INTO entry (name, amount) SELECT * FROM UNNEST($1::text[], $2::integer[]) RETURNING id";
const CHANGE: &str = "UPDATE entry SET amount = input.amount FROM UNNEST($1::bigint[], $2::integer[]) AS input (id, amount) \
                      WHERE entry.id = input.id";
const UPSERT: &str = "INSERT INTO stock (code, name, amount) SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::integer[]) \
                      ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, amount = EXCLUDED.amount";
const NEW_TOPS: &str = "INSERT INTO top (name) SELECT * FROM UNNEST($1::text[]) RETURNING id";
const NEW_MIDDLES: &str =
    "INSERT INTO middle (name, top_id) SELECT * FROM UNNEST($1::text[], $2::bigint[]) RETURNING id";
const NEW_LEAVES: &str =
    "INSERT INTO leaf (name, middle_id) SELECT * FROM UNNEST($1::text[], $2::bigint[]) RETURNING id";

pub(crate) struct Sqlx {
    url: String,
    client: PgConnection,
    pool: Option<PgPool>,
}

impl Sqlx {
    async fn entries(&mut self) -> Result<Vec<Item>> {
        Ok(sqlx::query_as("SELECT id, name, amount FROM entry").fetch_all(&mut self.client).await?)
    }
}

impl Peer for Sqlx {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), client: options(url)?.connect().await?, pool: None })
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let items: Vec<Item> =
                    sqlx::query_as("SELECT id, name, amount FROM item").fetch_all(&mut self.client).await?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn join(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let parts: Vec<PartAndItem> = sqlx::query_as(JOIN).bind("red").fetch_all(&mut self.client).await?;
                Ok((parts.len(), parts))
            })
            .await
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                if let [row] = rows {
                    if keys {
                        let insert = sqlx::query_scalar(INSERT_ONE_KEY).bind(&row.name).bind(row.amount);
                        let id: i64 = insert.fetch_one(&mut self.client).await?;
                        return Ok((1, vec![id]));
                    }
                    let insert = sqlx::query(INSERT_ONE).bind(&row.name).bind(row.amount);
                    return Ok((insert.execute(&mut self.client).await?.rows_affected() as usize, Vec::new()));
                }
                let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
                let amounts: Vec<i32> = rows.iter().map(|row| row.amount).collect();
                if keys {
                    let insert = sqlx::query_scalar(INSERT_KEYS).bind(names).bind(amounts);
                    let made: Vec<i64> = insert.fetch_all(&mut self.client).await?;
                    return Ok((made.len(), made));
                }
                let insert = sqlx::query(INSERT).bind(names).bind(amounts);
                Ok((insert.execute(&mut self.client).await?.rows_affected() as usize, Vec::new()))
            })
            .await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(parents * 100, async || {
                let tops: Vec<Top> = sqlx::query_as("SELECT id, name FROM top").fetch_all(&mut self.client).await?;
                let ids: Vec<i64> = tops.iter().map(|top| top.id).collect();
                let middles: Vec<Middle> = sqlx::query_as("SELECT id, name, top_id FROM middle WHERE top_id = ANY($1)")
                    .bind(ids)
                    .fetch_all(&mut self.client)
                    .await?;
                let ids: Vec<i64> = middles.iter().map(|middle| middle.id).collect();
                let leaves: Vec<Leaf> =
                    sqlx::query_as("SELECT id, name, middle_id FROM leaf WHERE middle_id = ANY($1)")
                        .bind(ids)
                        .fetch_all(&mut self.client)
                        .await?;
                Ok((leaves.len(), nested(tops, middles, leaves)))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let found: Option<Item> =
                    sqlx::query_as(FIND).bind(keys::any()).fetch_optional(&mut self.client).await?;
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let update = sqlx::query("UPDATE entry SET amount = $1 WHERE id = $2").bind(7).bind(keys::any());
                Ok((update.execute(&mut self.client).await?.rows_affected() as usize, ()))
            })
            .await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let delete = sqlx::query("DELETE FROM entry WHERE id = $1").bind(keys::next());
                Ok((delete.execute(&mut self.client).await?.rows_affected() as usize, ()))
            })
            .await
    }

    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<Done> {
        let [of_tops, of_middles, of_leaves] = counts;
        meter
            .run(counts.iter().sum(), async || {
                let mut tx = self.client.begin().await?;
                let insert = sqlx::query_scalar(NEW_TOPS).bind(names(data, of_tops));
                let ids: Vec<i64> = insert.fetch_all(&mut *tx).await?;
                let insert =
                    sqlx::query_scalar(NEW_MIDDLES).bind(names(data, of_middles)).bind(spread(&ids, of_middles));
                let ids: Vec<i64> = insert.fetch_all(&mut *tx).await?;
                let mut count = of_tops + ids.len();
                if of_leaves > 0 {
                    let insert =
                        sqlx::query_scalar(NEW_LEAVES).bind(names(data, of_leaves)).bind(spread(&ids, of_leaves));
                    let ids: Vec<i64> = insert.fetch_all(&mut *tx).await?;
                    count += ids.len();
                }
                tx.commit().await?;
                Ok((count, ()))
            })
            .await
    }

    async fn change(&mut self, _loaded: usize, changed: usize, meter: &mut Meter) -> Result<Done> {
        let entries = self.entries().await?;
        meter
            .run(changed, async || {
                let ids: Vec<i64> = entries.iter().take(changed).map(|entry| entry.id).collect();
                let amounts: Vec<i32> = entries.iter().take(changed).map(|entry| entry.amount + 1).collect();
                let update = sqlx::query(CHANGE).bind(ids).bind(amounts);
                Ok((update.execute(&mut self.client).await?.rows_affected() as usize, ()))
            })
            .await
    }

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let entries = self.entries().await?;
        meter
            .run(rows, async || {
                let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
                let delete = sqlx::query("DELETE FROM entry WHERE id = ANY($1)").bind(ids);
                Ok((delete.execute(&mut self.client).await?.rows_affected() as usize, ()))
            })
            .await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let codes: Vec<i64> = (0..rows.len() as i64).collect();
                let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
                let amounts: Vec<i32> = rows.iter().map(|row| row.amount).collect();
                let upsert = sqlx::query(UPSERT).bind(codes).bind(names).bind(amounts);
                Ok((upsert.execute(&mut self.client).await?.rows_affected() as usize, ()))
            })
            .await
    }

    async fn stream(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let mut items = sqlx::query_as::<_, Item>("SELECT id, name, amount FROM item").fetch(&mut self.client);
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
            None => {
                let pool = PgPoolOptions::new().max_connections(u32::try_from(size)?).test_before_acquire(false);
                self.pool.insert(pool.connect_with(options(&self.url)?).await?).clone()
            }
        };
        meter
            .run(finds, async || {
                let pool = pool.clone();
                let find = move || {
                    let pool = pool.clone();
                    async move {
                        let query = sqlx::query_as(FIND).bind(keys::any());
                        let item: Option<Item> = query.fetch_optional(&pool).await?;
                        Ok(item.is_some())
                    }
                };
                Ok((together(tasks, finds, find).await?, ()))
            })
            .await
    }
}

/// Its log of statements is off, as that of SeaORM.
fn options(url: &str) -> Result<PgConnectOptions> {
    Ok(url.parse::<PgConnectOptions>()?.disable_statement_logging())
}
