//! The driver alone, `tokio-postgres`, with prepared statements: the baseline.
//!
//! Rows are decoded as they arrive. Rows are inserted by several rows of `VALUES`, as many in a statement as there is room for
//! in round numbers: it was measured that fewer take longer. `UNNEST` and `COPY` are lines of their own. What is not one of
//! these (changes, upserts, graphs) is by arrays, which is the fastest way.

use std::collections::HashMap;
use std::fmt::Write;
use std::pin::pin;

use deadpool_postgres::{Manager, Pool};
use futures_util::TryStreamExt;
use futures_util::future::{try_join, try_join_all};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

use crate::meter::Meter;
use crate::peer::{Done, Peer, together};
use crate::plain::{Item, Leaf, Middle, ROWS_OF_VALUES, Top, names, nested, spread};
use crate::tables::{Data, NewRow};
use crate::{Result, keys};

const SELECT: &str = "SELECT id, name, amount FROM item";
const JOIN: &str = "SELECT part.id, part.name, part.color, part.item_id, item.id, item.name, item.amount \
                    FROM part LEFT JOIN item ON part.item_id = item.id WHERE part.color = $1";
const FIND: &str = "SELECT id, name, amount FROM entry WHERE id = $1";
const UPDATE: &str = "UPDATE entry SET amount = $1 WHERE id = $2";
const DELETE: &str = "DELETE FROM entry WHERE id = $1";
const INSERT: &str = "INSERT INTO entry (name, amount) SELECT * FROM UNNEST($1::text[], $2::integer[])";
const CHANGE: &str = "UPDATE entry SET amount = input.amount FROM UNNEST($1::bigint[], $2::integer[]) AS input (id, amount) \
                      WHERE entry.id = input.id";
const REMOVE: &str = "DELETE FROM entry WHERE id = ANY($1)";
const ENTRIES: &str = "SELECT id, name, amount FROM entry";
const UPSERT: &str = "INSERT INTO stock (code, name, amount) SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::integer[]) \
                      ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, amount = EXCLUDED.amount";
const TOPS: &str = "SELECT id, name FROM top";
const MIDDLES: &str = "SELECT id, name, top_id FROM middle WHERE top_id = ANY($1)";
const LEAVES: &str = "SELECT id, name, middle_id FROM leaf WHERE middle_id = ANY($1)";
const NEW_TOPS: &str = "INSERT INTO top (name) SELECT * FROM UNNEST($1::text[]) RETURNING id";
const NEW_MIDDLES: &str =
    "INSERT INTO middle (name, top_id) SELECT * FROM UNNEST($1::text[], $2::bigint[]) RETURNING id";
const NEW_LEAVES: &str =
    "INSERT INTO leaf (name, middle_id) SELECT * FROM UNNEST($1::text[], $2::bigint[]) RETURNING id";
const COPY: &str = "COPY entry (name, amount) FROM STDIN BINARY";

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug)]
struct Part {
    id: i64,
    name: String,
    color: String,
    item_id: Option<i64>,
}

pub(crate) struct Raw {
    url: String,
    client: Client,
    statements: HashMap<String, Statement>,
    pool: Option<Pool>,
}

impl Raw {
    async fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn begin(&self) -> Result<()> {
        Ok(self.client.batch_execute("BEGIN").await?)
    }

    async fn entries(&mut self) -> Result<Vec<Item>> {
        let statement = self.prepare(ENTRIES).await?;
        read_all(&self.client, &statement, &[], item).await
    }
}

