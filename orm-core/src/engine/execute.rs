//! The one place where a compiled statement is sent and its rows are read.

use std::pin::pin;
use std::time::Instant;

use futures_util::TryStreamExt;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{RowStream, Statement as Prepared};

use super::client::Client;
use super::connection::Connection;
use super::database_error;
use super::note::Sent;
use crate::compile::{Compiled, Matching, ResultColumn};
use crate::error::{Error, ErrorKind, Result};
use crate::types::RowReader;

/// Sends a statement and reads each row while the next ones arrive.
pub(crate) async fn fetch<T>(
    connection: &mut Connection,
    compiled: &Compiled,
    mut read: impl FnMut(&mut RowReader<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let started = Instant::now();
    connection.begin_work();
    let mut out = Vec::new();
    let rows = send(connection, compiled).await;
    let outcome = match rows {
        Ok(rows) => collect(rows, compiled, &mut read, &mut out).await,
        Err(error) => Err(error),
    };
    connection.settled();
    connection.note(&Sent::statement(compiled, out.len() as u64, started, outcome.as_ref().err()));
    outcome.map(|()| out)
}

/// Sends a statement of which only the number of affected rows matters.
pub(crate) async fn execute(connection: &mut Connection, compiled: &Compiled) -> Result<u64> {
    let started = Instant::now();
    connection.begin_work();
    let outcome = affected(connection, compiled).await;
    connection.settled();
    connection.note(&Sent::statement(compiled, *outcome.as_ref().unwrap_or(&0), started, outcome.as_ref().err()));
    outcome
}

async fn affected(connection: &Connection, compiled: &Compiled) -> Result<u64> {
    let rows = send(connection, compiled).await?;
    let mut rows = pin!(rows);
    while rows.try_next().await.map_err(|source| failed(source, compiled))?.is_some() {}
    Ok(rows.rows_affected().unwrap_or(0))
}

async fn collect<T>(
    rows: RowStream,
    compiled: &Compiled,
    read: &mut impl FnMut(&mut RowReader<'_>) -> Result<T>,
    out: &mut Vec<T>,
) -> Result<()> {
    let mut rows = pin!(rows);
    let mut outcome = Ok(());
    let mut places: Option<Vec<usize>> = None;
    while let Some(row) = rows.try_next().await.map_err(|source| failed(source, compiled))? {
        // After a row that cannot be read the others are still taken off the wire: the connection stays of use.
        if outcome.is_ok() {
            let mut reader = match &compiled.matching {
                Matching::Names { names, .. } => {
                    RowReader::placed(&row, places.get_or_insert_with(|| places_of(names, row.columns())))
                }
                Matching::Order | Matching::Exact => RowReader::new(&row),
            };
            match read(&mut reader) {
                Ok(value) => out.push(value),
                Err(error) => outcome = Err(error),
            }
        }
    }
    outcome
}

/// Prepares the statement, once a connection, checks the types of its result and sends it.
pub(super) async fn send(connection: &Connection, compiled: &Compiled) -> Result<RowStream> {
    let client = connection.client();
    let mut retried = false;
    loop {
        let prepared = prepare(client, compiled).await?;
        let params = compiled.params.iter().map(|value| value as &(dyn ToSql + Sync));
        match client.query_raw(&prepared, params).await {
            Ok(rows) => return Ok(rows),
            Err(source) => {
                let stale = forget_if_stale(client, compiled, &source);
                // Outside a transaction, preparing it anew is safe.
                if !stale || retried || connection.in_transaction() {
                    return Err(failed(source, compiled));
                }
                retried = true;
            }
        }
    }
}

/// Prepares the statement, unless this connection has prepared it, and checks the types of its result.
pub(super) async fn prepare(client: &Client, compiled: &Compiled) -> Result<Prepared> {
    for required in &compiled.requires {
        prepare_one(client, required).await?;
    }
    prepare_one(client, compiled).await
}

async fn prepare_one(client: &Client, compiled: &Compiled) -> Result<Prepared> {
    let prepared = client.prepare(&compiled.sql, &compiled.params).await;
    let prepared = prepared.map_err(|source| database_error::preparing(source, &compiled.sql, compiled.table))?;
    if let Err(error) = check_result(&prepared, compiled) {
        // The next time, the table may have been migrated.
        client.forget(&compiled.sql);
        return Err(error);
    }
    Ok(prepared)
}

/// Has a statement prepared anew the next time, if its tables were altered since it was prepared.
pub(super) fn forget_if_stale(client: &Client, compiled: &Compiled, source: &tokio_postgres::Error) -> bool {
    let stale = database_error::is_stale_plan(source);
    if stale {
        client.forget(&compiled.sql);
    }
    stale
}

pub(super) fn param_types(compiled: &Compiled) -> Vec<Type> {
    compiled.params.iter().map(crate::types::Value::param_type).collect()
}

pub(super) fn failed(source: tokio_postgres::Error, compiled: &Compiled) -> Error {
    database_error::statement(source, &compiled.sql, compiled.table)
}

/// Compares the types of the result with those of the fields, once a statement and not once a value.
fn check_result(prepared: &Prepared, compiled: &Compiled) -> Result<()> {
    let columns = prepared.columns();
    if let Matching::Names { of, names } = &compiled.matching {
        for (name, expected) in names.iter().zip(&compiled.columns) {
            let mut found = columns.iter().filter(|column| column.name() == *name);
            let column = found.next().ok_or_else(|| no_column(of, name, expected))?;
            if found.next().is_some() {
                return Err(two_columns(of, name, expected));
            }
            check_type(expected, column)?;
        }
        return Ok(());
    }
    if matches!(compiled.matching, Matching::Exact) && columns.len() != compiled.columns.len() {
        return Err(Error::new(
            ErrorKind::Schema,
            format!(
                "the statement gives {} columns, and its rows are read as {}: name them in the statement, one by one",
                columns.len(),
                compiled.columns.len()
            ),
        ));
    }
    columns.iter().zip(&compiled.columns).try_for_each(|(found, expected)| check_type(expected, found))
}

#[inline]
fn check_type(expected: &ResultColumn, found: &tokio_postgres::Column) -> Result<()> {
    if expected.ty.matches(found.type_()) || declared_otherwise(expected, found.type_()) {
        return Ok(());
    }
    Err(type_mismatch(expected, found.name(), found.type_()))
}

fn places_of(names: &[&str], columns: &[tokio_postgres::Column]) -> Vec<usize> {
    // All of them are there, or the statement was not sent.
    names.iter().filter_map(|name| columns.iter().position(|column| column.name() == *name)).collect()
}

fn no_column(of: &str, name: &str, expected: &ResultColumn) -> Error {
    about(expected, format!("the statement gives no column `{name}`, which `{of}` needs: select it"), of, name)
}

fn two_columns(of: &str, name: &str, expected: &ResultColumn) -> Error {
    let message = format!("the statement gives several columns `{name}`, and `{of}` needs one: name them differently");
    about(expected, message, of, name)
}

fn about(expected: &ResultColumn, message: String, of: &str, name: &str) -> Error {
    let error = Error::new(ErrorKind::Schema, message).with_column(name.to_owned());
    match expected.of {
        Some((table, _)) => error.with_model(table.model).with_table(table.display_name()),
        None => error.with_model(of.to_owned()),
    }
}

/// Whether the field says itself that its column has this type (`sql_type`).
fn declared_otherwise(expected: &ResultColumn, found: &Type) -> bool {
    expected.of.and_then(|(_, column)| column.base_type()).is_some_and(|sql| {
        let name = sql.rsplit('.').next().unwrap_or(&sql).trim_matches('"');
        found.name().eq_ignore_ascii_case(name)
    })
}

fn type_mismatch(expected: &ResultColumn, name: &str, found: &Type) -> Error {
    let wanted = expected.ty.display();
    let found = database_error::type_name(found);
    match expected.of {
        Some((table, column)) => {
            let shown = format!("{}.{}", table.display_name(), column.name);
            Error::new(
                ErrorKind::Schema,
                format!(
                    "column `{shown}` is of type `{found}` in the database, but field `{}::{}` needs `{wanted}`: change the field, or migrate the column",
                    table.model, column.field
                ),
            )
            .with_model(table.model)
            .with_table(table.display_name())
            .with_column(column.name)
        }
        None => Error::new(
            ErrorKind::Schema,
            format!("result column `{name}` is of type `{found}`, but `{wanted}` was expected"),
        )
        .with_column(name.to_owned()),
    }
}
