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
        let baseline = self.line(Who::Raw)?;
        Some(Median::of(line.costs.iter().zip(&baseline.costs).map(|(cost, base)| of(cost) / of(base)).collect()))
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

    fn write_line(&self, line: &Line, out: &mut String) {
        let median = |of: fn(&Cost) -> f64| Median::of(line.costs.iter().map(of).collect()).middle;
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
            time(median(wall)),
            ratio(self.ratio(line, wall)),
            time(median(cpu)),
            ratio(self.ratio(line, cpu)),
        );
    }
}

/// Seconds, as one reads them.
fn time(seconds: f64) -> String {
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

/// All of it.
pub(crate) fn write(tables: &[Table], server: &str, command: &str) -> String {
    let mut out = String::from("# Results: beside the bare driver and the peers\n\n");
    let _ = writeln!(out, "- command: `{command}`, in this folder");
    let _ = writeln!(out, "- date: {}", shell("date", &["-u", "+%Y-%m-%d"]));
    let _ = writeln!(out, "- machine: {}", machine());
    let _ = writeln!(out, "- server: {server}, on the same machine, over TCP on the loopback interface");
    let _ = writeln!(out, "- compiler: {}\n", shell("rustc", &["--version"]));
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
