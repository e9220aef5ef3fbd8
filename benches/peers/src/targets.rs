//! What was to be reached, beside what was.
//!
//! A ratio is met if its median is within the limit, and missed if its whole interval is beyond it; between them it is open.

use std::fmt::Write;

use common::figures::{Median, thousands};

use crate::meter::Cost;
use crate::peer::Who;
use crate::report::{State, Table, interval, time};
use crate::work::{Link, Work};

const PEERS: [Who; 7] =
    [Who::Diesel, Who::DieselAsync, Who::Sqlx, Who::SeaOrm, Who::Toasty, Who::Alchemy, Who::AlchemySession];

/// Ratios to the bare driver: who, the work, and at most how much wall and CPU time.
const RATIOS: &[(Who, Work, f64, Option<f64>)] = &[
    (Who::Ours, Work::Select(1), 1.03, Some(1.10)),
    (Who::Ours, Work::Select(10), 1.03, Some(1.10)),
    (Who::Ours, Work::Select(100), 1.03, Some(1.10)),
    (Who::Ours, Work::Select(1_000), 1.00, Some(0.97)),
    (Who::Ours, Work::Select(10_000), 1.00, Some(0.97)),
    (Who::OursSession, Work::Tracked(10_000), 1.25, Some(1.50)),
    (Who::Ours, Work::Insert { rows: 1, keys: false }, 1.03, Some(1.05)),
    (Who::Ours, Work::Insert { rows: 1, keys: true }, 1.03, Some(1.05)),
    (Who::Ours, Work::Insert { rows: 10, keys: false }, 0.97, Some(0.85)),
    (Who::Ours, Work::Insert { rows: 10, keys: true }, 0.97, Some(0.85)),
    (Who::Ours, Work::Insert { rows: 25, keys: false }, 0.97, Some(0.85)),
    (Who::Ours, Work::Insert { rows: 25, keys: true }, 0.97, Some(0.85)),
    (Who::Ours, Work::Insert { rows: 50, keys: false }, 0.97, Some(0.85)),
    (Who::Ours, Work::Insert { rows: 50, keys: true }, 0.97, Some(0.85)),
    (Who::Ours, Work::Insert { rows: 100, keys: false }, 0.97, Some(0.85)),
    (Who::Ours, Work::Insert { rows: 100, keys: true }, 0.97, Some(0.85)),
    (Who::OursSession, Work::Change { loaded: 10_000, changed: 10_000 }, 1.30, None),
    (Who::Ours, Work::Load { parents: 100 }, 1.00, Some(1.10)),
    (Who::Ours, Work::Stream(1_000_000), 1.05, None),
];

/// The tables of the targets that the given rows decide.
pub(crate) fn text(tables: &[Table]) -> String {
    let mut out = String::from(
        "A target is met if the median is within it, missed if the whole interval is beyond it, and open between them.\n\n\
         | work | target | reached (95 %) | |\n|---|---|---|---|\n",
    );
    let find = |work: Work| tables.iter().find(|table| table.row.work == work && table.row.link == Link::Near);
    for &(who, work, wall, cpu) in RATIOS {
        if let Some(table) = find(work) {
            ratio(table, who, wall, cpu, &mut out);
        }
    }
    if let Some(table) = find(Work::Tracked(10_000)) {
        bookkeeping(table, 10_000, &mut out);
    }
    for rows in [10_000, 100_000] {
        if let Some(table) = find(Work::Insert { rows, keys: true }) {
            copy(table, &mut out);
            ahead(table, Who::Ours, &mut out);
        }
    }
    if let Some(table) = find(Work::Graph { tops: 1, middles: 100, leaves: 0 }) {
        ahead(table, Who::OursSession, &mut out);
        let trips = table.line(Who::OursSession).and_then(|line| line.wire).map_or(0, |wire| wire.round_trips);
        row(&mut out, table, Who::OursSession, "3 round trips", &trips.to_string(), Verdict::of(trips <= 3));
    }
    if let Some(table) = find(Work::Unchanged(10_000)) {
        unchanged(table, &mut out);
    }
    if let Some(table) = find(Work::Stream(1_000_000)) {
        let peak = table.line(Who::Ours).map_or(0, |line| line.memory.peak);
        row(
            &mut out,
            table,
            Who::Ours,
            "a flat peak",
            &format!("{} bytes", thousands(peak as usize)),
            Verdict::of(peak < 1 << 20),
        );
    }
    for table in tables.iter().filter(|table| table.row.link == Link::Near) {
        alchemy(table, Who::Ours, Who::Alchemy, &mut out);
        alchemy(table, Who::OursSession, Who::AlchemySession, &mut out);
    }
    for table in tables {
        for line in &table.lines {
            if let (Who::Raw | Who::Ours | Who::OursSession | Who::OursCopy, State::Failed(_)) = (line.who, &line.state)
            {
                row(&mut out, table, line.who, "done", "failed", Verdict::Missed);
            }
        }
    }
    out
}

