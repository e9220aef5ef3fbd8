//! What the example programs share: a database to run on, and the printing of what happens.
//!
//! Each program prints the titles of its steps, the SQL that was sent in each, and the results.

#![allow(clippy::print_stdout, reason = "printing is what the examples are for")]

pub mod course_homework;
pub mod report;
pub mod school;

use std::error::Error as StdError;
use std::fmt::Display;

use orm_core::{Engine, Recording};
use orm_sandbox::Sandbox;

/// The error of an example: whatever went wrong.
pub type Error = Box<dyn StdError + Send + Sync>;

/// Where an example runs and prints.
#[derive(Debug)]
pub struct Stage {
    engine: Engine,
    recording: Recording,
    place: Place,
    step: u32,
}

/// A database of the example's own.
#[derive(Debug)]
enum Place {
    /// A database of a private server, which goes when this value does.
    Private { _database: orm_sandbox::Database },
    /// A schema of the server that `DATABASE_URL` names.
    Schema { url: String, schema: String },
}

impl Stage {
    /// Finds a place to run: a schema of its own on the server that `DATABASE_URL` names, otherwise a private, throwaway
    /// PostgreSQL.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached, or no PostgreSQL can be found to start one.
    pub async fn open(name: &str) -> Result<Self, Error> {
        let (place, engine) = match orm_sandbox::database_url_from_env() {
            Some(url) => {
                let schema = format!("orm_example_{name}");
                in_schema(&url, &format!(r#"DROP SCHEMA IF EXISTS "{schema}" CASCADE; CREATE SCHEMA "{schema}""#))
                    .await?;
                let engine = Engine::builder().dsn(&url).schema(&schema).build()?;
                (Place::Schema { url, schema }, engine)
            }
            None => {
                let database = Sandbox::shared()?.database()?;
                let engine = Engine::new(database.url())?;
                (Place::Private { _database: database }, engine)
            }
        };
        let recording = engine.record();
        Ok(Self { engine, recording, place, step: 0 })
    }

    /// The engine of the place.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Begins a step: prints its number and title.
    pub fn step(&mut self, title: &str) {
        let _ = self.recording.take();
        self.step += 1;
        println!("\n{}. {title}", self.step);
    }

    /// Prints the SQL that was sent since the step began, or since it was printed last.
    pub fn sql(&self) {
        for statement in self.recording.take() {
            println!("   sql: {statement}");
        }
    }

    /// Prints a line of the result, after the SQL that led to it.
    pub fn show(&self, result: impl Display) {
        self.sql();
        println!("   {result}");
    }

    /// Removes what the example left on a server that is not its own.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached any more.
    pub async fn close(self) -> Result<(), Error> {
        self.engine.close();
        if let Place::Schema { url, schema } = &self.place {
            in_schema(url, &format!(r#"DROP SCHEMA IF EXISTS "{schema}" CASCADE"#)).await?;
        }
        Ok(())
    }
}

async fn in_schema(url: &str, sql: &str) -> Result<(), Error> {
    let engine = Engine::builder().dsn(url).pool_size(1).build()?;
    engine.raw().await?.batch_execute(sql).await?;
    Ok(())
}
