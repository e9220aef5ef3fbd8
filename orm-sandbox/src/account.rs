//! Who we are, and as whom the server runs.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, Metadata},
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

use crate::error::{Context, Error, ErrorKind, Result};

const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// The user of this process, and the user that the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    /// The user of this process.
    pub(crate) uid: u32,
    /// User and group of the server, where they differ: PostgreSQL refuses to run as root.
    pub(crate) server: Option<(u32, u32)>,
}

impl Account {
    pub(crate) fn current() -> Result<Self> {
        let output = command("id").arg("-u").output().context("cannot run `id`")?;
        let uid = String::from_utf8_lossy(&output.stdout).trim().parse::<u32>();
        let uid = uid.map_err(|_| Error::new(ErrorKind::Io, "`id -u` printed no number"))?;
        let server = if uid == 0 { Some(unprivileged()?) } else { None };
        Ok(Self { uid, server })
    }

    /// The user that the server runs as.
    pub(crate) fn server_uid(&self) -> u32 {
        self.server.map_or(self.uid, |(uid, _)| uid)
    }

    /// Returns a command that runs as the user of the server, in `folder`.
    pub(crate) fn server_command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = command(program);
        command.current_dir(folder);
        if let Some((uid, gid)) = self.server {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Tells whether the user of the server may enter `folder`, as far as it exists.
    pub(crate) fn can_enter(&self, folder: &Path) -> bool {
        folder.ancestors().filter_map(|path| fs::metadata(path).ok()).all(|meta| self.has(&meta, 1))
    }

    /// Tells whether the user of the server may create and remove folders in `folder`.
    pub(crate) fn can_write(&self, folder: &Path) -> bool {
        self.can_enter(folder) && fs::metadata(folder).is_ok_and(|meta| self.has(&meta, 2))
    }

    /// Tells whether the user of the server has a right; who we are ourselves is not looked at.
    fn has(&self, meta: &Metadata, right: u32) -> bool {
        let Some((uid, gid)) = self.server else {
            return true;
        };
        let shift = match meta {
            _ if meta.uid() == uid => 6,
            _ if meta.gid() == gid => 3,
            _ => 0,
        };
        meta.mode() >> shift & right != 0
    }
}

/// Returns a command that sees neither our input nor variables of PostgreSQL's clients and server.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    command.env("PATH", path()).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

/// Returns our `PATH`, followed by the folders of the standard tools.
fn path() -> OsString {
    let mut path = env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_default();
    if !path.is_empty() {
        path.push(":");
    }
    path.push(SYSTEM_PATH);
    path
}

fn unprivileged() -> Result<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read `/etc/passwd`")?;
    find_user(&passwd, "postgres").or_else(|| find_user(&passwd, "nobody")).ok_or_else(|| {
        Error::new(
            ErrorKind::Unsupported,
            "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`",
        )
    })
}

fn find_user(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_in_the_password_file() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:8::/:\npostgres:x:101:104:a,b:/v:/bin/sh\n";
        assert_eq!(find_user(passwd, "postgres"), Some((101, 104)));
        assert_eq!(find_user(passwd, "nobody"), None);
    }

    #[test]
    fn a_private_home_cannot_be_entered_by_the_server() {
        let account = Account { uid: 0, server: Some((u32::MAX - 1, u32::MAX - 1)) };
        assert!(account.can_enter(Path::new("/tmp/does-not-exist-yet")));
        let folder = crate::folder::Folder::create(&Account::current().unwrap()).unwrap();
        assert!(!account.can_enter(folder.path()));
        assert!(account.can_write(Path::new("/tmp")));
        assert!(!account.can_write(Path::new("/usr")));
        fs::remove_dir(folder.path()).unwrap();
    }
}
