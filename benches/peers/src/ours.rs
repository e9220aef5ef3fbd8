//! This ORM: values by an engine; objects of a session, where the line says so.

use orm_core::prelude::*;

use crate::meter::Meter;
use crate::peer::{Done, Peer, together};
use crate::tables::{Data, NewRow};
use crate::{Result, keys};

#[derive(Model, Debug, Clone)]
struct Item {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    amount: i32,
}

#[derive(Model, Debug, Clone)]
struct Part {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    color: String,
    #[model(references = Item::id)]
    item_id: Option<i64>,
    #[model(belongs_to = item_id)]
    item: BelongsTo<Item>,
}

#[derive(Model, Debug, Clone)]
struct Entry {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    amount: i32,
}

#[derive(Model, Debug, Clone)]
struct Stock {
    #[model(primary_key)]
    id: Auto<i64>,
    #[model(unique)]
    code: i64,
    name: String,
    amount: i32,
}

#[derive(Model, Debug, Clone)]
struct Top {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    #[model(has_many = Middle::top)]
    middles: HasMany<Middle>,
}

#[derive(Model, Debug, Clone)]
struct Middle {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    #[model(references = Top::id)]
    top_id: i64,
    #[model(belongs_to = top_id)]
    top: BelongsTo<Top>,
    #[model(has_many = Leaf::middle)]
    leaves: HasMany<Leaf>,
}

#[derive(Model, Debug, Clone)]
struct Leaf {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    #[model(references = Middle::id)]
    middle_id: i64,
    #[model(belongs_to = middle_id)]
    middle: BelongsTo<Middle>,
}

pub(crate) struct Ours {
    url: String,
    engine: Engine,
    /// With a pool of a size of its own.
    pooled: Option<Engine>,
}

impl Peer for Ours {
    const IS_FURTHER: bool = true;

    async fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), engine: Engine::new(url)?, pooled: None })
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let items = self.engine.query::<Item>().all().await?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn join(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let query = self.engine.query::<Part>().left_join(Part::item).filter(Part::color.eq("red"));
                let parts: Vec<(Part, Option<Item>)> = query.select((Part::all(), Item::all())).all().await?;
                Ok((parts.len(), parts))
            })
            .await
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let entries = rows.iter().map(|row| (row.name.as_str(), row.amount));
                let insert = self.engine.insert_into().rows((Entry::name, Entry::amount), entries);
                if keys {
                    let ids: Vec<i64> = insert.returning(Entry::id).await?;
                    Ok((ids.len(), ids))
                } else {
                    Ok((insert.await? as usize, Vec::new()))
                }
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let found = self.engine.get::<Entry>(keys::any()).await?;
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let query = self.engine.query::<Entry>().filter(Entry::id.eq(keys::any()));
                Ok((query.update(Entry::amount.set(7)).await? as usize, ()))
            })
            .await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let query = self.engine.query::<Entry>().filter(Entry::id.eq(keys::next()));
                Ok((query.delete().await? as usize, ()))
            })
            .await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(parents * 100, async || {
                let query = self.engine.query::<Top>().with(Top::middles.with(Middle::leaves));
                let tops: Vec<(Top, Vec<(Middle, Vec<Leaf>)>)> = query.all().await?;
                let count = tops.iter().flat_map(|(_, middles)| middles).map(|(_, leaves)| leaves.len()).sum();
                Ok((count, tops))
            })
            .await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let outcome = self.engine.insert(stocks(rows)).on_conflict(Stock::code).do_update_all().await?;
                Ok(((outcome.inserted + outcome.updated) as usize, ()))
            })
            .await
    }

    async fn stream(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let mut items = self.engine.query::<Item>().stream().await?;
                let (mut count, mut total) = (0, 0);
                while let Some(item) = items.next().await? {
                    count += 1;
                    total += item.id.get().unwrap_or_default() + i64::from(item.amount) + item.name.len() as i64;
                }
                Ok((count, total))
            })
            .await
    }

    async fn throughput(&mut self, tasks: usize, pool: usize, finds: usize, meter: &mut Meter) -> Result<Done> {
        let engine = match &self.pooled {
            Some(engine) => engine.clone(),
            None => self.pooled.insert(Engine::builder().dsn(&self.url).pool_size(pool).build()?).clone(),
        };
        meter
            .run(finds, async || {
                let engine = engine.clone();
                let find = move || {
                    let engine = engine.clone();
                    async move {
                        Ok(engine.get::<Entry>(keys::any()).await?.is_some())
                    }
                };
                Ok((together(tasks, finds, find).await?, ()))
            })
            .await
    }
}

/// Objects of a session.
pub(crate) struct OursSession(Ours);

