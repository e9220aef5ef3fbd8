//! The figures as tables.

use std::fmt::Write;

use common::figures::{Median, thousands};
use common::memory::Memory;
use common::place;

use crate::meter::Cost;
use crate::peer::Who;
use crate::work::{GROUPS, Row};

/// Whether there are figures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    Measured,
    /// It cannot do that, for this reason.
    LeftOut(String),
    Failed(String),
}

/// What one way took in all rounds of a row.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) who: Who,
    pub(crate) costs: Vec<Cost>,
    /// Of a run by itself, in which allocations were counted.
    pub(crate) memory: Memory,
    /// Of a run by itself, through the proxy.
    pub(crate) wire: Option<Cost>,
    pub(crate) state: State,
}

/// A row and those who took part.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) row: Row,
    pub(crate) lines: Vec<Line>,
}

impl Table {
    pub(crate) fn line(&self, who: Who) -> Option<&Line> {
        self.lines.iter().find(|line| line.who == who && line.state == State::Measured)
    }

    /// The ratios to the baseline, taken within each round.
    pub(crate) fn ratio(&self, line: &Line, of: impl Fn(&Cost) -> f64) -> Option<Median> {
        self.line(Who::Raw).map(|baseline| Self::between(line, baseline, of))
    }

    /// The ratios of one to another, taken within each round.
    pub(crate) fn between(line: &Line, other: &Line, of: impl Fn(&Cost) -> f64) -> Median {
        Median::of(line.costs.iter().zip(&other.costs).map(|(cost, base)| of(cost) / of(base)).collect())
    }

    /// How one compares, in short.
    fn cell(&self, line: &Line) -> String {
        let (wall, cpu) = (|cost: &Cost| cost.wall, |cost: &Cost| cost.cpu);
        match (self.ratio(line, wall), self.ratio(line, cpu)) {
            (Some(wall), Some(cpu)) if line.who != Who::Raw => format!("{:.2} / {:.2}", wall.middle, cpu.middle),
            _ => time(self.median(line, wall)),
        }
    }

    pub(crate) fn median(&self, line: &Line, of: impl Fn(&Cost) -> f64) -> f64 {
        Median::of(line.costs.iter().map(of).collect()).middle
    }

    /// A line for each who took part, of which the first names the work.
    fn write(&self, out: &mut String) {
        let rounds = self.lines.iter().map(|line| line.costs.len()).max().unwrap_or_default();
        let times = thousands(self.row.times as usize);
        let times = if self.row.times > 1 { format!(" of {times}") } else { String::new() };
        let mut title = format!("{} ({rounds} rounds{times})", self.row.title());
        for line in &self.lines {
            match &line.state {
                State::Measured => self.write_line(&title, line, out),
                State::LeftOut(_) => continue,
                State::Failed(reason) => {
                    let _ = writeln!(out, "| {title} | {} | failed: {reason} | | | | | | | | |", line.who.name());
                }
            }
            title.clear();
        }
    }

    fn write_line(&self, title: &str, line: &Line, out: &mut String) {
        let ratio = |median: Option<Median>| median.map_or("".to_owned(), interval);
        let (wall, cpu) = (|cost: &Cost| cost.wall, |cost: &Cost| cost.cpu);
        let Memory { allocations, bytes, peak, .. } = line.memory;
        let memory = if line.who.is_counted() {
            format!("{} | {} | {}", thousands(allocations as usize), size(bytes), size(peak))
        } else {
            format!("n/a | n/a | {}", if peak > 0 { size(peak) } else { "n/a".to_owned() })
        };
        let wire = line.wire.map_or(" | ".to_owned(), |it| {
            format!("{} | {}", thousands(it.statements as usize), thousands(it.round_trips as usize))
        });
        let _ = writeln!(
            out,
            "| {title} | {} | {} | {} | {} | {} | {memory} | {wire} |",
            line.who.name(),
            time(self.median(line, wall)),
            ratio(self.ratio(line, wall)),
            time(self.median(line, cpu)),
            ratio(self.ratio(line, cpu)),
        );
    }
}

/// The rows of a group as a table, and below it who was left out and why.
pub(crate) fn rows<'a>(tables: impl IntoIterator<Item = &'a Table>) -> String {
    let mut out = String::from(
        "| work | | wall | wall ratio (95 %) | CPU | CPU ratio (95 %) | allocations | allocated | peak | statements | \
         round trips |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for table in tables {
        table.write(&mut out);
        for line in &table.lines {
            let State::LeftOut(reason) = &line.state else { continue };
            let name = line.who.name();
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => reasons.push((reason, vec![name])),
            }
        }
    }
    for (reason, names) in reasons {
        let _ = writeln!(out, "\nLeft out: {} ({reason}).", names.join(", "));
    }
    out
}

