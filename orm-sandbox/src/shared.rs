//! One server for all processes of a user that ask for the same.
//!
//! Users of the server hold the FIFO `alive` in its folder open for writing;
//! the supervisor reads it, and stops the server some time after its end.

use std::{
    collections::hash_map::DefaultHasher,
    fs::{self, File},
    hash::{Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::{
    account::{Account, command},
    binaries::Binaries,
    config::Config,
    error::{Context, Error, ErrorKind, Result},
    folder::{Folder, temporary_base},
    launch::{Fifo, Launch, Sharing},
    meeting::Meeting,
    server::{Access, Server},
};

/// `O_NONBLOCK`, which the standard library does not name.
const NONBLOCK: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 0o4000 } else { 4 };

/// The servers that this process uses already.
static JOINED: Mutex<Vec<(PathBuf, Weak<Server>)>> = Mutex::new(Vec::new());

/// Joins the server for `config`, or launches it.
pub(crate) fn join_or_launch(config: &Config, binaries: &Binaries, account: &Account) -> Result<Arc<Server>> {
    let path = meeting_path(config, binaries, account);
    let mut joined = JOINED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = joined.iter().find(|(at, _)| *at == path).and_then(|(_, server)| server.upgrade());
    if let Some(server) = known.filter(|server| server.folder.is_up()) {
        return Ok(server);
    }
    let server = Arc::new(meet(&path, config, binaries, account)?);
    joined.retain(|(at, server)| *at != path && server.strong_count() > 0);
    joined.push((path, Arc::downgrade(&server)));
    Ok(server)
}

fn meeting_path(config: &Config, binaries: &Binaries, account: &Account) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    (config, &binaries.folder, &binaries.version, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
    let name = format!("orm-sandbox-shared-{}-{:016x}", account.uid, hasher.finish());
    temporary_base(account).join(name)
}

fn meet(path: &Path, config: &Config, binaries: &Binaries, account: &Account) -> Result<Server> {
    let meeting = Meeting::enter(path, account)?;
    for (folder, access) in meeting.servers() {
        match join(&folder, &access, binaries) {
            Some(server) => return Ok(server),
            None => meeting.unregister(&folder),
        }
    }
    let sharing = Sharing { meeting: path, make_fifo };
    let launch = Launch { config, binaries, account, sharing: Some(sharing) };
    let server = launch.run()?;
    meeting.register(&server.folder, &server.access)?;
    Ok(server)
}

/// Joins a server that may be lingering, dead, or going away.
fn join(folder: &Folder, access: &Access, binaries: &Binaries) -> Option<Server> {
    let path = folder.path().join("alive");
    let mut alive = match File::options().write(true).custom_flags(NONBLOCK).open(&path) {
        Ok(alive) => alive,
        Err(error) => {
            // No such file: the supervisor is at its end and removes the folder itself.
            // Otherwise nobody reads the FIFO: the supervisor was killed.
            if error.kind() != io::ErrorKind::NotFound {
                folder.remove();
            }
            return None;
        }
    };
    // The supervisor removes the FIFO and then looks for lines. We write a line and then
    // look for the FIFO, so that it sees us or we see that it is going away.
    alive.write_all(b"+\n").ok()?;
    let is_open = fs::metadata(&path).ok()?.ino() == alive.metadata().ok()?.ino();
    (is_open && folder.is_up()).then(|| Server::joined(binaries.clone(), folder.clone(), access.clone(), alive))
}

fn make_fifo(folder: &Folder) -> Result<Fifo> {
    let path = folder.path().join("alive");
    let status = command("mkfifo").args(["-m", "600"]).arg(&path).status();
    if !status.context("cannot run `mkfifo`")?.success() {
        return Err(Error::new(ErrorKind::Io, format!("cannot make a FIFO: `{}`", path.display())));
    }
    open_fifo(&path).context("cannot open a FIFO")
}

/// Opens both ends. Opening one end alone waits for the other, opening both at once does not.
fn open_fifo(path: &Path) -> io::Result<Fifo> {
    let _both = File::options().read(true).write(true).open(path)?;
    let reader = File::open(path)?;
    let writer = File::options().write(true).open(path)?;
    Ok(Fifo { reader, writer })
}
