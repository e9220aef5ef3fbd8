//! The figures as a table, and where they were taken.

use std::fmt::Write;
use std::process::Command;

use crate::measure::Cost;

pub(crate) fn write(costs: &[Cost], sql: &str) -> String {
    let mut out = String::from(
        "# Results: queries before they are sent\n\n\
         Written by `cargo run --release -p queries` in this folder. Each figure is of batches of 200: the fastest batch is \
         what the work costs where nothing disturbs it, the median is what it costs on this machine at that time.\n\n",
    );
    let _ = writeln!(out, "- date: {}", shell("date", &["-u", "+%Y-%m-%d"]));
    let _ = writeln!(out, "- machine: {}", machine());
    let _ = writeln!(out, "- compiler: {}\n", shell("rustc", &["--version"]));
    let _ = writeln!(out, "The typical query:\n\n```sql\n{sql}\n```\n");
    out.push_str("| work | ns, fastest | ns, median | allocations |\n|---|--:|--:|--:|\n");
    for Cost { name, best, median, allocations } in costs {
        let _ = writeln!(out, "| {name} | {best:.0} | {median:.0} | {allocations} |");
    }
    out
}

fn shell(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{}, {cores} cores, shared with other work", model.trim_start_matches([' ', '\t', ':']))
}
