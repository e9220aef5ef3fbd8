//! What was to be reached, beside what was.
//!
//! A ratio is met if the lower bound of its interval is within the limit.

use std::fmt::Write;

use crate::Who;
use crate::meter::{Cost, Median};
use crate::report::{Table, thousands, time};
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
    let mut out = String::from("| work | at most | reached (95 %) | |\n|---|---|---|---|\n");
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
        row(&mut out, table, Who::OursSession, "3 round trips", &trips.to_string(), trips <= 3);
    }
    if let Some(table) = find(Work::Unchanged(10_000)) {
        unchanged(table, &mut out);
    }
    if let Some(table) = find(Work::Stream(1_000_000)) {
        let peak = table.line(Who::Ours).map_or(0, |line| line.memory.peak);
        row(&mut out, table, Who::Ours, "a flat peak", &format!("{} bytes", thousands(peak as usize)), peak < 1 << 20);
    }
    for table in tables.iter().filter(|table| table.row.link == Link::Near) {
        alchemy(table, Who::Ours, Who::Alchemy, &mut out);
        alchemy(table, Who::OursSession, Who::AlchemySession, &mut out);
    }
    out
}

fn row(out: &mut String, table: &Table, who: Who, limit: &str, reached: &str, is_met: bool) {
    let verdict = if is_met { "met" } else { "**missed**" };
    let _ = writeln!(out, "| {}: {} | {limit} | {reached} | {verdict} |", who.name(), table.row.title());
}

fn ratio(table: &Table, who: Who, wall: f64, cpu: Option<f64>, out: &mut String) {
    let Some(line) = table.line(who) else { return };
    let sides: [(&str, Option<f64>, fn(&Cost) -> f64); 2] =
        [("wall", Some(wall), |cost| cost.wall), ("CPU", cpu, |cost| cost.cpu)];
    let (mut limits, mut reached, mut misses) = (Vec::new(), Vec::new(), Vec::new());
    for (name, limit, of) in sides {
        let (Some(limit), Some(Median { low, middle, high })) = (limit, table.ratio(line, of)) else { continue };
        limits.push(format!("{limit:.2}"));
        reached.push(format!("{middle:.2} ({low:.2} to {high:.2})"));
        if low > limit {
            misses.push(format!("{name} by {:.2}", middle - limit));
        }
    }
    let verdict = if misses.is_empty() { "met".to_owned() } else { format!("**missed**: {}", misses.join(", ")) };
    let (limits, reached) = (limits.join(" / "), reached.join(" / "));
    let _ = writeln!(out, "| {}: {} | {limits} | {reached} | {verdict} |", who.name(), table.row.title());
}

fn bookkeeping(table: &Table, rows: usize, out: &mut String) {
    let Some(line) = table.line(Who::OursSession) else { return };
    let bytes = (line.memory.kept as f64 - crate::ours::item_bytes(rows) as f64) / rows as f64;
    row(out, table, Who::OursSession, "64 bytes of bookkeeping an object", &format!("{bytes:.1}"), bytes <= 64.0);
}

fn copy(table: &Table, out: &mut String) {
    let (Some(line), Some(copy)) = (table.line(Who::Ours), table.line(Who::RawCopy)) else { return };
    let Median { low, middle, high } = Table::between(line, copy, |cost| cost.wall);
    let reached = format!("{middle:.2} ({low:.2} to {high:.2})");
    row(out, table, Who::Ours, "1.50 of raw COPY", &reached, low <= 1.5);
}

fn ahead(table: &Table, who: Who, out: &mut String) {
    let Some(line) = table.line(who) else { return };
    let mut faster = Vec::new();
    let mut nearest: Option<(Who, f64)> = None;
    for peer in PEERS {
        let Some(other) = table.line(peer) else { continue };
        let ratio = Table::between(line, other, |cost| cost.wall);
        if nearest.is_none_or(|(_, most)| ratio.middle > most) {
            nearest = Some((peer, ratio.middle));
        }
        if ratio.low >= 1.0 {
            faster.push(peer.name());
        }
    }
    let Some((peer, most)) = nearest else { return };
    let mut reached = format!("{most:.2} of {}", peer.name());
    if !faster.is_empty() {
        let _ = write!(reached, "; faster: {}", faster.join(", "));
    }
    row(out, table, who, "ahead of every peer", &reached, faster.is_empty());
}

fn unchanged(table: &Table, out: &mut String) {
    let Some(line) = table.line(Who::OursSession) else { return };
    let wall = table.median(line, |cost| cost.wall);
    let statements = line.wire.map_or(0, |wire| wire.statements);
    let reached = format!("{statements} statements, {}", time(wall));
    row(out, table, Who::OursSession, "no statement, 1 ms", &reached, statements == 0 && wall < 1e-3);
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
    row(out, table, ours.who, limit, &reached, cpu.high >= 10.0 && (!is_busy || wall.high >= 5.0));
}
