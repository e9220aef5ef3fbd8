//! This ORM: values by an engine; objects of a session, where the line says so.

use orm_core::prelude::*;

use crate::meter::Meter;
use crate::tables::{Data, NewRow};
use crate::work::Work;
use crate::{Done, Result, keys};

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

/// By which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Engine,
    Session,
    Copy,
}

pub(crate) struct Ours {
    engine: Engine,
}

impl Ours {
    pub(crate) fn connect(url: &str) -> Result<Self> {
        Ok(Self { engine: Engine::new(url)? })
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
}
