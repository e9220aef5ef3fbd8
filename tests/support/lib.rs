//! What the tests share: a database for each test, the record of what was sent to it, and a proxy that counts round trips.

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[allow(dead_code, reason = "for the doc test alone")]
struct Readme;

mod proxy;

pub use proxy::Proxy;

use orm_core::{Engine, Recording};
use orm_sandbox::{Database, Sandbox};

/// A database of a test's own, on a server that the whole test run shares.
#[derive(Debug)]
pub struct TestDb {
    /// An engine for it.
    pub engine: Engine,
    /// Where it is.
    pub database: Database,
}

impl TestDb {
    /// An empty database.
    ///
    /// # Panics
    ///
    /// If no PostgreSQL can be started.
    #[must_use]
    pub fn new() -> Self {
        let database = Sandbox::shared().and_then(|sandbox| sandbox.database()).expect("a PostgreSQL to test on");
        let engine = Engine::new(database.url()).expect("the sandbox gives a valid URL");
        Self { engine, database }
    }

    /// An empty database in which the tables of these models are.
    ///
    /// # Panics
    ///
    /// If they cannot be created.
    pub async fn with<M: orm_core::schema::Models>() -> Self {
        let db = Self::new();
        db.engine.create_all::<M>().await.expect("tables can be created");
        db
    }

    /// Records what is sent from now on.
    #[must_use]
    pub fn record(&self) -> Recording {
        self.engine.record()
    }

    /// The rows of a query, each as its columns' texts joined by `|`, by the driver alone: what is stored, whatever the
    /// session believes.
    ///
    /// # Panics
    ///
    /// If the server refuses the query.
    pub async fn stored(&self, sql: &str) -> Vec<String> {
        let client = self.engine.raw().await.expect("a connection");
        let messages = client.simple_query(sql).await.expect("the query runs");
        let mut rows = Vec::new();
        for message in messages {
            if let orm_core::tokio_postgres::SimpleQueryMessage::Row(row) = message {
                let columns = (0..row.len()).map(|i| row.get(i).unwrap_or("NULL"));
                rows.push(columns.collect::<Vec<_>>().join("|"));
            }
        }
        rows
    }

    /// Runs SQL, by the driver alone.
    ///
    /// # Panics
    ///
    /// If the server refuses it.
    pub async fn run(&self, sql: &str) {
        let client = self.engine.raw().await.expect("a connection");
        client.batch_execute(sql).await.expect("the statements run");
    }
}

/// The statements, and of those that fail where they would write fewer rows than they should, what they write.
#[must_use]
pub fn written(sql: &[String]) -> Vec<String> {
    let core = |sql: &String| {
        let inner = sql.strip_prefix(r#"WITH "written" AS ("#)?;
        let count = |inner: &str| inner.split_once(" RETURNING 1) SELECT count(*)").map(|(inner, _)| inner.to_owned());
        let rows = |inner: &str| inner.split_once(r#") SELECT "written"."#).map(|(inner, _)| inner.to_owned());
        count(inner).or_else(|| rows(inner))
    };
    sql.iter().map(|sql| core(sql).unwrap_or_else(|| sql.clone())).collect()
}

impl Default for TestDb {
    fn default() -> Self {
        Self::new()
    }
}
