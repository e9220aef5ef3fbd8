//! SQLAlchemy, in a process of its own that is asked for one piece of work at a time: it takes its turns like the others.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::meter::{Cost, Meter, Purpose};
use crate::peer::{Done, Who};
use crate::work::{Link, Work};
use crate::{Result, keys};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sqlalchemy_peer.py");
const PACKAGES: [&str; 2] = ["sqlalchemy>=2,<3", "psycopg[binary]>=3.2,<4"];

/// The process.
pub(crate) struct Alchemy {
    pub(crate) versions: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Alchemy {
    /// Starts it, with the packages in a folder of `target`.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(crate) async fn start(urls: &[String; 2]) -> Result<Self> {
        let python = python().await?;
        let mut command = Command::new(&python);
        command.arg(SCRIPT).args(urls).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let input = process.stdin.take().ok_or("its input is closed")?;
        let output = process.stdout.take().ok_or("its output is closed")?;
        let mut output = BufReader::new(output).lines();
        let hello = output.next_line().await?.ok_or("SQLAlchemy or psycopg is missing")?;
        let versions = text(&hello, "versions").ok_or("it does not say who it is")?;
        Ok(Self { versions, input, output, _process: process })
    }

    pub(crate) async fn run(&mut self, who: Who, work: Work, link: Link, meter: &mut Meter) -> Result<Done> {
        let way = if who == Who::AlchemySession { "session" } else { "rows" };
        let Some(ask) = ask(who, work, meter.times()) else { return Ok(Done::NotMeant) };
        let link = if link == Link::Near { "near" } else { "far" };
        let line = format!("{{\"link\": \"{link}\", \"way\": \"{}\", \"times\": {}, {ask}}}\n", way, meter.times());
        let wire = match meter.purpose() {
            Purpose::Wire(counts) => Some((counts.clone(), counts.statements(), counts.round_trips())),
            Purpose::Time | Purpose::Allocations => None,
        };
        self.input.write_all(line.as_bytes()).await?;
        let answer = self.output.next_line().await?.ok_or("the process has ended")?;
        if let Some(error) = text(&answer, "error") {
            return Err(error.into());
        }
        let figure = |name| number(&answer, name).ok_or_else(|| format!("it does not say its {name}"));
        let mut cost = Cost { wall: figure("wall")?, cpu: figure("cpu")?, ..Cost::default() };
        cost.memory.peak = figure("peak")? as u64;
        if let Some((counts, statements, round_trips)) = wire {
            let setup = figure("setup")? as u64;
            cost.statements = counts.statements() - statements - setup;
            cost.round_trips = counts.round_trips() - round_trips - setup;
        }
        meter.set(cost);
        Ok(Done::Measured)
    }
}

/// The work, as the process reads it; nothing where a way has no line of its own.
fn ask(who: Who, work: Work, times: u32) -> Option<String> {
    let rows_alone = who == Who::Alchemy;
    let said = match work {
        Work::Select(rows) => format!(r#""work": "select", "rows": {rows}"#),
        Work::Join(rows) => format!(r#""work": "join", "rows": {rows}"#),
        Work::Insert { keys: false, .. } if !rows_alone => return None,
        Work::Insert { rows, keys } => format!(r#""work": "insert", "rows": {rows}, "keys": {keys}"#),
        Work::Find => r#""work": "find""#.to_owned(),
        Work::Update if rows_alone => r#""work": "update""#.to_owned(),
        Work::Delete if rows_alone => format!(r#""work": "delete", "first": {}"#, keys::some(times)),
        Work::Upsert(rows) if rows_alone => format!(r#""work": "upsert", "rows": {rows}"#),
        Work::Stream(rows) if rows_alone => format!(r#""work": "stream", "rows": {rows}"#),
        Work::Throughput { tasks, pool, finds } if rows_alone => {
            format!(r#""work": "throughput", "rows": {finds}, "tasks": {tasks}, "pool": {pool}"#)
        }
        _ if rows_alone => return None,
        Work::Load { parents } => format!(r#""work": "load", "rows": {}"#, parents * 100),
        Work::Graph { tops, middles, leaves } => {
            let rows = tops * (1 + middles * (1 + leaves));
            format!(r#""work": "graph", "rows": {rows}, "tops": {tops}, "middles": {middles}, "leaves": {leaves}"#)
        }
        Work::Change { loaded, changed } => format!(r#""work": "change", "rows": {loaded}, "changed": {changed}"#),
        Work::Remove(rows) => format!(r#""work": "remove", "rows": {rows}"#),
        Work::Unchanged(rows) => format!(r#""work": "unchanged", "rows": {rows}"#),
        Work::Identity => r#""work": "identity""#.to_owned(),
        Work::Tracked(rows) => format!(r#""work": "tracked", "rows": {rows}"#),
        _ => return None,
    };
    Some(said)
}

/// A Python that has the packages: they are installed into a folder of `target` if they are not there.
async fn python() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/sqlalchemy");
    let python = folder.join("bin/python");
    if has_packages(&python).await {
        return Ok(python);
    }
    if has_packages(Path::new("python3")).await {
        return Ok("python3".into());
    }
    let venv = Command::new("python3").args(["-m", "venv"]).arg(&folder).output().await;
    if !venv.map_err(|_| "Python is missing")?.status.success() {
        return Err("Python cannot make an environment".into());
    }
    let install = Command::new(&python).args(["-m", "pip", "install", "-q"]).args(PACKAGES).output().await?;
    if !install.status.success() || !has_packages(&python).await {
        return Err("SQLAlchemy and psycopg cannot be installed".into());
    }
    Ok(python)
}

async fn has_packages(python: &Path) -> bool {
    let tried = Command::new(python).args(["-c", "import sqlalchemy, psycopg"]).output().await;
    tried.is_ok_and(|output| output.status.success())
}

/// The number of this name in a line of JSON, which is flat.
fn number(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!("\"{name}\": "))?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

/// The text of this name; what is escaped in it stays so.
fn text(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{name}\": \""))?;
    rest.rsplit_once('"').map(|(text, _)| text.to_owned())
}
