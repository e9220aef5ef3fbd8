//! The work that is measured: by the ORM, and by hand.

use common::memory;
use common::place::SERVER;
use orm_core::prelude::*;
use tokio_postgres::{Client, NoTls, Statement};

use crate::Result;
use crate::measure::{Cost, Watch};
use crate::report::{Memory, Pair};

/// A row of numbers, so that an object has no heap of its own.
#[derive(Model, Debug, Clone)]
#[model(table = "item")]
struct Item {
    #[model(primary_key)]
    id: Auto<i64>,
    #[model(unique)]
    a: i64,
    b: i64,
    d: i64,
}

/// The first of three levels.
#[derive(Model, Debug, Clone)]
#[model(table = "top")]
struct Top {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    #[model(has_many = Middle::top)]
    middles: HasMany<Middle>,
}

/// The second.
#[derive(Model, Debug, Clone)]
#[model(table = "middle")]
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

/// The third.
#[derive(Model, Debug, Clone)]
#[model(table = "leaf")]
struct Leaf {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    #[model(references = Middle::id)]
    middle_id: i64,
    #[model(belongs_to = middle_id)]
    middle: BelongsTo<Middle>,
}

const INSERT: &str =
    "INSERT INTO item (a, b, d) SELECT * FROM UNNEST ($1::bigint[], $2::bigint[], $3::bigint[]) RETURNING id";
const UPDATE: &str = "UPDATE item SET b = input.b FROM UNNEST ($1::bigint[], $2::bigint[]) AS input (id, b) \
                      WHERE item.id = input.id";
const DELETE: &str = "DELETE FROM item WHERE id = ANY ($1::bigint[])";
const SELECT: &str = "SELECT id, a, b, d FROM item";
const UPSERT: &str = "INSERT INTO item (a, b, d) SELECT * FROM UNNEST ($1::bigint[], $2::bigint[], $3::bigint[]) \
                      ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b, d = EXCLUDED.d RETURNING id, a, b, d";
const TOP: &str = "INSERT INTO top (name) SELECT * FROM UNNEST ($1::text[]) RETURNING id";
const MIDDLE: &str = "INSERT INTO middle (name, top_id) SELECT * FROM UNNEST ($1::text[], $2::bigint[]) RETURNING id";
const LEAF: &str = "INSERT INTO leaf (name, middle_id) SELECT * FROM UNNEST ($1::text[], $2::bigint[]) RETURNING id";

/// A database, and two ways to it.
pub(crate) struct Bench {
    engine: Engine,
    client: Client,
    statements: Statements,
    // Dropped last: the database goes with it.
    _database: orm_sandbox::Database,
}

struct Statements {
    insert: Statement,
    update: Statement,
    delete: Statement,
    select: Statement,
    upsert: Statement,
    top: Statement,
    middle: Statement,
    leaf: Statement,
}

impl Bench {
    pub(crate) async fn open() -> Result<Self> {
        let database = orm_sandbox::Sandbox::shared()?.database()?;
        let engine = Engine::new(database.url())?;
        engine.create_all::<(Item, Top, Middle, Leaf)>().await?;
        let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await?;
        tokio::spawn(connection);
        let statements = Statements {
            insert: client.prepare(INSERT).await?,
            update: client.prepare(UPDATE).await?,
            delete: client.prepare(DELETE).await?,
            select: client.prepare(SELECT).await?,
            upsert: client.prepare(UPSERT).await?,
            top: client.prepare(TOP).await?,
            middle: client.prepare(MIDDLE).await?,
            leaf: client.prepare(LEAF).await?,
        };
        Ok(Self { engine, client, statements, _database: database })
    }

    pub(crate) async fn server(&self) -> Result<String> {
        Ok(self.client.query_one(SERVER, &[]).await?.get(0))
    }

    /// All pairs; the first round warms up and does not count.
    pub(crate) async fn pairs(&self, rounds: usize) -> Result<Vec<Pair>> {
        let mut pairs = Vec::new();
        for rows in [1_000, 10_000, 100_000] {
            let rounds = if rows > 10_000 { rounds.div_ceil(3) } else { rounds };
            let names = ["commit of new objects", "commit of changed objects", "commit of deleted objects"];
            let mut kinds = names.map(|name| Pair::new(name, rows));
            let mut clean = Pair::new("commit of unchanged objects", rows);
            let mut values = Pair::new("rows as values", rows);
            let mut handles = Pair::new("rows as objects of a session", rows);
            for round in 0..=rounds {
                let ours = self.life(rows).await?;
                let bare = self.bare_life(rows).await?;
                if round == 0 {
                    continue;
                }
                for (kind, (a, b)) in
                    kinds.iter_mut().zip([ours.new, ours.changed, ours.deleted].iter().zip(bare.writes))
                {
                    kind.ours.push(*a);
                    kind.bare.push(b);
                }
                clean.ours.push(ours.unchanged);
                values.ours.push(ours.values);
                values.bare.push(bare.read);
                handles.ours.push(ours.handles);
                handles.bare.push(bare.read);
            }
            pairs.extend(kinds);
            pairs.extend([clean, values, handles]);
        }
        pairs.push(self.upserts(10_000, rounds).await?);
        for (tops, middles, leaves) in [(1, 100, 0), (100, 10, 10)] {
            pairs.push(self.graphs(tops, middles, leaves, rounds).await?);
        }
        Ok(pairs)
    }

