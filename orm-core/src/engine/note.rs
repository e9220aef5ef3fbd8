//! What becomes known of a statement that was sent: the records of those who record, and an event for those who trace.

use std::panic::Location;
use std::time::{Duration, Instant};

use tracing::Level;

use super::connection::Connection;
use super::record::Statement;
use super::{Engine, place};
use crate::compile::{Compiled, CopyStatement, is_reading, operation};
use crate::error::Error;

/// The target of the events.
const TARGET: &str = "orm_core::statement";

/// Of a statement's parameters, at most that much is shown.
const SHOWN: usize = 1_000;

/// What an engine tells of its statements.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracing {
    /// From when on a statement is slow.
    pub(super) slow: Option<Duration>,
    /// Whether parameters are told.
    pub(super) params: bool,
}

/// A statement that was sent and answered.
pub(super) struct Sent<'s> {
    pub(super) sql: &'s str,
    /// The statement, unless it is a command.
    pub(super) compiled: Option<&'s Compiled>,
    pub(super) params: usize,
    /// How many rows came back, or were affected if none came back.
    pub(super) rows: u64,
    pub(super) started: Instant,
    pub(super) error: Option<&'s Error>,
    pub(super) place: Option<&'static Location<'static>>,
}

impl<'s> Sent<'s> {
    pub(super) fn statement(compiled: &'s Compiled, rows: u64, started: Instant, error: Option<&'s Error>) -> Self {
        let (sql, params) = (compiled.sql.as_str(), compiled.params.len());
        Self { sql, compiled: Some(compiled), params, rows, started, error, place: place::current() }
    }

    /// A `COPY`, whose rows are those of the query that describes it.
    pub(super) fn copy(copy: &'s CopyStatement, rows: u64, started: Instant, error: Option<&'s Error>) -> Self {
        Self { sql: &copy.sql, params: 0, ..Self::statement(&copy.described, rows, started, error) }
    }

    /// What has no rows, such as `BEGIN`.
    pub(super) fn command(sql: &'s str, started: Instant, error: Option<&'s Error>) -> Self {
        Self { sql, compiled: None, params: 0, rows: 0, started, error, place: place::current() }
    }
}

impl Connection {
    pub(super) fn note(&self, sent: &Sent<'_>) {
        let duration = sent.started.elapsed();
        self.engine().inner.recorders.note(|| Statement::new(sent, duration));
        self.engine().trace(sent, duration);
    }
}

impl Engine {
    /// Makes the event of a statement: a warning of a slow one, otherwise for those who debug.
    fn trace(&self, sent: &Sent<'_>, duration: Duration) {
        if self.inner.tracing.slow.is_some_and(|slow| duration >= slow) {
            self.event::<true>(sent, duration);
        } else {
            self.event::<false>(sent, duration);
        }
    }

    fn event<const SLOW: bool>(&self, sent: &Sent<'_>, duration: Duration) {
        // The level of an event is a constant; nothing in the braces is evaluated unless somebody listens.
        macro_rules! event {
            ($level:expr, $prefix:literal) => {
                tracing::event!(
                    target: TARGET,
                    $level,
                    db.system.name = "postgresql",
                    db.namespace = self.inner.target.database.as_str(),
                    db.operation.name = operation(sent.sql),
                    db.collection.name = collection(sent).as_deref(),
                    db.query.text = sent.sql,
                    db.query.parameters = self.shown_params(sent).as_deref(),
                    db.client.operation.duration = duration.as_secs_f64(),
                    db.response.returned_rows = sent.returns_rows().then_some(sent.rows),
                    db.response.affected_rows = sent.affects_rows().then_some(sent.rows),
                    db.response.status_code = sent.error.and_then(Error::sqlstate),
                    error.r#type = error_type(sent).as_deref(),
                    code.file.path = sent.place.map(Location::file),
                    code.line.number = sent.place.map(Location::line),
                    concat!($prefix, "{}"),
                    summary(sent),
                )
            };
        }
        if SLOW {
            event!(Level::WARN, "slow statement: ");
        } else {
            event!(Level::DEBUG, "");
        }
    }

    fn shown_params(&self, sent: &Sent<'_>) -> Option<String> {
        let compiled = sent.compiled.filter(|compiled| self.inner.tracing.params && !compiled.params.is_empty())?;
        let mut shown = String::new();
        for param in compiled.numbered_params() {
            if !shown.is_empty() {
                shown.push_str(", ");
            }
            let value = if param.is_sensitive() { "(sensitive)".to_owned() } else { param.reveal() };
            shown.push_str(&format!("${} = {value}", param.number()));
            if shown.len() > SHOWN {
                return Some(shortened(&shown));
            }
        }
        Some(shown)
    }
}

impl Sent<'_> {
    fn returns_rows(&self) -> bool {
        let gives = |compiled: &Compiled| !self.copies_in() && !compiled.columns.is_empty() || is_reading(self.sql);
        self.error.is_none() && self.compiled.is_some_and(gives)
    }

    /// What describes such a copy has columns, which do not come back.
    fn copies_in(&self) -> bool {
        operation(self.sql) == "COPY" && !self.sql.starts_with("COPY (")
    }

    fn affects_rows(&self) -> bool {
        self.error.is_none() && self.compiled.is_some() && !self.returns_rows()
    }
}

fn shortened(text: &str) -> String {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= SHOWN).last();
    format!("{}…", &text[..end.unwrap_or_default()])
}

fn collection(sent: &Sent<'_>) -> Option<String> {
    sent.compiled.and_then(|compiled| compiled.table).map(|table| table.display_name())
}

/// The server's code, or the kind of what went wrong on this side.
fn error_type(sent: &Sent<'_>) -> Option<String> {
    let error = sent.error?;
    Some(error.sqlstate().map_or_else(|| format!("{:?}", error.kind()), str::to_owned))
}

/// `SELECT course`: few different ones, to group by.
fn summary(sent: &Sent<'_>) -> String {
    let operation = operation(sent.sql);
    match collection(sent) {
        Some(collection) => format!("{operation} {collection}"),
        None => operation.to_owned(),
    }
}
