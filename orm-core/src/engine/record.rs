//! The record of what was sent.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// A statement that was sent.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: String,
    params: usize,
    rows: u64,
    duration: Duration,
}

impl Statement {
    pub(super) fn new(sql: &str, params: usize, rows: u64, duration: Duration) -> Self {
        Self { sql: sql.to_owned(), params, rows, duration }
    }

    /// Its text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// How many parameters it had.
    #[must_use]
    pub fn params(&self) -> usize {
        self.params
    }

    /// How many rows it returned, or affected if it returned none.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How long it took, from the sending to the last row.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

type Log = Mutex<Vec<Statement>>;

/// Those who record an engine's statements.
#[derive(Debug, Default)]
pub(super) struct Recorders {
    count: AtomicUsize,
    logs: Mutex<Vec<Weak<Log>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while a list is pushed to leaves the list whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorders {
    pub(super) fn start(&self) -> Recording {
        let log = Arc::new(Log::default());
        let mut logs = lock(&self.logs);
        logs.push(Arc::downgrade(&log));
        self.count.store(logs.len(), Ordering::Relaxed);
        Recording { log }
    }

    /// Notes a statement; `statement` is called only if somebody records.
    pub(super) fn note(&self, statement: impl FnOnce() -> Statement) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let statement = statement();
        let mut logs = lock(&self.logs);
        logs.retain(|log| match log.upgrade() {
            Some(log) => {
                lock(&log).push(statement.clone());
                true
            }
            None => false,
        });
        self.count.store(logs.len(), Ordering::Relaxed);
    }
}

/// The statements that an engine has sent since [`Engine::record`](crate::Engine::record), until it is dropped.
pub struct Recording {
    log: Arc<Log>,
}

impl Recording {
    /// The statements so far, oldest first.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement> {
        lock(&self.log).clone()
    }

    /// The texts of the statements so far.
    #[must_use]
    pub fn sql(&self) -> Vec<String> {
        lock(&self.log).iter().map(|statement| statement.sql.clone()).collect()
    }

    /// The texts of the statements so far, which are forgotten.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        lock(&self.log).drain(..).map(|statement| statement.sql).collect()
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sql()).finish()
    }
}
