//! The same work by the bare driver, by this ORM and by its peers, in one process, taking turns round by round.
//!
//! `cargo run --release -p peers` starts a private PostgreSQL, measures everything and writes `RESULTS.md`. `--only TEXT`
//! takes the rows whose titles contain the text, `--who NAME,NAME` those who take part (the driver always does), `--rounds N`
//! the number of rounds; the results of a part go to `target/RESULTS-part.md`. `--resume` goes on with a run of the same
//! options that was interrupted: what is measured already is taken from `target/peers.tsv`.

mod alchemy;
mod cores;
mod diesel_models;
mod diesel_sync;
mod diesel_tokio;
mod kept;
mod keys;
mod meter;
mod ours;
mod peer;
mod plain;
mod proxy;
mod raw;
mod report;
mod sea;
mod sqlx_peer;
mod tables;
mod targets;
mod toasty_peer;
mod work;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alchemy::Alchemy;
pub(crate) use common::Result;
use common::memory::{Counting, Memory};
use common::place;
use kept::Kept;
use meter::{Cost, Meter, Purpose};
use peer::{Done, Peers, Who};
use proxy::Counts;
use report::{Line, State, Table};
use tables::Data;
use tokio_postgres::{Client, NoTls};
use work::{Link, Row};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A row that has taken so long already has no more rounds than these, which are enough for an interval of 95 %.
const BUDGET: Duration = Duration::from_secs(60);
const LEAST_ROUNDS: usize = 30;

/// What was asked for.
#[derive(Debug, Default)]
struct Options {
    only: Vec<String>,
    who: Option<String>,
    rounds: Option<usize>,
    resumes: bool,
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
                "--resume" => options.resumes = true,
                _ => return Err(format!("`{word}` is none of `--only`, `--who`, `--rounds`, `--resume`").into()),
            }
        }
        Ok(options)
    }

    fn is_whole(&self) -> bool {
        self.only.is_empty() && self.who.is_none() && self.rounds.is_none_or(|rounds| rounds >= LEAST_ROUNDS)
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = work::rows();
        rows.retain(|row| self.only.is_empty() || self.only.iter().any(|part| row.title().contains(part.as_str())));
        rows
    }

    fn takes(&self, who: Who) -> bool {
        let wanted = |names: &String| names.split(',').any(|name| who.name().starts_with(name.trim()));
        who == Who::Raw || self.who.as_ref().is_none_or(wanted)
    }

    /// How a run is told from others: its code, and what of it was asked for but the rows.
    fn run(&self) -> String {
        let code = place::shell("git", &["rev-parse", "--short", "HEAD:orm-core"]);
        format!("orm-core {code}, rounds {:?}, who {:?}, {}", self.rounds, self.who, report::versions())
    }
}

/// What came of doing the work once.
enum Once {
    Cost(Cost),
    NotMeant,
    Cannot(&'static str),
    Failed(String),
}

/// A server, everyone who is connected to it, and everyone who is connected to it through the proxy.
struct Bench {
    data: Data,
    admin: Client,
    urls: [String; 2],
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
        let is_there = |&place: &usize| lines.get(place).is_some_and(|line: &Line| line.state == State::Measured);
        let places: Vec<usize> = (0..lines.len()).filter(is_there).collect();
        let started = Instant::now();
        for round in 0..row.warm + rounds {
            if started.elapsed() > BUDGET && round >= row.warm + LEAST_ROUNDS {
                break;
            }
            for place in order(&places, round) {
                let Some(line) = lines.get_mut(place) else { continue };
                if line.state != State::Measured {
                    continue;
                }
                match self.once(row, line.who, row.link, Purpose::Time).await? {
                    Once::Cost(cost) if round >= row.warm => line.costs.push(cost),
                    Once::Cost(_) => {}
                    Once::Failed(reason) => line.state = State::Failed(reason),
                    Once::NotMeant | Once::Cannot(_) => line.state = State::Failed("it has gone".to_owned()),
                }
            }
        }
        Ok(Table { row, lines })
    }

