//! What the unit of work costs, beside the same work by hand on the bare driver.
//!
//! `cargo run --release -p unit-of-work` starts a private PostgreSQL, measures, and writes `RESULTS-unit-of-work.md` into the
//! folder in which it is run. With a number as its argument it does that many rounds, otherwise 15.

mod measure;
mod report;
mod work;

pub(crate) use common::Result;
use common::memory::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(15), |text| text.parse())?;
    let bench = work::Bench::open().await?;
    let pairs = bench.pairs(rounds).await?;
    let memory = bench.memory().await?;
    let text = report::write(&pairs, &memory, &bench.server().await?);
    print!("{text}");
    std::fs::write("RESULTS-unit-of-work.md", text)?;
    Ok(())
}