/// What became of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Met,
    /// The median is beyond the limit, but not its whole interval.
    Open,
    Missed,
}

impl Verdict {
    fn of(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::Missed }
    }

    /// Of what is to be at most so much.
    fn at_most(limit: f64, it: Median) -> Self {
        match it {
            Median { middle, .. } if middle <= limit => Self::Met,
            Median { low, .. } if low <= limit => Self::Open,
            _ => Self::Missed,
        }
    }

    /// Of what is to be at least so much.
    fn at_least(limit: f64, it: Median) -> Self {
        Self::at_most(-limit, Median { low: -it.high, middle: -it.middle, high: -it.low })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Open => "open",
            Self::Missed => "**missed**",
        }
    }
}

fn row(out: &mut String, table: &Table, who: Who, limit: &str, reached: &str, verdict: Verdict) {
    let _ = writeln!(out, "| {}: {} | {limit} | {reached} | {} |", who.name(), table.row.title(), verdict.name());
}

fn ratio(table: &Table, who: Who, wall: f64, cpu: Option<f64>, out: &mut String) {
    let Some(line) = table.line(who) else { return };
    let sides: [(&str, Option<f64>, fn(&Cost) -> f64); 2] =
        [("wall", Some(wall), |cost| cost.wall), ("CPU", cpu, |cost| cost.cpu)];
    let (mut limits, mut reached, mut verdict) = (Vec::new(), Vec::new(), Verdict::Met);
    for (name, limit, of) in sides {
        let (Some(limit), Some(it)) = (limit, table.ratio(line, of)) else { continue };
        limits.push(format!("{name} {limit:.2}"));
        reached.push(interval(it));
        verdict = verdict.max(Verdict::at_most(limit, it));
    }
    row(out, table, who, &limits.join(" / "), &reached.join(" / "), verdict);
}

fn bookkeeping(table: &Table, rows: usize, out: &mut String) {
    let Some(line) = table.line(Who::OursSession) else { return };
    let bytes = (line.memory.live as f64 - crate::ours::item_bytes(rows) as f64) / rows as f64;
    row(
        out,
        table,
        Who::OursSession,
        "64 bytes of bookkeeping an object",
        &format!("{bytes:.1}"),
        Verdict::of(bytes <= 64.0),
    );
}

fn copy(table: &Table, out: &mut String) {
    let (Some(line), Some(copy)) = (table.line(Who::Ours), table.line(Who::RawCopy)) else { return };
    let it = Table::between(line, copy, |cost| cost.wall);
    row(out, table, Who::Ours, "1.50 of raw COPY", &interval(it), Verdict::at_most(1.5, it));
}

fn ahead(table: &Table, who: Who, out: &mut String) {
    let Some(line) = table.line(who) else { return };
    let ratios = PEERS.into_iter().filter_map(|peer| {
        let other = table.line(peer)?;
        Some((peer, Table::between(line, other, |cost| cost.wall)))
    });
    let Some((peer, it)) = ratios.max_by(|(_, one), (_, other)| one.middle.total_cmp(&other.middle)) else { return };
    let reached = format!("{} of {}", interval(it), peer.name());
    row(out, table, who, "ahead of every peer", &reached, Verdict::at_most(1.0, it));
}

fn unchanged(table: &Table, out: &mut String) {
    let Some(line) = table.line(Who::OursSession) else { return };
    let wall = table.median(line, |cost| cost.wall);
    let statements = line.wire.map_or(0, |wire| wire.statements);
    let reached = format!("{statements} statements, {}", time(wall));
    row(out, table, Who::OursSession, "no statement, 1 ms", &reached, Verdict::of(statements == 0 && wall < 1e-3));
}

/// The factors by which SQLAlchemy takes longer for the same.
fn alchemy(table: &Table, ours: Who, theirs: Who, out: &mut String) {
    let (Some(ours), Some(theirs)) = (table.line(ours), table.line(theirs)) else { return };
    let cpu = Table::between(theirs, ours, |cost| cost.cpu);
    let wall = Table::between(theirs, ours, |cost| cost.wall);
    let is_busy = 2.0 * table.median(theirs, |cost| cost.cpu) >= table.median(theirs, |cost| cost.wall);
    let factor = |it: Median| format!("{:.1} ({:.1} to {:.1})", it.middle, it.low, it.high);
    let limit = if is_busy { "SQLAlchemy ÷ 5 / ÷ 10" } else { "SQLAlchemy, CPU ÷ 10" };
    let reached = format!("÷ {} / ÷ {}", factor(wall), factor(cpu));
    let mut verdict = Verdict::at_least(10.0, cpu);
    if is_busy {
        verdict = verdict.max(Verdict::at_least(5.0, wall));
    }
    row(out, table, ours.who, limit, &reached, verdict);
}