    /// Everyone does the work for the first time, with allocations counted, and then through the proxy.
    async fn counted(&mut self, row: Row) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        for who in Who::ALL {
            if self.options.takes(who)
                && let Some(line) = self.counted_of(row, who).await?
            {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    async fn counted_of(&mut self, row: Row, who: Who) -> Result<Option<Line>> {
        let mut line = Line { who, costs: Vec::new(), memory: Memory::default(), wire: None, state: State::Measured };
        // The first time statements are prepared and pools filled, which is not what is counted.
        for _ in 0..2 {
            match self.once(row, who, Link::Near, Purpose::Allocations).await? {
                Once::Cost(cost) => line.memory = cost.memory,
                Once::NotMeant => return Ok(None),
                Once::Cannot(reason) => line.state = State::LeftOut(reason.to_owned()),
                Once::Failed(reason) => line.state = State::Failed(reason),
            }
            if line.state != State::Measured {
                return Ok(Some(line));
            }
        }
        // First statements are prepared, by psycopg when they have been sent five times. With the delay, what is sent in one go arrives in one go, although the server may
        // have answered the first part of it already.
        let warm = if row.times > 1 || !who.is_counted() { 6 } else { 2 };
        for delay in std::iter::repeat_n(0, warm).chain([8]) {
            // Where statements are many, they were not sent in one go.
            if delay == 0 || line.wire.is_some_and(|cost| cost.statements < 100) {
                self.wire.set_round_trip(Duration::from_millis(delay));
                match self.once(row, who, Link::Far, Purpose::Wire(Arc::clone(&self.wire))).await? {
                    Once::Cost(cost) => line.wire = Some(cost),
                    Once::Failed(reason) => line.state = State::Failed(reason),
                    Once::NotMeant | Once::Cannot(_) => {}
                }
            }
        }
        self.wire.set_round_trip(Duration::from_millis(20));
        Ok(Some(line))
    }

    /// Fails only where the tables cannot be restored.
    async fn once(&mut self, row: Row, who: Who, link: Link, purpose: Purpose) -> Result<Once> {
        let mut meter = Meter::new(purpose, row.times, link);
        self.added += row.work.adds() * meter.times() as usize;
        if self.added > 500_000 || row.work.is_restored() {
            tables::restore(&self.admin, row.work).await?;
            self.added = 0;
        }
        let peers = if link == Link::Near { &mut self.near } else { &mut self.far };
        let done = match (who, &mut self.alchemy) {
            (Who::Alchemy | Who::AlchemySession, Some(alchemy)) => alchemy.run(who, row.work, link, &mut meter).await,
            _ => peers.run(who, row.work, &self.data, &mut meter).await,
        };
        common::memory::stop();
        Ok(match done {
            Ok(Done::Measured) => meter.cost().map_or(Once::NotMeant, Once::Cost),
            Ok(Done::NotMeant) => Once::NotMeant,
            Ok(Done::Cannot(reason)) => Once::Cannot(reason),
            Err(error) => {
                if matches!(who, Who::Alchemy | Who::AlchemySession) {
                    self.alchemy = Alchemy::start(&self.urls).await.ok();
                }
                Once::Failed(report::one_line(&error.to_string()))
            }
        })
    }
}

/// In each round another one begins, and every other round goes backwards: everyone has every place, and everyone before it.
fn order(places: &[usize], round: usize) -> Vec<usize> {
    let mut order = places.to_vec();
    order.rotate_left((round / 2).checked_rem(places.len()).unwrap_or_default());
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::read()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate has no folder")?;
    let rows = options.rows();
    let mut kept = Kept::open(folder.join("target/peers.tsv"), &options.run(), options.resumes, &rows)?;
    let sandbox =
        orm_sandbox::Sandbox::builder().tcp(true).setting("shared_buffers", "512MB").setting("max_wal_size", "8GB");
    let sandbox = cores::apart(|| sandbox.start())??;
    let database = sandbox.database()?;
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await?;
    tokio::spawn(connection);
    tables::create(&client).await?;
    let server: String = client.query_one(place::SERVER, &[]).await?.get(0);
    let config: tokio_postgres::Config = database.url().parse()?;
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let (far, wire) = proxy::start(port)?;
    let far_url = database.url().replace(&format!("127.0.0.1:{port}/"), &format!("127.0.0.1:{far}/"));
    let urls = [database.url().to_owned(), far_url];
    let mut python = "SQLAlchemy left out".to_owned();
    let mut alchemy = None;
    if options.takes(Who::Alchemy) || options.takes(Who::AlchemySession) {
        match Alchemy::start(&urls).await {
            Ok(started) => {
                python.clone_from(&started.versions);
                alchemy = Some(started);
            }
            Err(error) => println!("SQLAlchemy is left out: {error}\n"),
        }
    }
    let (near, far) = (Peers::new(&urls[0]), Peers::new(&urls[1]));
    let mut bench = Bench { data: Data::new(), admin: client, urls, near, far, alchemy, wire, options, added: 0 };
    let mut tables = Vec::new();
    for row in rows {
        let table = match kept.take(&row) {
            Some(table) => table,
            None => {
                let table = bench.measure(row).await?;
                kept.add(&table)?;
                println!("{}", report::rows([&table]));
                table
            }
        };
        if !table.lines.is_empty() {
            tables.push(table);
        }
    }
    println!("{}\n{}", report::summary(&tables), targets::text(&tables));
    let results = folder.join(if bench.options.is_whole() { "RESULTS.md" } else { "target/RESULTS-part.md" });
    let limits = std::fs::read_to_string(folder.join("peers/limits.md"))?;
    let words = std::env::args().skip(1).filter(|word| word != "--resume");
    let command = ["cargo run --release -p peers --".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ");
    let place = report::Place { command: command.trim_end_matches(" --"), server: &server, python: &python };
    std::fs::write(&results, report::write(&tables, &place, &limits))?;
    println!("written: {}", results.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn everyone_has_every_place() {
        let places = [0, 1, 2, 3, 4];
        let mut seen = [[0; 5]; 5];
        for round in 0..2 * places.len() {
            for (place, who) in super::order(&places, round).into_iter().enumerate() {
                seen[who][place] += 1;
            }
        }
        assert_eq!(seen, [[2; 5]; 5]);
        assert!(super::order(&[], 3).is_empty());
    }
}
