//! The error type of this crate.

use std::{error, fmt, io};

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a sandbox could not do what it was asked for.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

/// The kind of an [`Error`], by what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No PostgreSQL binaries were found or could be fetched.
    NoServer,
    /// The server did not start. The message ends with the tail of its log.
    Start,
    /// A file, a folder or a program could not be used.
    Io,
    /// The server runs but refused a connection or a statement.
    Database,
    /// The binaries or the platform lack something that is needed.
    Unsupported,
}

impl Error {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    pub(crate) fn no_server(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NoServer, message)
    }

    pub(crate) fn io(message: impl fmt::Display, source: io::Error) -> Self {
        Self::new(ErrorKind::Io, message.to_string()).with_source(source)
    }

    pub(crate) fn database(message: impl Into<String>, source: postgres::Error) -> Self {
        Self::new(ErrorKind::Database, message).with_source(source)
    }

    /// Returns the SQLSTATE, if the source is an error of the server.
    pub(crate) fn sql_state(&self) -> Option<&str> {
        let source = self.0.source.as_ref()?.downcast_ref::<postgres::Error>()?;
        source.code().map(postgres::error::SqlState::code)
    }

    fn with_source(mut self, source: impl error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }
}

/// Turns an `io::Result` into ours, saying what was attempted.
pub(crate) trait Context<T> {
    fn context(self, message: impl fmt::Display) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, message: impl fmt::Display) -> Result<T> {
        self.map_err(|source| Error::io(message, source))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, source } = &*self.0;
        f.debug_struct("Error").field("kind", kind).field("message", message).field("source", source).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
