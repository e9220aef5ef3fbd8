//! `COPY` in the binary format: rows that are sent without an answer for each, and rows that are read as they are asked for.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_util::Stream;
use tokio_postgres::Statement as Prepared;
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::types::Type;

use super::connection::Connection;
use super::database_error;
use super::execute::prepare;
use super::note::Sent;
use super::place::{self, Place};
use crate::compile::CopyStatement;
use crate::error::{Error, Result};
use crate::schema::Dump;
use crate::types::{RawParam, RowReader};

/// Prepares the query that describes a copy, which checks the types of its columns, and the copy.
async fn prepare_both(connection: &Connection, copy: &CopyStatement) -> Result<(Prepared, Prepared)> {
    let client = connection.client();
    // The bytes of a copy are not converted, and the server does not say of a statement that is never run that its table was
    // altered since: the types are asked for anew.
    client.forget(&copy.described.sql);
    let described = prepare(client, &copy.described).await?;
    let prepared = client.prepare(&copy.sql, &[]).await.map_err(|source| failed(source, copy))?;
    Ok((described, prepared))
}

fn failed(source: tokio_postgres::Error, copy: &CopyStatement) -> Error {
    database_error::statement(source, &copy.sql, copy.described.table)
}

fn types(described: &Prepared) -> Vec<Type> {
    described.columns().iter().map(|column| column.type_().clone()).collect()
}

/// A `COPY … FROM STDIN` under way on a connection, which has a statement under way meanwhile: dropped before
/// [`finish`](Self::finish) or [`abort`](Self::abort), it leaves the connection to be closed.
pub(crate) struct CopyWriter<'c> {
    connection: &'c mut Connection,
    copy: CopyStatement,
    // Pinned apart, because the driver's writer is not to be moved.
    writer: Pin<Box<BinaryCopyInWriter>>,
    rows: u64,
    started: Instant,
}

impl<'c> CopyWriter<'c> {
    pub(crate) async fn open(connection: &'c mut Connection, copy: CopyStatement) -> Result<Self> {
        let started = Instant::now();
        connection.begin_work();
        let opened = match prepare_both(connection, &copy).await {
            Ok((described, prepared)) => match connection.client().copy_in(&prepared).await {
                Ok(sink) => Ok(Box::pin(BinaryCopyInWriter::new(sink, &types(&described)))),
                Err(source) => {
                    // The server refuses what it looks at when it runs a copy: that the rows may be written, and where. The
                    // driver then ends a copy that never began, and takes the answer to that for one to its next question.
                    connection.confused();
                    Err(failed(source, &copy))
                }
            },
            Err(error) => Err(error),
        };
        match opened {
            Ok(writer) => Ok(Self { connection, copy, writer, rows: 0, started }),
            Err(error) => {
                connection.settled();
                connection.note(&Sent::copy(&copy, 0, started, Some(&error)));
                Err(error)
            }
        }
    }

    /// Sends one row, of these columns of an encoded one; the server may read it later.
    pub(crate) async fn write(&mut self, row: &Dump, cells: &[usize]) -> Result<()> {
        let sent = self.writer.as_mut().write_raw(Cells { row, cells: cells.iter() }).await;
        sent.map_err(|source| failed(source, &self.copy))?;
        self.rows += 1;
        Ok(())
    }

    /// How many rows were sent.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the copy; the number of rows that the server has taken.
    pub(crate) async fn finish(mut self) -> Result<u64> {
        let outcome = self.writer.as_mut().finish().await.map_err(|source| failed(source, &self.copy));
        if outcome.is_ok() {
            self.connection.settled();
            self.connection.note(&Sent::copy(&self.copy, self.rows, self.started, None));
            return outcome;
        }
        self.give_up(outcome.as_ref().err()).await;
        outcome
    }

    /// Has the server give up the copy, and waits until it has.
    pub(crate) async fn abort(self, reason: &Error) {
        self.give_up(Some(reason)).await;
    }

    async fn give_up(self, reason: Option<&Error>) {
        let Self { connection, copy, writer, rows, started } = self;
        // The driver tells the server.
        drop(writer);
        if connection.client().batch_execute("").await.is_ok() {
            connection.settled();
        }
        connection.note(&Sent::copy(&copy, rows, started, reason));
    }
}

/// The columns of a row. Not a chain of closures, which the compiler does not see to be `Send` for every lifetime.
struct Cells<'r> {
    row: &'r Dump,
    cells: std::slice::Iter<'r, usize>,
}

impl<'r> Iterator for Cells<'r> {
    type Item = RawParam<'r>;

    fn next(&mut self) -> Option<RawParam<'r>> {
        self.cells.next().map(|&cell| RawParam(self.row.raw(cell)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cells.size_hint()
    }
}

impl ExactSizeIterator for Cells<'_> {}

/// A `COPY … TO STDOUT` whose rows are still on their way; see [`RowSource`](super::stream::RowSource).
pub(crate) struct CopySource {
    open: Option<Open>,
    copy: CopyStatement,
    started: Instant,
    count: u64,
    place: Option<Place>,
}

struct Open {
    // Dropped before the connection.
    rows: Pin<Box<BinaryCopyOutStream>>,
    described: Prepared,
    connection: Connection,
}

impl CopySource {
    /// Sends the statement.
    pub(crate) async fn open(mut connection: Connection, copy: CopyStatement) -> Result<Self> {
        let started = Instant::now();
        connection.begin_work();
        let opened = async {
            let (described, prepared) = prepare_both(&connection, &copy).await?;
            let stream = connection.client().copy_out(&prepared).await.map_err(|source| failed(source, &copy))?;
            Ok((Box::pin(BinaryCopyOutStream::new(stream, &types(&described))), described))
        };
        match opened.await {
            Ok((rows, described)) => {
                let open = Some(Open { rows, described, connection });
                Ok(Self { open, copy, started, count: 0, place: place::current() })
            }
            Err(error) => {
                connection.settled();
                connection.note(&Sent::copy(&copy, 0, started, Some(&error)));
                Err(error)
            }
        }
    }

    /// The next row, by `read`; `None` after the last one, and after an error.
    pub(crate) fn poll_row<T>(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&mut RowReader<'_>) -> Result<T>,
    ) -> Poll<Option<Result<T>>> {
        let Some(open) = &mut self.open else { return Poll::Ready(None) };
        match ready!(open.rows.as_mut().poll_next(cx)) {
            Some(Ok(row)) => {
                self.count += 1;
                let value = read(&mut RowReader::copied(&row, open.described.columns()));
                if let Err(error) = &value {
                    self.finish(false, Some(error));
                }
                Poll::Ready(Some(value))
            }
            Some(Err(source)) => {
                let error = failed(source, &self.copy);
                self.finish(true, Some(&error));
                Poll::Ready(Some(Err(error)))
            }
            None => {
                self.finish(true, None);
                Poll::Ready(None)
            }
        }
    }

    /// Gives the connection back, or closes it if the answer was not read to its end.
    fn finish(&mut self, is_read: bool, error: Option<&Error>) {
        let Some(mut open) = self.open.take() else { return };
        let sent = Sent::copy(&self.copy, self.count, self.started, error);
        open.connection.note(&Sent { place: self.place, ..sent });
        if is_read {
            open.connection.settled();
        }
    }
}

impl Drop for CopySource {
    fn drop(&mut self) {
        self.finish(false, None);
    }
}

impl fmt::Debug for CopySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopySource").field("sql", &self.copy.sql).field("rows", &self.count).finish()
    }
}
