//! Settings of an engine, and the check of its connection string.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

use super::dsn::{self, Dsn};
use super::note::Tracing;
use super::pool::Pool;
use super::record::Recorders;
use super::{Engine, Inner, tls};
use crate::error::{Error, Result};
use crate::sql::Filters;

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TlsMode {
    /// They are not. What a connection string without `sslmode`, or with `disable`, `allow` or `prefer`, means.
    #[default]
    Disable,
    /// They are, and the server's certificate and name are verified: by those of
    /// [`root_certificates`](EngineBuilder::root_certificates), or of the operating system. What `sslmode` of `require`,
    /// `verify-ca` and `verify-full` means. Needs the feature `tls`.
    Require,
}

/// Settings of an [`Engine`].
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until `build` makes an engine of them"]
pub struct EngineBuilder {
    dsn: Option<Secret>,
    pool_size: usize,
    connect_timeout: Option<Duration>,
    wait_timeout: Duration,
    statement_timeout: Option<Duration>,
    application_name: Option<String>,
    search_path: Option<String>,
    tls: Option<TlsMode>,
    root_certificates: Option<PathBuf>,
    tracing: Tracing,
}

/// How long making a connection may take, unless it is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The most that PostgreSQL's `max_connections` can be.
const MAX_CONNECTIONS: usize = 262_143;

/// A connection string, which may hold a password and therefore does not show itself.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            dsn: None,
            pool_size: 10,
            connect_timeout: None,
            wait_timeout: Duration::from_secs(30),
            statement_timeout: None,
            application_name: None,
            search_path: None,
            tls: None,
            root_certificates: None,
            tracing: Tracing::default(),
        }
    }
}

/// What an engine connects to, for messages: without user and password.
#[derive(Debug, Clone)]
pub(super) struct Target {
    hosts: String,
    pub(super) database: String,
    pub(super) pool_size: usize,
    pub(super) connect_timeout: Duration,
    pub(super) wait_timeout: Duration,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database `{}` on {}", self.database, self.hosts)
    }
}

impl EngineBuilder {
    /// The connection string, as a URL or as keywords.
    pub fn dsn(mut self, dsn: impl Into<String>) -> Self {
        self.dsn = Some(Secret(dsn.into()));
        self
    }

