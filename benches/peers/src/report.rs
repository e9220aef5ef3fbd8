//! The figures as tables.

use std::fmt::Write;
use std::process::Command;

use crate::Who;
use crate::meter::{Cost, Median};
use crate::work::{GROUPS, Row};

/// What one way took in all rounds of a row.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) who: Who,
    pub(crate) costs: Vec<Cost>,
    /// Of a run by itself, in which allocations were counted.
    pub(crate) memory: Cost,
    /// Of a run by itself, through the proxy.
    pub(crate) wire: Option<Cost>,
    /// Why it is not there.
    pub(crate) left_out: Option<String>,
}

/// A row and those who took part.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) row: Row,
    pub(crate) lines: Vec<Line>,
}

impl Table {
    pub(crate) fn line(&self, who: Who) -> Option<&Line> {
        self.lines.iter().find(|line| line.who == who && line.left_out.is_none())
    }

    /// The ratios to the baseline, taken within each round.
    pub(crate) fn ratio(&self, line: &Line, of: impl Fn(&Cost) -> f64) -> Option<Median> {
        self.line(Who::Raw).map(|baseline| Self::between(line, baseline, of))
    }

    /// The ratios of one to another, taken within each round.
    pub(crate) fn between(line: &Line, other: &Line, of: impl Fn(&Cost) -> f64) -> Median {
        Median::of(line.costs.iter().zip(&other.costs).map(|(cost, base)| of(cost) / of(base)).collect())
    }

    /// The table as Markdown.
    pub(crate) fn text(&self) -> String {
        let rounds = self.lines.iter().map(|line| line.costs.len()).max().unwrap_or_default();
        let mut out = format!("#### {}\n\n{rounds} rounds", self.row.title());
        if self.row.times > 1 {
            let _ = write!(out, " of {}", thousands(self.row.times as usize));
        }
        out.push_str(
            "\n\n| | wall | wall ratio (95 %) | CPU | CPU ratio (95 %) | allocations | allocated | peak | statements | \
             round trips |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for line in self.lines.iter().filter(|line| line.left_out.is_none()) {
            self.write_line(line, &mut out);
        }
        for line in &self.lines {
            if let Some(reason) = &line.left_out {
                let _ = write!(out, "\n{}: left out, {reason}.\n", line.who.name());
            }
        }
        out
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

    fn write_line(&self, line: &Line, out: &mut String) {
        let ratio = |median: Option<Median>| {
            median.map_or("".to_owned(), |it| format!("{:.2} ({:.2} to {:.2})", it.middle, it.low, it.high))
        };
        let (wall, cpu) = (|cost: &Cost| cost.wall, |cost: &Cost| cost.cpu);
        let memory = if line.who.is_counted() {
            let Cost { allocations, bytes, peak, .. } = line.memory;
            format!("{} | {} | {}", thousands(allocations as usize), size(bytes), size(peak))
        } else {
            format!("n/a | n/a | {}", if line.memory.peak > 0 { size(line.memory.peak) } else { "n/a".to_owned() })
        };
        let wire = line.wire.map_or(" | ".to_owned(), |it| {
            format!("{} | {}", thousands(it.statements as usize), thousands(it.round_trips as usize))
        });
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {memory} | {wire} |",
            line.who.name(),
            time(self.median(line, wall)),
            ratio(self.ratio(line, wall)),
            time(self.median(line, cpu)),
            ratio(self.ratio(line, cpu)),
        );
    }
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

pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Where the figures were taken.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) command: &'a str,
    pub(crate) server: &'a str,
    pub(crate) python: &'a str,
}

const METHOD: &str = "\
Everyone does the same work in the same process, on one connection of one thread, and takes turns: a round is once everyone, \
in an order that changes. A ratio is one to the bare driver (`tokio-postgres` with prepared statements, rows decoded as they \
arrive, rows inserted by several rows of `VALUES`) in the same round; the tables have the median of the rounds, and between \
which ratios it lies with a probability of 95 % (by order statistics; of five rounds, the least and the greatest). CPU is the \
time of all threads of the client; the server is another process. Allocations are those of Rust in a run of their own, \
which is not timed; those of libpq (Diesel) and Python are not among them. Statements and round trips are counted by a \
proxy in another run: a statement is an `Execute` or `Query` message, a round trip is what a client sends after an answer. \
What is prepared once for a connection is not counted.\n\n\
SQLAlchemy is a process of its own that takes its turns, measures itself, and has the proxy too. Each peer does the work as \
its documentation recommends, the faster way where it has two: the head of each file in `peers/src` says how. `orm-core` is \
an engine (plain values), `orm-core, session` a session (tracked objects). Where one has no line it has no second way to do \
that work; where it cannot do it, that is said.\n";

/// All of it.
pub(crate) fn write(tables: &[Table], place: &Place<'_>) -> String {
    let mut out = String::from("# Results: beside the bare driver and the peers\n\n");
    let _ = writeln!(out, "- command: `{}`, in this folder", place.command);
    let _ = writeln!(out, "- date: {}", shell("date", &["-u", "+%Y-%m-%d"]));
    let _ = writeln!(out, "- machine: {}", machine());
    let _ = writeln!(out, "- server: {}, on the same machine, over TCP on the loopback interface", place.server);
    let _ = writeln!(out, "- compiler: {}", shell("rustc", &["--version"]));
    let _ = writeln!(out, "- versions: {}, {}\n", versions(), place.python);
    let _ = writeln!(out, "{METHOD}\n## Targets\n\n{}", crate::targets::text(tables));
    let _ = writeln!(out, "## Summary\n\n{}\n## Rows\n", summary(tables));
    for (group, name) in GROUPS {
        let mut of_group = tables.iter().filter(|table| table.row.group == *group).peekable();
        if of_group.peek().is_some() {
            let _ = writeln!(out, "### {name}\n");
        }
        for table in of_group {
            let _ = writeln!(out, "{}", table.text());
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
            let cell = table.line(who).map_or(String::new(), |line| table.cell(line));
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
    out
}

/// The versions of those who take part, from the lock file.
fn versions() -> String {
    let lock = include_str!("../../Cargo.lock");
    let names = ["tokio-postgres", "diesel", "diesel-async", "sqlx", "sea-orm", "toasty"];
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next().map(|version| format!("{name} {version}"))
    };
    names.into_iter().filter_map(version).collect::<Vec<_>>().join(", ")
}

fn shell(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    format!("{model}, {cores} cores, {} GB, shared with other work", kilobytes >> 20)
}
