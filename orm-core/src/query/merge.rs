//! `MERGE`: one statement that brings a table in line with other rows.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::executor::{BulkWrite, Executor, Unbound};
use super::given::arrays;
use crate::compile::{Compile, Write};
use crate::engine::{Engine, placed};
use crate::error::{Error, Result};
use crate::schema::{ColumnDef, IntoModel, Model, Source, SourceRef, Writable};
use crate::sql::{
    Assignments, BinaryOp, Condition, Expression, Given, InScope, IntoMergeSource, MergeAction, MergeArm, MergeUsing,
    Node,
};
use crate::types::Value;

/// A merge into the table of `M`, bound to nobody: [`on`](Merge::on) of what comes of it binds it, and
/// `engine.merge_into::<M>()` is the same, bound. It needs PostgreSQL 15.
///
/// Each row of the source is looked for in the table. Of the arms that are said, the first whose condition holds is what is
/// done.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::merge_into;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
/// # #[derive(Model, Debug, Clone)]
/// # struct Draft { #[model(primary_key)] id: Auto<i32>, title: String, text: Option<String>, withdrawn: bool }
/// let publish = merge_into::<Course>()
///     .using(Draft::TABLE)
///     .on(Course::name.eq(Draft::title))
///     .when_matched()
///     .filter(Draft::withdrawn.is_true())
///     .delete()
///     .when_matched()
///     .update(Course::note.set(Draft::text))
///     .when_not_matched()
///     .insert((Course::name.set(Draft::title), Course::note.set(Draft::text)));
/// assert_eq!(
///     publish.to_sql(),
///     concat!(
///         r#"MERGE INTO "course" USING "draft" ON "course"."name" = "draft"."title" "#,
///         r#"WHEN MATCHED AND "draft"."withdrawn" IS TRUE THEN DELETE "#,
///         r#"WHEN MATCHED THEN UPDATE SET "note" = "draft"."text" "#,
///         r#"WHEN NOT MATCHED THEN INSERT ("name", "note") VALUES ("draft"."title", "draft"."text")"#,
///     ),
/// );
/// ```
pub fn merge_into<M: Model + Writable>() -> MergeInto<Unbound, M> {
    MergeInto { on: Unbound, model: PhantomData }
}

/// A merge whose source is yet to be said; made by [`merge_into`].
#[must_use = "a merge does nothing until it is awaited"]
pub struct MergeInto<X, M> {
    on: X,
    model: PhantomData<fn() -> M>,
}

impl<X, M: Model> MergeInto<X, M> {
    /// Merges the rows of a table (`Draft::TABLE`), an alias or a subquery. Rows that are marked as deleted are not among
    /// them.
    pub fn using<U: IntoMergeSource>(self, source: U) -> Merging<X, M, U::Source> {
        Merging { on: self.on, using: MergeUsing::Item(source.into_item()), refused: None, types: PhantomData }
    }

    /// Merges values, models or complete builders, of this or another model; their columns are [`given`](crate::given). All
    /// of them give the same columns of those that the server could make.
    pub fn using_values<A: IntoModel>(self, values: impl IntoIterator<Item = A>) -> Merging<X, M, Given<A::Model>> {
        let values: Vec<A::Model> = values.into_iter().map(IntoModel::into_model).collect();
        let (columns, arrays, mut refused) = arrays::<A::Model>(values.iter());
        let count = values.len();
        if let Err(error) = same_columns(&values, &columns) {
            refused.get_or_insert(error);
        }
        let using = MergeUsing::Given { source: Given::<A::Model>::source(), columns, arrays, count };
        Merging { on: self.on, using, refused, types: PhantomData }
    }
}

/// A column that the server makes is given by all values, or by none.
fn same_columns<M: Model>(values: &[M], columns: &[usize]) -> Result<()> {
    let table = M::table();
    for value in values {
        let dump = crate::schema::Dump::of(value);
        let stray = columns.iter().find(|&&column| table.columns[column].auto && dump.raw(column).is_none());
        if let Some(&column) = stray {
            let name = table.columns[column].name;
            let message = format!(
                "a merge takes the same columns of all values: column `{}.{name}` is given by some, and left to the server by others",
                table.display_name()
            );
            return Err(Error::invalid(message).with_model(table.model).with_column(name));
        }
    }
    Ok(())
}

impl<X, M: Model> fmt::Debug for MergeInto<X, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "merge into {}", M::table().display_name())
    }
}

