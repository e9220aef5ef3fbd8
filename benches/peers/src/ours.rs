//! This ORM: values by an engine; objects of a session, where the line says so.

use orm_core::prelude::*;
use tokio::task::JoinSet;

use crate::meter::Meter;
use crate::tables::{Data, NewRow};
use crate::work::Work;
use crate::{Done, Result, keys, together};

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

/// By which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Engine,
    Session,
    Copy,
}

pub(crate) struct Ours {
    url: String,
    engine: Engine,
    /// With a pool of a size of its own.
    pooled: Option<Engine>,
}

impl Ours {
    pub(crate) fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), engine: Engine::new(url)?, pooled: None })
    }

    pub(crate) async fn run(&mut self, way: Way, work: Work, data: &Data, meter: &mut Meter) -> Result<Done> {
        match (way, work) {
            (Way::Engine, Work::Select(rows)) => self.select(rows, meter).await?,
            (Way::Session, Work::Select(rows)) => self.select_handles(rows, meter).await?,
            (Way::Engine, Work::Join(rows)) => self.join(rows, meter).await?,
            (Way::Engine, Work::Insert { rows, keys }) => {
                self.insert(data.rows.get(..rows).unwrap_or_default(), keys, meter).await?;
            }
            (Way::Session, Work::Insert { rows, keys: true }) => {
                self.insert_objects(data.rows.get(..rows).unwrap_or_default(), meter).await?;
            }
            (Way::Copy, Work::Insert { rows, keys: false }) if rows >= 10_000 => {
                self.insert_copy(data.rows.get(..rows).unwrap_or_default(), meter).await?;
            }
            (Way::Engine, Work::Find) => self.find(meter).await?,
            (Way::Session, Work::Find) => self.find_object(meter).await?,
            (Way::Engine, Work::Load { parents }) => self.load(parents, meter).await?,
            (Way::Session, Work::Load { parents }) => self.load_objects(parents, meter).await?,
            (Way::Session, Work::Graph { tops, middles, leaves }) => {
                self.graph(data, [tops, middles, leaves], meter).await?;
            }
            (Way::Session, Work::Change { loaded, changed }) => self.change(loaded, changed, meter).await?,
            (Way::Session, Work::Remove(rows)) => self.remove(rows, meter).await?,
            (Way::Session, Work::Unchanged(rows)) => self.unchanged(rows, meter).await?,
            (Way::Session, Work::Identity) => self.identity(meter).await?,
            (Way::Session, Work::Tracked(rows)) => self.tracked(rows, meter).await?,
            (Way::Engine, Work::Upsert(rows)) => self.upsert(data.rows.get(..rows).unwrap_or_default(), meter).await?,
            (Way::Session, Work::Upsert(rows)) => {
                self.upsert_objects(data.rows.get(..rows).unwrap_or_default(), meter).await?;
            }
            (Way::Engine, Work::Stream(rows)) => self.stream(rows, meter).await?,
            (Way::Engine, Work::Throughput { tasks, pool, finds }) => {
                self.throughput(tasks, pool, finds, meter).await?
            }
            (Way::Engine, Work::Update) => self.update(meter).await?,
            (Way::Engine, Work::Delete) => self.delete(meter).await?,
            _ => return Ok(Done::NotMeant),
        }
        Ok(Done::Measured)
    }

    async fn select(&self, rows: usize, meter: &mut Meter) -> Result<()> {
        meter
            .run(rows, async || {
                let items = self.engine.query::<Item>().all().await?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn select_handles(&self, rows: usize, meter: &mut Meter) -> Result<()> {
        meter
            .run(rows, async || {
                let mut session = self.engine.session();
                let items = session.query::<Item>().all().await?;
                Ok((items.len(), (items, session)))
            })
            .await
    }

    /// What is kept is the session, without the handles.
    async fn tracked(&self, rows: usize, meter: &mut Meter) -> Result<()> {
        meter
            .run(rows, async || {
                let mut session = self.engine.session();
                let items = session.query::<Item>().all().await?;
                Ok((items.len(), session))
            })
            .await
    }

    async fn join(&self, rows: usize, meter: &mut Meter) -> Result<()> {
        meter
            .run(rows, async || {
                let query = self.engine.query::<Part>().left_join(Part::item).filter(Part::color.eq("red"));
                let parts: Vec<(Part, Option<Item>)> = query.select((Part::all(), Item::all())).all().await?;
                Ok((parts.len(), parts))
            })
            .await
    }

    async fn insert(&self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<()> {
        meter
            .run(rows.len(), async || {
                let entries = rows.iter().map(|row| Entry::builder().name(row.name.as_str()).amount(row.amount));
                if keys {
                    let ids: Vec<i64> = self.engine.insert(entries).returning(Entry::id).await?;
                    Ok((ids.len(), ids))
                } else {
                    Ok((self.engine.insert(entries).await? as usize, Vec::new()))
                }
            })
            .await
    }

    async fn insert_objects(&self, rows: &[NewRow], meter: &mut Meter) -> Result<()> {
        meter
            .run(rows.len(), async || {
                let mut session = self.engine.session();
                let entries = rows.iter().map(|row| Entry::builder().name(row.name.as_str()).amount(row.amount));
                let handles = session.add_all(entries);
                session.commit().await?;
                let made = handles.iter().filter(|&&handle| !session[handle].id.is_pending()).count();
                Ok((made, session))
            })
            .await
    }

    async fn insert_copy(&self, rows: &[NewRow], meter: &mut Meter) -> Result<()> {
        meter
            .run(rows.len(), async || {
                let entries = rows.iter().map(|row| (row.name.as_str(), row.amount));
                let copy = self.engine.copy_in::<Entry>().columns((Entry::name, Entry::amount));
                Ok((copy.rows(entries).await? as usize, ()))
            })
            .await
    }

    async fn find(&self, meter: &mut Meter) -> Result<()> {
        meter
            .run(1, async || {
                let found = self.engine.query::<Entry>().filter(Entry::id.eq(keys::any())).one_or_none().await?;
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn find_object(&self, meter: &mut Meter) -> Result<()> {
        meter
            .run(1, async || {
                let mut session = self.engine.session();
                let found = session.get::<Entry>(keys::any()).await?;
                Ok((usize::from(found.is_some()), session))
            })
            .await
    }

    async fn update(&self, meter: &mut Meter) -> Result<()> {
        meter
            .run(1, async || {
                let query = self.engine.query::<Entry>().filter(Entry::id.eq(keys::any()));
                Ok((query.update(Entry::amount.set(7)).await? as usize, ()))
            })
            .await
    }

    async fn delete(&self, meter: &mut Meter) -> Result<()> {
        meter
            .run(1, async || {
                let query = self.engine.query::<Entry>().filter(Entry::id.eq(keys::next()));
                Ok((query.delete().await? as usize, ()))
            })
            .await
    }

    async fn load(&self, parents: usize, meter: &mut Meter) -> Result<()> {
        meter
            .run(parents * 100, async || {
                let query = self.engine.query::<Top>().with(Top::middles.with(Middle::leaves));
                let tops: Vec<(Top, Vec<(Middle, Vec<Leaf>)>)> = query.all().await?;
                let count = tops.iter().flat_map(|(_, middles)| middles).map(|(_, leaves)| leaves.len()).sum();
                Ok((count, tops))
            })
            .await
    }

    async fn load_objects(&self, parents: usize, meter: &mut Meter) -> Result<()> {
        meter
            .run(parents * 100, async || {
                let mut session = self.engine.session();
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

    async fn graph(&self, data: &Data, [tops, middles, leaves]: [usize; 3], meter: &mut Meter) -> Result<()> {
        let rows = tops * (1 + middles * (1 + leaves));
        let name = |number: usize| data.rows.get(number).map_or("", |row| row.name.as_str());
        meter
            .run(rows, async || {
                let mut session = self.engine.session();
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

    async fn change(&self, loaded: usize, changed: usize, meter: &mut Meter) -> Result<()> {
        let mut session = self.engine.session();
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

    async fn remove(&self, rows: usize, meter: &mut Meter) -> Result<()> {
        let mut session = self.engine.session();
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

    async fn unchanged(&self, rows: usize, meter: &mut Meter) -> Result<()> {
        let mut session = self.engine.session();
        let entries = session.query::<Entry>().all().await?;
        meter
            .run(rows, async || {
                session.commit().await?;
                Ok((entries.len(), ()))
            })
            .await
    }

    async fn identity(&self, meter: &mut Meter) -> Result<()> {
        let mut session = self.engine.session();
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

    async fn upsert(&self, rows: &[NewRow], meter: &mut Meter) -> Result<()> {
        meter
            .run(rows.len(), async || {
                let outcome = self.engine.insert(stocks(rows)).on_conflict(Stock::code).do_update_all().await?;
                Ok(((outcome.inserted + outcome.updated) as usize, ()))
            })
            .await
    }

    async fn upsert_objects(&self, rows: &[NewRow], meter: &mut Meter) -> Result<()> {
        meter
            .run(rows.len(), async || {
                let mut session = self.engine.session();
                let done = session.upsert(stocks(rows), Stock::code).await?;
                session.commit().await?;
                Ok((done.handles().len(), session))
            })
            .await
    }

    async fn stream(&self, rows: usize, meter: &mut Meter) -> Result<()> {
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

    async fn throughput(&mut self, tasks: usize, pool: usize, finds: usize, meter: &mut Meter) -> Result<()> {
        let engine = match &self.pooled {
            Some(engine) => engine.clone(),
            None => self.pooled.insert(Engine::builder().dsn(&self.url).pool_size(pool).build()?).clone(),
        };
        meter
            .run(finds, async || {
                let mut set: JoinSet<Result<usize>> = JoinSet::new();
                for _ in 0..tasks {
                    let engine = engine.clone();
                    set.spawn(async move {
                        let mut found = 0;
                        for _ in 0..finds / tasks {
                            let query = engine.query::<Entry>().filter(Entry::id.eq(keys::any()));
                            found += usize::from(query.one_or_none().await?.is_some());
                        }
                        Ok(found)
                    });
                }
                Ok((together(set).await?, ()))
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
