//! diesel-async, on `tokio-postgres`: the same as with Diesel itself.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;

use crate::diesel_models::*;
use crate::meter::Meter;
use crate::peer::{Done, Peer, together};
use crate::plain::{ROWS_OF_VALUES, names, spread};
use crate::tables::{Data, NewRow};
use crate::{Result, keys};

pub(crate) struct DieselAsync {
    url: String,
    client: AsyncPgConnection,
    pool: Option<Pool<AsyncPgConnection>>,
}

impl Peer for DieselAsync {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), client: AsyncPgConnection::establish(url).await?, pool: None })
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let items = item::table.select(Item::as_select()).load(&mut self.client).await?;
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
                    .load(&mut self.client)
                    .await?;
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
                        let id: i64 = insert.returning(entry::id).get_result(&mut self.client).await?;
                        return Ok((1, vec![id]));
                    }
                    return Ok((insert.execute(&mut self.client).await?, Vec::new()));
                }
                let insert = async |client: &mut AsyncPgConnection| -> QueryResult<(usize, Vec<i64>)> {
                    let (mut count, mut made) = (0, Vec::new());
                    for rows in rows.chunks(ROWS_OF_VALUES) {
                        let values: Vec<NewEntry<'_>> =
                            rows.iter().map(|row| NewEntry { name: &row.name, amount: row.amount }).collect();
                        let insert = diesel::insert_into(entry::table).values(&values);
                        if keys {
                            made.extend(insert.returning(entry::id).get_results::<i64>(client).await?);
                            count = made.len();
                        } else {
                            count += insert.execute(client).await?;
                        }
                    }
                    Ok((count, made))
                };
                if rows.len() <= ROWS_OF_VALUES {
                    Ok(insert(&mut self.client).await?)
                } else {
                    Ok(self.client.transaction(insert).await?)
                }
            })
            .await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(parents * 100, async || {
                let tops: Vec<Top> = top::table.select(Top::as_select()).load(&mut self.client).await?;
                let middles: Vec<Middle> =
                    Middle::belonging_to(&tops).select(Middle::as_select()).load(&mut self.client).await?;
                let leaves: Vec<Leaf> =
                    Leaf::belonging_to(&middles).select(Leaf::as_select()).load(&mut self.client).await?;
                Ok((leaves.len(), tree(tops, middles, leaves)))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let found: Option<Entry> = entry::table
                    .find(keys::any())
                    .select(Entry::as_select())
                    .first(&mut self.client)
                    .await
                    .optional()?;
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let update = diesel::update(entry::table.find(keys::any())).set(entry::amount.eq(7));
                Ok((update.execute(&mut self.client).await?, ()))
            })
            .await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || Ok((diesel::delete(entry::table.find(keys::next())).execute(&mut self.client).await?, ())))
            .await
    }

    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<Done> {
        let [of_tops, of_middles, of_leaves] = counts;
        meter
            .run(counts.iter().sum(), async || {
                let count = self
                    .client
                    .transaction(async |client| -> QueryResult<usize> {
                        let values: Vec<_> = names(data, of_tops).into_iter().map(|name| top::name.eq(name)).collect();
                        let ids: Vec<i64> = diesel::insert_into(top::table)
                            .values(&values)
                            .returning(top::id)
                            .get_results(client)
                            .await?;
                        let values: Vec<_> = names(data, of_middles)
                            .into_iter()
                            .zip(spread(&ids, of_middles))
                            .map(|(name, key)| (middle::name.eq(name), middle::top_id.eq(key)))
                            .collect();
                        let ids: Vec<i64> = diesel::insert_into(middle::table)
                            .values(&values)
                            .returning(middle::id)
                            .get_results(client)
                            .await?;
                        let mut count = of_tops + ids.len();
                        if of_leaves > 0 {
                            let values: Vec<_> = names(data, of_leaves)
                                .into_iter()
                                .zip(spread(&ids, of_leaves))
                                .map(|(name, key)| (leaf::name.eq(name), leaf::middle_id.eq(key)))
                                .collect();
                            let ids: Vec<i64> = diesel::insert_into(leaf::table)
                                .values(&values)
                                .returning(leaf::id)
                                .get_results(client)
                                .await?;
                            count += ids.len();
                        }
                        Ok(count)
                    })
                    .await?;
                Ok((count, ()))
            })
            .await
    }

    async fn change(&mut self, _loaded: usize, changed: usize, meter: &mut Meter) -> Result<Done> {
        let mut entries: Vec<Entry> = entry::table.select(Entry::as_select()).load(&mut self.client).await?;
        entries.truncate(changed);
        meter
            .run(changed, async || {
                for entry in &mut entries {
                    entry.amount += 1;
                }
                if let [one] = entries.as_slice() {
                    let update = diesel::update(entry::table.find(one.id)).set(entry::amount.eq(one.amount));
                    return Ok((update.execute(&mut self.client).await?, ()));
                }
                let written = diesel::insert_into(entry::table)
                    .values(&entries)
                    .on_conflict(entry::id)
                    .do_update()
                    .set(entry::amount.eq(excluded(entry::amount)))
                    .execute(&mut self.client)
                    .await?;
                Ok((written, ()))
            })
            .await
    }

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let entries: Vec<Entry> = entry::table.select(Entry::as_select()).load(&mut self.client).await?;
        meter
            .run(rows, async || {
                let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
                Ok((diesel::delete(entry::table.filter(entry::id.eq_any(&ids))).execute(&mut self.client).await?, ()))
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
                        .execute(&mut self.client)
                        .await?;
                }
                Ok((written, ()))
            })
            .await
    }

    async fn stream(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let mut items = item::table.select(Item::as_select()).load_stream::<Item>(&mut self.client).await?;
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
                let mut config = ManagerConfig::default();
                config.recycling_method = RecyclingMethod::Fast;
                let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(&self.url, config);
                self.pool.insert(Pool::builder(manager).max_size(size).build()?).clone()
            }
        };
        meter
            .run(finds, async || {
                let pool = pool.clone();
                let find = move || {
                    let pool = pool.clone();
                    async move {
                        let query = entry::table.find(keys::any()).select(Entry::as_select());
                        let entry: Option<Entry> = query.first(&mut pool.get().await?).await.optional()?;
                        Ok(entry.is_some())
                    }
                };
                Ok((together(tasks, finds, find).await?, ()))
            })
            .await
    }
}
