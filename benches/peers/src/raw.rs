//! The driver alone, `tokio-postgres`, with prepared statements: the baseline.
//!
//! Rows are decoded as they arrive. Rows are inserted by several rows of `VALUES`; `UNNEST` and `COPY` are lines of their own.

use std::collections::HashMap;
use std::fmt::Write;
use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

use crate::meter::Meter;
use crate::tables::{Data, NewRow};
use crate::work::Work;
use crate::{Done, Result, keys};

/// A statement has at most 65,535 parameters; fewer in each were not slower.
const ROWS_OF_VALUES: usize = 1_000;

const SELECT: &str = "SELECT id, name, amount FROM item";
const JOIN: &str = "SELECT part.id, part.name, part.color, part.item_id, item.id, item.name, item.amount \
                    FROM part LEFT JOIN item ON part.item_id = item.id WHERE part.color = $1";
const FIND: &str = "SELECT id, name, amount FROM entry WHERE id = $1";
const UPDATE: &str = "UPDATE entry SET amount = $1 WHERE id = $2";
const DELETE: &str = "DELETE FROM entry WHERE id = $1";
const INSERT: &str = "INSERT INTO entry (name, amount) SELECT * FROM UNNEST($1::text[], $2::integer[])";
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

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) item_id: Option<i64>,
}

pub(crate) struct Raw {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Raw {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { client, statements: HashMap::new() })
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
            (Way::Copy, Work::Insert { rows, keys: false }) if rows >= 10_000 => {
                self.insert_copy(data.rows.get(..rows).unwrap_or_default(), meter).await?;
            }
            (Way::Values, Work::Find) => self.find(meter).await?,
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
