//! Launching a server, and waiting until it accepts connections.
//!
//! The server is a child of a supervising shell (`supervisor.sh`), which stops
//! it and removes its folder when nobody holds the standard input of the shell
//! open any more. Nothing here may hand that end on to another program.

use std::{
    fs::{self, File},
    io::Write,
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::fchown, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    account::Account,
    binaries::Binaries,
    config::{Config, locale_options},
    error::{Context, Error, ErrorKind, Result},
    folder::{Folder, random_hex},
    server::{Access, Hold, Server},
};

const SUPERVISOR: &str = include_str!("supervisor.sh");
const START_LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(2);
/// Another program may take the free port before the server does.
const PORT_ATTEMPTS: u32 = 5;
const LOG_TAIL_LINES: usize = 20;
/// How long a shared server outlives its last user, in seconds.
const LINGER: &str = "2";

/// Everything that a launch needs to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Launch<'a> {
    pub(crate) config: &'a Config,
    pub(crate) binaries: &'a Binaries,
    pub(crate) account: &'a Account,
    /// Only for a server that other processes may join.
    pub(crate) sharing: Option<Sharing<'a>>,
}

/// What distinguishes the launch of a shared server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sharing<'a> {
    /// The folder where the server will be registered.
    pub(crate) meeting: &'a Path,
    pub(crate) make_fifo: fn(&Folder) -> Result<Fifo>,
}

/// The two ends of the FIFO of a shared server.
#[derive(Debug)]
pub(crate) struct Fifo {
    pub(crate) reader: File,
    pub(crate) writer: File,
}

impl Launch<'_> {
    /// Returns a server that is ready.
    pub(crate) fn run(&self) -> Result<Server> {
        let mut attempt = 1;
        loop {
            match self.attempt() {
                Err(error) if attempt < PORT_ATTEMPTS && is_port_taken(&error) => attempt += 1,
                result => return result,
            }
        }
    }

    fn attempt(&self) -> Result<Server> {
        let access = self.choose_access()?;
        let folder = Folder::create(self.account)?;
        let hold = self
            .write_files(&folder, &access)
            .and_then(|()| self.supervise(&folder, &access))
            .inspect_err(|_| folder.remove())?;
        let server = Server::new(self.binaries.clone(), folder, access, hold);
        wait_until_ready(&server)?;
        Ok(server)
    }

    fn choose_access(&self) -> Result<Access> {
        if !self.config.tcp {
            return Ok(Access::Socket);
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .context("cannot find a free port")?
            .port();
        Ok(Access::Tcp { port, password: random_hex(16)? })
    }

    /// Writes the files that the supervisor reads.
    fn write_files(&self, folder: &Folder, access: &Access) -> Result<()> {
        self.write_file(folder, "settings", &self.config.settings_text()?)?;
        match access {
            Access::Socket => Ok(()),
            Access::Tcp { password, .. } => self.write_file(folder, "password", &format!("{password}\n")),
        }
    }

    fn write_file(&self, folder: &Folder, name: &str, text: &str) -> Result<()> {
        let path = folder.path().join(name);
        // A new file, because root must not write to what another user may have linked there.
        let written = File::create_new(&path).and_then(|mut file| {
            if let Some((uid, gid)) = self.account.server {
                fchown(&file, Some(uid), Some(gid))?;
            }
            file.write_all(text.as_bytes())
        });
        written.context(format_args!("cannot write `{}`", path.display()))
    }

    fn supervise(&self, folder: &Folder, access: &Access) -> Result<Hold> {
        let mut command = self.supervisor(folder, access);
        let Some(sharing) = self.sharing else {
            let supervisor = command.stdin(Stdio::piped()).spawn().context("cannot run `/bin/sh`")?;
            return Ok(Hold::Private(supervisor));
        };
        let Fifo { reader, writer } = (sharing.make_fifo)(folder)?;
        let supervisor = command.stdin(reader).spawn().context("cannot run `/bin/sh`")?;
        Ok(Hold::Shared { alive: writer, supervisor: Some(supervisor) })
    }

    fn supervisor(&self, folder: &Folder, access: &Access) -> Command {
        let address = if *access == Access::Socket { "" } else { "127.0.0.1" };
        let meeting = self.sharing.map_or(Path::new(""), |sharing| sharing.meeting);
        let mut command = self.account.server_command("/bin/sh", folder.path());
        command.args(["-c", SUPERVISOR, "orm-sandbox"]);
        command.arg(folder.path()).arg(&self.binaries.folder);
        command.args([address, &access.port().to_string()]);
        command.arg(meeting).arg(LINGER);
        command.args(locale_options(self.binaries.major()));
        // Its output must not keep a pipe open that somebody reads our output from.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C reaches the group of the terminal, and so only us.
        command.process_group(0);
        command
    }
}

fn wait_until_ready(server: &Server) -> Result<()> {
    let start = Instant::now();
    while !server.folder.is_ready() {
        if server.folder.has_ended() || !server.folder.path().exists() {
            return Err(start_error(server, "PostgreSQL did not start"));
        }
        if start.elapsed() > START_LIMIT {
            return Err(start_error(server, "PostgreSQL did not become ready"));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

fn start_error(server: &Server, message: &str) -> Error {
    let log = fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
    let binaries = server.binaries.folder.display();
    Error::new(ErrorKind::Start, format!("{message}: `{binaries}`\n{}", tail(&log)))
}

fn is_port_taken(error: &Error) -> bool {
    error.kind() == ErrorKind::Start && error.to_string().contains("could not bind IPv4")
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_log_is_its_last_lines() {
        let log: String = (1..=25).map(|n| format!("line {n}\n")).collect();
        assert!(tail(&log).starts_with("line 6\n"));
        assert!(tail(&log).ends_with("line 25"));
        assert_eq!(tail(""), "");
    }
}
