//! [`Returning`]: a statement that writes, and gives back what the rows have.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::executor::{BulkWrite, Executor, Unbound};
use crate::compile::{Compile, Write};
use crate::engine::placed;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Model;
use crate::types::RowReader;

/// A statement that writes rows of `M` and gives back an `R` of each: what `returning` of an [`Update`](super::Update), a
/// [`Delete`](super::Delete) or an [`Insert`](super::Insert) makes. Awaiting it gives all of them.
#[must_use = "a statement does nothing until it is awaited"]
pub struct Returning<X, M, R> {
    on: X,
    write: Write,
    /// Why it is not sent.
    refused: Option<Error>,
    read: fn(&mut RowReader<'_>) -> Result<R>,
    model: PhantomData<fn() -> M>,
}

impl<X, M, R> Returning<X, M, R> {
    pub(super) fn new(on: X, write: Write, refused: Option<Error>, read: fn(&mut RowReader<'_>) -> Result<R>) -> Self {
        Self { on, write, refused, read, model: PhantomData }
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.write.to_text()
    }
}

impl<M: Model, R> Returning<Unbound, M, R> {
    /// Binds the statement to who runs it: an engine, or a session, in whose transaction it runs after a flush.
    pub fn on<X: Executor>(self, executor: X) -> Returning<X, M, R> {
        let Self { on: Unbound, write, refused, read, model } = self;
        Returning { on: executor, write, refused, read, model }
    }
}

impl<X, M: Model, R: Send + 'static> Returning<X, M, R> {
    /// Runs the statement: what it gives back of all rows. Awaiting it does the same.
    ///
    /// # Errors
    ///
    /// Those of the statement without `returning`.
    #[track_caller]
    pub fn all(self) -> impl Future<Output = Result<Vec<R>>>
    where
        X: Executor,
    {
        placed(self.into_future())
    }

    /// Runs the statement: what it gives back of its only row, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all), and [`ErrorKind::MultipleRows`] if there are several: they are written all the same, unless
    /// the transaction is rolled back.
    #[track_caller]
    pub fn one_or_none(self) -> impl Future<Output = Result<Option<R>>>
    where
        X: Executor,
    {
        placed(async move {
            let mut rows = self.await?;
            if rows.len() > 1 {
                let message = format!("several rows of `{}` were written where one was meant", M::table().model);
                return Err(Error::new(ErrorKind::MultipleRows, message).with_model(M::table().model));
            }
            Ok(rows.pop())
        })
    }

    /// Runs the statement: what it gives back of its only row.
    ///
    /// # Errors
    ///
    /// Like [`one_or_none`](Self::one_or_none), and [`ErrorKind::NotFound`] if there is none.
    #[track_caller]
    pub fn one(self) -> impl Future<Output = Result<R>>
    where
        X: Executor,
    {
        placed(async move {
            self.one_or_none().await?.ok_or_else(|| {
                let message = format!("no row of `{}` was written where one was meant", M::table().model);
                Error::new(ErrorKind::NotFound, message).with_model(M::table().model)
            })
        })
    }
}

impl<X: Executor, M: Model, R: Send + 'static> IntoFuture for Returning<X, M, R> {
    type Output = Result<Vec<R>>;
    type IntoFuture = X::Returned<R>;

    #[track_caller]
    fn into_future(self) -> X::Returned<R> {
        let write = match self.refused {
            Some(error) => Err(error),
            None => Ok(BulkWrite(self.write)),
        };
        self.on.write_returning::<M, R>(write, self.read)
    }
}

/// Shows the SQL.
impl<X, M, R> fmt::Debug for Returning<X, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}
