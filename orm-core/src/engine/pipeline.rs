//! Several statements in one round trip: all are sent before the first answer is waited for.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Instant;

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement as Prepared};

use super::client::Client;
use super::connection::Connection;
use super::database_error;
use super::execute::{failed, forget_if_stale, param_types, prepare};
use super::note::Sent;
use crate::compile::{COMMIT, Compiled};
use crate::error::Result;
use crate::types::RowReader;

/// What came back of one statement.
#[derive(Debug)]
pub(crate) struct Answer {
    rows: Vec<Row>,
    affected: u64,
}

impl Answer {
    /// How many rows were affected, or came back.
    pub(crate) fn affected(&self) -> u64 {
        self.affected
    }

    /// How many rows came back.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Reads the rows one by one.
    pub(crate) fn read_each(&self, mut read: impl FnMut(&mut RowReader<'_>) -> Result<()>) -> Result<()> {
        self.rows.iter().try_for_each(|row| read(&mut RowReader::new(row)))
    }

    /// Reads the rows.
    pub(crate) fn read<T>(&self, mut read: impl FnMut(&mut RowReader<'_>) -> Result<T>) -> Result<Vec<T>> {
        self.rows.iter().map(|row| read(&mut RowReader::new(row))).collect()
    }
}

/// A request that was sent, and perhaps answered.
enum Flight<'a, T> {
    Landed(T),
    Under(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> Flight<'a, T> {
    fn is_under(&self) -> bool {
        matches!(self, Self::Under(_))
    }

    /// Polls the future once, which sends its request: the driver's futures send before they first wait.
    async fn launch(future: impl Future<Output = T> + Send + 'a) -> Self {
        let mut future = Box::pin(future);
        let landed = poll_fn(|context| {
            Poll::Ready(match future.as_mut().poll(context) {
                Poll::Ready(value) => Some(value),
                Poll::Pending => None,
            })
        });
        match landed.await {
            Some(value) => Self::Landed(value),
            None => Self::Under(future),
        }
    }

    async fn land(self) -> T {
        match self {
            Self::Landed(value) => value,
            Self::Under(future) => future.await,
        }
    }
}

/// What is sent around statements.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around {
    /// Opens the transaction.
    pub(crate) begin: Option<&'static str>,
    /// Ends it.
    pub(crate) end: Option<&'static str>,
    /// Whether nothing is, because the one statement is a transaction by itself: whether that took place is as uncertain
    /// as of a COMMIT, while it is not answered.
    pub(crate) is_alone: bool,
}

/// Sends statements in one round trip, with the commands that open and end a transaction around them where they are
/// given; in two, if some of them are to be prepared first. Then the statements that `ahead` gives, which are to follow in a
/// later round trip, are prepared with them, and cost no round trip of their own.
///
/// Gives the error of the first that failed. The server has then given the transaction up, and `end`, if it was sent, has
/// rolled it back.
pub(crate) async fn pipeline(
    connection: &mut Connection,
    around: Around,
    statements: &[Compiled],
    ahead: impl FnOnce() -> Vec<Compiled>,
) -> Result<Vec<Answer>> {
    connection.begin_work();
    if around.begin.is_some() {
        connection.set_in_transaction(true);
    }
    connection.set_committing(around.end.is_some() || around.is_alone);
    let (begin, end) = (around.begin.map(|sql| connection.sent(sql)), around.end.map(|sql| connection.sent(sql)));
    let started = Instant::now();
    let flown = fly(connection.client(), begin, statements, end, ahead).await;
    connection.settled();
    connection.set_committing(false);
    if flown.ended {
        connection.set_in_transaction(false);
    }
    let error = flown.answers.as_ref().err();
    if let Some(begin) = begin {
        connection.note(&Sent::command(begin, started, None));
    }
    for (i, compiled) in statements.iter().enumerate() {
        let rows = flown.answers.as_ref().map_or(0, |answers| answers.get(i).map_or(0, Answer::affected));
        // Which of them failed is not told apart from what failed because of it.
        connection.note(&Sent::statement(compiled, rows, started, error));
    }
    if let Some(end) = end.filter(|_| flown.ended) {
        connection.note(&Sent::command(end, started, None));
    }
    flown.answers
}

struct Flown {
    answers: Result<Vec<Answer>>,
    /// Whether the command that ends the transaction was sent and answered.
    ended: bool,
}

type Command<'a> = Flight<'a, std::result::Result<(), tokio_postgres::Error>>;

async fn command<'a>(client: &'a Client, sql: Option<&'static str>) -> Option<(Command<'a>, &'static str)> {
    match sql {
        Some(sql) => Some((Flight::launch(client.batch_execute(sql)).await, sql)),
        None => None,
    }
}

