//! Rows that are read as they are asked for, on a connection that is theirs meanwhile.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_util::Stream;
use tokio_postgres::RowStream;

use super::connection::Connection;
use super::execute::{failed, send};
use super::note::Sent;
use super::place::{self, Place};
use crate::compile::Compiled;
use crate::error::{Error, Result};
use crate::types::RowReader;

/// A statement whose rows are still on their way.
///
/// The driver holds a few of them and reads no further before they are taken: the server waits. The connection goes back
/// to the pool after the last row. Before that, and after a row that cannot be read, it is closed when this is dropped,
/// because the rest of the rows is on it.
pub(crate) struct RowSource {
    open: Option<Open>,
    compiled: Compiled,
    started: Instant,
    count: u64,
    place: Option<Place>,
}

struct Open {
    // Dropped before the connection.
    rows: Pin<Box<RowStream>>,
    connection: Connection,
}

impl RowSource {
    /// Sends the statement.
    pub(crate) async fn open(mut connection: Connection, compiled: Compiled) -> Result<Self> {
        let started = Instant::now();
        connection.begin_work();
        match send(&connection, &compiled).await {
            Ok(rows) => {
                let open = Some(Open { rows: Box::pin(rows), connection });
                Ok(Self { open, compiled, started, count: 0, place: place::current() })
            }
            Err(error) => {
                connection.settled();
                connection.note(&Sent::statement(&compiled, 0, started, Some(&error)));
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
                let value = read(&mut RowReader::new(&row));
                if let Err(error) = &value {
                    self.finish(false, Some(error));
                }
                Poll::Ready(Some(value))
            }
            Some(Err(source)) => {
                let error = failed(source, &self.compiled);
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
        let sent = Sent::statement(&self.compiled, self.count, self.started, error);
        open.connection.note(&Sent { place: self.place, ..sent });
        if is_read {
            open.connection.settled();
        }
    }
}

impl Drop for RowSource {
    fn drop(&mut self) {
        self.finish(false, None);
    }
}

impl fmt::Debug for RowSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowSource").field("sql", &self.compiled.sql).field("rows", &self.count).finish()
    }
}
