//! Bulk `UPDATE` and `DELETE`.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::executor::{BulkWrite, Executor, Unbound};
use super::returning::Returning;
use crate::compile::{Compile, Write};
use crate::engine::placed;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, Model, SourceRef};
use crate::sql::{BinaryOp, BulkDelete, BulkUpdate, Distinct, FromItem, JoinKind, Node, Select, Selection};
use crate::types::Value;

/// A bulk update: what [`Query::update`](super::Query::update) makes. Awaiting it runs it.
#[must_use = "an update does nothing until it is awaited"]
pub struct Update<X, M, Scope = (M, ())> {
    on: X,
    select: Select,
    set: Vec<(&'static ColumnDef, Node)>,
    all_rows: bool,
    types: PhantomData<fn() -> (M, Scope)>,
}

/// A bulk delete: what [`Query::delete`](super::Query::delete) makes. Awaiting it runs it.
#[must_use = "a delete does nothing until it is awaited"]
pub struct Delete<X, M, Scope = (M, ())> {
    on: X,
    select: Select,
    all_rows: bool,
    permanently: bool,
    types: PhantomData<fn() -> (M, Scope)>,
}

/// A bulk operation is a table and conditions: a query that says more is refused, and one that says less must say so.
fn check(select: &Select, all_rows: bool, what: &str) -> Result<()> {
    let model = select.root.table().model;
    let refuse = |reason: String| Err(Error::new(ErrorKind::Invalid, reason).with_model(model));
    if !matches!(select.from, FromItem::Source(SourceRef::Table(_))) {
        return refuse(format!("a bulk {what} of `{model}` is of its table, and not of a subquery or an alias"));
    }
    if select.joins.iter().any(|join| join.kind == JoinKind::Cross) {
        return refuse(format!("a bulk {what} of `{model}` cannot cross-join: join on a condition"));
    }
    if select.joins.iter().any(|join| join.kind != JoinKind::Inner) {
        return refuse(format!(
            "a bulk {what} of `{model}` cannot outer-join: choose its rows by `exists_in` or `in_select`"
        ));
    }
    if select.limit.is_some() || select.offset.is_some() {
        return refuse(format!("a bulk {what} of `{model}` has no LIMIT or OFFSET: choose its rows by `in_select`"));
    }
    if !select.group_by.is_empty() || !select.having.is_empty() || select.per.is_some() {
        return refuse(format!("a bulk {what} of `{model}` has no groups: choose its rows by `in_select`"));
    }
    if !matches!(select.distinct, Distinct::No) || !select.windows.is_empty() || !select.locks.is_empty() {
        return refuse(format!(
            "a bulk {what} of `{model}` takes conditions and joins alone, and no `distinct`, windows or locks"
        ));
    }
    if select.predicates.is_empty() && select.joins.is_empty() && !all_rows {
        return refuse(format!("a bulk {what} of `{model}` without a filter: say `.all_rows()` if all rows are meant"));
    }
    Ok(())
}

impl<M: Model, S> Update<Unbound, M, S> {
    /// Binds the update to who runs it: an engine, or a session, in whose transaction it runs after a flush.
    pub fn on<X: Executor>(self, executor: X) -> Update<X, M, S> {
        let Self { on: Unbound, select, set, all_rows, types } = self;
        Update { on: executor, select, set, all_rows, types }
    }
}

impl<M: Model, S> Delete<Unbound, M, S> {
    /// Binds the delete to who runs it: an engine, or a session, in whose transaction it runs after a flush.
    pub fn on<X: Executor>(self, executor: X) -> Delete<X, M, S> {
        let Self { on: Unbound, select, all_rows, permanently, types } = self;
        Delete { on: executor, select, all_rows, permanently, types }
    }
}

impl<X, M: Model, S> Update<X, M, S> {
    pub(super) fn new(on: X, select: Select, set: Vec<(&'static ColumnDef, Node)>) -> Self {
        Self { on, select, set, all_rows: false, types: PhantomData }
    }

    /// Says that all rows of the table are meant: without it, an update without a filter is refused.
    pub fn all_rows(mut self) -> Self {
        self.all_rows = true;
        self
    }

    /// Gives back columns and expressions of the rows that were updated, as they are afterwards. What the query has joined can be among
    /// them. Awaiting it gives typed rows, from an engine and from a session alike; their number is that of the rows that
    /// were updated, and their order is the server's.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let renamed = query::<Course>()
    ///     .filter(Course::name.eq("Java"))
    ///     .update(Course::name.set("JavaScript"))
    ///     .returning((Course::id, Course::name));
    /// assert_eq!(
    ///     renamed.to_sql(),
    ///     r#"UPDATE "course" SET "name" = $1 WHERE "course"."name" = $2 RETURNING "course"."id", "course"."name""#,
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn returning<T, I>(self, selection: T) -> Returning<X, M, T::Row>
    where
        T: Selection<S, I>,
    {
        let refused = check(&self.select, self.all_rows, "update").err();
        let mut statement = self.statement();
        selection.into_projection(&mut statement.projection);
        Returning::new(self.on, Write::BulkUpdate(statement), refused, T::read)
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        Write::BulkUpdate(self.statement()).to_text()
    }

    /// The statement, checked.
    pub(super) fn to_write(&self) -> Result<Write> {
        check(&self.select, self.all_rows, "update").map(|()| Write::BulkUpdate(self.statement()))
    }

    pub(super) fn into_executor(self) -> X {
        self.on
    }

    /// The statement, which gives all columns of its rows, if it may be sent.
    pub(super) fn into_returning(self) -> Result<BulkUpdate> {
        check(&self.select, self.all_rows, "update")?;
        Ok(BulkUpdate { returning: (0..M::table().columns.len()).collect(), ..self.statement() })
    }

    fn statement(&self) -> BulkUpdate {
        let mut set = self.set.clone();
        if !set.is_empty()
            && let Some(column) = M::table().version_column().map(|index| &M::table().columns[index])
            && !set.iter().any(|(other, _)| other.name == column.name)
        {
            // Who has read the row before is to notice.
            let version = Node::column(self.select.root, column);
            set.push((column, Node::binary(BinaryOp::Add, version, Node::Param(Value::of(&1i16)))));
        }
        BulkUpdate {
            source: self.select.root,
            set,
            joins: self.select.joins.clone(),
            predicates: self.select.predicates.clone(),
            with_deleted: self.select.with_deleted,
            unfiltered: self.select.unfiltered.clone(),
            projection: Vec::new(),
            before: None,
            returning: Vec::new(),
        }
    }
}

impl<X, M: Model, S> Update<X, M, S> {
    /// Runs the update; the number of rows that it changed. Awaiting the update does the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] before anything is sent, without a filter or with an outer join or a limit; those of the server.
    #[track_caller]
    pub fn run(self) -> impl Future<Output = Result<u64>>
    where
        X: Executor,
    {
        placed(self.into_future())
    }
}

impl<X: Executor, M: Model, S> IntoFuture for Update<X, M, S> {
    type Output = Result<u64>;
    type IntoFuture = X::Writing;

