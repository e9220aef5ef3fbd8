//! Bulk `UPDATE` and `DELETE`.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::executor::{BulkWrite, Executor};
use crate::compile::{Compile, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, Model, SourceRef};
use crate::sql::{BinaryOp, BulkDelete, BulkUpdate, FromItem, JoinKind, Node, Select};
use crate::types::Value;

/// A bulk update: what [`Query::update`](super::Query::update) makes. Awaiting it runs it.
#[must_use = "an update does nothing until it is awaited"]
pub struct Update<X, M> {
    on: X,
    select: Select,
    set: Vec<(&'static ColumnDef, Node)>,
    all_rows: bool,
    model: PhantomData<fn() -> M>,
}

/// A bulk delete: what [`Query::delete`](super::Query::delete) makes. Awaiting it runs it.
#[must_use = "a delete does nothing until it is awaited"]
pub struct Delete<X, M> {
    on: X,
    select: Select,
    all_rows: bool,
    permanently: bool,
    model: PhantomData<fn() -> M>,
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
    if select.predicates.is_empty() && select.joins.is_empty() && !all_rows {
        return refuse(format!("a bulk {what} of `{model}` without a filter: say `.all_rows()` if all rows are meant"));
    }
    Ok(())
}

impl<X, M: Model> Update<X, M> {
    pub(super) fn new(on: X, select: Select, set: Vec<(&'static ColumnDef, Node)>) -> Self {
        Self { on, select, set, all_rows: false, model: PhantomData }
    }

    /// Says that all rows of the table are meant: without it, an update without a filter is refused.
    pub fn all_rows(mut self) -> Self {
        self.all_rows = true;
        self
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        Write::BulkUpdate(self.statement()).to_text()
    }

    /// The statement, which gives all columns of its rows, if it may be sent.
    pub(super) fn into_returning(self) -> Result<BulkUpdate> {
        check(&self.select, self.all_rows, "update")?;
        Ok(BulkUpdate { returning: (0..M::table().columns.len()).collect(), ..self.statement() })
    }

    fn statement(&self) -> BulkUpdate {
        let mut set = self.set.clone();
        if let Some(column) = M::table().version_column().map(|index| &M::table().columns[index])
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
            returning: Vec::new(),
        }
    }
}

impl<X, M: Model> Update<X, M> {
    /// Runs the update; the number of rows that it changed. Awaiting the update does the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] before anything is sent, without a filter or with an outer join or a limit; those of the server.
    pub async fn run(self) -> Result<u64>
    where
        X: Executor,
    {
        self.await
    }
}

impl<X: Executor, M: Model> IntoFuture for Update<X, M> {
    type Output = Result<u64>;
    type IntoFuture = X::Writing;

    fn into_future(self) -> X::Writing {
        let checked = check(&self.select, self.all_rows, "update");
        let write = checked.map(|()| BulkWrite(Write::BulkUpdate(self.statement())));
        self.on.write::<M>(write)
    }
}

impl<X, M: Model> Delete<X, M> {
    pub(super) fn new(on: X, select: Select) -> Self {
        Self { on, select, all_rows: false, permanently: false, model: PhantomData }
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

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        Write::BulkDelete(self.statement()).to_text()
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
            permanently: self.permanently,
            returning: Vec::new(),
        }
    }
}

impl<X, M: Model> Delete<X, M> {
    /// Runs the delete; the number of rows that went. Awaiting the delete does the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] before anything is sent, without a filter or with an outer join or a limit; those of the server.
    pub async fn run(self) -> Result<u64>
    where
        X: Executor,
    {
        self.await
    }
}

impl<X: Executor, M: Model> IntoFuture for Delete<X, M> {
    type Output = Result<u64>;
    type IntoFuture = X::Writing;

    fn into_future(self) -> X::Writing {
        let checked = check(&self.select, self.all_rows, "delete");
        let write = checked.map(|()| BulkWrite(Write::BulkDelete(self.statement())));
        self.on.write::<M>(write)
    }
}

impl<X, M: Model> fmt::Debug for Update<X, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}

impl<X, M: Model> fmt::Debug for Delete<X, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}