impl Peer for OursSession {
    const IS_FURTHER: bool = true;

    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(Ours::connect(url).await?))
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let mut session = self.0.engine.session();
                let items = session.query::<Item>().all().await?;
                Ok((items.len(), (items, session)))
            })
            .await
    }

    /// What is kept is the session, without the handles.
    async fn tracked(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let mut session = self.0.engine.session();
                let items = session.query::<Item>().all().await?;
                Ok((items.len(), session))
            })
            .await
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        if !keys {
            return Ok(Done::NotMeant);
        }
        meter
            .run(rows.len(), async || {
                let mut session = self.0.engine.session();
                let entries = rows.iter().map(|row| Entry::builder().name(row.name.as_str()).amount(row.amount));
                let handles = session.add_all(entries);
                session.commit().await?;
                let made = handles.iter().filter(|&&handle| !session[handle].id.is_pending()).count();
                Ok((made, session))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let mut session = self.0.engine.session();
                let found = session.get::<Entry>(keys::any()).await?;
                Ok((usize::from(found.is_some()), session))
            })
            .await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(parents * 100, async || {
                let mut session = self.0.engine.session();
                let tops = session.query::<Top>().with(Top::middles.with(Middle::leaves)).all().await?;
                let mut count = 0;
                for top in &tops {
                    for middle in &session[*top].middles {
                        count += session[middle].leaves.len();
                    }
                }
                Ok((count, (tops, session)))
            })
            .await
    }

    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<Done> {
        let [tops, middles, leaves] = counts;
        let (rows, middles, leaves) = (counts.iter().sum(), middles / tops, leaves / middles);
        let name = |number: usize| data.rows.get(number).map_or("", |row| row.name.as_str());
        meter
            .run(rows, async || {
                let mut session = self.0.engine.session();
                let handles = session.add_all((0..tops).map(|i| {
                    Top::builder().name(name(i)).middles((0..middles).map(|j| {
                        let below = (0..leaves).map(|k| Leaf::builder().name(name((i * middles + j) * leaves + k)));
                        Middle::builder().name(name(i * middles + j)).leaves(below)
                    }))
                }));
                session.commit().await?;
                let has_key = handles.iter().all(|&handle| !session[handle].id.is_pending());
                Ok((if has_key { rows } else { 0 }, session))
            })
            .await
    }

    async fn change(&mut self, loaded: usize, changed: usize, meter: &mut Meter) -> Result<Done> {
        let mut session = self.0.engine.session();
        let entries = session.query::<Entry>().all().await?;
        meter
            .run(loaded, async || {
                for &entry in entries.iter().take(changed) {
                    session[entry].amount += 1;
                }
                session.commit().await?;
                Ok((entries.len(), ()))
            })
            .await
    }

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let mut session = self.0.engine.session();
        let entries = session.query::<Entry>().all().await?;
        meter
            .run(rows, async || {
                for &entry in &entries {
                    session.delete(entry)?;
                }
                session.commit().await?;
                Ok((entries.len(), ()))
            })
            .await
    }

    async fn unchanged(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let mut session = self.0.engine.session();
        let entries = session.query::<Entry>().all().await?;
        meter
            .run(rows, async || {
                session.commit().await?;
                Ok((entries.len(), ()))
            })
            .await
    }

    async fn identity(&mut self, meter: &mut Meter) -> Result<Done> {
        let mut session = self.0.engine.session();
        let _ = session.query::<Entry>().filter(Entry::id.le(1_000)).all().await?;
        let mut key = 0;
        meter
            .run(1, async || {
                key = key % 1_000 + 1;
                let found = session.get::<Entry>(key).await?;
                Ok((usize::from(found.is_some()), ()))
            })
            .await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let mut session = self.0.engine.session();
                let done = session.upsert(stocks(rows), Stock::code).await?;
                session.commit().await?;
                Ok((done.handles().len(), session))
            })
            .await
    }
}

/// Many rows of which no keys are wanted.
pub(crate) struct OursCopy(Ours);

impl Peer for OursCopy {
    const IS_FURTHER: bool = true;

    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(Ours::connect(url).await?))
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        if keys || rows.len() < 10_000 {
            return Ok(Done::NotMeant);
        }
        meter
            .run(rows.len(), async || {
                let entries = rows.iter().map(|row| (row.name.as_str(), row.amount));
                let copy = self.0.engine.copy_in::<Entry>().columns((Entry::name, Entry::amount));
                Ok((copy.rows(entries).await? as usize, ()))
            })
            .await
    }
}

/// The bytes of so many items themselves, with their names: what is kept beyond them is bookkeeping.
pub(crate) fn item_bytes(rows: usize) -> usize {
    (1..=rows).map(|number| size_of::<Item>() + format!("the item of number {number}").len()).sum()
}

fn stocks(rows: &[NewRow]) -> impl Iterator<Item = Stock> {
    rows.iter()
        .zip(0i64..)
        .map(|(row, code)| Stock::builder().code(code).name(row.name.as_str()).amount(row.amount).build())
}