/// A merge of which it is yet to be said which rows match; made by [`MergeInto::using`].
#[must_use = "say which rows match: `.on(condition)`"]
pub struct Merging<X, M, S> {
    on: X,
    using: MergeUsing,
    refused: Option<Error>,
    types: PhantomData<fn() -> (M, S)>,
}

impl<X, M: Model, S: Source> Merging<X, M, S> {
    /// Which row of the table is that of a row of the source. Rows of the table that are marked as deleted are no one's.
    pub fn on<E, I>(self, condition: E) -> Merge<X, M, S>
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(M, (S, ())), I>,
    {
        let merge =
            crate::sql::Merge { table: M::table(), using: self.using, on: condition.into_node(), arms: Vec::new() };
        Merge { on: self.on, merge, refused: self.refused, types: PhantomData }
    }
}

impl<X, M: Model, S> fmt::Debug for Merging<X, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "merge into {}", M::table().display_name())
    }
}

/// A merge: what [`merge_into`] makes in the end. Awaiting it gives the number of rows that were inserted, updated and
/// deleted.
#[must_use = "a merge does nothing until it is awaited"]
pub struct Merge<X, M, S> {
    on: X,
    merge: crate::sql::Merge,
    refused: Option<Error>,
    types: PhantomData<fn() -> (M, S)>,
}

impl<M: Model, S> Merge<Unbound, M, S> {
    /// Binds the merge to who runs it: an engine, or a session, in whose transaction it runs after a flush.
    ///
    /// The server does not tell which rows a merge changed, so a session that holds objects of `M` refuses it.
    pub fn on<X: Executor>(self, executor: X) -> Merge<X, M, S> {
        Merge { on: executor, merge: self.merge, refused: self.refused, types: PhantomData }
    }
}

impl<X, M: Model, S> Merge<X, M, S> {
    /// What is done with a row of the table that is that of a row of the source.
    pub fn when_matched(self) -> WhenMatched<X, M, S> {
        WhenMatched { merge: self, predicates: Vec::new() }
    }

    /// What is done with a row of the source that has none in the table.
    pub fn when_not_matched(self) -> WhenNotMatched<X, M, S> {
        WhenNotMatched { merge: self, predicates: Vec::new() }
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        Write::Merge(self.merge.clone()).to_text()
    }

    /// Runs the merge; the number of rows that were inserted, updated and deleted. Awaiting it does the same. Of no values,
    /// nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) by a server before PostgreSQL 15. [`Invalid`](crate::ErrorKind::Invalid)
    /// before anything is sent, if nothing is said to be done; and by the server, if two rows of the source are those of one
    /// row of the table. Those of an insert and of a bulk update.
    #[track_caller]
    pub fn run(self) -> impl Future<Output = Result<u64>>
    where
        X: Executor,
    {
        placed(self.into_future())
    }

    fn with(mut self, is_matched: bool, predicates: Vec<Node>, action: MergeAction) -> Self {
        self.merge.arms.push(MergeArm { is_matched, predicates, action });
        self
    }
}

impl<X: Executor, M: Model, S> IntoFuture for Merge<X, M, S> {
    type Output = Result<u64>;
    type IntoFuture = X::Writing;

    #[track_caller]
    fn into_future(self) -> X::Writing {
        let model = M::table().model;
        let write = match self.refused {
            Some(error) => Err(error),
            None if self.merge.arms.is_empty() => {
                let message =
                    format!("a merge into `{model}` does nothing: say `.when_matched()` or `.when_not_matched()`");
                Err(Error::invalid(message).with_model(model))
            }
            None => Ok(BulkWrite(Write::Merge(self.merge))),
        };
        self.on.write::<M>(write)
    }
}

/// Shows the SQL.
impl<X, M: Model, S> fmt::Debug for Merge<X, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}

/// Rows that match; made by [`Merge::when_matched`].
#[must_use = "say what is done with the rows: `.update(…)`, `.delete()` or `.do_nothing()`"]
#[derive(Debug)]
pub struct WhenMatched<X, M: Model, S> {
    merge: Merge<X, M, S>,
    predicates: Vec<Node>,
}

