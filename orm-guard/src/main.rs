//! The guard: how many instructions the hot paths take that need no server, counted by callgrind.
//!
//! `cargo run --profile guard -p orm-guard` counts them and compares them with those in `orm-guard/instructions.txt`;
//! with `ORM_BLESS=1` it writes the file anew. Each path is counted in a process of its own, in which it was gone once
//! before: what a program does once is not what it costs.

mod kept;
mod paths;
mod rows;
mod shop;
mod valgrind;

use std::error::Error as StdError;
use std::process::ExitCode;

use paths::PATHS;

/// Whatever goes wrong.
pub(crate) type Result<T, E = Box<dyn StdError + Send + Sync>> = std::result::Result<T, E>;

fn main() -> Result<ExitCode> {
    match std::env::args().nth(1) {
        Some(name) => go(&name).map(|()| ExitCode::SUCCESS),
        None => guard(),
    }
}

/// Counts all paths.
fn guard() -> Result<ExitCode> {
    let Some(version) = valgrind::version() else {
        eprintln!(
            "SKIPPED: no instruction was counted, because `valgrind` is not there (Debian and Ubuntu: `apt-get install valgrind`)"
        );
        return Ok(ExitCode::SUCCESS);
    };
    let counts = PATHS.iter().map(|path| Ok((path.name, valgrind::count(path.name)?))).collect::<Result<Vec<_>>>()?;
    kept::compare(&counts, &version)
}

/// Goes a path twice, the second time within [`counted`].
fn go(name: &str) -> Result<()> {
    let path = PATHS.iter().find(|path| path.name == name).ok_or_else(|| format!("there is no path `{name}`"))?;
    (path.prepare)()?()?;
    let mut work = (path.prepare)()?;
    counted(&mut *work)
}

/// What callgrind counts: it looks for this name.
#[inline(never)]
fn counted(work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    work()
}
