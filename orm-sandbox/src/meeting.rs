//! The folder where processes that share a server meet.
//!
//! It holds a file for each server that can be joined, named like the folder of
//! the server. Whoever reads or writes them has locked the folder. It belongs
//! to the user of the server, whose supervisor removes it in the end.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{
    account::Account,
    error::{Context, Error, ErrorKind, Result},
    folder::{Folder, is_own, is_private, make_private},
    server::Access,
};

/// A file that keeps supervisors from removing the folder while it is in use.
const OCCUPIED: &str = "occupied";

/// A meeting folder that this process has locked.
#[derive(Debug)]
pub(crate) struct Meeting {
    path: PathBuf,
    owner: u32,
    /// The folder itself. Closing it unlocks it.
    _lock: File,
}

impl Meeting {
    /// Creates the folder if there is none, and waits for the lock.
    pub(crate) fn enter(path: &Path, account: &Account) -> Result<Self> {
        let owner = account.server_uid();
        loop {
            ensure_own(path, account)?;
            let entered = lock(path).and_then(|lock| occupy(path, &lock).map(|()| lock));
            match entered {
                Ok(lock) => {
                    return Ok(Self { path: path.to_owned(), owner, _lock: lock });
                }
                // It was removed, and perhaps created anew, while we waited.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(error).context(format_args!("cannot lock `{}`", path.display()));
                }
            }
        }
    }

    /// Returns the servers that could be joined when they were registered.
    pub(crate) fn servers(&self) -> Vec<(Folder, Access)> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries.filter_map(|entry| self.read(&entry.path())).collect()
    }

    pub(crate) fn register(&self, folder: &Folder, access: &Access) -> Result<()> {
        let mut text = format!("{}\n", folder.path().display());
        if let Access::Tcp { port, password } = access {
            text.push_str(&format!("{port}\n{password}\n"));
        }
        // A new file, because root must not write to what another user may have linked there.
        File::create_new(self.entry(folder))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .context("cannot register a shared server")
    }

    pub(crate) fn unregister(&self, folder: &Folder) {
        let _ = fs::remove_file(self.entry(folder));
    }

    fn entry(&self, folder: &Folder) -> PathBuf {
        self.path.join(folder.path().file_name().unwrap_or_default())
    }

    /// Reads what `register` wrote, if it names a folder that could be of a server of ours.
    fn read(&self, entry: &Path) -> Option<(Folder, Access)> {
        let text = fs::read_to_string(entry).ok()?;
        let mut lines = text.lines();
        let folder = Path::new(lines.next()?);
        let access = match (lines.next(), lines.next()) {
            (Some(port), Some(password)) => Access::Tcp { port: port.parse().ok()?, password: password.to_owned() },
            _ => Access::Socket,
        };
        let is_same = folder.is_absolute() && folder.file_name() == entry.file_name();
        if !is_same || (folder.exists() && !is_own(folder, self.owner)) {
            return None;
        }
        Some((Folder::existing(folder), access))
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path.join(OCCUPIED));
        // Fails while a server is registered.
        let _ = fs::remove_dir(&self.path);
    }
}

/// Makes sure that the folder is ours: whoever owns it decides which server we talk to.
fn ensure_own(path: &Path, account: &Account) -> Result<()> {
    match make_private(path, account.server) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(error).context(format_args!("cannot create `{}`", path.display()));
        }
        _ => {}
    }
    // One look, because others may remove or create it at any time. Root gives the folder away
    // only after it has created it.
    let is_ours = |meta: &Metadata| is_private(meta) && [account.uid, account.server_uid()].contains(&meta.uid());
    match fs::symlink_metadata(path) {
        Ok(meta) if !is_ours(&meta) => {}
        _ => return Ok(()),
    }
    Err(Error::new(
        ErrorKind::Io,
        format!("`{}` is not ours; remove it, or set TMPDIR to another folder", path.display()),
    ))
}

fn lock(path: &Path) -> io::Result<File> {
    let folder = File::open(path)?;
    folder.lock()?;
    Ok(folder)
}

/// Marks the folder at `path` as used, and checks that it is the one that is locked.
fn occupy(path: &Path, lock: &File) -> io::Result<()> {
    match File::create_new(path.join(OCCUPIED)) {
        // A process that was killed has left it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => drop(result?),
    }
    let (locked, there) = (lock.metadata()?, fs::metadata(path)?);
    if (locked.dev(), locked.ino()) != (there.dev(), there.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{env, os::unix::fs::symlink};

    use super::*;

    fn unused_path() -> PathBuf {
        env::temp_dir().join(format!("orm-sandbox-meeting-{}", crate::folder::random_hex(6).unwrap()))
    }

    #[test]
    fn registered_servers_are_read_back_and_the_folder_goes_with_the_last() {
        let account = Account::current().unwrap();
        let (path, server) = (unused_path(), Folder::create(&account).unwrap());
        let access = Access::Tcp { port: 7, password: "word".to_owned() };
        Meeting::enter(&path, &account).unwrap().register(&server, &access).unwrap();
        assert!(path.exists());

        let meeting = Meeting::enter(&path, &account).unwrap();
        assert_eq!(meeting.servers(), [(server.clone(), access)]);
        meeting.unregister(&server);
        assert!(meeting.servers().is_empty());
        drop(meeting);
        assert!(!path.exists());
        server.remove();
    }

    #[test]
    fn a_folder_that_is_not_ours_is_refused() {
        let account = Account::current().unwrap();
        let path = unused_path();
        let other = Account { uid: account.uid + 1, server: Some((account.server_uid() + 1, 0)) };
        make_private(&path, account.server).unwrap();
        let error = Meeting::enter(&path, &other).unwrap_err();
        assert!(error.to_string().contains("is not ours"), "{error}");
        fs::remove_dir(&path).unwrap();

        // A link of ours may lead to a folder of somebody else later.
        symlink("/tmp", &path).unwrap();
        assert_eq!(Meeting::enter(&path, &account).unwrap_err().kind(), ErrorKind::Io);
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn entries_that_lead_elsewhere_are_ignored() {
        let account = Account::current().unwrap();
        let path = unused_path();
        let meeting = Meeting::enter(&path, &account).unwrap();
        fs::write(path.join("orm-sandbox-x"), "/etc\n").unwrap();
        fs::write(path.join("etc"), "/etc\n").unwrap();
        let servers = meeting.servers();
        fs::remove_file(path.join("orm-sandbox-x")).unwrap();
        fs::remove_file(path.join("etc")).unwrap();
        assert!(servers.is_empty());
    }
}
