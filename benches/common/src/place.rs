//! Where and when figures were taken, as the head of a report says it.

use std::fmt::Write;
use std::process::Command;

/// Asks a server who it is, and how it was set.
pub const SERVER: &str = "SELECT format('PostgreSQL %s, fsync %s, synchronous_commit %s, autovacuum %s, shared_buffers %s', \
                          current_setting('server_version'), current_setting('fsync'), \
                          current_setting('synchronous_commit'), current_setting('autovacuum'), \
                          current_setting('shared_buffers'))";

/// A list of the date, the machine, the compiler, and what else there is to say.
#[must_use]
pub fn list(other: &[(&str, &str)]) -> String {
    let known = [
        ("date", shell("date", &["-u", "+%Y-%m-%d"])),
        ("machine", machine()),
        ("compiler", shell("rustc", &["--version"])),
    ];
    let mut out = String::new();
    for (name, value) in known.iter().map(|(name, value)| (*name, value.as_str())).chain(other.iter().copied()) {
        let _ = writeln!(out, "- {name}: {value}");
    }
    out
}

/// What a program prints; nothing if it cannot be run.
#[must_use]
pub fn shell(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    // Of the machine, where this process may have fewer.
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    format!("{model}, {cores} cores, {} GB, shared with other work", kilobytes >> 20)
}