impl<X, M: Model, S: Source> WhenMatched<X, M, S> {
    /// Only the rows for which this holds too; of the others, what the next arm says.
    pub fn filter<E, I>(mut self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(M, (S, ())), I>,
    {
        self.predicates.push(condition.into_node());
        self
    }

    /// Updates the row of the table. A version is raised, and what every update sets is set.
    pub fn update<A, I>(self, assignments: A) -> Merge<X, M, S>
    where
        A: Assignments<M, (M, (S, ())), I>,
    {
        let mut set = Vec::new();
        assignments.into_assignments(&mut set);
        self.merge.with(true, self.predicates, updated::<M>(set))
    }

    /// Deletes the row of the table, or marks it where the model says `soft_delete`.
    pub fn delete(self) -> Merge<X, M, S> {
        self.merge.with(true, self.predicates, MergeAction::Delete)
    }

    /// Leaves the row as it is, whatever further arms say.
    pub fn do_nothing(self) -> Merge<X, M, S> {
        self.merge.with(true, self.predicates, MergeAction::Nothing)
    }
}

impl<X, M: Model> WhenMatched<X, M, Given<M>> {
    /// Updates all columns that the values give, but for the primary key.
    pub fn update_all(self) -> Merge<X, M, Given<M>> {
        let set = given_columns::<M>(&self.merge.merge.using);
        let set = set.filter(|(column, _)| !column.primary_key && !column.version).collect();
        self.merge.with(true, self.predicates, updated::<M>(set))
    }
}

/// An update of these columns; of none, nothing.
fn updated<M: Model>(mut set: Vec<(&'static ColumnDef, Node)>) -> MergeAction {
    if set.is_empty() {
        return MergeAction::Nothing;
    }
    let table = M::table();
    if let Some(column) = table.version_column().map(|index| &table.columns[index])
        && !set.iter().any(|(other, _)| other.name == column.name)
    {
        // Who has read the row before is to notice.
        let version = Node::column(SourceRef::Table(table), column);
        set.push((column, Node::binary(BinaryOp::Add, version, Node::Param(Value::of(&1i16)))));
    }
    MergeAction::Update(set)
}

/// The columns that values give, each as it is given.
fn given_columns<M: Model>(using: &MergeUsing) -> impl Iterator<Item = (&'static ColumnDef, Node)> {
    let columns = match using {
        MergeUsing::Given { columns, .. } => columns.clone(),
        MergeUsing::Item(_) => Vec::new(),
    };
    columns.into_iter().map(|column| {
        let column = &M::table().columns[column];
        (column, Node::column(Given::<M>::source(), column))
    })
}

/// Rows of the source that match none; made by [`Merge::when_not_matched`].
#[must_use = "say what is done with the rows: `.insert(…)` or `.do_nothing()`"]
#[derive(Debug)]
pub struct WhenNotMatched<X, M: Model, S> {
    merge: Merge<X, M, S>,
    predicates: Vec<Node>,
}

impl<X, M: Model, S: Source> WhenNotMatched<X, M, S> {
    /// Only the rows of the source for which this holds too; of the others, what the next arm says.
    pub fn filter<E, I>(mut self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(S, ()), I>,
    {
        self.predicates.push(condition.into_node());
        self
    }

    /// Inserts a row of these columns, of which the source alone is known. The others are left to the server.
    pub fn insert<A, I>(self, assignments: A) -> Merge<X, M, S>
    where
        A: Assignments<M, (S, ()), I>,
    {
        let mut set = Vec::new();
        assignments.into_assignments(&mut set);
        self.merge.with(false, self.predicates, MergeAction::Insert(set))
    }

    /// Leaves the row out, whatever further arms say.
    pub fn do_nothing(self) -> Merge<X, M, S> {
        self.merge.with(false, self.predicates, MergeAction::Nothing)
    }
}

impl<X, M: Model> WhenNotMatched<X, M, Given<M>> {
    /// Inserts the value, with all columns that the values give.
    pub fn insert_all(self) -> Merge<X, M, Given<M>> {
        let set = given_columns::<M>(&self.merge.merge.using).collect();
        self.merge.with(false, self.predicates, MergeAction::Insert(set))
    }
}

impl Engine {
    /// Like [`merge_into`], bound to this engine.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # use orm_core::given;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Stock { #[model(primary_key)] product: String, amount: i32 }
    /// # async fn demo(engine: Engine, delivery: Vec<Stock>) -> orm_core::Result<()> {
    /// let changed = engine
    ///     .merge_into::<Stock>()
    ///     .using_values(delivery)
    ///     .on(Stock::product.eq(given(Stock::product)))
    ///     .when_matched()
    ///     .update(Stock::amount.set(Stock::amount + given(Stock::amount)))
    ///     .when_not_matched()
    ///     .insert_all()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn merge_into<M: Model + Writable>(&self) -> MergeInto<&Self, M> {
        MergeInto { on: self, model: PhantomData }
    }
}
