//! The record of what was sent.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::note::Sent;
use crate::compile::is_of_transactions;

/// A statement that was sent.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: String,
    params: usize,
    rows: u64,
    duration: Duration,
    place: Option<&'static Location<'static>>,
    /// Whether it begins or ends a transaction or a savepoint.
    is_command: bool,
}

impl Statement {
    pub(super) fn new(sent: &Sent<'_>, duration: Duration) -> Self {
        let Sent { sql, params, rows, place, .. } = *sent;
        Self { sql: sql.to_owned(), params, rows, duration, place, is_command: is_of_transactions(sql) }
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

    /// How long it took, from the sending to the last row. Those of a flush are sent together, and take as long as all of
    /// them.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Where in the application it was asked for: the call of `all`, `get`, `commit` and the like, or the `.await` of what is
    /// awaited itself. The end of a closure's transaction has that of [`Engine::transaction`](crate::Engine::transaction).
    #[must_use]
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }
}

/// A statement that was sent several times: what [`Recording::repeated`] gives. `Display` shows it with its places.
#[derive(Debug, Clone)]
pub struct Repeated {
    sql: String,
    count: usize,
    places: Vec<(&'static Location<'static>, usize)>,
}

impl Repeated {
    /// Its text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// How often it was sent.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where it was asked for, and how often there; the most frequent place first.
    #[must_use]
    pub fn places(&self) -> &[(&'static Location<'static>, usize)] {
        &self.places
    }
}

impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} times: {}", self.count, self.sql)?;
        for (place, count) in &self.places {
            write!(f, "\n    {count} times at {place}")?;
        }
        Ok(())
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

    /// How many statements there were so far, without those that begin and end transactions and savepoints.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.log).iter().filter(|statement| !statement.is_command).count()
    }

    /// The statements that were sent at least so many times (two, if less is said), whatever their values: where one query
    /// for each of N rows stands in the place of one for all of them, this is N and the line that asks. The most frequent
    /// comes first.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine, ids: Vec<i32>) -> orm_core::Result<()> {
    /// let recording = engine.record();
    /// for id in ids {
    ///     engine.query::<Course>().filter(Course::id.eq(id)).one().await?;
    /// }
    /// for repeated in recording.repeated(5) {
    ///     eprintln!("{repeated}"); // 12 times: SELECT … FROM "course" WHERE "course"."id" = $1 LIMIT 2
    ///                              //     12 times at src/main.rs:9:70
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn repeated(&self, times: usize) -> Vec<Repeated> {
        let log = lock(&self.log);
        let mut shapes: Vec<Repeated> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for statement in log.iter().filter(|statement| !statement.is_command) {
            let shape = *known.entry(&statement.sql).or_insert_with(|| {
                shapes.push(Repeated { sql: statement.sql.clone(), count: 0, places: Vec::new() });
                shapes.len() - 1
            });
            shapes[shape].add(statement.place);
        }
        shapes.retain(|shape| shape.count >= times.max(2));
        shapes.sort_by_key(|shape| std::cmp::Reverse(shape.count));
        for shape in &mut shapes {
            shape.places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        }
        shapes
    }

    /// For tests: says that so many statements were sent, without those that begin and end transactions and savepoints.
    ///
    /// # Panics
    ///
    /// If there were more or fewer; the message lists them.
    #[track_caller]
    pub fn assert_count(&self, expected: usize) {
        let count = self.count();
        assert!(count == expected, "{count} statements were sent, and not {expected}:\n{}", self.sql().join("\n"));
    }

    /// For tests: says that no statement was sent so many times or more.
    ///
    /// # Panics
    ///
    /// If one was; the message has it, and the places that asked for it.
    #[track_caller]
    pub fn assert_not_repeated(&self, times: usize) {
        let repeated: Vec<String> = self.repeated(times).iter().map(ToString::to_string).collect();
        assert!(repeated.is_empty(), "the same was asked again and again:\n{}", repeated.join("\n"));
    }
}

impl Repeated {
    fn add(&mut self, place: Option<&'static Location<'static>>) {
        self.count += 1;
        let Some(place) = place else { return };
        match self.places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, count)) => *count += 1,
            None => self.places.push((place, 1)),
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sql()).finish()
    }
}
