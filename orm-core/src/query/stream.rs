//! [`RowStream`]: the rows of an engine's query one by one, in memory that does not grow with their number.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::executor::ready;
use super::load::InRow;
use super::rows::Rows;
use super::select::Query;
use crate::compile::CopyStatement;
use crate::engine::{CopySource, Engine, RowSource, placed};
use crate::error::Result;
use crate::schema::Model;
use crate::sql::Select;
use crate::types::RowReader;

pub(super) type Read<T> = Box<dyn Fn(&mut RowReader<'_>) -> Result<T> + Send + Sync>;

/// The rows of a query, one by one as they arrive: what [`Query::stream`], [`Rows::stream`] and [`Query::copy_out`] give.
///
/// It has a connection of its own until the last row, and holds a few rows at a time: a slow reader makes the server wait.
/// Dropped before the last row, it closes its connection. It is a `Stream`, too.
#[must_use = "rows are read by `next`"]
pub struct RowStream<T> {
    source: Source,
    read: Read<T>,
}

/// How the rows come.
#[derive(Debug)]
enum Source {
    Query(RowSource),
    Copy(CopySource),
}

impl<T> RowStream<T> {
    pub(super) async fn open(engine: &Engine, select: &Select, read: Read<T>) -> Result<Self> {
        let compiled = ready(engine, select)?;
        let source = RowSource::open(engine.connection().await?, compiled).await?;
        Ok(Self { source: Source::Query(source), read })
    }

    pub(super) async fn copy(engine: &Engine, copy: CopyStatement, read: Read<T>) -> Result<Self> {
        let source = CopySource::open(engine.connection().await?, copy).await?;
        Ok(Self { source: Source::Copy(source), read })
    }

    /// The next row, or `None` after the last one.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection, in the midst of the rows too; after one there are no further rows.
    pub async fn next(&mut self) -> Result<Option<T>> {
        poll_fn(|cx| self.poll(cx)).await.transpose()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        match &mut self.source {
            Source::Query(rows) => rows.poll_row(cx, &self.read),
            Source::Copy(rows) => rows.poll_row(cx, &self.read),
        }
    }
}

impl<T> Stream for RowStream<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.get_mut().poll(cx)
    }
}

impl<T> fmt::Debug for RowStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowStream").field(&self.source).finish()
    }
}

impl<M: Model, S, L> Query<&Engine, M, S, L> {
    /// Runs the query, and gives its rows one by one: memory does not grow with their number.
    ///
    /// What [`with_joined`](Self::with_joined) reads comes along; what `with` loads has statements of its own, and is for
    /// [`in_batches`](Query::in_batches) of a session.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let mut courses = engine.query::<Course>().stream().await?;
    /// while let Some(course) = courses.next().await? {
    ///     println!("{}", course.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all); those that come later are given by [`RowStream::next`].
    #[track_caller]
    pub fn stream(self) -> impl Future<Output = Result<RowStream<L::Value>>>
    where
        L: InRow<M>,
    {
        placed(async move {
            let (engine, select, loads) = self.into_parts();
            let read = move |row: &mut RowReader<'_>| {
                let model = M::from_row(row)?;
                let joined = loads.read(row)?;
                loads.value_of_row(model, joined)
            };
            RowStream::open(engine, &select, Box::new(read)).await
        })
    }
}

impl<R: 'static> Rows<&Engine, R> {
    /// Runs the query, and gives its rows one by one: memory does not grow with their number.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let mut names = engine.query::<Course>().select(Course::name).stream().await?;
    /// while let Some(name) = names.next().await? {
    ///     println!("{name}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the server and the connection; those that come later are given by [`RowStream::next`].
    #[track_caller]
    pub fn stream(self) -> impl Future<Output = Result<RowStream<R>>> {
        placed(async move {
            let (engine, select, read) = self.into_parts();
            RowStream::open(engine, &select, Box::new(read)).await
        })
    }
}
