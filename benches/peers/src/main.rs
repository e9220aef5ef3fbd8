//! The same work by the bare driver, by this ORM and by its peers, in one process, taking turns round by round.
//!
//! `cargo run --release -p peers` starts a private PostgreSQL, measures everything and writes the results. `--only TEXT`
//! takes the rows whose titles contain the text, `--who NAME,NAME` those who take part (the driver always does), `--rounds N`
//! the number of rounds; results of a part are printed and not written.

mod alchemy;
mod diesel_models;
mod diesel_sync;
mod diesel_tokio;
mod keys;
mod meter;
mod ours;
mod proxy;
mod raw;
mod report;
mod sea;
mod sqlx_peer;
mod tables;
mod targets;
mod toasty_peer;
mod work;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alchemy::Alchemy;
use meter::{Cost, Counting, Meter, Purpose};
use proxy::Counts;
use report::{Line, Table};
use tables::Data;
use tokio_postgres::{Client, NoTls};
use work::{Link, Row, Work};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Where the results go.
const RESULTS: &str = "RESULTS-peers.md";

/// A row that has taken so long already has fewer rounds, but not fewer than these.
const BUDGET: Duration = Duration::from_secs(60);
const LEAST_ROUNDS: usize = 5;

/// Whatever goes wrong.
pub(crate) type Result<T, E = Box<dyn StdError + Send + Sync>> = std::result::Result<T, E>;

/// Why those without a session are left out.
pub(crate) const NO_UNIT_OF_WORK: &str = "it has no unit of work, so there is nothing to commit";
pub(crate) const NO_IDENTITY: &str = "it has no identity map";
pub(crate) const NO_SESSION: &str = "it tracks no objects; its plain load of as many rows is among the selects";

/// What came of a piece of work.
#[derive(Debug)]
pub(crate) enum Done {
    Measured,
    /// It has no line in this row, and need not have one.
    NotMeant,
    /// It cannot do that, for this reason.
    Cannot(&'static str),
}

/// Those who take part; some in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Raw,
    RawUnnest,
    RawCopy,
    Ours,
    OursSession,
    OursCopy,
    Diesel,
    DieselAsync,
    Sqlx,
    SeaOrm,
    Toasty,
    Alchemy,
    AlchemySession,
}

impl Who {
    pub(crate) const ALL: [Self; 13] = [
        Self::Raw,
        Self::RawUnnest,
        Self::RawCopy,
        Self::Ours,
        Self::OursSession,
        Self::OursCopy,
        Self::Diesel,
        Self::DieselAsync,
        Self::Sqlx,
        Self::SeaOrm,
        Self::Toasty,
        Self::Alchemy,
        Self::AlchemySession,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "tokio-postgres",
            Self::RawUnnest => "tokio-postgres, UNNEST",
            Self::RawCopy => "tokio-postgres, COPY",
            Self::Ours => "orm-core",
            Self::OursSession => "orm-core, session",
            Self::OursCopy => "orm-core, COPY",
            Self::Diesel => "Diesel",
            Self::DieselAsync => "diesel-async",
            Self::Sqlx => "sqlx",
            Self::SeaOrm => "SeaORM",
            Self::Toasty => "Toasty",
            Self::Alchemy => "SQLAlchemy",
            Self::AlchemySession => "SQLAlchemy, session",
        }
    }

    /// Whether its memory goes through this process' allocator.
    pub(crate) fn is_counted(self) -> bool {
        !matches!(self, Self::Alchemy | Self::AlchemySession)
    }
}

/// Everyone, connected to one server.
struct Peers {
    raw: raw::Raw,
    ours: ours::Ours,
    diesel: diesel_sync::DieselSync,
    diesel_async: diesel_tokio::DieselAsync,
    sqlx: sqlx_peer::Sqlx,
    sea: sea::Sea,
    toasty: toasty_peer::Toasty,
}

