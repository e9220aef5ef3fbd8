//! Databases of a sandbox, and the SQL that makes and drops them.

use std::{
    fmt, process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use postgres::{Config, NoTls};

use crate::{
    error::{Error, ErrorKind, Result},
    server::{Access, Server},
};

/// The user of all connections.
const USER: &str = "postgres";
/// The database that statements about other databases are sent to.
const MAINTENANCE: &str = "postgres";
const DUPLICATE_DATABASE: &str = "42P04";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A database of its own, dropped together with this value.
///
/// Keeps the server running: the [`Sandbox`](crate::Sandbox) need not be kept.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let database = orm_sandbox::Sandbox::shared()?.database()?;
/// let mut client = postgres::Client::connect(database.url(), postgres::NoTls)?;
/// client.batch_execute("CREATE TABLE student (id int PRIMARY KEY)")?;
/// # Ok(())
/// # }
/// ```
pub struct Database {
    server: Arc<Server>,
    name: String,
    url: String,
}

impl Database {
    /// Creates a database of an unused name as a copy of `template`.
    pub(crate) fn create(server: &Arc<Server>, template: &str) -> Result<Self> {
        // A process of the same number may have used the server before, and been killed.
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!("sandbox_{}_{number}", process::id());
            match execute(server, &create_statement(server, &name, template)) {
                Err(error) if error.sql_state() == Some(DUPLICATE_DATABASE) => {}
                result => return result.map(|()| Self::new(server, name)),
            }
        }
    }

    /// Returns the `postgresql://` URL of the database.
    ///
    /// The folder of the socket is percent-encoded in the place of the host, as
    /// libpq and `tokio-postgres` read it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the connection string of keywords and values: `host='…' port=5432 …`.
    #[must_use]
    pub fn dsn(&self) -> String {
        dsn(&self.server, &self.name)
    }

    fn new(server: &Arc<Server>, name: String) -> Self {
        Self { server: Arc::clone(server), url: url(server, &name), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote(&self.name));
        // The database goes with the server at the latest.
        let _ = execute(&self.server, &statement);
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Returns the URL of a database of any name.
pub(crate) fn url(server: &Server, name: &str) -> String {
    let name = percent_encode(name);
    match &server.access {
        Access::Socket => {
            let folder = percent_encode(&server.folder.path().to_string_lossy());
            format!("postgresql://{USER}@{folder}:{}/{name}", server.access.port())
        }
        Access::Tcp { port, password } => {
            format!("postgresql://{USER}:{password}@127.0.0.1:{port}/{name}")
        }
    }
}

fn dsn(server: &Server, name: &str) -> String {
    let name = quote_value(name);
    let port = server.access.port();
    match &server.access {
        Access::Socket => {
            let folder = quote_value(&server.folder.path().to_string_lossy());
            format!("host={folder} port={port} user={USER} dbname={name}")
        }
        Access::Tcp { password, .. } => {
            format!("host=127.0.0.1 port={port} user={USER} password={password} dbname={name}")
        }
    }
}

fn create_statement(server: &Server, name: &str, template: &str) -> String {
    // Copying files takes a third of the time of writing them to the log, the default from 15 on.
    let strategy = if server.binaries.major() >= 15 { " STRATEGY FILE_COPY" } else { "" };
    format!("CREATE DATABASE {} TEMPLATE {}{strategy}", quote(name), quote(template))
}

/// Runs a statement on a thread of its own: the client would panic inside of a Tokio runtime.
fn execute(server: &Server, statement: &str) -> Result<()> {
    let run = || {
        let mut client = client_config(server).connect(NoTls)?;
        client.batch_execute(statement)
    };
    match thread::scope(|scope| scope.spawn(run).join()) {
        Ok(result) => result.map_err(|source| Error::database(format!("statement failed: `{statement}`"), source)),
        Err(_) => Err(Error::new(ErrorKind::Database, "the client panicked")),
    }
}

fn client_config(server: &Server) -> Config {
    let mut config = Config::new();
    config.user(USER).dbname(MAINTENANCE).port(server.access.port());
    config.connect_timeout(Duration::from_secs(30));
    match &server.access {
        Access::Socket => config.host_path(server.folder.path()),
        Access::Tcp { password, .. } => config.host("127.0.0.1").password(password),
    };
    config
}

/// Quotes an identifier.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a value of a connection string.
fn quote_value(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_quoted() {
        assert_eq!(quote(r#"a"b"#), r#""a""b""#);
        assert_eq!(quote_value(r"a'b\c"), r"'a\'b\\c'");
        assert_eq!(percent_encode("/tmp/ä b"), "%2Ftmp%2F%C3%A4%20b");
    }
}
