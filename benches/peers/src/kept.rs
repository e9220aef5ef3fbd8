//! What was measured, row by row in a file, so that a run which was interrupted can go on.
//!
//! A line of the file is one competitor in one row, its fields separated by tabs; the first line says of what run it is.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use common::memory::Memory;

use crate::Result;
use crate::meter::Cost;
use crate::peer::Who;
use crate::report::{Line, State, Table};
use crate::work::Row;

/// The file.
pub(crate) struct Kept {
    path: PathBuf,
    tables: Vec<Table>,
}

impl Kept {
    /// Begins anew, or goes on with what is there of the same run.
    pub(crate) fn open(path: PathBuf, run: &str, resumes: bool, rows: &[Row]) -> Result<Self> {
        let mut tables = Vec::new();
        if resumes {
            let text = fs::read_to_string(&path).map_err(|error| format!("nothing to resume: {error}"))?;
            let mut lines = text.lines();
            let known = lines.next().unwrap_or_default();
            if known != run {
                return Err(format!("what was kept is of another run: `{known}`, and this is `{run}`").into());
            }
            for line in lines {
                read(line, rows, &mut tables).ok_or_else(|| format!("`{line}` cannot be read"))?;
            }
        } else {
            fs::write(&path, format!("{run}\n"))?;
        }
        Ok(Self { path, tables })
    }

    /// What is known of a row.
    pub(crate) fn take(&mut self, row: &Row) -> Option<Table> {
        let place = self.tables.iter().position(|table| table.row.title() == row.title())?;
        Some(self.tables.swap_remove(place))
    }

    pub(crate) fn add(&self, table: &Table) -> Result<()> {
        let mut text = String::new();
        for line in &table.lines {
            write(table, line, &mut text);
        }
        Ok(fs::OpenOptions::new().append(true).open(&self.path)?.write_all(text.as_bytes())?)
    }
}

fn write(table: &Table, line: &Line, out: &mut String) {
    let (state, reason) = match &line.state {
        State::Measured => ("measured", ""),
        State::LeftOut(reason) => ("left out", reason.as_str()),
        State::Failed(reason) => ("failed", reason.as_str()),
    };
    let Memory { allocations, bytes, peak, live } = line.memory;
    let _ = write!(out, "{}\t{}\t{state}\t{reason}", table.row.title(), line.who.name());
    let _ = write!(out, "\t{allocations}\t{bytes}\t{peak}\t{live}");
    let _ = match line.wire {
        Some(wire) => write!(out, "\t{}\t{}\t", wire.statements, wire.round_trips),
        None => write!(out, "\t\t\t"),
    };
    let costs: Vec<String> = line.costs.iter().map(|cost| format!("{} {}", cost.wall, cost.cpu)).collect();
    let _ = writeln!(out, "{}", costs.join(","));
}

fn read(line: &str, rows: &[Row], tables: &mut Vec<Table>) -> Option<()> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [title, who, state, reason, allocations, bytes, peak, live, statements, round_trips, costs] = fields[..] else {
        return None;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let state = match state {
        "measured" => State::Measured,
        "left out" => State::LeftOut(reason.to_owned()),
        "failed" => State::Failed(reason.to_owned()),
        _ => return None,
    };
    let memory =
        Memory { allocations: number(allocations)?, bytes: number(bytes)?, peak: number(peak)?, live: number(live)? };
    let wire = match (number(statements), number(round_trips)) {
        (Some(statements), Some(round_trips)) => Some(Cost { statements, round_trips, ..Cost::default() }),
        _ => None,
    };
    let cost = |text: &str| {
        let (wall, cpu) = text.split_once(' ')?;
        Some(Cost { wall: wall.parse().ok()?, cpu: cpu.parse().ok()?, ..Cost::default() })
    };
    let costs = costs.split(',').filter(|text| !text.is_empty()).map(cost).collect::<Option<Vec<Cost>>>()?;
    let who = Who::ALL.into_iter().find(|known| known.name() == who)?;
    let line = Line { who, costs, memory, wire, state };
    match tables.iter_mut().find(|table| table.row.title() == title) {
        Some(table) => table.lines.push(line),
        None => {
            let row = *rows.iter().find(|row| row.title() == title)?;
            tables.push(Table { row, lines: vec![line] });
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_by_the_same_run_only() -> Result<()> {
        let rows = crate::work::rows();
        let row = *rows.first().ok_or("there are no rows")?;
        let memory = Memory { allocations: 1, bytes: 2, peak: 3, live: 4 };
        let wire = Some(Cost { statements: 5, round_trips: 6, ..Cost::default() });
        let costs = vec![Cost { wall: 0.1, cpu: 1e-9, ..Cost::default() }; 2];
        let line = |who, state| Line { who, costs: costs.clone(), memory, wire, state };
        let failed = State::Failed("why".to_owned());
        let lines = vec![line(Who::Raw, State::Measured), line(Who::Diesel, failed)];
        let path = std::env::temp_dir().join(format!("peers-{}.tsv", std::process::id()));
        Kept::open(path.clone(), "a run", false, &rows)?.add(&Table { row, lines })?;
        let mut kept = Kept::open(path.clone(), "a run", true, &rows)?;
        let other = Kept::open(path.clone(), "another run", true, &rows);
        fs::remove_file(path)?;
        assert!(other.is_err());
        let found = kept.take(&row).ok_or("the row is not there")?;
        assert!(kept.take(&row).is_none());
        let [raw, diesel] = &found.lines[..] else { return Err("two lines were kept".into()) };
        assert_eq!((raw.who, &raw.state), (Who::Raw, &State::Measured));
        assert_eq!((diesel.who, &diesel.state), (Who::Diesel, &State::Failed("why".to_owned())));
        assert_eq!(format!("{:?}", raw.costs), format!("{costs:?}"));
        assert_eq!(format!("{:?} {:?}", raw.memory, raw.wire), format!("{memory:?} {wire:?}"));
        Ok(())
    }
}
