//! Processes that own sandboxes, and questions about what they leave behind.
//!
//! A test that needs another process runs its own test binary again, where the
//! test `child` does what the environment says.

#![allow(dead_code, reason = "each test binary uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test fails where its tools fail")]
#![allow(clippy::print_stdout, reason = "a child reports to its parent")]

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use orm_sandbox::Sandbox;
use postgres::{Client, NoTls};

const WISH: &str = "SANDBOX_TEST_WISH";
const MARK: &str = "SANDBOX_TEST_MARK";

/// What a test binary does when it is run as a child. Call it in a test named `child`.
pub(crate) fn child() {
    let Ok(wish) = env::var(WISH) else { return };
    let mut builder = Sandbox::builder();
    if let Ok(mark) = env::var(MARK) {
        builder = builder.setting("sandbox.mark", mark);
    }
    let started = if wish == "shared" { builder.shared() } else { builder.start() };
    let sandbox = match started {
        Ok(sandbox) => sandbox,
        Err(error) => {
            let text = error.to_string().replace('\n', " / ");
            println!("\nerror {:?}: {text}", error.kind());
            return;
        }
    };
    let database = sandbox.database().unwrap();
    println!("\nowns {} {}", sandbox.dir().display(), database.url());
    io::stdin().read_exact(&mut [0]).unwrap_or_default();
    match wish.as_str() {
        "panic" => panic!("as wished"),
        "exit" => std::process::exit(0),
        _ => {}
    }
}

/// A process that owns a sandbox.
pub(crate) struct Owner {
    process: Child,
    _stdout: BufReader<ChildStdout>,
    pub(crate) dir: PathBuf,
    pub(crate) url: String,
    pub(crate) server: u32,
}

impl Owner {
    pub(crate) fn spawn(wish: &str) -> Self {
        Self::spawn_with(wish, &[])
    }

    /// Starts an owner that shares a server with owners of the same mark.
    pub(crate) fn shared(mark: &str) -> Self {
        Self::spawn_with("shared", &[(MARK, mark)])
    }

    pub(crate) fn spawn_with(wish: &str, variables: &[(&str, &str)]) -> Self {
        Self::try_spawn(wish, variables).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts an owner, or returns the line in which it reports an error.
    pub(crate) fn try_spawn(wish: &str, variables: &[(&str, &str)]) -> Result<Self, String> {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(WISH, wish)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let line = report(&mut stdout);
        let Some(owned) = line.strip_prefix("owns ") else {
            process.wait().unwrap();
            return Err(line);
        };
        let (dir, url) = owned.split_once(' ').unwrap();
        let dir = PathBuf::from(dir);
        Ok(Self { process, _stdout: stdout, url: url.to_owned(), server: server_pid(&dir), dir })
    }

    /// Sends a signal to the owner alone.
    pub(crate) fn signal(mut self, name: &str) {
        signal(name, self.process.id());
        self.process.wait().unwrap();
    }

    /// Lets the owner go on, and waits for its end.
    pub(crate) fn finish(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Reads the number of the server process from its lock file.
pub(crate) fn server_pid(dir: &Path) -> u32 {
    let text = fs::read_to_string(dir.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

/// Returns the supervisor of a server: the leader of its process group.
pub(crate) fn supervisor_pid(server: u32) -> u32 {
    let pid = server.to_string();
    let output = Command::new("ps").args(["-o", "pgid=", "-p", &pid]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Returns the parent of a server: a shell of the supervisor.
pub(crate) fn parent_pid(server: u32) -> u32 {
    let pid = server.to_string();
    let output = Command::new("ps").args(["-o", "ppid=", "-p", &pid]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

pub(crate) fn signal(name: &str, pid: u32) -> bool {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
    status.unwrap().success()
}

pub(crate) fn is_alive(pid: u32) -> bool {
    signal("0", pid)
}

/// Waits until server and folder have gone.
#[track_caller]
pub(crate) fn assert_gone(dir: &Path, server: u32) {
    assert!(wait_until(|| !dir.exists() && !is_alive(server)), "{} remains", dir.display());
}

/// Waits up to 20 seconds, which a busy machine may need.
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Returns a mark that no other test uses.
pub(crate) fn unique_mark(test: &str) -> String {
    format!("{test}-{}", std::process::id())
}

/// Connects with the synchronous client.
pub(crate) fn connect(url: &str) -> Client {
    Client::connect(url, NoTls).unwrap()
}

/// Returns the first column of the only row.
pub(crate) fn ask(url: &str, sql: &str) -> String {
    connect(url).query_one(sql, &[]).unwrap().get(0)
}

fn report(stdout: &mut impl BufRead) -> String {
    for line in stdout.lines() {
        let line = line.unwrap();
        if line.starts_with("owns ") || line.starts_with("error ") {
            return line;
        }
    }
    panic!("the child reported nothing");
}
