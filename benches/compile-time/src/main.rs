//! What the compiler takes for crates of models and queries, ours and of the peers.
//!
//! `cargo run --release -p compile-time` writes crates into `target/compile-time`, runs cargo there, and writes
//! `RESULTS-compile-time.md` into this workspace. `--only ours,diesel --models 50 --joins 22 --runs 1` takes a part, and
//! `--without builds` leaves out what builds dependencies anew.

mod cargo;
mod measure;
mod options;
mod peer;
mod project;
mod report;

use std::path::Path;

pub(crate) use common::Result;
use measure::Bench;
use options::Options;

fn main() -> Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let mut bench = Bench::new(&benches, options)?;
    let results = benches.join(bench.options.results());
    bench.run(|bench| Ok(std::fs::write(&results, report::write(&bench.options, &bench.figures))?))?;
    print!("{}", std::fs::read_to_string(results)?);
    Ok(())
}
