//! The temporary folder of a server, and random names.

use std::{
    env,
    fs::{self, Metadata},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, chown},
    path::{Path, PathBuf},
};

use crate::{
    account::{Account, command},
    error::{Context, Result},
};

/// Memory that a database needs at most, in KiB: below that a disk is the safer place.
const MIN_MEMORY_KIB: u64 = 1024 * 1024;

/// The shortest limit for the path of a socket, that of macOS.
const MAX_SOCKET_PATH: usize = 103;

/// A folder that only the user of the server can enter, for data, socket and log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Creates a folder of a new name where databases are fast and sockets work.
    pub(crate) fn create(account: &Account) -> Result<Self> {
        let name = format!("orm-sandbox-{}", random_hex(6)?);
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for base in bases(account) {
            let path = base.join(&name);
            match make_private(&path, account.server) {
                Ok(()) => return Ok(Self(path)),
                Err(error) => failure = error,
            }
        }
        Err(failure).context("cannot create a temporary folder")
    }

    /// Names a folder that another process created.
    pub(crate) fn existing(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Tells whether the server accepts connections: line 8 of the lock file is its state.
    pub(crate) fn is_ready(&self) -> bool {
        fs::read_to_string(self.data().join("postmaster.pid"))
            .is_ok_and(|pid| pid.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
    }

    /// Tells whether a server that was ready has not ended since.
    pub(crate) fn is_up(&self) -> bool {
        self.is_ready() && !self.has_ended()
    }

    /// Tells whether the server has ended, or never came up.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.join("ended").exists()
    }

    /// Removes the folder of a server whose supervisor is gone.
    ///
    /// A server that still runs there ends by itself: it looks for its lock file every minute.
    pub(crate) fn remove(&self) {
        // Files may appear while the rest is being removed.
        for _ in 0..3 {
            if fs::remove_dir_all(&self.0).is_ok() {
                break;
            }
        }
    }
}

/// Creates a folder of mode 0700 that must not exist yet.
pub(crate) fn make_private(path: &Path, owner: Option<(u32, u32)>) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)?;
    match owner {
        Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// Tells whether `path` is a folder itself that belongs to `uid` and that nobody else can change.
pub(crate) fn is_own(path: &Path, uid: u32) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| is_private(&meta) && meta.uid() == uid)
}

/// Tells whether nobody but the owner of a folder can change it.
pub(crate) fn is_private(meta: &Metadata) -> bool {
    meta.is_dir() && meta.mode() & 0o022 == 0
}

/// Returns `bytes` random bytes as hexadecimal digits.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut buffer))
        .context("cannot read `/dev/urandom`")?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns the temporary folder of this user, if the user of the server can tidy up there.
pub(crate) fn temporary_base(account: &Account) -> PathBuf {
    Some(env::temp_dir())
        .filter(|base| base.is_absolute() && account.can_write(base))
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

fn bases(account: &Account) -> impl Iterator<Item = PathBuf> {
    let memory = Some(PathBuf::from("/dev/shm"))
        .filter(|path| account.can_write(path) && free_kib(path).is_some_and(|kib| kib > MIN_MEMORY_KIB));
    let temporary = Some(temporary_base(account)).filter(|base| fits_socket(base));
    memory.into_iter().chain(temporary).chain([PathBuf::from("/tmp")])
}

fn fits_socket(base: &Path) -> bool {
    let suffix = "/orm-sandbox-0123456789ab/.s.PGSQL.65535";
    base.as_os_str().len() + suffix.len() <= MAX_SOCKET_PATH
}

fn free_kib(path: &Path) -> Option<u64> {
    let output = command("df").arg("-Pk").arg(path).output().ok()?;
    parse_free(&String::from_utf8_lossy(&output.stdout))
}

/// Reads the column "Available" of `df -Pk`.
fn parse_free(df: &str) -> Option<u64> {
    df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_from_df() {
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                  tmpfs         24683656   12  24683644       1% /dev/shm\n";
        assert_eq!(parse_free(df), Some(24_683_644));
        assert_eq!(parse_free("df: /dev/shm: No such file or directory"), None);
    }

    #[test]
    fn long_temporary_folders_are_not_used_for_sockets() {
        assert!(fits_socket(Path::new("/tmp")));
        assert!(fits_socket(&PathBuf::from("/".to_owned() + &"x".repeat(62))));
        assert!(!fits_socket(&PathBuf::from("/".to_owned() + &"x".repeat(63))));
    }

    #[test]
    fn random_names_differ() {
        assert_eq!(random_hex(16).unwrap().len(), 32);
        assert_ne!(random_hex(16).unwrap(), random_hex(16).unwrap());
    }
}