async fn fly(
    client: &Client,
    begin: Option<&'static str>,
    statements: &[Compiled],
    end: Option<&'static str>,
    ahead: impl FnOnce() -> Vec<Compiled>,
) -> Flown {
    let begin = command(client, begin).await;
    // While everything is prepared already, nothing is waited for here: the statements follow BEGIN at once.
    let prepared = match prepare_all(client, statements, ahead).await {
        Ok(prepared) => prepared,
        Err(error) => return Flown { answers: Err(error), ended: false },
    };
    let mut flights = Vec::with_capacity(statements.len());
    for (compiled, prepared) in statements.iter().zip(&prepared) {
        flights.push(Flight::launch(run(client, compiled, prepared)).await);
    }
    let end = command(client, end).await;
    let mut answers = match begin {
        Some((flight, sql)) => flight.land().await.map_err(|source| database_error::statement(source, sql, None)),
        None => Ok(()),
    }
    .map(|()| Vec::with_capacity(flights.len()));
    for flight in flights {
        // All answers are taken off the wire, also after an error: the connection stays of use.
        let answer = flight.land().await;
        answers = answers.and_then(|mut answers: Vec<Answer>| {
            answers.push(answer?);
            Ok(answers)
        });
    }
    let Some((flight, sql)) = end else { return Flown { answers, ended: false } };
    match flight.land().await {
        Ok(()) => Flown { answers, ended: true },
        Err(source) => {
            let error = database_error::statement(source, sql, None);
            // An error of COMMIT itself, from a deferred constraint, has rolled back and ended the transaction too.
            let ended = error.sqlstate().is_some() && sql == COMMIT;
            Flown { answers: answers.and(Err(error)), ended }
        }
    }
}

/// Prepares what this connection has not prepared yet, all at once: one after the other, each would be a round trip.
async fn prepare_all(
    client: &Client,
    statements: &[Compiled],
    ahead: impl FnOnce() -> Vec<Compiled>,
) -> Result<Vec<Prepared>> {
    let mut flights = launch_all(client, statements).await;
    let is_cold = flights.launched.iter().any(Flight::is_under);
    let later = if is_cold { ahead() } else { Vec::new() };
    let later = launch_all(client, &later).await;
    let mut prepared = Vec::with_capacity(flights.launched.len());
    for flight in flights.launched.drain(..).chain(later.launched) {
        prepared.push(flight.land().await);
    }
    // One that cannot be prepared has given the transaction up, whenever it was to be sent.
    let prepared = prepared.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(flights.places.iter().map(|&place| prepared[place].clone()).collect())
}

/// Statements that are being prepared.
struct Launched<'a> {
    launched: Vec<Flight<'a, Result<Prepared>>>,
    /// For each statement, which of these it is.
    places: Vec<usize>,
}

/// Begins to prepare statements, each text once.
async fn launch_all<'a>(client: &'a Client, statements: &'a [Compiled]) -> Launched<'a> {
    let mut known = HashMap::with_capacity(statements.len());
    let (mut launched, mut places) = (Vec::new(), Vec::with_capacity(statements.len()));
    for compiled in statements {
        let next = launched.len();
        let place = *known.entry((compiled.sql.as_str(), param_types(compiled))).or_insert(next);
        if place == next {
            launched.push(Flight::launch(prepare(client, compiled)).await);
        }
        places.push(place);
    }
    Launched { launched, places }
}

async fn run(client: &Client, compiled: &Compiled, prepared: &Prepared) -> Result<Answer> {
    let params = compiled.params.iter().map(|value| value as &(dyn ToSql + Sync));
    let stream = client.query_raw(prepared, params).await.map_err(|source| {
        forget_if_stale(client, compiled, &source);
        failed(source, compiled)
    })?;
    let mut stream = pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await.map_err(|source| failed(source, compiled))? {
        rows.push(row);
    }
    let affected = match rows.first() {
        Some(row) if compiled.tells_count => RowReader::new(row).read::<i64>()?.unsigned_abs(),
        _ => stream.rows_affected().unwrap_or(rows.len() as u64),
    };
    Ok(Answer { rows, affected })
}
