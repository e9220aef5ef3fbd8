//! Plans: statements that the server explains, and what undoes those that it runs for that.

use super::connection::Connection;
use super::execute::fetch;
use super::pipeline::{Around, pipeline};
use crate::compile::{Compiled, FORGET_EXPLAINED, KEEP_BEFORE_EXPLAINED, ROLLBACK, begin};
use crate::error::Result;
use crate::types::RowReader;

fn read_line(row: &mut RowReader<'_>) -> Result<String> {
    row.raw_at(0).map(|raw| String::from_utf8_lossy(raw.unwrap_or_default()).into_owned())
}

/// Asks for a plan; nothing is run.
pub(crate) async fn explain(connection: &mut Connection, compiled: &Compiled) -> Result<String> {
    Ok(fetch(connection, compiled, read_line).await?.join("\n"))
}

/// Asks how a statement went, in a transaction that is rolled back. One must not be open.
pub(crate) async fn explain_and_roll_back(connection: &mut Connection, compiled: Compiled) -> Result<String> {
    let around = Around { begin: Some(begin(None, false)), end: Some(ROLLBACK), is_alone: false };
    let answers = pipeline(connection, around, &[compiled], Vec::new).await;
    if answers.is_err() && connection.in_transaction() {
        connection.end(ROLLBACK).await?;
    }
    let mut lines = Vec::new();
    for answer in answers? {
        lines.extend(answer.read(read_line)?);
    }
    Ok(lines.join("\n"))
}

/// Asks how a statement went, in the transaction that is open, and goes back to where it was. The transaction is lost if
/// the way back is an error; what the statement itself says is the inner result.
pub(crate) async fn explain_and_go_back(connection: &mut Connection, compiled: &Compiled) -> Result<Result<String>> {
    connection.command(KEEP_BEFORE_EXPLAINED).await?;
    let outcome = explain(connection, compiled).await;
    connection.command(FORGET_EXPLAINED).await?;
    Ok(outcome)
}
