//! Runs a path under callgrind.

use std::process::Command;

use crate::Result;

/// The version of valgrind, if it is there.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// How many instructions a path takes.
pub(crate) fn count(path: &str) -> Result<u64> {
    let file = std::env::temp_dir().join(format!("orm-guard-{}-{path}", std::process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=orm_guard::counted*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .arg(path)
        // What is in the environment lies in the program's memory.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()?;
    let text = std::fs::read_to_string(&file);
    let _ = std::fs::remove_file(&file);
    let totals = text.ok().and_then(|text| totals(&text)).filter(|&totals| output.status.success() && totals > 0);
    totals.ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("callgrind has not counted `{path}` ({}):\n{said}", output.status).into()
    })
}

fn totals(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("totals: "))?.trim().parse().ok()
}
