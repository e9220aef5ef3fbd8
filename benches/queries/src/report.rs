//! The figures as a table, and where they were taken.

use std::fmt::Write;

use common::place;

use crate::measure::Cost;

/// What follows from the figures.
const CONCLUSION: &str = "\n\
    The row `shape` stands for a cache of whole texts: of a query whose shape is known it would have to walk the \
    tree all the same, hash it, compare it (an unequal one with the same hash would be another statement) and find \
    its text, before it collects the values. That is a bound which it cannot go below, and what it could save is \
    less than a fiftieth of a round trip on one machine. So texts are written anew, except for the list of a model's \
    columns, and statements are found again where that saves a round trip: the prepared ones, by their text.\n";

pub(crate) fn write(costs: &[Cost], sql: &str) -> String {
    let mut out = String::from(
        "# Results: queries before they are sent\n\n\
         Written by `cargo run --release -p queries` in this folder. Each figure is of batches of 200: the fastest batch is \
         what the work costs where nothing disturbs it, the median is what it costs on this machine at that time.\n\n",
    );
    let _ = writeln!(out, "{}\nThe typical query:\n\n```sql\n{sql}\n```\n", place::list(&[]));
    out.push_str("| work | ns, fastest | ns, median | allocations |\n|---|--:|--:|--:|\n");
    for Cost { name, best, median, allocations } in costs {
        let _ = writeln!(out, "| {name} | {best:.0} | {median:.0} | {allocations} |");
    }
    out.push_str(CONCLUSION);
    out
}
