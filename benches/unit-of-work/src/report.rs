//! The figures as tables, and where they were taken.

use std::fmt::Write;
use std::process::Command;

use crate::measure::{Cost, quantile};

/// The same work by the ORM and by hand, round by round.
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) ours: Vec<Cost>,
    pub(crate) bare: Vec<Cost>,
}

impl Pair {
    pub(crate) fn new(name: impl Into<String>, rows: usize) -> Self {
        Self { name: name.into(), rows, ours: Vec::new(), bare: Vec::new() }
    }

    fn line(&self) -> String {
        let wall = |costs: &[Cost]| costs.iter().map(|cost| cost.wall.as_secs_f64() * 1e3).collect::<Vec<f64>>();
        let cpu = |costs: &[Cost]| costs.iter().map(|cost| cost.cpu.as_secs_f64() * 1e3).collect::<Vec<f64>>();
        let ratios = |ours: Vec<f64>, bare: Vec<f64>| ours.iter().zip(bare).map(|(a, b)| a / b).collect::<Vec<f64>>();
        let ours = wall(&self.ours);
        let median = quantile(&ours, 0.5);
        let each = median * 1e3 / self.rows as f64;
        let mut line = format!("| {} | {} | {median:.2} | {each:.2} |", self.name, thousands(self.rows));
        if self.bare.is_empty() {
            line.push_str(" | | |");
            return line;
        }
        let walls = ratios(ours, wall(&self.bare));
        let cpus = ratios(cpu(&self.ours), cpu(&self.bare));
        let _ = write!(
            line,
            " {:.2} | {:.2} ({:.2} to {:.2}) | {:.2} |",
            quantile(&wall(&self.bare), 0.5),
            quantile(&walls, 0.5),
            quantile(&walls, 0.25),
            quantile(&walls, 0.75),
            quantile(&cpus, 0.5),
        );
        line
    }
}

/// The bytes that a session keeps for an object beside the object itself.
pub(crate) struct Memory {
    pub(crate) rows: usize,
    pub(crate) object: usize,
    pub(crate) each: f64,
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

pub(crate) fn write(pairs: &[Pair], memory: &[Memory], server: &str) -> String {
    let mut out = String::from(
        "# Results: the unit of work\n\n\
         Written by `cargo run --release -p unit-of-work` in this folder. Each round does the work by the ORM and then by hand, \
         on `tokio-postgres` with prepared statements and one array a column; the ratios are those of the rounds: their \
         median, and the quartiles in parentheses. CPU is that of the client.\n\n",
    );
    let _ = writeln!(out, "- date: {}", shell("date", &["-u", "+%Y-%m-%d"]));
    let _ = writeln!(out, "- machine: {}", machine());
    let _ = writeln!(out, "- server: {server}, on the same machine, over a Unix socket or loopback");
    let _ = writeln!(out, "- compiler: {}\n", shell("rustc", &["--version"]));
    out.push_str("| work | rows | ms | µs a row | by hand, ms | ratio | CPU ratio |\n|---|--:|--:|--:|--:|--:|--:|\n");
    for pair in pairs {
        out.push_str(&pair.line());
        out.push('\n');
    }
    out.push_str("\nBytes that a session keeps for a clean object, beside the object:\n\n");
    out.push_str("| objects | bytes of the object | bytes beside it |\n|--:|--:|--:|\n");
    for row in memory {
        let _ = writeln!(out, "| {} | {} | {:.1} |", thousands(row.rows), row.object, row.each);
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
    format!(
        "{}, {cores} cores, {} GB, shared with other work",
        model.trim_start_matches([' ', '\t', ':']),
        kilobytes >> 20
    )
}