    async fn clear(&self) -> Result<()> {
        Ok(self.client.batch_execute("TRUNCATE item, top, middle, leaf RESTART IDENTITY").await?)
    }

    /// Rows are inserted, read, changed and deleted by the ORM.
    async fn life(&self, rows: usize) -> Result<Life> {
        self.clear().await?;
        let mut session = self.engine.session();
        let items = session.add_all((0..rows as i64).map(|i| Item::builder().a(i).b(i).d(i)));
        let watch = Watch::start();
        session.commit().await?;
        let new = watch.stop();
        for item in &items {
            session[item].b += 1;
        }
        let watch = Watch::start();
        session.commit().await?;
        let changed = watch.stop();
        let watch = Watch::start();
        session.commit().await?;
        let unchanged = watch.stop();
        let watch = Watch::start();
        let values = self.engine.query::<Item>().all().await?;
        let read = watch.stop();
        assert_eq!(values.len(), rows);
        drop(values);
        let mut reader = self.engine.session();
        let watch = Watch::start();
        let handles = reader.query::<Item>().all().await?;
        let tracked = watch.stop();
        assert_eq!(handles.len(), rows);
        drop(reader);
        for item in &items {
            session.delete(*item)?;
        }
        let watch = Watch::start();
        session.commit().await?;
        let deleted = watch.stop();
        Ok(Life { new, changed, deleted, unchanged, values: read, handles: tracked })
    }

    /// The same by hand.
    async fn bare_life(&self, rows: usize) -> Result<BareLife> {
        self.clear().await?;
        let Statements { insert, update, delete, select, .. } = &self.statements;
        let numbers: Vec<i64> = (0..rows as i64).collect();
        let watch = Watch::start();
        self.client.batch_execute("BEGIN").await?;
        let made = self.client.query(insert, &[&numbers, &numbers, &numbers]).await?;
        let ids: Vec<i64> = made.iter().map(|row| row.get(0)).collect();
        self.client.batch_execute("COMMIT").await?;
        let new = watch.stop();
        let watch = Watch::start();
        self.client.batch_execute("BEGIN").await?;
        assert_eq!(self.client.execute(update, &[&ids, &numbers]).await?, rows as u64);
        self.client.batch_execute("COMMIT").await?;
        let changed = watch.stop();
        let watch = Watch::start();
        let values = self.read(select).await?;
        let read = watch.stop();
        assert_eq!(values.len(), rows);
        let watch = Watch::start();
        self.client.batch_execute("BEGIN").await?;
        assert_eq!(self.client.execute(delete, &[&ids]).await?, rows as u64);
        self.client.batch_execute("COMMIT").await?;
        let deleted = watch.stop();
        Ok(BareLife { writes: [new, changed, deleted], read })
    }

    /// Rows are decoded while the next ones arrive.
    async fn read(&self, select: &Statement) -> Result<Vec<(i64, i64, i64, i64)>> {
        use std::future::poll_fn;
        use std::pin::pin;
        let mut rows = pin!(self.client.query_raw(select, std::iter::empty::<i64>()).await?);
        let mut values = Vec::new();
        while let Some(row) = poll_fn(|cx| futures_core::Stream::poll_next(rows.as_mut(), cx)).await.transpose()? {
            values.push((row.get(0), row.get(1), row.get(2), row.get(3)));
        }
        Ok(values)
    }