impl Peer for Raw {
    async fn connect(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { url: url.to_owned(), client, statements: HashMap::new(), pool: None })
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(SELECT).await?;
        meter
            .run(rows, async || {
                let items = read_all(&self.client, &statement, &[], item).await?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn join(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(JOIN).await?;
        let read = |row: Row| {
            let part = Part { id: row.get(0), name: row.get(1), color: row.get(2), item_id: row.get(3) };
            let item: Option<i64> = row.get(4);
            (part, item.map(|id| Item { id, name: row.get(5), amount: row.get(6) }))
        };
        meter
            .run(rows, async || {
                let parts = read_all(&self.client, &statement, &[&"red"], read).await?;
                Ok((parts.len(), parts))
            })
            .await
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        let chunk = rows.len().min(ROWS_OF_VALUES);
        let statement = self.prepare(&values(chunk, keys)).await?;
        let insert = async |rows: &[NewRow]| -> Result<(usize, Vec<i64>)> {
            let mut params: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(2 * rows.len());
            for row in rows {
                params.push(&row.name);
                params.push(&row.amount);
            }
            if keys {
                let made = read_all(&self.client, &statement, &params, key).await?;
                Ok((made.len(), made))
            } else {
                Ok((self.client.execute(&statement, &params).await? as usize, Vec::new()))
            }
        };
        meter
            .run(rows.len(), async || {
                if rows.len() == chunk {
                    return insert(rows).await;
                }
                // What need not wait is sent in one go.
                let (_, made) = try_join(self.begin(), try_join_all(rows.chunks(chunk).map(&insert))).await?;
                self.client.batch_execute("COMMIT").await?;
                let (counts, keys): (Vec<usize>, Vec<Vec<i64>>) = made.into_iter().unzip();
                Ok((counts.iter().sum(), keys.concat()))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(FIND).await?;
        meter
            .run(1, async || {
                let row = self.client.query_opt(&statement, &[&keys::any()]).await?;
                let found = row.map(item);
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(UPDATE).await?;
        meter.run(1, async || Ok((self.client.execute(&statement, &[&7, &keys::any()]).await? as usize, ()))).await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(DELETE).await?;
        meter.run(1, async || Ok((self.client.execute(&statement, &[&keys::next()]).await? as usize, ()))).await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        let (tops, middles, leaves) =
            (self.prepare(TOPS).await?, self.prepare(MIDDLES).await?, self.prepare(LEAVES).await?);
        meter
            .run(parents * 100, async || {
                let read = |row: Row| Top { id: row.get(0), name: row.get(1), middles: Vec::new() };
                let tops = read_all(&self.client, &tops, &[], read).await?;
                let ids: Vec<i64> = tops.iter().map(|top| top.id).collect();
                let read =
                    |row: Row| Middle { id: row.get(0), name: row.get(1), top_id: row.get(2), leaves: Vec::new() };
                let middles = read_all(&self.client, &middles, &[&ids], read).await?;
                let ids: Vec<i64> = middles.iter().map(|middle| middle.id).collect();
                let read = |row: Row| Leaf { id: row.get(0), name: row.get(1), middle_id: row.get(2) };
                let leaves = read_all(&self.client, &leaves, &[&ids], read).await?;
                Ok((leaves.len(), nested(tops, middles, leaves)))
            })
            .await
    }

    /// A statement for each table, which waits for the keys of the one before.
    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<Done> {
        let (tops, middles, leaves) =
            (self.prepare(NEW_TOPS).await?, self.prepare(NEW_MIDDLES).await?, self.prepare(NEW_LEAVES).await?);
        let [of_tops, of_middles, of_leaves] = counts;
        meter
            .run(counts.iter().sum(), async || {
                let (of_tops, of_leaves) = (names(data, of_tops), names(data, of_leaves));
                // What need not wait is sent in one go.
                let ((), ids) = try_join(self.begin(), read_all(&self.client, &tops, &[&of_tops], key)).await?;
                let keys = spread(&ids, of_middles);
                let ids = read_all(&self.client, &middles, &[&names(data, of_middles), &keys], key).await?;
                let mut count = of_tops.len() + ids.len();
                if !of_leaves.is_empty() {
                    let keys = spread(&ids, of_leaves.len());
                    count += read_all(&self.client, &leaves, &[&of_leaves, &keys], key).await?.len();
                }
                self.client.batch_execute("COMMIT").await?;
                Ok((count, ()))
            })
            .await
    }

    async fn change(&mut self, _loaded: usize, changed: usize, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(CHANGE).await?;
        let entries = self.entries().await?;
        meter
            .run(changed, async || {
                let ids: Vec<i64> = entries.iter().take(changed).map(|entry| entry.id).collect();
                let amounts: Vec<i32> = entries.iter().take(changed).map(|entry| entry.amount + 1).collect();
                Ok((self.client.execute(&statement, &[&ids, &amounts]).await? as usize, ()))
            })
            .await
    }

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(REMOVE).await?;
        let entries = self.entries().await?;
        meter
            .run(rows, async || {
                let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
                Ok((self.client.execute(&statement, &[&ids]).await? as usize, ()))
            })
            .await
    }

    async fn tracked(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        self.select(rows, meter).await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(UPSERT).await?;
        meter
            .run(rows.len(), async || {
                let codes: Vec<i64> = (0..rows.len() as i64).collect();
                let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
                let amounts: Vec<i32> = rows.iter().map(|row| row.amount).collect();
                Ok((self.client.execute(&statement, &[&codes, &names, &amounts]).await? as usize, ()))
            })
            .await
    }

    async fn stream(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let statement = self.prepare(SELECT).await?;
        meter
            .run(rows, async || {
                let mut rows = pin!(self.client.query_raw(&statement, std::iter::empty::<i64>()).await?);
                let (mut count, mut total) = (0, 0);
                while let Some(row) = rows.try_next().await? {
                    let item = item(row);
                    count += 1;
                    total += item.id + i64::from(item.amount) + item.name.len() as i64;
                }
                Ok((count, total))
            })
            .await
    }

    async fn throughput(&mut self, tasks: usize, pool: usize, finds: usize, meter: &mut Meter) -> Result<Done> {
        let pool = match &self.pool {
            Some(pool) => pool.clone(),
            None => {
                let made = Pool::builder(Manager::new(self.url.parse()?, NoTls)).max_size(pool).build()?;
                self.pool.insert(made).clone()
            }
        };
        meter
            .run(finds, async || {
                let pool = pool.clone();
                let find = move || {
                    let pool = pool.clone();
                    async move {
                        let client = pool.get().await?;
                        let statement = client.prepare_cached(FIND).await?;
                        let item = client.query_opt(&statement, &[&keys::any()]).await?.map(item);
                        Ok(item.is_some())
                    }
                };
                Ok((together(tasks, finds, find).await?, ()))
            })
            .await
    }
}

/// Rows as one array a column.
pub(crate) struct RawUnnest(Raw);

impl Peer for RawUnnest {
    const IS_FURTHER: bool = true;

    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(Raw::connect(url).await?))
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        let statement = self.0.prepare(&format!("{INSERT}{}", if keys { " RETURNING id" } else { "" })).await?;
        meter
            .run(rows.len(), async || {
                let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
                let amounts: Vec<i32> = rows.iter().map(|row| row.amount).collect();
                let params: [&(dyn ToSql + Sync); 2] = [&names, &amounts];
                if keys {
                    let made = read_all(&self.0.client, &statement, &params, key).await?;
                    Ok((made.len(), made))
                } else {
                    Ok((self.0.client.execute(&statement, &params).await? as usize, Vec::new()))
                }
            })
            .await
    }
}

/// Many rows; it returns no keys, and is there as a limit.
pub(crate) struct RawCopy(Raw);

impl Peer for RawCopy {
    const IS_FURTHER: bool = true;

    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(Raw::connect(url).await?))
    }

    async fn insert(&mut self, rows: &[NewRow], _keys: bool, meter: &mut Meter) -> Result<Done> {
        if rows.len() < 10_000 {
            return Ok(Done::NotMeant);
        }
        let statement = self.0.prepare(COPY).await?;
        meter
            .run(rows.len(), async || {
                let sink = self.0.client.copy_in(&statement).await?;
                let mut writer = pin!(BinaryCopyInWriter::new(sink, &[Type::TEXT, Type::INT4]));
                for row in rows {
                    writer.as_mut().write(&[&row.name, &row.amount]).await?;
                }
                Ok((writer.as_mut().finish().await? as usize, ()))
            })
            .await
    }
}

fn item(row: Row) -> Item {
    Item { id: row.get(0), name: row.get(1), amount: row.get(2) }
}

fn key(row: Row) -> i64 {
    row.get(0)
}

/// The text of an insert of so many rows.
fn values(rows: usize, keys: bool) -> String {
    let mut sql = "INSERT INTO entry (name, amount) VALUES ".to_owned();
    for row in 0..rows {
        let _ = write!(sql, "{}(${}, ${})", if row == 0 { "" } else { ", " }, 2 * row + 1, 2 * row + 2);
    }
    if keys {
        sql.push_str(" RETURNING id");
    }
    sql
}

/// Reads rows while the next ones arrive.
async fn read_all<T>(
    client: &Client,
    statement: &Statement,
    params: &[&(dyn ToSql + Sync)],
    read: impl Fn(Row) -> T,
) -> Result<Vec<T>> {
    let mut rows = pin!(client.query_raw(statement, params.iter().copied()).await?);
    let mut values = Vec::new();
    while let Some(row) = rows.try_next().await? {
        values.push(read(row));
    }
    Ok(values)
}