impl Peers {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self {
            raw: raw::Raw::connect(url).await?,
            ours: ours::Ours::connect(url)?,
            diesel: diesel_sync::DieselSync::connect(url)?,
            diesel_async: diesel_tokio::DieselAsync::connect(url).await?,
            sqlx: sqlx_peer::Sqlx::connect(url).await?,
            sea: sea::Sea::connect(url).await?,
            toasty: toasty_peer::Toasty::connect(url).await?,
        })
    }

    async fn run(&mut self, who: Who, work: Work, data: &Data, meter: &mut Meter) -> Result<Done> {
        match who {
            Who::Raw => self.raw.run(raw::Way::Values, work, data, meter).await,
            Who::RawUnnest => self.raw.run(raw::Way::Unnest, work, data, meter).await,
            Who::RawCopy => self.raw.run(raw::Way::Copy, work, data, meter).await,
            Who::Ours => self.ours.run(ours::Way::Engine, work, data, meter).await,
            Who::OursSession => self.ours.run(ours::Way::Session, work, data, meter).await,
            Who::OursCopy => self.ours.run(ours::Way::Copy, work, data, meter).await,
            Who::Diesel => self.diesel.run(work, data, meter),
            Who::DieselAsync => self.diesel_async.run(work, data, meter).await,
            Who::Sqlx => self.sqlx.run(work, data, meter).await,
            Who::SeaOrm => self.sea.run(work, data, meter).await,
            Who::Toasty => self.toasty.run(work, data, meter).await,
            Who::Alchemy | Who::AlchemySession => Ok(Done::NotMeant),
        }
    }
}

/// Waits for tasks; the sum of what they found.
pub(crate) async fn together(mut set: tokio::task::JoinSet<Result<usize>>) -> Result<usize> {
    let mut found = 0;
    while let Some(of_task) = set.join_next().await {
        found += of_task??;
    }
    Ok(found)
}

/// What was asked for.
#[derive(Debug, Default)]
struct Options {
    only: Vec<String>,
    who: Option<String>,
    rounds: Option<usize>,
}

impl Options {
    fn read() -> Result<Self> {
        let mut options = Self::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("`{word}` wants a value"));
            match word.as_str() {
                "--only" => options.only.push(value()?),
                "--who" => options.who = Some(value()?),
                "--rounds" => options.rounds = Some(value()?.parse()?),
                _ => return Err(format!("`{word}` is none of `--only`, `--who`, `--rounds`").into()),
            }
        }
        Ok(options)
    }

    fn is_whole(&self) -> bool {
        self.only.is_empty() && self.who.is_none() && self.rounds.is_none()
    }

    fn wants(&self, row: &Row) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| row.title().contains(part.as_str()))
    }

    fn takes(&self, who: Who) -> bool {
        let wanted = |names: &String| names.split(',').any(|name| who.name().starts_with(name.trim()));
        who == Who::Raw || self.who.as_ref().is_none_or(wanted)
    }
}

/// A server, everyone connected to it, and everyone connected to it through the proxy.
struct Bench {
    data: Data,
    admin: Client,
    near: Peers,
    far: Peers,
    alchemy: Option<Alchemy>,
    wire: Arc<Counts>,
    options: Options,
    /// How many rows were added since the tables were restored.
    added: usize,
}

impl Bench {
    async fn measure(&mut self, row: Row) -> Result<Table> {
        tables::fill(&self.admin, row.work).await?;
        tables::restore(&self.admin, row.work).await?;
        keys::reset();
        let mut lines = self.counted(row).await?;
        let rounds = self.options.rounds.unwrap_or(row.rounds);
        let is_there = |&place: &usize| lines.get(place).is_some_and(|line: &Line| line.left_out.is_none());
        let mut order: Vec<usize> = (0..lines.len()).filter(is_there).collect();
        let started = Instant::now();
        for round in 0..row.warm + rounds {
            if started.elapsed() > BUDGET && round >= row.warm + LEAST_ROUNDS {
                break;
            }
            for &place in &order {
                let Some(line) = lines.get_mut(place) else { continue };
                let cost = self.once(row, line.who, row.link, Purpose::Time).await?;
                if let (Ok(cost), true) = (cost, round >= row.warm) {
                    line.costs.push(cost);
                }
            }
            // Nobody is always the first, nor always after the same one.
            order.reverse();
            let by = order.len().min(1);
            order.rotate_left(by);
        }
        Ok(Table { row, lines })
    }

