//! The public face: a sandbox and its builder.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    account::Account,
    binaries::Binaries,
    config::Config,
    database::{self, Database},
    error::Result,
    launch::Launch,
    server::Server,
    shared,
};

/// Nobody can connect to this one, so that it can be copied at any time.
const EMPTY_TEMPLATE: &str = "template0";

/// A private PostgreSQL server in a temporary folder.
///
/// The server stops, and its folder is removed, when the sandbox and all its
/// [`Database`]s have been dropped or the process has ended, in whatever way.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> orm_sandbox::Result<()> {
/// use orm_sandbox::Sandbox;
///
/// let sandbox = Sandbox::start()?;
/// let database = sandbox.database()?;
/// assert!(database.url().starts_with("postgresql://"));
/// sandbox.stop()?;
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    server: Arc<Server>,
}

impl Sandbox {
    /// Starts a server for this process alone.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NoServer`](crate::ErrorKind::NoServer) if the
    /// machine has no PostgreSQL and none could be fetched, and
    /// [`ErrorKind::Start`](crate::ErrorKind::Start) if it did not start.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Joins the server that processes of this user share, or starts it.
    ///
    /// The server stops two seconds after the last of them has gone. Its
    /// databases are private to those who create them only by their names.
    ///
    /// # Errors
    ///
    /// Like [`Sandbox::start`], and
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the folder in which processes
    /// meet belongs to another user.
    pub fn shared() -> Result<Self> {
        Self::builder().shared()
    }

    /// Returns a builder for a server with other settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Creates an empty database.
    ///
    /// # SQL
    ///
    /// ```sql
    /// CREATE DATABASE "sandbox_4711_0" TEMPLATE "template0" STRATEGY FILE_COPY
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Database`](crate::ErrorKind::Database) if the server
    /// refuses.
    pub fn database(&self) -> Result<Database> {
        self.database_from(EMPTY_TEMPLATE)
    }

    /// Like [`Sandbox::database`], but as a copy of the database `template` of this server.
    ///
    /// Filling one database and copying it is faster than filling many. Nobody
    /// may be connected to the template meanwhile; PostgreSQL waits five
    /// seconds for that.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Database`](crate::ErrorKind::Database) if there is
    /// no such database, or somebody stays connected to it.
    pub fn database_from(&self, template: &str) -> Result<Database> {
        Database::create(&self.server, template)
    }

    /// Returns the `postgresql://` URL of the database `name` of this server, which need not exist.
    ///
    /// With TCP the URL contains the password.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        database::url(&self.server, name)
    }

    /// Returns the version of PostgreSQL, such as `17.10`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.server.binaries.version
    }

    /// Returns the folder that holds the data, the socket and the log of the server.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.server.folder.path()
    }

    /// Returns the folder of the PostgreSQL binaries, which may hold `psql` and `pg_dump` too.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.server.binaries.folder
    }

    /// Stops the server, and waits until its folder has gone.
    ///
    /// Like dropping the sandbox, but reports errors, and does not wait for the
    /// [`Database`]s: they cannot be used any more. A shared server runs on for
    /// its other users and databases.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Io`](crate::ErrorKind::Io) if the folder could not
    /// be removed.
    pub fn stop(self) -> Result<()> {
        self.server.stop()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("version", &self.version())
            .field("dir", &self.dir())
            .field("access", &self.server.access)
            .finish_non_exhaustive()
    }
}

/// Settings of a server that is to be started.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> orm_sandbox::Result<()> {
/// use orm_sandbox::Sandbox;
///
/// // A test of what survives a crash needs what sandboxes switch off for speed.
/// let sandbox = Sandbox::builder().setting("fsync", "on").setting("full_page_writes", "on").start()?;
/// # drop(sandbox);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SandboxBuilder {
    config: Config,
    binaries: Option<PathBuf>,
}

impl SandboxBuilder {
    /// Listens on a free port of 127.0.0.1, with SCRAM-SHA-256 and a random password.
    ///
    /// By default clients reach the server only by a socket in a folder that
    /// no other user can enter, without a password.
    pub fn tcp(mut self, tcp: bool) -> Self {
        self.config.tcp = tcp;
        self
    }

    /// Adds a setting of `postgresql.conf`. It wins over the defaults of the sandbox and earlier ones.
    ///
    /// The defaults are: `fsync`, `synchronous_commit`, `full_page_writes` and
    /// `autovacuum` off, `shared_buffers` 64 MB, `max_connections` 300,
    /// `max_wal_size` 256 MB, `wal_level` minimal, `max_wal_senders` 0 and
    /// `timezone` UTC.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.settings.push((name.into(), value.into()));
        self
    }

    /// Uses the PostgreSQL binaries of this folder and looks nowhere else.
    pub fn binaries(mut self, folder: impl Into<PathBuf>) -> Self {
        self.binaries = Some(folder.into());
        self
    }

    /// Like [`Sandbox::start`], with these settings.
    ///
    /// # Errors
    ///
    /// Like [`Sandbox::start`], and
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if a setting
    /// has an impossible name.
    pub fn start(self) -> Result<Sandbox> {
        let (config, binaries, account) = self.resolve()?;
        let launch = Launch { config: &config, binaries: &binaries, account: &account, sharing: None };
        let server = launch.run()?;
        Ok(Sandbox { server: Arc::new(server) })
    }

    /// Like [`Sandbox::shared`], with these settings: only those who ask for the same share a server.
    ///
    /// # Errors
    ///
    /// Like [`SandboxBuilder::start`] and [`Sandbox::shared`].
    pub fn shared(self) -> Result<Sandbox> {
        let (config, binaries, account) = self.resolve()?;
        let server = shared::join_or_launch(&config, &binaries, &account)?;
        Ok(Sandbox { server })
    }

    fn resolve(self) -> Result<(Config, Binaries, Account)> {
        let account = Account::current()?;
        let binaries = Binaries::find(self.binaries.as_deref(), &account)?;
        Ok((self.config, binaries, account))
    }
}

/// Returns the value of `DATABASE_URL`, unless it is empty.
///
/// A sandbox does not read it. Tests that should run against a server of the
/// user's choice ask here first:
///
/// ```no_run
/// # fn main() -> orm_sandbox::Result<()> {
/// use orm_sandbox::Sandbox;
///
/// let database; // Dropped at the end of the test.
/// let url = match orm_sandbox::database_url_from_env() {
///     Some(url) => url,
///     None => {
///         database = Sandbox::shared()?.database()?;
///         database.url().to_owned()
///     }
/// };
/// # drop(url);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn database_url_from_env() -> Option<String> {
    env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}
