//! [`Rows`]: a query of columns and expressions.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::executor::{Executor, Unbound};
use crate::compile::Compile;
use crate::engine::placed;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::{Distinct, Select, SubqueryOf};
use crate::types::{Field, RowReader, SameAs};

/// A query whose rows are of type `R`: what [`Query::select`](super::Query::select) makes. `Outers` are the tables of
/// queries around it that it reads, as [`Query::outer`](super::Query::outer) has named them.
#[must_use = "a query does nothing until it is run, for example by `.all().await`"]
pub struct Rows<X, R, Outers = ()> {
    on: X,
    select: Box<Select>,
    read: fn(&mut RowReader<'_>) -> Result<R>,
    outers: PhantomData<fn() -> Outers>,
}

impl<X, R, O> Rows<X, R, O> {
    pub(super) fn new(on: X, select: Box<Select>, read: fn(&mut RowReader<'_>) -> Result<R>) -> Self {
        Self { on, select, read, outers: PhantomData }
    }

    pub(super) fn into_parts(self) -> (X, Box<Select>, fn(&mut RowReader<'_>) -> Result<R>) {
        (self.on, self.select, self.read)
    }

    pub(super) fn as_select(&self) -> &Select {
        &self.select
    }

    /// The text of the query, with `$1`, `$2`, … for its values.
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.select.to_text()
    }

    /// Changes the clauses.
    pub(super) fn edit(mut self, change: impl FnOnce(&mut Select)) -> Self {
        change(&mut self.select);
        self
    }

    /// At most that many rows.
    ///
    /// Conditions, groups and the order are said before `select`, where the compiler knows the tables; an aggregate or
    /// another expression that is selected is ordered by as itself, `.order_by(total.clone().desc()).select(total)`.
    pub fn limit(mut self, rows: u64) -> Self {
        self.select.limit = Some(rows);
        self
    }

    /// Leaves out the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.select.offset = Some(rows);
        self
    }

    /// Leaves out rows that are equal to another (`SELECT DISTINCT`).
    pub fn distinct(mut self) -> Self {
        self.select.distinct = Distinct::Rows;
        self
    }
}

impl<R> Rows<Unbound, R> {
    /// Binds the query to who runs it.
    pub fn on<X: Executor>(self, executor: X) -> Rows<X, R> {
        Rows::new(executor, self.select, self.read)
    }
}

impl<X, R: Send> Rows<X, R> {
    /// Runs the query: all its rows.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection.
    #[track_caller]
    pub fn all(self) -> impl Future<Output = Result<Vec<R>>>
    where
        X: Executor,
    {
        placed(self.on.rows(self.select, self.read))
    }

    /// Runs the query: its first row, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn first(self) -> impl Future<Output = Result<Option<R>>>
    where
        X: Executor,
    {
        placed(async move {
            let limit = self.select.limit.unwrap_or(1).min(1);
            Ok(self.limit(limit).all().await?.pop())
        })
    }

    /// Runs the query: its only row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none, [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one(self) -> impl Future<Output = Result<R>>
    where
        X: Executor,
    {
        placed(async move {
            let found = self.one_or_none().await?;
            found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no row was found where one was asked for"))
        })
    }

    /// Runs the query: its only row, if there is one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one_or_none(self) -> impl Future<Output = Result<Option<R>>>
    where
        X: Executor,
    {
        placed(async move {
            let limit = self.select.limit.unwrap_or(2).min(2);
            let mut rows = self.limit(limit).all().await?;
            if rows.len() > 1 {
                return Err(Error::new(ErrorKind::MultipleRows, "several rows were found where one was asked for"));
            }
            Ok(rows.pop())
        })
    }

    /// Runs the query as `SELECT count(*) FROM (…)`: the number of its rows.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn count(self) -> impl Future<Output = Result<u64>>
    where
        X: Executor,
    {
        placed(async move {
            let mut rows = self.on.rows(Box::new(self.select.into_count_of_rows()), read_count).await?;
            Ok(rows.pop().unwrap_or(0))
        })
    }

    /// Whether the query has rows.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn exists(self) -> impl Future<Output = Result<bool>>
    where
        X: Executor,
    {
        placed(async move {
            let limit = self.select.limit.unwrap_or(1).min(1);
            let one = self.limit(limit);
            Ok(!one.on.rows(one.select, |_| Ok(())).await?.is_empty())
        })
    }
}

pub(crate) fn read_count(row: &mut RowReader<'_>) -> Result<u64> {
    row.read::<i64>().map(|count| u64::try_from(count).unwrap_or(0))
}

impl<X: Clone, R, O> Clone for Rows<X, R, O> {
    fn clone(&self) -> Self {
        Self::new(self.on.clone(), self.select.clone(), self.read)
    }
}

/// Shows the SQL.
impl<X, R, O> fmt::Debug for Rows<X, R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.select.to_text())
    }
}

#[diagnostic::do_not_recommend]
impl<R: Field, K, O> SubqueryOf<K> for Rows<Unbound, R, O>
where
    R::Sql: SameAs<K>,
{
    type Outers = O;

    fn into_select(self) -> Arc<Select> {
        Arc::new(*self.select)
    }
}
