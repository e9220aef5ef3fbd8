//! Toasty: models, `create_many`, `include`.
//!
//! Its inserts always give the objects back. It has no unit of work; changed rows are updated one by one in a transaction, and
//! upserts too: it has no call for many, and its `batch` runs its statements one after the other. New objects of two levels are nested in `create_many`; those of three levels take a
//! `create_many` for each level, because nested each parent would be a statement, 1,103 instead of 5.

use toasty::{Db, Deferred, Executor, Model};

use crate::meter::Meter;
use crate::peer::{Done, Peer, together};
use crate::plain::{ROWS_OF_VALUES, names, spread};
use crate::tables::{Data, NewRow};
use crate::{Result, keys};

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Model)]
#[table = "item"]
struct Item {
    #[key]
    #[auto]
    id: i64,
    name: String,
    amount: i32,
    #[has_many]
    parts: Deferred<Vec<Part>>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Model)]
#[table = "part"]
struct Part {
    #[key]
    #[auto]
    id: i64,
    name: String,
    color: String,
    #[index]
    item_id: Option<i64>,
    #[belongs_to(key = item_id, references = id)]
    item: Deferred<Option<Item>>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Model)]
#[table = "entry"]
struct Entry {
    #[key]
    #[auto]
    id: i64,
    name: String,
    amount: i32,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Model)]
#[table = "stock"]
struct Stock {
    #[key]
    #[auto]
    id: i64,
    #[unique]
    code: i64,
    name: String,
    amount: i32,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Model)]
#[table = "top"]
struct Top {
    #[key]
    #[auto]
    id: i64,
    name: String,
    #[has_many]
    middles: Deferred<Vec<Middle>>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Model)]
#[table = "middle"]
struct Middle {
    #[key]
    #[auto]
    id: i64,
    name: String,
    #[index]
    top_id: i64,
    #[belongs_to(key = top_id, references = id)]
    top: Deferred<Top>,
    #[has_many]
    leaves: Deferred<Vec<Leaf>>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Model)]
#[table = "leaf"]
struct Leaf {
    #[key]
    #[auto]
    id: i64,
    name: String,
    #[index]
    middle_id: i64,
    #[belongs_to(key = middle_id, references = id)]
    middle: Deferred<Middle>,
}

pub(crate) struct Toasty {
    url: String,
    db: Db,
    pool: Option<Db>,
}

impl Toasty {
    async fn pool(url: &str, size: usize) -> Result<Db> {
        let mut builder = Db::builder();
        builder.models(toasty::models!(Item, Part, Entry, Stock, Top, Middle, Leaf)).max_pool_size(size);
        Ok(builder.connect(url).await?)
    }
}