/// A median, and between which figures it lies.
pub(crate) fn interval(Median { low, middle, high }: Median) -> String {
    format!("{middle:.2} ({low:.2} to {high:.2})")
}

/// A text that stays in its cell.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "/").chars().take(200).collect()
}

/// Seconds, as one reads them.
pub(crate) fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        b if b < 10_000 => format!("{b} B"),
        b if b < 10_000_000 => format!("{:.1} kB", b as f64 / 1e3),
        b => format!("{:.1} MB", b as f64 / 1e6),
    }
}

/// Where the figures were taken.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) command: &'a str,
    pub(crate) server: &'a str,
    pub(crate) python: &'a str,
}

const METHOD: &str = "\
Everyone does the same work in the same process, on one connection of one thread, and takes turns: a round is once everyone. \
In each round another one begins, and every other round goes backwards. A ratio is one to the bare driver (`tokio-postgres` \
with prepared statements, rows decoded as they arrive, rows inserted by several rows of `VALUES`, what need not wait sent in \
one go) in the same round; the tables have the median of the rounds, and between which ratios it lies with a probability of \
95 % (by order statistics). The client has one core and the server the others, for where they would be put otherwise decides \
what a short statement costs. All is built with cargo's release profile, without link-time optimization. CPU is the time of all \
threads of the client, and of the one that works where the server is behind a proxy; the server is another process. \
Allocations are those of Rust in a run of their own, which is not timed; those of libpq (Diesel) and Python are not among \
them. Statements and round trips are counted by a proxy in another run: a statement is an `Execute` or `Query` message, a \
round trip is what a client sends after an answer. What is prepared once for a connection is not counted.\n\n\
SQLAlchemy is a process of its own that takes its turns, measures itself, and has the proxy too; its peak is that of the \
memory of its process. Each peer does the work as its documentation recommends, the faster way where it has two: the head of \
each file in `peers/src` says how. `orm-core` is an engine (plain values), `orm-core, session` a session (tracked objects). \
Where one has no line it has no second way to do that work; where it cannot do it, that is said.\n";

const OTHERS: &str = "\
Other results: [compile time](RESULTS-compile-time.md), [queries before they are sent](RESULTS-queries.md), [the unit of work \
beside the same by hand](RESULTS-unit-of-work.md).\n";

/// All of it.
pub(crate) fn write(tables: &[Table], place: &Place<'_>, limits: &str) -> String {
    let mut out = format!("# Results: beside the bare driver and the peers\n\n{OTHERS}\n");
    let _ = writeln!(out, "- command: `{}`, in this folder", place.command);
    let server = format!("{}; on the same machine, over TCP on the loopback interface", place.server);
    let versions = format!("{}, {}", versions(), place.python);
    let _ = writeln!(out, "{}", place::list(&[("server", &server), ("versions", &versions)]));
    let _ = writeln!(out, "{METHOD}\n## Targets\n\n{}", crate::targets::text(tables));
    let _ = writeln!(out, "## Where a target is missed, and why\n\n{}\n", limits.trim());
    let _ = writeln!(out, "## Summary\n\n{}\n## Rows", summary(tables));
    for (group, name) in GROUPS {
        let mut of_group = tables.iter().filter(|table| table.row.group == *group).peekable();
        if of_group.peek().is_some() {
            let _ = write!(out, "\n### {name}\n\n{}", rows(of_group));
        }
    }
    out
}

/// A line for each row: the bare driver in time, the others as ratios of wall and CPU time.
pub(crate) fn summary(tables: &[Table]) -> String {
    let names = Who::ALL.iter().skip(1).map(|who| who.name()).collect::<Vec<_>>().join(" | ");
    let mut out = format!(
        "Ratios of wall / CPU time to the bare driver; times where it has no line.\n\n| work | {} | {names} |\n|---|",
        Who::Raw.name()
    );
    out.push_str(&"--:|".repeat(Who::ALL.len()));
    out.push('\n');
    for table in tables {
        let _ = write!(out, "| {} |", table.row.title());
        for who in Who::ALL {
            let has_failed = |line: &Line| line.who == who && matches!(line.state, State::Failed(_));
            let cell = match table.line(who) {
                Some(line) => table.cell(line),
                None if table.lines.iter().any(has_failed) => "failed".to_owned(),
                None => String::new(),
            };
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
    out
}

/// The versions of those who take part, from the lock file.
pub(crate) fn versions() -> String {
    let lock = include_str!("../../Cargo.lock");
    let names =
        ["orm-core", "tokio-postgres", "deadpool-postgres", "diesel", "diesel-async", "sqlx", "sea-orm", "toasty"];
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next().map(|version| format!("{name} {version}"))
    };
    names.into_iter().filter_map(version).collect::<Vec<_>>().join(", ")
}
