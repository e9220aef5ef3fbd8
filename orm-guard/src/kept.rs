//! The figures that are kept in the repository, and how new ones are compared with them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::Result;
use crate::paths::PATHS;

/// By how much a figure may differ from the kept one, in either direction: a path that has become faster is kept anew, so
/// that it does not become slower again unseen.
const TOLERANCE: f64 = 0.03;

/// What the line begins with that names the compiler.
const BY: &str = "# by ";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

/// Shows the figures beside those that are kept, or keeps them with `ORM_BLESS=1`.
pub(crate) fn compare(counts: &[(&'static str, u64)], valgrind: &str) -> Result<ExitCode> {
    let compiler = compiler();
    if std::env::var_os("ORM_BLESS").is_some() {
        std::fs::write(file(), written(counts, &compiler, valgrind))?;
    }
    let kept = std::fs::read_to_string(file())?;
    let (mut table, mut differ) = (String::new(), Vec::new());
    for &(name, now) in counts {
        let kept = kept.lines().filter_map(|line| line.split_once(' ')).find(|(other, _)| *other == name);
        let change = match kept.and_then(|(_, kept)| kept.trim().parse::<u64>().ok()) {
            Some(kept) => now as f64 / kept as f64 - 1.0,
            None => f64::INFINITY,
        };
        writeln!(table, "{name:<24} {now:>10} {:>+8.2} %", change * 100.0)?;
        if change.abs() > TOLERANCE {
            differ.push(name);
        }
    }
    std::io::stdout().write_all(table.as_bytes())?;
    if differ.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let by = kept.lines().find_map(|line| line.strip_prefix(BY)).unwrap_or("an unknown compiler");
    if by != compiler {
        eprintln!("SKIPPED: the figures that are kept are of {by}, and those of {compiler} are others");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "these differ from {} by more than {:.0} %: {}\n\
         If that is meant, `ORM_BLESS=1 cargo run --profile guard -p orm-guard` keeps the new figures.",
        file().display(),
        TOLERANCE * 100.0,
        differ.join(", ")
    );
    Ok(ExitCode::FAILURE)
}

fn written(counts: &[(&'static str, u64)], compiler: &str, valgrind: &str) -> String {
    let mut out = String::from(
        "# Instructions of the hot paths that need no server. `cargo run --profile guard -p orm-guard` compares with them,\n\
         # `ORM_BLESS=1 cargo run --profile guard -p orm-guard` keeps new ones.\n",
    );
    let _ = writeln!(out, "{BY}{compiler}\n# counted by {valgrind}");
    for &(name, count) in counts {
        let says = PATHS.iter().find(|path| path.name == name).map_or("", |path| path.says);
        let _ = writeln!(out, "\n# {says}\n{name} {count}");
    }
    out
}

/// The compiler and what it compiles for: another one makes other instructions.
fn compiler() -> String {
    let output = Command::new("rustc").arg("-vV").output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or("an unknown machine");
    format!("{}, {host}", said.lines().next().unwrap_or("an unknown compiler"))
}
