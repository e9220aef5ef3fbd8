//! The figures as tables, and where they were taken.

use std::fmt::Write;

use common::figures::{quantile, thousands};
use common::place;

use crate::measure::Cost;

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

pub(crate) fn write(pairs: &[Pair], memory: &[Memory], server: &str) -> String {
    let mut out = String::from(
        "# Results: the unit of work\n\n\
         Written by `cargo run --release -p unit-of-work` in this folder. Each round does the work by the ORM and then by hand, \
         on `tokio-postgres` with prepared statements and one array a column; the ratios are those of the rounds: their \
         median, and the quartiles in parentheses. CPU is that of the client.\n\n",
    );
    let server = format!("{server}, on the same machine, over a Unix socket or loopback");
    let _ = writeln!(out, "{}", place::list(&[("server", &server)]));
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