    #[track_caller]
    fn into_future(self) -> X::Writing {
        let write = self.to_write().map(BulkWrite);
        self.on.write::<M>(write)
    }
}

impl<X, M: Model, S> Delete<X, M, S> {
    pub(super) fn new(on: X, select: Select) -> Self {
        Self { on, select, all_rows: false, permanently: false, types: PhantomData }
    }

    /// Says that all rows of the table are meant: without it, a delete without a filter is refused.
    pub fn all_rows(mut self) -> Self {
        self.all_rows = true;
        self
    }

    /// Lets the rows go, where the model says `soft_delete` and they would be marked. Rows that are marked already are
    /// among them only if the query says [`with_deleted`](super::Query::with_deleted).
    ///
    /// ```
    /// # #[cfg(feature = "chrono")]
    /// # fn main() -> Result<(), chrono::ParseError> {
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # #[model(soft_delete = deleted_at)]
    /// # struct Note { #[model(primary_key)] id: Auto<i32>, deleted_at: Option<chrono::DateTime<chrono::Utc>> }
    /// let last_year: chrono::DateTime<chrono::Utc> = "2025-01-01T00:00:00Z".parse()?;
    /// let purge = query::<Note>().with_deleted().filter(Note::deleted_at.lt(last_year)).delete().permanently();
    /// assert_eq!(purge.to_sql(), r#"DELETE FROM "note" WHERE "note"."deleted_at" < $1"#);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "chrono"))]
    /// # fn main() {}
    /// ```
    pub fn permanently(mut self) -> Self {
        self.permanently = true;
        self
    }

    /// Gives back columns and expressions of the rows that were deleted, as they were. What the query has joined can be among
    /// them. Awaiting it gives typed rows, from an engine and from a session alike; their number is that of the rows that
    /// were deleted, and their order is the server's.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let gone = query::<Course>().filter(Course::name.eq("Java")).delete().returning(Course::id);
    /// assert_eq!(gone.to_sql(), r#"DELETE FROM "course" WHERE "course"."name" = $1 RETURNING "course"."id""#);
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn returning<T, I>(self, selection: T) -> Returning<X, M, T::Row>
    where
        T: Selection<S, I>,
    {
        let refused = check(&self.select, self.all_rows, "delete").err();
        let mut statement = self.statement();
        selection.into_projection(&mut statement.projection);
        Returning::new(self.on, Write::BulkDelete(statement), refused, T::read)
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        Write::BulkDelete(self.statement()).to_text()
    }

    /// The statement, checked.
    pub(super) fn to_write(&self) -> Result<Write> {
        check(&self.select, self.all_rows, "delete").map(|()| Write::BulkDelete(self.statement()))
    }

    pub(super) fn into_executor(self) -> X {
        self.on
    }

    /// The statement, which gives all columns of its rows, if it may be sent.
    pub(super) fn into_returning(self) -> Result<BulkDelete> {
        check(&self.select, self.all_rows, "delete")?;
        Ok(BulkDelete { returning: (0..M::table().columns.len()).collect(), ..self.statement() })
    }

    fn statement(&self) -> BulkDelete {
        BulkDelete {
            source: self.select.root,
            joins: self.select.joins.clone(),
            predicates: self.select.predicates.clone(),
            with_deleted: self.select.with_deleted,
            unfiltered: self.select.unfiltered.clone(),
            permanently: self.permanently,
            projection: Vec::new(),
            returning: Vec::new(),
        }
    }
}

impl<X, M: Model, S> Delete<X, M, S> {
    /// Runs the delete; the number of rows that went. Awaiting the delete does the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] before anything is sent, without a filter or with an outer join or a limit; those of the server.
    #[track_caller]
    pub fn run(self) -> impl Future<Output = Result<u64>>
    where
        X: Executor,
    {
        placed(self.into_future())
    }
}

impl<X: Executor, M: Model, S> IntoFuture for Delete<X, M, S> {
    type Output = Result<u64>;
    type IntoFuture = X::Writing;

    #[track_caller]
    fn into_future(self) -> X::Writing {
        let write = self.to_write().map(BulkWrite);
        self.on.write::<M>(write)
    }
}

impl<X, M: Model, S> fmt::Debug for Update<X, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}

impl<X, M: Model, S> fmt::Debug for Delete<X, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}
