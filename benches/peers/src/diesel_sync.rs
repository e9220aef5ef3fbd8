//! Diesel on libpq, which blocks. Its memory is that of Rust alone: libpq has an allocator of its own.
//!
//! Rows are inserted as a `Vec` of insertable structs, many also by `copy_from`, which is a line of its own; relationships are
//! loaded by `belonging_to` and `grouped_by`. It has no unit of work: what is committed is written out by hand. Many changed
//! rows are one insert whose conflict updates, which takes fewer statements than its `save_changes`, one for each row. Its
//! pool asks the server before it lends a connection, which is switched off.

use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::upsert::excluded;

use crate::diesel_models::*;
use crate::meter::Meter;
use crate::peer::{Done, Peer};
use crate::plain::{ROWS_OF_VALUES, names, spread};
use crate::tables::{Data, NewRow};
use crate::{Result, keys};

pub(crate) struct Diesel {
    url: String,
    client: PgConnection,
    pool: Option<Pool<ConnectionManager<PgConnection>>>,
}

impl Peer for Diesel {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), client: PgConnection::establish(url)?, pool: None })
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let items = item::table.select(Item::as_select()).load(&mut self.client)?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn join(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let parts: Vec<(Part, Option<Item>)> = part::table
                    .left_join(item::table)
                    .filter(part::color.eq("red"))
                    .select((Part::as_select(), Option::<Item>::as_select()))
                    .load(&mut self.client)?;
                Ok((parts.len(), parts))
            })
            .await
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                if let [row] = rows {
                    let value = NewEntry { name: &row.name, amount: row.amount };
                    let insert = diesel::insert_into(entry::table).values(&value);
                    if keys {
                        let id: i64 = insert.returning(entry::id).get_result(&mut self.client)?;
                        return Ok((1, vec![id]));
                    }
                    return Ok((insert.execute(&mut self.client)?, Vec::new()));
                }
                let insert = |client: &mut PgConnection| -> QueryResult<(usize, Vec<i64>)> {
                    let (mut count, mut made) = (0, Vec::new());
                    for rows in rows.chunks(ROWS_OF_VALUES) {
                        let values: Vec<NewEntry<'_>> =
                            rows.iter().map(|row| NewEntry { name: &row.name, amount: row.amount }).collect();
                        let insert = diesel::insert_into(entry::table).values(&values);
                        if keys {
                            made.extend(insert.returning(entry::id).get_results::<i64>(client)?);
                            count = made.len();
                        } else {
                            count += insert.execute(client)?;
                        }
                    }
                    Ok((count, made))
                };
                if rows.len() <= ROWS_OF_VALUES {
                    Ok(insert(&mut self.client)?)
                } else {
                    Ok(self.client.transaction(insert)?)
                }
            })
            .await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(parents * 100, async || {
                let tops: Vec<Top> = top::table.select(Top::as_select()).load(&mut self.client)?;
                let middles: Vec<Middle> =
                    Middle::belonging_to(&tops).select(Middle::as_select()).load(&mut self.client)?;
                let leaves: Vec<Leaf> =
                    Leaf::belonging_to(&middles).select(Leaf::as_select()).load(&mut self.client)?;
                Ok((leaves.len(), tree(tops, middles, leaves)))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let found: Option<Entry> =
                    entry::table.find(keys::any()).select(Entry::as_select()).first(&mut self.client).optional()?;
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let update = diesel::update(entry::table.find(keys::any())).set(entry::amount.eq(7));
                Ok((update.execute(&mut self.client)?, ()))
            })
            .await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || Ok((diesel::delete(entry::table.find(keys::next())).execute(&mut self.client)?, ())))
            .await
    }

    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<Done> {
        let [of_tops, of_middles, of_leaves] = counts;
        meter
            .run(counts.iter().sum(), async || {
                let count = self.client.transaction(|client| -> QueryResult<usize> {
                    let values: Vec<_> = names(data, of_tops).into_iter().map(|name| top::name.eq(name)).collect();
                    let ids: Vec<i64> =
                        diesel::insert_into(top::table).values(&values).returning(top::id).get_results(client)?;
                    let values: Vec<_> = names(data, of_middles)
                        .into_iter()
                        .zip(spread(&ids, of_middles))
                        .map(|(name, key)| (middle::name.eq(name), middle::top_id.eq(key)))
                        .collect();
                    let ids: Vec<i64> =
                        diesel::insert_into(middle::table).values(&values).returning(middle::id).get_results(client)?;
                    let mut count = of_tops + ids.len();
                    if of_leaves > 0 {
                        let values: Vec<_> = names(data, of_leaves)
                            .into_iter()
                            .zip(spread(&ids, of_leaves))
                            .map(|(name, key)| (leaf::name.eq(name), leaf::middle_id.eq(key)))
                            .collect();
                        let ids: Vec<i64> =
                            diesel::insert_into(leaf::table).values(&values).returning(leaf::id).get_results(client)?;
                        count += ids.len();
                    }
                    Ok(count)
                })?;
                Ok((count, ()))
            })
            .await
    }

    async fn change(&mut self, _loaded: usize, changed: usize, meter: &mut Meter) -> Result<Done> {
        let mut entries: Vec<Entry> = entry::table.select(Entry::as_select()).load(&mut self.client)?;
        entries.truncate(changed);
        meter
            .run(changed, async || {
                for entry in &mut entries {
                    entry.amount += 1;
                }
                if let [one] = entries.as_slice() {
                    let update = diesel::update(entry::table.find(one.id)).set(entry::amount.eq(one.amount));
                    return Ok((update.execute(&mut self.client)?, ()));
                }
                let written = diesel::insert_into(entry::table)
                    .values(&entries)
                    .on_conflict(entry::id)
                    .do_update()
                    .set(entry::amount.eq(excluded(entry::amount)))
                    .execute(&mut self.client)?;
                Ok((written, ()))
            })
            .await
    }

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let entries: Vec<Entry> = entry::table.select(Entry::as_select()).load(&mut self.client)?;
        meter
            .run(rows, async || {
                let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
                Ok((diesel::delete(entry::table.filter(entry::id.eq_any(&ids))).execute(&mut self.client)?, ()))
            })
            .await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let mut written = 0;
                for (rows, first) in rows.chunks(ROWS_OF_VALUES).zip((0i64..).step_by(ROWS_OF_VALUES)) {
                    let values: Vec<NewStock<'_>> = rows
                        .iter()
                        .zip(first..)
                        .map(|(row, code)| NewStock { code, name: &row.name, amount: row.amount })
                        .collect();
                    written += diesel::insert_into(stock::table)
                        .values(&values)
                        .on_conflict(stock::code)
                        .do_update()
                        .set((stock::name.eq(excluded(stock::name)), stock::amount.eq(excluded(stock::amount))))
                        .execute(&mut self.client)?;
                }
                Ok((written, ()))
            })
            .await
    }

    async fn stream(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let items =
                    item::table.select(Item::as_select()).load_iter::<Item, PgRowByRowLoadingMode>(&mut self.client)?;
                let (mut count, mut total) = (0, 0);
                for item in items {
                    let item = item?;
                    count += 1;
                    total += item.id + i64::from(item.amount) + item.name.len() as i64;
                }
                Ok((count, total))
            })
            .await
    }

    /// Each task is a thread.
    async fn throughput(&mut self, tasks: usize, size: usize, finds: usize, meter: &mut Meter) -> Result<Done> {
        let pool = match &self.pool {
            Some(pool) => pool.clone(),
            None => {
                let made = Pool::builder()
                    .max_size(u32::try_from(size)?)
                    .test_on_check_out(false)
                    .build(ConnectionManager::new(&self.url))?;
                self.pool.insert(made).clone()
            }
        };
        meter
            .run(finds, async || {
                let task = || -> Result<usize> {
                    let mut found = 0;
                    for _ in 0..finds / tasks {
                        let query = entry::table.find(keys::any()).select(Entry::as_select());
                        let entry: Option<Entry> = query.first(&mut pool.get()?).optional()?;
                        found += usize::from(entry.is_some());
                    }
                    Ok(found)
                };
                std::thread::scope(|scope| {
                    let threads: Vec<_> = (0..tasks).map(|_| scope.spawn(task)).collect();
                    let mut found = 0;
                    for thread in threads {
                        found += thread.join().map_err(|_| "a thread has panicked")??;
                    }
                    Ok((found, ()))
                })
            })
            .await
    }
}

/// Many rows of which no keys are wanted, by its `copy_from`.
pub(crate) struct DieselCopy(Diesel);

impl Peer for DieselCopy {
    const IS_FURTHER: bool = true;

    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(Diesel::connect(url).await?))
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        if keys || rows.len() < 10_000 {
            return Ok(Done::NotMeant);
        }
        meter
            .run(rows.len(), async || {
                let values: Vec<CopiedEntry<'_>> =
                    rows.iter().map(|row| CopiedEntry { name: &row.name, amount: row.amount }).collect();
                Ok((diesel::copy_from(entry::table).from_insertable(&values).execute(&mut self.0.client)?, ()))
            })
            .await
    }
}
