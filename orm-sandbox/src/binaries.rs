//! Finding the PostgreSQL binaries of this machine.
//!
//! Called before a server is launched or joined. What is not found here may be
//! fetched by `cache`.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    account::{Account, command},
    cache,
    error::{Error, ErrorKind, Result},
};

const MIN_MAJOR: u32 = 14;

/// A folder that holds `initdb` and `postgres`, and their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) folder: PathBuf,
    /// As PostgreSQL prints it, such as `17.10`.
    pub(crate) version: String,
}

impl Binaries {
    /// Finds binaries in the order that the documentation of the crate gives.
    pub(crate) fn find(wanted: Option<&Path>, account: &Account) -> Result<Self> {
        if let Some(folder) = wanted {
            return Self::named("the folder given", folder, account);
        }
        if env::var_os("ORM_SANDBOX_ONLY_CACHE").is_some_and(|value| value == "1") {
            return cache::find_or_fetch(account);
        }
        if let Some(folder) = env::var_os("PG_BIN") {
            return Self::named("PG_BIN", Path::new(&folder), account);
        }
        let candidates = path_folders().chain(pg_config_folder()).chain(usual_folders());
        // An old version found first does not hide a newer one.
        match candidates.filter(|folder| is_complete(folder)).find_map(|folder| Self::probe(&folder, account).ok()) {
            Some(found) => Ok(found),
            None => cache::find_or_fetch(account),
        }
    }

    pub(crate) fn major(&self) -> u32 {
        major(&self.version).unwrap_or_default()
    }

    /// Runs `postgres` from `folder` as the user of the server, to see that it works.
    pub(crate) fn probe(folder: &Path, account: &Account) -> Result<Self> {
        let folder = resolve(folder);
        let program = folder.join("postgres");
        let failed = |reason: String| Error::no_server(format!("cannot run `{}`: {reason}", program.display()));
        let output = account
            .server_command(&program, Path::new("/"))
            .arg("--version")
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let version = parse_version(&text).ok_or_else(|| failed(format!("it printed `{}`", text.trim())))?.to_owned();
        match major(&version) {
            Some(MIN_MAJOR..) => Ok(Self { folder, version }),
            _ => Err(Error::new(
                ErrorKind::Unsupported,
                format!("PostgreSQL {version} in `{}` is too old: {MIN_MAJOR} or later is needed", folder.display()),
            )),
        }
    }

    /// Takes a folder that the user named: there it must be, not elsewhere.
    fn named(origin: &str, folder: &Path, account: &Account) -> Result<Self> {
        if !is_complete(folder) {
            return Err(Error::no_server(format!(
                "no PostgreSQL server in {origin}: `{}` does not hold `initdb` and `postgres`",
                folder.display()
            )));
        }
        Self::probe(folder, account)
    }
}

/// Tells whether `folder` holds both programs. Some folders hold a `postgres` without `initdb`.
pub(crate) fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| {
        fs::metadata(folder.join(name)).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    })
}

/// Follows links such as `/usr/local/bin/postgres` to where the other tools are.
fn resolve(folder: &Path) -> PathBuf {
    fs::canonicalize(folder.join("postgres"))
        .ok()
        .and_then(|program| program.parent().map(Path::to_owned))
        .filter(|resolved| is_complete(resolved))
        .unwrap_or_else(|| folder.to_owned())
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).filter(|folder| folder.is_absolute()).collect::<Vec<_>>().into_iter()
}

fn pg_config_folder() -> Option<PathBuf> {
    let output = command("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim())).filter(|folder| folder.is_absolute())
}

fn usual_folders() -> impl Iterator<Item = PathBuf> {
    let homebrew = ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"];
    let debian = versions("/usr/lib/postgresql", "", "bin");
    let red_hat = versions("/usr", "pgsql-", "bin");
    let alpine = versions("/usr/libexec", "postgresql", "");
    let postgres_app = versions("/Applications/Postgres.app/Contents/Versions", "", "bin");
    debian
        .into_iter()
        .chain(red_hat)
        .chain(alpine)
        .chain(homebrew.into_iter().flat_map(|base| versions(base, "postgresql", "bin")))
        .chain(postgres_app)
        .chain([PathBuf::from("/usr/local/pgsql/bin")])
}

/// Returns `base/prefix<version>/suffix` for all versions that exist, the highest first.
fn versions(base: &str, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_prefix(prefix)?.trim_start_matches(['@', '-']);
            Some((major(number).unwrap_or_default(), entry.path().join(suffix)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0)`.
fn parse_version(text: &str) -> Option<&str> {
    text.split_once("(PostgreSQL)")?.1.split_whitespace().next()
}

/// Returns the leading number: 18 of `18.6` and of `18beta1`.
fn major(version: &str) -> Option<u32> {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_postgres_prints() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_version(debian), Some("15.18"));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta2\n"), Some("19beta2"));
        assert_eq!(parse_version("something else"), None);
        assert_eq!(major("19beta2"), Some(19));
        assert_eq!(major("beta"), None);
    }

    #[test]
    fn a_folder_needs_both_programs_and_the_right_to_run_them() {
        let base = env::temp_dir().join(format!("orm-sandbox-binaries-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let put = |name: &str, mode| {
            fs::write(base.join(name), "").unwrap();
            fs::set_permissions(base.join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        put("postgres", 0o755);
        assert!(!is_complete(&base));
        put("initdb", 0o644);
        assert!(!is_complete(&base));
        put("initdb", 0o755);
        assert!(is_complete(&base));
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn the_highest_version_comes_first() {
        let base = env::temp_dir().join(format!("orm-sandbox-versions-{}", std::process::id()));
        for name in ["postgresql@9", "postgresql@17", "postgresql", "postgresql-16.2", "other"] {
            fs::create_dir_all(base.join(name)).unwrap();
        }
        let found = versions(base.to_str().unwrap(), "postgresql", "bin");
        let expected: Vec<_> = ["postgresql@17", "postgresql-16.2", "postgresql@9", "postgresql"]
            .iter()
            .map(|name| base.join(name).join("bin"))
            .collect();
        assert_eq!(found, expected);
        fs::remove_dir_all(&base).unwrap();
    }
}