    /// Everyone does the work for the first time, with allocations counted, and then through the proxy.
    async fn counted(&mut self, row: Row) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        for who in Who::ALL {
            if !self.options.takes(who) {
                continue;
            }
            let mut line = Line { who, costs: Vec::new(), memory: Cost::default(), wire: None, left_out: None };
            // The first time statements are prepared and pools filled, which is not what is counted.
            for _ in 0..2 {
                match self.once(row, who, Link::Near, Purpose::Allocations).await? {
                    Ok(cost) => line.memory = cost,
                    Err(Some(reason)) => line.left_out = Some(reason.to_owned()),
                    Err(None) => break,
                }
            }
            if line.left_out.is_none() && line.memory.wall == 0.0 {
                continue;
            }
            if line.left_out.is_none() {
                // First statements are prepared. With the delay, what is sent in one go arrives in one go, although the
                // server may have answered the first part of it already.
                let warm = if row.times > 1 { 6 } else { 2 };
                for delay in std::iter::repeat_n(0, warm).chain([8]) {
                    // Where statements are many, they were not sent in one go.
                    if delay == 0 || line.wire.is_some_and(|cost| cost.statements < 100) {
                        self.wire.set_round_trip(Duration::from_millis(delay));
                        let purpose = Purpose::Wire(Arc::clone(&self.wire));
                        line.wire = self.once(row, who, Link::Far, purpose).await?.ok();
                    }
                }
                self.wire.set_round_trip(Duration::from_millis(20));
            }
            lines.push(line);
        }
        Ok(lines)
    }

    async fn once(
        &mut self,
        row: Row,
        who: Who,
        link: Link,
        purpose: Purpose,
    ) -> Result<Result<Cost, Option<&'static str>>> {
        let mut meter = Meter::new(purpose, row.times);
        self.added += row.work.adds() * meter.times() as usize;
        if self.added > 500_000 || row.work.is_restored() {
            tables::restore(&self.admin, row.work).await?;
            self.added = 0;
        }
        let peers = if link == Link::Near { &mut self.near } else { &mut self.far };
        let done = match (who, &mut self.alchemy) {
            (Who::Alchemy, Some(alchemy)) => alchemy.run(alchemy::Way::Rows, row.work, link, &mut meter).await,
            (Who::AlchemySession, Some(alchemy)) => {
                alchemy.run(alchemy::Way::Session, row.work, link, &mut meter).await
            }
            _ => peers.run(who, row.work, &self.data, &mut meter).await,
        };
        match done.map_err(|error| format!("{}, {}: {error}", who.name(), row.title()))? {
            Done::Measured => Ok(meter.cost().ok_or(None)),
            Done::NotMeant => Ok(Err(None)),
            Done::Cannot(reason) => Ok(Err(Some(reason))),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::read()?;
    let sandbox = orm_sandbox::Sandbox::builder()
        .tcp(true)
        .setting("shared_buffers", "512MB")
        .setting("max_wal_size", "8GB")
        .start()?;
    let database = sandbox.database()?;
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await?;
    tokio::spawn(connection);
    tables::create(&client).await?;
    let server: String =
        client.query_one("SELECT 'PostgreSQL ' || current_setting('server_version')", &[]).await?.get(0);
    let config: tokio_postgres::Config = database.url().parse()?;
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let (far, wire) = proxy::start(port)?;
    let far_url = database.url().replace(&format!("127.0.0.1:{port}/"), &format!("127.0.0.1:{far}/"));
    let (near, far) = (Peers::connect(database.url()).await?, Peers::connect(&far_url).await?);
    let alchemy = if options.takes(Who::Alchemy) || options.takes(Who::AlchemySession) {
        match Alchemy::start(database.url(), &far_url).await {
            Ok(alchemy) => Some(alchemy),
            Err(error) => {
                println!("SQLAlchemy is left out: {error}\n");
                None
            }
        }
    } else {
        None
    };
    let mut bench = Bench { data: Data::new(), admin: client, near, far, alchemy, wire, options, added: 0 };
    let mut tables = Vec::new();
    for row in work::rows() {
        if bench.options.wants(&row) {
            let table = bench.measure(row).await?;
            if !table.lines.is_empty() {
                println!("{}", table.text());
                tables.push(table);
            }
        }
    }
    println!("{}\n{}", report::summary(&tables), targets::text(&tables));
    if bench.options.is_whole() {
        let python = bench.alchemy.as_ref().map_or("SQLAlchemy left out", |alchemy| alchemy.versions.as_str());
        let place = report::Place { command: "cargo run --release -p peers", server: &server, python };
        std::fs::write(RESULTS, report::write(&tables, &place))?;
    }
    Ok(())
}
