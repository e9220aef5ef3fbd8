//! Runs of cargo, with the processor time of everything that they start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::Result;
use crate::project::{NAME, Project};

/// What a run took.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Cost {
    /// User and system time of cargo, rustc, linkers and build scripts.
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

/// Cargo with a target folder of its own.
#[derive(Debug, Clone)]
pub(crate) struct Cargo {
    pub(crate) target: PathBuf,
    /// Seconds of processor time after which a compiler is stopped.
    pub(crate) limit: u64,
}

/// What became of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ran {
    Done(Cost),
    /// The compiler was stopped at the limit.
    Stopped,
}

impl Cargo {
    fn command(&self, project: &Path, args: &[&str]) -> Command {
        // The shell's `ulimit` stops a compiler that would go on for hours; each process has the limit for itself.
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -t \"$0\" && exec \"$@\"", &self.limit.to_string(), "cargo"])
            .args(args)
            .current_dir(project)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never");
        // What the surrounding cargo sets for this program is not for those that it measures.
        for name in ["CARGO_INCREMENTAL", "RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_ENCODED_RUSTFLAGS"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs cargo and gives what it wrote.
    pub(crate) fn output(&self, project: &Path, args: &[&str], env: &[(&str, &str)]) -> Result<Vec<u8>> {
        let output = self.command(project, args).envs(env.iter().copied()).output()?;
        if output.status.success() { Ok(output.stdout) } else { Err(complaint(project, args, &output).into()) }
    }

    /// Runs cargo and measures it.
    pub(crate) fn run(&self, project: &Path, args: &[&str]) -> Result<Ran> {
        let (cpu, start) = (children()?, Instant::now());
        let output = self.command(project, args).output()?;
        let cost = Cost { wall: start.elapsed().as_secs_f64(), cpu: (children()? - cpu).as_secs_f64() };
        if output.status.success() {
            return Ok(Ran::Done(cost));
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        if errors.contains("SIGXCPU") || errors.contains("signal: 9") {
            return Ok(Ran::Stopped);
        }
        Err(complaint(project, args, &output).into())
    }

    /// Forgets what was compiled of the measured crates, but nothing of their dependencies.
    pub(crate) fn forget(&self) -> Result<()> {
        for folder in ["incremental", ".fingerprint"] {
            let folder = self.target.join("debug").join(folder);
            if !folder.exists() {
                continue;
            }
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.starts_with(&format!("{NAME}-")) {
                    fs::remove_dir_all(path)?;
                }
            }
        }
        Ok(())
    }

    /// `cargo check` of the crate alone, from nothing.
    pub(crate) fn check(&self, project: &Project) -> Result<Ran> {
        self.forget()?;
        self.check_again(project)
    }

    /// `cargo check` with what was compiled before.
    pub(crate) fn check_again(&self, project: &Project) -> Result<Ran> {
        self.run(&project.dir, &["check", "--offline", "--quiet"])
    }
}

fn complaint(project: &Path, args: &[&str], output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors: String =
        errors.lines().skip_while(|line| !line.starts_with("error")).take(60).collect::<Vec<_>>().join("\n");
    format!("cargo {} in {} failed: {errors}", args.join(" "), project.display())
}

/// The processor time of the processes that were started and have ended.
fn children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}