impl Peer for Toasty {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), db: Self::pool(url, 1).await?, pool: None })
    }

    async fn select(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let items: Vec<Item> = Item::all().exec(&mut self.db).await?;
                Ok((items.len(), items))
            })
            .await
    }

    async fn join(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows, async || {
                let query = Part::filter(Part::fields().color().eq("red")).include(Part::fields().item());
                let parts: Vec<Part> = query.exec(&mut self.db).await?;
                Ok((parts.len(), parts))
            })
            .await
    }

    async fn insert(&mut self, rows: &[NewRow], keys: bool, meter: &mut Meter) -> Result<Done> {
        if !keys {
            return Ok(Done::Cannot("its inserts always return the objects"));
        }
        meter
            .run(rows.len(), async || {
                if rows.len() <= ROWS_OF_VALUES {
                    let made = insert_all(rows, &mut self.db).await?;
                    return Ok((made.len(), made));
                }
                let mut tx = self.db.transaction().await?;
                let mut made = Vec::new();
                for rows in rows.chunks(ROWS_OF_VALUES) {
                    made.extend(insert_all(rows, &mut tx).await?);
                }
                tx.commit().await?;
                Ok((made.len(), made))
            })
            .await
    }

    async fn load(&mut self, parents: usize, meter: &mut Meter) -> Result<Done> {
        meter
            .run(parents * 100, async || {
                let tops: Vec<Top> = Top::all().include(Top::fields().middles().leaves()).exec(&mut self.db).await?;
                let count = tops.iter().flat_map(|top| top.middles.get()).map(|middle| middle.leaves.get().len()).sum();
                Ok((count, tops))
            })
            .await
    }

    async fn find(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                let found = Entry::filter_by_id(keys::any()).first().exec(&mut self.db).await?;
                Ok((usize::from(found.is_some()), found))
            })
            .await
    }

    async fn update(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                Entry::filter_by_id(keys::any()).update().amount(7).exec(&mut self.db).await?;
                Ok((1, ()))
            })
            .await
    }

    async fn delete(&mut self, meter: &mut Meter) -> Result<Done> {
        meter
            .run(1, async || {
                Entry::filter_by_id(keys::next()).delete().exec(&mut self.db).await?;
                Ok((1, ()))
            })
            .await
    }

    async fn graph(&mut self, data: &Data, counts: [usize; 3], meter: &mut Meter) -> Result<Done> {
        let [tops, middles, leaves] = counts;
        let names = names(data, middles.max(leaves));
        meter
            .run(counts.iter().sum(), async || {
                if leaves == 0 {
                    return Ok((nested(&names, tops, middles / tops, &mut self.db).await?, ()));
                }
                let mut tx = self.db.transaction().await?;
                let made = by_levels(&names, counts, &mut tx).await?;
                tx.commit().await?;
                Ok((made, ()))
            })
            .await
    }

    async fn change(&mut self, _loaded: usize, changed: usize, meter: &mut Meter) -> Result<Done> {
        let mut entries: Vec<Entry> = Entry::all().exec(&mut self.db).await?;
        entries.truncate(changed);
        meter
            .run(changed, async || {
                if let [one] = entries.as_mut_slice() {
                    let amount = one.amount + 1;
                    one.update().amount(amount).exec(&mut self.db).await?;
                    return Ok((1, ()));
                }
                let mut tx = self.db.transaction().await?;
                for entry in &mut entries {
                    let amount = entry.amount + 1;
                    entry.update().amount(amount).exec(&mut tx).await?;
                }
                tx.commit().await?;
                Ok((entries.len(), ()))
            })
            .await
    }

    async fn remove(&mut self, rows: usize, meter: &mut Meter) -> Result<Done> {
        let entries: Vec<Entry> = Entry::all().exec(&mut self.db).await?;
        meter
            .run(rows, async || {
                let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
                Entry::filter(Entry::fields().id().in_list(ids)).delete().exec(&mut self.db).await?;
                Ok((entries.len(), ()))
            })
            .await
    }

    async fn upsert(&mut self, rows: &[NewRow], meter: &mut Meter) -> Result<Done> {
        meter
            .run(rows.len(), async || {
                let mut tx = self.db.transaction().await?;
                let mut count = 0;
                for (row, code) in rows.iter().zip(0i64..) {
                    Stock::upsert_by_code(code).name(row.name.as_str()).amount(row.amount).exec(&mut tx).await?;
                    count += 1;
                }
                tx.commit().await?;
                Ok((count, ()))
            })
            .await
    }

    async fn stream(&mut self, _rows: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::Cannot("it has no stream: it reads all rows, or pages of them"))
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
                    let mut db = pool.clone();
                    async move { Ok(Entry::filter_by_id(keys::any()).first().exec(&mut db).await?.is_some()) }
                };
                Ok((together(tasks, finds, find).await?, ()))
            })
            .await
    }
}

async fn insert_all(rows: &[NewRow], executor: &mut dyn Executor) -> Result<Vec<Entry>> {
    let mut many = Entry::create_many();
    for row in rows {
        many = many.item(Entry::create().name(row.name.as_str()).amount(row.amount));
    }
    Ok(many.exec(executor).await?)
}

/// Children in the builders of their parents.
async fn nested(names: &[&str], tops: usize, middles: usize, executor: &mut dyn Executor) -> Result<usize> {
    let mut many = Top::create_many();
    for name in names.iter().take(tops) {
        let below: Vec<_> = names.iter().take(middles).map(|&name| Middle::create().name(name)).collect();
        many = many.item(Top::create().name(*name).middles(below));
    }
    Ok(many.exec(executor).await?.len() * (1 + middles))
}

/// One call for each table: nested, each parent would be a statement.
async fn by_levels(names: &[&str], [tops, middles, leaves]: [usize; 3], executor: &mut dyn Executor) -> Result<usize> {
    let mut many = Top::create_many();
    for &name in names.iter().take(tops) {
        many = many.item(Top::create().name(name));
    }
    let ids: Vec<i64> = many.exec(executor).await?.iter().map(|top| top.id).collect();
    let mut many = Middle::create_many();
    for (&name, key) in names.iter().zip(spread(&ids, middles)) {
        many = many.item(Middle::create().name(name).top_id(key));
    }
    let ids: Vec<i64> = many.exec(executor).await?.iter().map(|middle| middle.id).collect();
    let mut many = Leaf::create_many();
    for (&name, key) in names.iter().zip(spread(&ids, leaves)) {
        many = many.item(Leaf::create().name(name).middle_id(key));
    }
    Ok(tops + middles + many.exec(executor).await?.len())
}
