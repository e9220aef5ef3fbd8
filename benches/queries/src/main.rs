//! What a query costs before it is sent: building it, making its text, finding its prepared statement.
//!
//! `cargo run --release -p queries` starts a private PostgreSQL, measures, and writes `RESULTS-queries.md` into the folder
//! in which it is run. With a number as its argument it takes that many batches of each, otherwise 2,000.

mod found;
mod measure;
mod report;
#[path = "../../../orm-guard/src/shop.rs"]
mod shop;
mod work;

pub(crate) use common::Result;
use common::memory::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let batches = std::env::args().nth(1).map_or(Ok(2_000), |text| text.parse())?;
    let mut costs = work::costs(batches)?;
    costs.extend(found::costs(batches).await?);
    let text = report::write(&costs, &work::sql());
    print!("{text}");
    std::fs::write("RESULTS-queries.md", text)?;
    Ok(())
}