    /// The largest number of connections. 10 unless said otherwise.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = connections;
        self
    }

    /// How long making a connection may take. Overrides the `connect_timeout` of the connection string; 5 seconds unless
    /// one of them says otherwise.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long to wait for a connection while all are in use. 30 seconds unless said otherwise.
    pub fn wait_timeout(mut self, timeout: Duration) -> Self {
        self.wait_timeout = timeout;
        self
    }

    /// How long the server lets one statement run (`statement_timeout`, in whole milliseconds). Without limit unless said
    /// otherwise, or if it is zero.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = Some(timeout);
        self
    }

    /// The name under which the server lists the connections.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = Some(name.into());
        self
    }

    /// The schema in which tables without a schema of their own are looked for and created (`search_path`).
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.search_path = Some(schema.into());
        self
    }

    /// Whether the connection is encrypted. Overrides the `sslmode` of the connection string.
    pub fn tls(mut self, mode: TlsMode) -> Self {
        self.tls = Some(mode);
        self
    }

    /// The file of certificates (PEM) to trust, in the place of those of the operating system. Overrides the `sslrootcert`
    /// of the connection string.
    pub fn root_certificates(mut self, file: impl Into<PathBuf>) -> Self {
        self.root_certificates = Some(file.into());
        self
    }

    /// From when on a statement is slow: its event is then a warning. Nothing is slow unless this is said.
    ///
    /// Each statement makes one `tracing` event of the target `orm_core::statement`, at the level of debugging, with
    /// OpenTelemetry's names for databases: `db.system.name`, `db.namespace`, `db.operation.name`, `db.collection.name`,
    /// `db.query.text`, `db.client.operation.duration` in seconds, `db.response.returned_rows` (or `affected_rows`), after
    /// an error `error.type` and `db.response.status_code`, and `code.file.path` and `code.line.number` of who asked for it.
    /// The text of a statement has no values in it. Statements that are sent together, as those of a flush are, take as long
    /// as all of them.
    ///
    /// ```
    /// # fn main() -> orm_core::Result<()> {
    /// # use orm_core::Engine;
    /// use std::time::Duration;
    ///
    /// let engine = Engine::builder()
    ///     .dsn("postgresql://postgres:123@localhost:5432/netology_db")
    ///     .slow_statement(Duration::from_millis(200))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn slow_statement(mut self, threshold: Duration) -> Self {
        self.tracing.slow = Some(threshold);
        self
    }

    /// Whether the events of statements tell their parameters too (`db.query.parameters`), which they do not unless this
    /// is said. Those of columns that a model says are `sensitive` are told never: all values of a condition or an
    /// assignment that names such a column count as its own. What is written as SQL by hand names no column of a model, and
    /// its values are told.
    pub fn log_params(mut self, are_told: bool) -> Self {
        self.tracing.params = are_told;
        self
    }

    /// Makes the engine. Connects to nothing.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) that names what is wrong; never the password.
    pub fn build(self) -> Result<Engine> {
        let dsn = self.dsn.as_ref().ok_or_else(|| Error::config("the engine has no connection string: call `dsn`"))?;
        let mut dsn = dsn::parse(&dsn.0)?;
        self.apply(&mut dsn.config)?;
        let target = self.target(&dsn.config);
        let manager = self.manager(dsn)?;
        let pool = Pool::new(manager, self.pool_size, self.wait_timeout, target.connect_timeout)
            .map_err(|source| Error::config("the pool cannot be made").with_source(source))?;
        let (recorders, tracing) = (Recorders::default(), self.tracing);
        let inner = Inner { pool, target, recorders, tracing, lone: None, has_no_whole_writes: AtomicBool::new(false) };
        Ok(Engine { inner: Arc::new(inner), filters: Filters::default() })
    }

    fn manager(&self, dsn: Dsn) -> Result<Manager> {
        // The connection task ends when the connection breaks, which the pool sees without asking the server.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let required = self.tls.map_or(dsn.requires_tls, |mode| mode == TlsMode::Require);
        let mut config = dsn.config;
        if !required {
            config.ssl_mode(SslMode::Disable);
            return Ok(Manager::from_config(config, NoTls, recycling));
        }
        config.ssl_mode(SslMode::Require);
        let roots = self.root_certificates.as_deref().or(dsn.root_certificates.as_deref());
        tls::manager(config, roots, recycling)
    }

    fn apply(&self, config: &mut Config) -> Result<()> {
        if self.pool_size == 0 {
            return Err(Error::config("pool_size is 0: a pool needs at least one connection"));
        }
        if self.pool_size > MAX_CONNECTIONS {
            return Err(Error::config(format!(
                "pool_size is {}: no server takes that many connections",
                self.pool_size
            )));
        }
        if config.get_user().is_none_or(str::is_empty) {
            return Err(Error::config("the connection string names no user"));
        }
        if config.get_hosts().is_empty() {
            return Err(Error::config("the connection string names no host"));
        }
        config.connect_timeout(self.connect_within(config));
        for (setting, value) in [("application_name", &self.application_name), ("schema", &self.search_path)] {
            if value.as_ref().is_some_and(|value| value.contains('\0')) {
                return Err(Error::config(format!("{setting} contains a NUL character")));
            }
        }
        if let Some(name) = &self.application_name {
            config.application_name(name);
        }
        let options = self.options(config.get_options());
        if !options.is_empty() {
            config.options(&options);
        }
        Ok(())
    }

    fn connect_within(&self, config: &Config) -> Duration {
        self.connect_timeout.or(config.get_connect_timeout().copied()).unwrap_or(CONNECT_TIMEOUT)
    }

    /// Settings that the server takes with the connection, so that they hold behind every statement.
    fn options(&self, given: Option<&str>) -> String {
        let mut options = given.unwrap_or_default().to_owned();
        if let Some(timeout) = self.statement_timeout {
            options.push_str(&format!(" -c statement_timeout={}", milliseconds(timeout)));
        }
        if let Some(schema) = &self.search_path {
            // A space ends an option's value unless a backslash stands before it.
            let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
            options.push_str(" -c search_path=");
            options.extend(quoted.chars().flat_map(|c| {
                let escape = (c.is_whitespace() || c == '\\').then_some('\\');
                escape.into_iter().chain([c])
            }));
        }
        options
    }

    fn target(&self, config: &Config) -> Target {
        let ports = config.get_ports();
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(i, host)| {
                let port = ports.get(i).or_else(|| ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    #[cfg(unix)]
                    Host::Unix(path) => format!("{}:{port}", path.display()),
                }
            })
            .collect();
        Target {
            hosts: hosts.join(", "),
            database: config.get_dbname().or_else(|| config.get_user()).unwrap_or_default().to_owned(),
            pool_size: self.pool_size,
            connect_timeout: self.connect_within(config),
            wait_timeout: self.wait_timeout,
        }
    }
}

/// Zero would be no limit at all, and more than an `i32` the server does not take.
fn milliseconds(timeout: Duration) -> i32 {
    match i32::try_from(timeout.as_millis()) {
        Ok(0) if !timeout.is_zero() => 1,
        Ok(milliseconds) => milliseconds,
        Err(_) => i32::MAX,
    }
}