    /// Half of the rows are there.
    async fn upserts(&self, rows: usize, rounds: usize) -> Result<Pair> {
        let mut pair = Pair::new("upsert, half of the rows there", rows);
        let even: Vec<i64> = (0..rows as i64).step_by(2).collect();
        let all: Vec<i64> = (0..rows as i64).collect();
        for round in 0..=rounds {
            self.clear().await?;
            self.client.query(&self.statements.insert, &[&even, &even, &even]).await?;
            let mut session = self.engine.session();
            let values: Vec<_> = all.iter().map(|&i| Item::builder().a(i).b(i + 1).d(i)).collect();
            let watch = Watch::start();
            let done = session.upsert(values, Item::a).await?;
            session.commit().await?;
            let ours = watch.stop();
            assert_eq!(done.inserted().len(), rows / 2);
            self.clear().await?;
            self.client.query(&self.statements.insert, &[&even, &even, &even]).await?;
            let watch = Watch::start();
            self.client.batch_execute("BEGIN").await?;
            let written = self.client.query(&self.statements.upsert, &[&all, &all, &all]).await?;
            self.client.batch_execute("COMMIT").await?;
            let bare = watch.stop();
            assert_eq!(written.len(), rows);
            if round > 0 {
                pair.ours.push(ours);
                pair.bare.push(bare);
            }
        }
        Ok(pair)
    }

    async fn graphs(&self, tops: usize, middles: usize, leaves: usize, rounds: usize) -> Result<Pair> {
        let rows = tops * (1 + middles * (1 + leaves));
        let name = format!(
            "commit of a graph, {tops} × {middles}{}",
            if leaves > 0 { format!(" × {leaves}") } else { String::new() }
        );
        let mut pair = Pair::new(name, rows);
        for round in 0..=rounds {
            self.clear().await?;
            let mut session = self.engine.session();
            session.add_all((0..tops).map(|i| {
                Top::builder().name(format!("top {i}")).middles((0..middles).map(|j| {
                    let below = (0..leaves).map(|k| Leaf::builder().name(format!("leaf {k}")));
                    Middle::builder().name(format!("middle {j}")).leaves(below)
                }))
            }));
            let watch = Watch::start();
            session.commit().await?;
            let ours = watch.stop();
            self.clear().await?;
            let bare = self.bare_graph(tops, middles, leaves).await?;
            if round > 0 {
                pair.ours.push(ours);
                pair.bare.push(bare);
            }
        }
        Ok(pair)
    }

    /// One statement a table, which waits for the keys of the one before.
    async fn bare_graph(&self, tops: usize, middles: usize, leaves: usize) -> Result<Cost> {
        let repeated = |ids: &[i64], times: usize| -> Vec<i64> {
            ids.iter().flat_map(|&id| std::iter::repeat_n(id, times)).collect()
        };
        let names = |what: &str, count: usize| -> Vec<String> { (0..count).map(|i| format!("{what} {i}")).collect() };
        let (first, second, third) =
            (names("top", tops), names("middle", tops * middles), names("leaf", tops * middles * leaves));
        let watch = Watch::start();
        self.client.batch_execute("BEGIN").await?;
        let made = self.client.query(&self.statements.top, &[&first]).await?;
        let keys: Vec<i64> = made.iter().map(|row| row.get(0)).collect();
        let made = self.client.query(&self.statements.middle, &[&second, &repeated(&keys, middles)]).await?;
        let keys: Vec<i64> = made.iter().map(|row| row.get(0)).collect();
        if leaves > 0 {
            self.client.query(&self.statements.leaf, &[&third, &repeated(&keys, leaves)]).await?;
        }
        self.client.batch_execute("COMMIT").await?;
        Ok(watch.stop())
    }

    /// The bytes that are live after a session has loaded rows, without the objects themselves.
    pub(crate) async fn memory(&self) -> Result<Vec<Memory>> {
        let mut found = Vec::new();
        for rows in [1_000, 10_000, 100_000] {
            self.clear().await?;
            let numbers: Vec<i64> = (0..rows as i64).collect();
            self.client.query(&self.statements.insert, &[&numbers, &numbers, &numbers]).await?;
            // Once before: what the driver has still from other work is to be gone.
            drop(self.engine.session().query::<Item>().all().await?);
            let mut session = self.engine.session();
            memory::start();
            let handles = session.query::<Item>().all().await?;
            let of_handles = std::mem::size_of_val(&*handles);
            let loaded = handles.len();
            drop(handles);
            let live = memory::stop().live;
            assert!(of_handles > 0 && loaded == rows);
            let each = live as f64 / rows as f64 - size_of::<Item>() as f64;
            found.push(Memory { rows, object: size_of::<Item>(), each });
        }
        Ok(found)
    }
}

struct Life {
    new: Cost,
    changed: Cost,
    deleted: Cost,
    unchanged: Cost,
    values: Cost,
    handles: Cost,
}

struct BareLife {
    /// New, changed, deleted.
    writes: [Cost; 3],
    read: Cost,
}
