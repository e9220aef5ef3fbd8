//! The driver alone, `tokio-postgres`, with prepared statements: the baseline.
//!
//! Rows are decoded as they arrive. Rows are inserted by several rows of `VALUES`; `UNNEST` and `COPY` are lines of their own.

use std::collections::HashMap;
use std::fmt::Write;
use std::pin::pin;

use deadpool_postgres::{Manager, Pool};
use futures_util::TryStreamExt;
use tokio::task::JoinSet;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

use crate::meter::Meter;
use crate::tables::{Data, NewRow};
use crate::work::Work;
use crate::{Done, Result, keys, together};

/// A statement has at most 65,535 parameters; fewer in each were not slower.
const ROWS_OF_VALUES: usize = 1_000;

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

/// How it inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Values,
    Unnest,
    Copy,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) amount: i32,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) item_id: Option<i64>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug)]
pub(crate) struct Top {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) middles: Vec<Middle>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug)]
pub(crate) struct Middle {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) top_id: i64,
    pub(crate) leaves: Vec<Leaf>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) middle_id: i64,
}

pub(crate) struct Raw {
    url: String,
    client: Client,
    statements: HashMap<String, Statement>,
    pool: Option<Pool>,
}

impl Raw {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { url: url.to_owned(), client, statements: HashMap::new(), pool: None })
    }

    pub(crate) async fn run(&mut self, way: Way, work: Work, data: &Data, meter: &mut Meter) -> Result<Done> {
        match (way, work) {
            (Way::Values, Work::Select(rows)) => self.select(rows, meter).await?,
            (Way::Values, Work::Join(rows)) => self.join(rows, meter).await?,
            (Way::Values, Work::Insert { rows, keys }) => {
                self.insert_values(data.rows.get(..rows).unwrap_or_default(), keys, meter).await?;
            }
            (Way::Unnest, Work::Insert { rows, keys }) => {
                self.insert_unnest(data.rows.get(..rows).unwrap_or_default(), keys, meter).await?;
            }
            // It returns no keys, and is there as a limit.
            (Way::Copy, Work::Insert { rows, .. }) if rows >= 10_000 => {
                self.insert_copy(data.rows.get(..rows).unwrap_or_default(), meter).await?;
            }
            (Way::Values, Work::Find) => self.find(meter).await?,
            (Way::Values, Work::Load { parents }) => self.load(parents, meter).await?,
            (Way::Values, Work::Graph { tops, middles, leaves }) => {
                self.graph(data, [tops, tops * middles, tops * middles * leaves], meter).await?;
            }
            (Way::Values, Work::Change { changed, .. }) => self.change(changed, meter).await?,
            (Way::Values, Work::Remove(rows)) => self.remove(rows, meter).await?,
            (Way::Values, Work::Upsert(rows)) => self.upsert(data.rows.get(..rows).unwrap_or_default(), meter).await?,
            (Way::Values, Work::Tracked(rows)) => self.select(rows, meter).await?,
            (Way::Values, Work::Stream(rows)) => self.stream(rows, meter).await?,
            (Way::Values, Work::Throughput { tasks, pool, finds }) => {
                self.throughput(tasks, pool, finds, meter).await?
            }
            (Way::Values, Work::Update) => self.update(meter).await?,
            (Way::Values, Work::Delete) => self.delete(meter).await?,
            _ => return Ok(Done::NotMeant),
        }
        Ok(Done::Measured)
    }

    async fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(SELECT).await?;
        meter
            .run(rows, async || {
                let read = |row: Row| Item { id: row.get(0), name: row.get(1), amount: row.get(2) };
                let items = read_all(&self.client, &statement, &[], read).await?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn join(&mut self, rows: usize, meter: &mut Meter) -> Result<()> {
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

    async fn insert_values(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<()> {
        let chunk = rows.len().min(ROWS_OF_VALUES);
        let statement = self.prepare(&values(chunk, keys)).await?;
        meter
            .run(rows.len(), async || {
                let is_one = rows.len() == chunk;
                if !is_one {
                    self.client.batch_execute("BEGIN").await?;
                }
                let (mut count, mut made) = (0, Vec::new());
                for rows in rows.chunks(chunk) {
                    let mut params: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(2 * chunk);
                    for row in rows {
                        params.push(&row.name);
                        params.push(&row.amount);
                    }
                    if keys {
                        made.extend(read_all(&self.client, &statement, &params, |row| row.get::<_, i64>(0)).await?);
                        count = made.len();
                    } else {
                        count += self.client.execute(&statement, &params).await? as usize;
                    }
                }
                if !is_one {
                    self.client.batch_execute("COMMIT").await?;
                }
                Ok((count, made))
            })
            .await
    }

    async fn insert_unnest(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(&format!("{INSERT}{}", if keys { " RETURNING id" } else { "" })).await?;
        meter
            .run(rows.len(), async || {
                let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
                let amounts: Vec<i32> = rows.iter().map(|row| row.amount).collect();
                let params: [&(dyn ToSql + Sync); 2] = [&names, &amounts];
                if keys {
                    let made = read_all(&self.client, &statement, &params, |row| row.get::<_, i64>(0)).await?;
                    Ok((made.len(), made))
                } else {
                    Ok((self.client.execute(&statement, &params).await? as usize, Vec::new()))
                }
            })
            .await
    }

    async fn insert_copy(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(COPY).await?;
        meter
            .run(rows.len(), async || {
                let sink = self.client.copy_in(&statement).await?;
                let mut writer = pin!(BinaryCopyInWriter::new(sink, &[Type::TEXT, Type::INT4]));
                for row in rows {
                    writer.as_mut().write(&[&row.name, &row.amount]).await?;
                }
                Ok((writer.as_mut().finish().await? as usize, ()))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(FIND).await?;
        meter
            .run(1, async || {
                let row = self.client.query_opt(&statement, &[&keys::any()]).await?;
                let item = row.map(|row| Item { id: row.get(0), name: row.get(1), amount: row.get(2) });
                Ok((usize::from(item.is_some()), item))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(UPDATE).await?;
        meter.run(1, async || Ok((self.client.execute(&statement, &[&7, &keys::any()]).await? as usize, ()))).await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(DELETE).await?;
        meter.run(1, async || Ok((self.client.execute(&statement, &[&keys::next()]).await? as usize, ()))).await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<()> {
        let (tops, middles, leaves) =
            (self.prepare(TOPS).await?, self.prepare(MIDDLES).await?, self.prepare(LEAVES).await?);
        meter
            .run(parents * 100, async || {
                let read = |row: Row| Top { id: row.get(0), name: row.get(1), middles: Vec::new() };
                let mut tops = read_all(&self.client, &tops, &[], read).await?;
                let ids: Vec<i64> = tops.iter().map(|top| top.id).collect();
                let read =
                    |row: Row| Middle { id: row.get(0), name: row.get(1), top_id: row.get(2), leaves: Vec::new() };
                let mut middles = read_all(&self.client, &middles, &[&ids], read).await?;
                let ids: Vec<i64> = middles.iter().map(|middle| middle.id).collect();
                let read = |row: Row| Leaf { id: row.get(0), name: row.get(1), middle_id: row.get(2) };
                let leaves = read_all(&self.client, &leaves, &[&ids], read).await?;
                let count = leaves.len();
                let places: HashMap<i64, usize> = middles.iter().enumerate().map(|(i, it)| (it.id, i)).collect();
                for leaf in leaves {
                    if let Some(middle) = places.get(&leaf.middle_id).and_then(|&place| middles.get_mut(place)) {
                        middle.leaves.push(leaf);
                    }
                }
                let places: HashMap<i64, usize> = tops.iter().enumerate().map(|(i, it)| (it.id, i)).collect();
                for middle in middles {
                    if let Some(top) = places.get(&middle.top_id).and_then(|&place| tops.get_mut(place)) {
                        top.middles.push(middle);
                    }
                }
                Ok((count, tops))
            })
            .await
    }

    /// A statement for each table, which waits for the keys of the one before.
    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<()> {
        let (tops, middles, leaves) =
            (self.prepare(NEW_TOPS).await?, self.prepare(NEW_MIDDLES).await?, self.prepare(NEW_LEAVES).await?);
        let [of_tops, of_middles, of_leaves] = counts;
        meter
            .run(counts.iter().sum(), async || {
                self.client.batch_execute("BEGIN").await?;
                let made = self.client.query(&tops, &[&names(data, of_tops)]).await?;
                let keys = repeated(&made, of_middles);
                let made = self.client.query(&middles, &[&names(data, of_middles), &keys]).await?;
                let mut count = of_tops + made.len();
                if of_leaves > 0 {
                    let keys = repeated(&made, of_leaves);
                    count += self.client.query(&leaves, &[&names(data, of_leaves), &keys]).await?.len();
                }
                self.client.batch_execute("COMMIT").await?;
                Ok((count, ()))
            })
            .await
    }

    async fn change(&mut self, changed: usize, meter: &mut Meter) -> Result<()> {
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

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(REMOVE).await?;
        let entries = self.entries().await?;
        meter
            .run(rows, async || {
                let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
                Ok((self.client.execute(&statement, &[&ids]).await? as usize, ()))
            })
            .await
    }

    async fn entries(&mut self) -> Result<Vec<Item>> {
        let statement = self.prepare(ENTRIES).await?;
        let read = |row: Row| Item { id: row.get(0), name: row.get(1), amount: row.get(2) };
        read_all(&self.client, &statement, &[], read).await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<()> {
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

    async fn stream(&mut self, rows: usize, meter: &mut Meter) -> Result<()> {
        let statement = self.prepare(SELECT).await?;
        meter
            .run(rows, async || {
                let mut rows = pin!(self.client.query_raw(&statement, std::iter::empty::<i64>()).await?);
                let (mut count, mut total) = (0, 0);
                while let Some(row) = rows.try_next().await? {
                    let item = Item { id: row.get(0), name: row.get(1), amount: row.get(2) };
                    count += 1;
                    total += item.id + i64::from(item.amount) + item.name.len() as i64;
                }
                Ok((count, total))
            })
            .await
    }

    async fn throughput(&mut self, tasks: usize, pool: usize, finds: usize, meter: &mut Meter) -> Result<()> {
        let pool = match &self.pool {
            Some(pool) => pool.clone(),
            None => {
                let made = Pool::builder(Manager::new(self.url.parse()?, NoTls)).max_size(pool).build()?;
                self.pool.insert(made).clone()
            }
        };
        meter
            .run(finds, async || {
                let mut set: JoinSet<Result<usize>> = JoinSet::new();
                for _ in 0..tasks {
                    let pool = pool.clone();
                    set.spawn(async move {
                        let mut found = 0;
                        for _ in 0..finds / tasks {
                            let client = pool.get().await?;
                            let statement = client.prepare_cached(FIND).await?;
                            let row = client.query_opt(&statement, &[&keys::any()]).await?;
                            let item = row.map(|row| Item { id: row.get(0), name: row.get(1), amount: row.get(2) });
                            found += usize::from(item.is_some());
                        }
                        Ok(found)
                    });
                }
                Ok((together(set).await?, ()))
            })
            .await
    }
}

/// So many names.
pub(crate) fn names(data: &Data, count: usize) -> Vec<&str> {
    data.rows.iter().cycle().take(count).map(|row| row.name.as_str()).collect()
}

/// Each key as often as makes so many.
fn repeated(made: &[Row], count: usize) -> Vec<i64> {
    let ids: Vec<i64> = made.iter().map(|row| row.get(0)).collect();
    spread(&ids, count)
}

/// Each key as often as makes so many.
pub(crate) fn spread(ids: &[i64], count: usize) -> Vec<i64> {
    ids.iter().flat_map(|&id| std::iter::repeat_n(id, count / ids.len())).collect()
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
