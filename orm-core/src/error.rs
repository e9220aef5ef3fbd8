//! The one error type of the crate, and the kinds that a caller can tell apart.
//!
//! Every layer makes its errors with the constructors here; none of them carries a parameter's value.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// A result whose error is this crate's [`Error`] unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// What kind of constraint the server found violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConstraintKind {
    /// A `UNIQUE` constraint, a primary key or a unique index.
    Unique,
    /// A foreign key: the row that is pointed to is missing, or is still pointed to.
    ForeignKey,
    /// A `NOT NULL` column was given no value.
    NotNull,
    /// A `CHECK` constraint.
    Check,
    /// An `EXCLUDE` constraint.
    Exclusion,
}

/// What went wrong, by what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No row was found where exactly one was asked for.
    NotFound,
    /// More than one row was found where at most one was asked for.
    MultipleRows,
    /// The server refused a row because of a constraint.
    Constraint(ConstraintKind),
    /// An `UPDATE` or `DELETE` of a loaded object met no row, or a newer one.
    StaleData,
    /// A handle of an object that is gone, or of another session.
    Detached,
    /// A relationship was read that is not loaded.
    NotLoaded,
    /// A value from the server does not fit the field.
    Decode,
    /// A value cannot be sent: too long, or not a PostgreSQL value at all.
    Encode,
    /// The server cannot be reached, or the connection to it broke.
    Connection,
    /// The pool gave no connection in time, or is closed.
    Pool,
    /// The transaction lost against another one; running it again may work.
    Serialization,
    /// Rows are locked by another transaction, and were not to be waited for, or no longer than `lock_timeout` says.
    Locked,
    /// A cursor of a page is damaged, made up, or of another query's order.
    Cursor,
    /// The configuration is wrong: a connection string, an option, an attribute.
    Config,
    /// The tables in the database are not those of the models.
    Schema,
    /// The objects cannot be written as they stand: a cycle, one identity twice, a key that is not set.
    Invalid,
    /// A hook of the application refused, or the rows that it gave to a copy ended with an error; its own error is the source.
    Hook,
    /// PostgreSQL or this crate does not do that.
    Unsupported,
    /// The server answered with an error of another kind; [`Error::sqlstate`] tells which.
    Database,
}

/// The error of every fallible operation of this crate.
///
/// [`kind`](Error::kind) says what a caller can do about it; [`model`](Error::model), [`table`](Error::table),
/// [`column`](Error::column) and [`constraint`](Error::constraint) name what it is about. Parameter values are never part
/// of it, but for a primary key that is a number; what the driver said is kept as [`source`](StdError::source).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    model: Option<Cow<'static, str>>,
    table: Option<Cow<'static, str>>,
    column: Option<Cow<'static, str>>,
    constraint: Option<String>,
    sqlstate: Option<String>,
    source: Option<Source>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            model: None,
            table: None,
            column: None,
            constraint: None,
            sqlstate: None,
            source: None,
        }))
    }

    pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn with_model(mut self, model: impl Into<Cow<'static, str>>) -> Self {
        self.0.model = Some(model.into());
        self
    }

    pub(crate) fn with_table(mut self, table: impl Into<Cow<'static, str>>) -> Self {
        self.0.table = Some(table.into());
        self
    }

    pub(crate) fn with_column(mut self, column: impl Into<Cow<'static, str>>) -> Self {
        self.0.column = Some(column.into());
        self
    }

    pub(crate) fn with_constraint(mut self, constraint: impl Into<String>) -> Self {
        self.0.constraint = Some(constraint.into());
        self
    }

    pub(crate) fn with_sqlstate(mut self, code: impl Into<String>) -> Self {
        self.0.sqlstate = Some(code.into());
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same, for one who is told it too; without what was below it.
    pub(crate) fn restated(&self) -> Self {
        let Inner { kind, message, model, table, column, constraint, sqlstate, source: _ } = &*self.0;
        Self(Box::new(Inner {
            kind: *kind,
            message: message.clone(),
            model: model.clone(),
            table: table.clone(),
            column: column.clone(),
            constraint: constraint.clone(),
            sqlstate: sqlstate.clone(),
            source: None,
        }))
    }

    /// Puts the circumstances before the message: `while …: what failed`.
    pub(crate) fn context(mut self, circumstances: &str) -> Self {
        self.0.message = format!("{circumstances}: {}", self.0.message).into();
        self
    }

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The Rust name of the model that the error is about.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The table that the error is about, with its schema where that is not the default one.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.0.table.as_deref()
    }

    /// The column that the error is about.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The constraint that was violated.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    /// The five characters of the server's SQLSTATE, where the server answered.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// Whether no row was found where exactly one was asked for.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether a `UNIQUE` constraint or primary key refused the row.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        self.kind() == ErrorKind::Constraint(ConstraintKind::Unique)
    }

    /// Whether a foreign key refused the row.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        self.kind() == ErrorKind::Constraint(ConstraintKind::ForeignKey)
    }

    /// Whether a `NOT NULL` column was given no value.
    #[must_use]
    pub fn is_not_null_violation(&self) -> bool {
        self.kind() == ErrorKind::Constraint(ConstraintKind::NotNull)
    }

    /// Whether a `CHECK` constraint refused the row.
    #[must_use]
    pub fn is_check_violation(&self) -> bool {
        self.kind() == ErrorKind::Constraint(ConstraintKind::Check)
    }

    /// Whether a loaded object's row has gone or has changed meanwhile.
    #[must_use]
    pub fn is_stale_data(&self) -> bool {
        self.kind() == ErrorKind::StaleData
    }

    /// Whether rows are locked by another transaction and were not to be waited for. It is not retried by itself: who says
    /// `nowait` wants to know.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.kind() == ErrorKind::Locked
    }

    /// Whether the same transaction, run again from its start, may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Serialization
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind).field("message", &self.0.message);
        let named = [
            ("model", self.model()),
            ("table", self.table()),
            ("column", self.column()),
            ("constraint", self.constraint()),
            ("sqlstate", self.sqlstate()),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                out.field(name, &value);
            }
        }
        if let Some(source) = &self.0.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
