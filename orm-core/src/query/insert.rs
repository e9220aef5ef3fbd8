//! `INSERT` without the unit of work: [`Insert`], and what it does where a row is there already.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::executor::{BulkWrite, Executor, Unbound};
use super::given::Given;
use super::returning::Returning;
use super::rows::Rows;
use crate::compile::{Compile, Write};
use crate::engine::{Engine, placed};
use crate::error::{Error, Result};
use crate::schema::{ColumnDef, IntoModel, Model, SourceRef, Writable, positions};
use crate::sql::{
    Assignments, BinaryOp, BulkInsert, ColumnList, Condition, Conflict, ConflictAction, ConflictTarget, Excluded,
    Expression, InScope, InsertColumns, InsertRows, Node, RowsFor, Selection, excluded_source,
};
use crate::types::{RowReader, Value};

/// An insert of any number of values, models or complete builders, bound to nobody: [`on`](Insert::on) binds it, and
/// `engine.insert(values)` is the same, bound.
///
/// One statement takes all of them, whatever their number: up to eight rows by `VALUES`, if the same columns are given of all,
/// and more by an array a column. It writes rows and nothing else: no object of a session is made,
/// no hook runs, and a value that holds objects by its relationships is refused. Columns that the server makes are left to it in the
/// values that do not give them.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::insert;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
/// let courses = ["Python", "Java"].map(|name| Course::builder().name(name));
/// assert_eq!(
///     insert(courses).to_sql(),
///     r#"INSERT INTO "course" ("name", "note") VALUES ($1, $2), ($3, $4)"#,
/// );
/// ```
pub fn insert<A: IntoModel>(values: impl IntoIterator<Item = A>) -> Insert<Unbound, A::Model> {
    InsertInto { on: Unbound, model: PhantomData }.values(values)
}

/// An insert into the table of `M`, whose rows are yet to be said.
pub fn insert_into<M: Model + Writable>() -> InsertInto<Unbound, M> {
    InsertInto { on: Unbound, model: PhantomData }
}

/// An insert whose rows are yet to be said; made by [`insert_into`].
#[must_use = "an insert does nothing until it is awaited"]
pub struct InsertInto<X, M> {
    on: X,
    model: PhantomData<fn() -> M>,
}

impl<X, M: Model> InsertInto<X, M> {
    /// These values; see [`insert`].
    pub fn values<A: IntoModel<Model = M>>(self, values: impl IntoIterator<Item = A>) -> Insert<X, M> {
        let given = Given::of(values.into_iter().map(IntoModel::into_model));
        Insert { on: self.on, given, conflict: None, model: PhantomData }
    }

    /// Rows of values for these columns: one value, or a tuple. What they borrow is encoded as it is and owned by nobody, so
    /// this is the faster way for what is not a model yet. The other columns are left to the server, as are those of
    /// [`Auto`](crate::types::Auto) that a row does not give.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::insert_into;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
    /// let lines = ["Python,a snake", "Java,an island"];
    /// let rows = lines.iter().filter_map(|line| line.split_once(','));
    /// let courses = insert_into::<Course>().rows((Course::name, Course::note), rows);
    /// assert_eq!(courses.to_sql(), r#"INSERT INTO "course" ("name", "note") VALUES ($1, $2), ($3, $4)"#);
    /// ```
    pub fn rows<C, R>(self, columns: C, rows: impl IntoIterator<Item = R>) -> Insert<X, M>
    where
        C: InsertColumns<M>,
        R: RowsFor<C::Fields>,
    {
        let given = Given::of_rows(M::table(), columns_of(columns), rows.into_iter());
        Insert { on: self.on, given, conflict: None, model: PhantomData }
    }

    /// The rows of a query, a value for each of these columns. The other columns are left to the server.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::insert_into;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Draft { #[model(primary_key)] id: Auto<i32>, title: String, ready: bool }
    /// let ready = query::<Draft>().filter(Draft::ready.eq(true)).select((Draft::title, Draft::title));
    /// let publish = insert_into::<Course>().from_select((Course::name, Course::note), ready);
    /// assert_eq!(
    ///     publish.to_sql(),
    ///     concat!(
    ///         r#"INSERT INTO "course" ("name", "note") "#,
    ///         r#"SELECT "draft"."title", "draft"."title" FROM "draft" WHERE "draft"."ready" = $1"#,
    ///     ),
    /// );
    /// ```
    pub fn from_select<C, R>(self, columns: C, query: Rows<Unbound, R>) -> Insert<X, M>
    where
        C: InsertColumns<M>,
        R: RowsFor<C::Fields>,
    {
        let (_, select, _) = query.into_parts();
        let given = Given { columns: columns_of(columns), rows: InsertRows::Select(Arc::new(*select)), refused: None };
        Insert { on: self.on, given, conflict: None, model: PhantomData }
    }
}

/// The positions of columns in the table.
pub(super) fn columns_of<M: Model>(columns: impl InsertColumns<M>) -> Vec<usize> {
    let mut names = Vec::new();
    columns.names(&mut names);
    positions(M::table(), &names)
}

impl<X, M: Model> fmt::Debug for InsertInto<X, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "insert into {}", M::table().display_name())
    }
}

/// An insert: what [`insert`] and [`insert_into`] make. Awaiting it runs it, and gives the number of rows that it inserted.
#[must_use = "an insert does nothing until it is awaited"]
pub struct Insert<X, M> {
    on: X,
    given: Given,
    conflict: Option<(ConflictTarget, Action)>,
    model: PhantomData<fn() -> M>,
}

/// What becomes of a row that is there.
#[derive(Clone)]
enum Action {
    Nothing,
    Update(Vec<(&'static ColumnDef, Node)>, Vec<Node>),
    /// What is inserted is updated.
    UpdateAll(Vec<Node>),
}

impl<X: Clone, M: Model> Clone for Insert<X, M> {
    fn clone(&self) -> Self {
        let Given { columns, rows, refused } = &self.given;
        let refused = refused.as_ref().map(Error::restated);
        let given = Given { columns: columns.clone(), rows: rows.clone(), refused };
        Self { on: self.on.clone(), given, conflict: self.conflict.clone(), model: PhantomData }
    }
}

impl<M: Model> Insert<Unbound, M> {
    /// Binds the insert to who runs it: an engine, or a session, in whose transaction it runs after a flush.
    pub fn on<X: Executor>(self, executor: X) -> Insert<X, M> {
        Insert { on: executor, given: self.given, conflict: self.conflict, model: PhantomData }
    }
}

impl<X, M: Model> Insert<X, M> {
    /// Says what becomes of a row that has the values of these columns in common with one that is there. They must be those
    /// of the primary key, or of a unique constraint or index.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::{excluded, insert};
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, #[model(unique)] name: String, note: Option<String> }
    /// let python = || insert([Course::builder().name("Python").note("a snake")]);
    /// let once = python().on_conflict(Course::name).do_nothing();
    /// assert!(once.to_sql().ends_with(r#" ON CONFLICT ("name") DO NOTHING"#));
    /// let newest = python().on_conflict(Course::name).do_update(Course::note.set(excluded(Course::note)));
    /// assert!(newest.to_sql().contains(r#" ON CONFLICT ("name") DO UPDATE SET "note" = "excluded"."note""#));
    /// ```
    pub fn on_conflict(self, columns: impl ColumnList<M>) -> OnConflict<X, M, ByColumns> {
        let mut names = Vec::new();
        columns.names(&mut names);
        let target = ConflictTarget::Columns { columns: positions(M::table(), &names), predicates: Vec::new() };
        OnConflict { insert: self, target, by: PhantomData }
    }

    /// Like [`on_conflict`](Self::on_conflict), of a constraint by its name. Whether there is one, the server says.
    pub fn on_conflict_on(self, constraint: impl Into<String>) -> OnConflict<X, M, ByName> {
        OnConflict { insert: self, target: ConflictTarget::Constraint(constraint.into()), by: PhantomData }
    }

    /// Leaves out what has any unique value in common with a row that is there.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::insert;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Tag { #[model(primary_key)] label: String }
    /// let tags = insert([Tag { label: "new".to_owned() }]).on_conflict_do_nothing();
    /// assert!(tags.to_sql().ends_with(" ON CONFLICT DO NOTHING"));
    /// ```
    pub fn on_conflict_do_nothing(mut self) -> Self {
        self.conflict = Some((ConflictTarget::Any, Action::Nothing));
        self
    }

    /// Gives back columns and expressions of the rows that were inserted, with what the server made of them. Awaiting it
    /// gives typed rows, in the order in which the server wrote them; those that were left out are not among them.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::insert;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let keys = insert([Course::builder().name("Python")]).returning(Course::id);
    /// assert!(keys.to_sql().ends_with(r#" RETURNING "course"."id""#));
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn returning<T, I>(self, selection: T) -> Returning<X, M, T::Row>
    where
        T: Selection<(M, ()), I>,
    {
        let (on, mut statement, refused) = self.into_statement();
        selection.into_projection(&mut statement.projection);
        Returning::new(on, Write::Insert(statement), refused, T::read)
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        Write::Insert(self.statement()).to_text()
    }

    /// Runs the insert; the number of rows that it inserted. Awaiting the insert does the same. Of no values, nothing is
    /// sent.
    ///
    /// # Errors
    ///
    /// Before anything is sent: [`Encode`](crate::ErrorKind::Encode) for a value that a column cannot hold,
    /// [`Invalid`](crate::ErrorKind::Invalid) for one that holds objects by a relationship. Those of the server:
    /// [`Constraint`](crate::ErrorKind::Constraint) if a row is refused, [`Schema`](crate::ErrorKind::Schema) if there is
    /// no such constraint to be in conflict with.
    #[track_caller]
    pub fn run(self) -> impl Future<Output = Result<u64>>
    where
        X: Executor,
    {
        placed(self.into_future())
    }

    fn statement(&self) -> BulkInsert {
        statement::<M>(self.given.columns.clone(), self.given.rows.clone(), self.conflict.as_ref())
    }

    /// The statement, and why it is not to be sent.
    fn into_statement(self) -> (X, BulkInsert, Option<Error>) {
        let Given { columns, rows, refused } = self.given;
        (self.on, statement::<M>(columns, rows, self.conflict.as_ref()), refused)
    }
}

fn statement<M: Model>(
    columns: Vec<usize>,
    rows: InsertRows,
    conflict: Option<&(ConflictTarget, Action)>,
) -> BulkInsert {
    let conflict = conflict
        .map(|(target, action)| Conflict { target: target.clone(), action: action.resolve::<M>(target, &columns) });
    let tells = matches!(&conflict, Some(Conflict { action: ConflictAction::Update { .. }, .. }));
    let (projection, returning) = (Vec::new(), Vec::new());
    BulkInsert { table: M::table(), columns, rows, conflict, projection, tells, returning }
}

impl Action {
    fn resolve<M: Model>(&self, target: &ConflictTarget, given: &[usize]) -> ConflictAction {
        let table = M::table();
        let (mut set, predicates) = match self {
            Self::Nothing => return ConflictAction::Nothing,
            Self::Update(set, predicates) => (set.clone(), predicates.clone()),
            Self::UpdateAll(predicates) => {
                let target: &[usize] = match target {
                    ConflictTarget::Columns { columns, .. } => columns,
                    ConflictTarget::Any | ConflictTarget::Constraint(_) => &[],
                };
                let is_set = |index: &&usize| {
                    let column = &table.columns[**index];
                    !target.contains(*index) && !column.primary_key && !column.version
                };
                let mut columns: Vec<usize> = given.iter().filter(is_set).copied().collect();
                if columns.is_empty() {
                    columns = if target.is_empty() { given.to_vec() } else { target.to_vec() };
                }
                let excluded = |column: usize| {
                    let column = &table.columns[column];
                    (column, Node::column(excluded_source(table), column))
                };
                (columns.into_iter().map(excluded).collect(), predicates.clone())
            }
        };
        if set.is_empty() {
            // Nothing is to be changed: the row stays as it is.
            return ConflictAction::Nothing;
        }
        if let Some(column) = table.version_column().map(|index| &table.columns[index])
            && !set.iter().any(|(other, _)| other.name == column.name)
        {
            // Who has read the row before is to notice.
            let version = Node::column(SourceRef::Table(table), column);
            set.push((column, Node::binary(BinaryOp::Add, version, Node::Param(Value::of(&1i16)))));
        }
        ConflictAction::Update { set, predicates }
    }
}

impl<X: Executor, M: Model> IntoFuture for Insert<X, M> {
    type Output = Result<u64>;
    type IntoFuture = X::Writing;

    #[track_caller]
    fn into_future(self) -> X::Writing {
        let (on, statement, refused) = self.into_statement();
        on.write::<M>(refused.map_or(Ok(BulkWrite(Write::Insert(statement))), Err))
    }
}

/// Shows the SQL.
impl<X, M: Model> fmt::Debug for Insert<X, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}

/// What a conflict is, and what is done then is yet to be said; made by [`Insert::on_conflict`].
#[must_use = "say what is done of a conflict: `.do_nothing()` or `.do_update(…)`"]
pub struct OnConflict<X, M, By> {
    insert: Insert<X, M>,
    target: ConflictTarget,
    by: PhantomData<fn() -> By>,
}

/// A conflict by columns.
#[derive(Debug)]
pub struct ByColumns;

/// A conflict by the name of a constraint.
#[derive(Debug)]
pub struct ByName;

impl<X, M: Model> OnConflict<X, M, ByColumns> {
    /// The condition of a partial unique index, by which the server finds it. Its values are written into the statement,
    /// because the server proves nothing of a parameter: numbers, texts, booleans, times and UUIDs can stand in it.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::insert;
    /// # #[derive(Model, Debug, Clone)]
    /// # #[model(index(title, unique, where = "state = 'open'"))]
    /// # struct Note { #[model(primary_key)] id: Auto<i32>, title: String, state: String }
    /// let note = insert([Note::builder().title("a").state("open")])
    ///     .on_conflict(Note::title)
    ///     .filter(Note::state.eq("open"))
    ///     .do_nothing();
    /// assert!(note.to_sql().ends_with(r#" ON CONFLICT ("title") WHERE "state" = 'open' DO NOTHING"#));
    /// ```
    #[doc(alias = "where")]
    pub fn filter<E, I>(mut self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(M, ()), I>,
    {
        if let ConflictTarget::Columns { predicates, .. } = &mut self.target {
            predicates.push(condition.into_node());
        }
        self
    }
}

impl<X, M: Model, By> OnConflict<X, M, By> {
    /// Leaves the row that is there as it is, and the new one out.
    pub fn do_nothing(self) -> Insert<X, M> {
        self.with(Action::Nothing)
    }

    /// Updates the row that is there. What would have been inserted is [`excluded`](crate::excluded).
    ///
    /// A version is raised, and what every update sets is set. Two values that are in conflict with one row are refused by
    /// the server.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::{excluded, insert};
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, #[model(unique)] name: String, note: Option<String>, rank: i32 }
    /// let put = insert([Course::builder().name("Python").rank(1)])
    ///     .on_conflict(Course::name)
    ///     .do_update((Course::note.set(excluded(Course::note)), Course::rank.set(Course::rank + 1)))
    ///     .filter(Course::rank.lt(excluded(Course::rank)));
    /// assert!(put.to_sql().contains(concat!(
    ///     r#" DO UPDATE SET "note" = "excluded"."note", "rank" = "course"."rank" + $4 "#,
    ///     r#"WHERE "course"."rank" < "excluded"."rank""#,
    /// )));
    /// ```
    pub fn do_update<A, I>(self, assignments: A) -> InsertOrUpdate<X, M>
    where
        A: Assignments<M, (M, (Excluded<M>, ())), I>,
    {
        let mut set = Vec::new();
        assignments.into_assignments(&mut set);
        InsertOrUpdate(self.with(Action::Update(set, Vec::new())))
    }

    /// Updates all columns of the row that is there which would have been inserted, but for those of the conflict and the
    /// primary key. Where there are no others, the row is updated to what it is, so that it comes back.
    pub fn do_update_all(self) -> InsertOrUpdate<X, M> {
        InsertOrUpdate(self.with(Action::UpdateAll(Vec::new())))
    }

    fn with(mut self, action: Action) -> Insert<X, M> {
        self.insert.conflict = Some((self.target, action));
        self.insert
    }
}

impl<X, M: Model, By> fmt::Debug for OnConflict<X, M, By> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnConflict").field("insert", &self.insert).field("target", &self.target).finish()
    }
}

/// An insert that updates the rows that are there: what [`OnConflict::do_update`] makes. Awaiting it gives how many were
/// inserted and updated.
#[must_use = "an insert does nothing until it is awaited"]
pub struct InsertOrUpdate<X, M>(Insert<X, M>);

/// What became of one row of an [`InsertOrUpdate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Written {
    /// It is new.
    Inserted,
    /// It was there.
    Updated,
}

impl Written {
    /// Whether the row is new.
    #[must_use]
    pub fn is_inserted(self) -> bool {
        self == Self::Inserted
    }
}

/// What an [`InsertOrUpdate`] did. Rows that its condition left as they were are in neither number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InsertOutcome {
    /// How many rows are new.
    pub inserted: u64,
    /// How many were there and were updated.
    pub updated: u64,
}

impl<X: Clone, M: Model> Clone for InsertOrUpdate<X, M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Model> InsertOrUpdate<Unbound, M> {
    /// Like [`Insert::on`]. The objects of a session follow what is updated, as they do after a bulk update.
    pub fn on<X: Executor>(self, executor: X) -> InsertOrUpdate<X, M> {
        InsertOrUpdate(self.0.on(executor))
    }
}

impl<X, M: Model> InsertOrUpdate<X, M> {
    /// Updates only the rows for which this holds; the others are left as they are, and are neither inserted nor updated.
    #[doc(alias = "where")]
    pub fn filter<E, I>(mut self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(M, (Excluded<M>, ())), I>,
    {
        if let Some((_, Action::Update(_, predicates) | Action::UpdateAll(predicates))) = &mut self.0.conflict {
            predicates.push(condition.into_node());
        }
        self
    }

    /// Gives back columns and expressions of the rows as they are afterwards, each with what became of it.
    ///
    /// The server tells by a system column (`xmax`), which a partitioned table does not show. There, a row counts as inserted
    /// if none of its key was there when the statement began: one that another transaction inserted in between is counted so
    /// too, although it was updated.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # use orm_core::Written;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, #[model(unique)] name: String, note: Option<String> }
    /// # async fn demo(engine: &Engine, courses: Vec<Course>) -> orm_core::Result<()> {
    /// let put = engine.insert(courses).on_conflict(Course::name).do_update_all().returning(Course::id);
    /// for (id, written) in put.await? {
    ///     match written {
    ///         Written::Inserted => println!("{id} is new"),
    ///         Written::Updated => println!("{id} was there"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn returning<T, I>(self, selection: T) -> Returning<X, M, (T::Row, Written)>
    where
        T: Selection<(M, ()), I>,
    {
        let (on, mut statement, refused) = self.into_told();
        selection.into_projection(&mut statement.projection);
        Returning::new(on, Write::Insert(statement), refused, read_told::<M, T, I>)
    }

    /// The text of the statement.
    #[must_use]
    pub fn to_sql(&self) -> String {
        Write::Insert(told(self.0.statement())).to_text()
    }

    /// Runs the insert; how many rows it inserted and updated. Awaiting it does the same.
    ///
    /// # Errors
    ///
    /// Like [`Insert::run`], and [`Invalid`](crate::ErrorKind::Invalid) if two of the values are in conflict with one row.
    #[track_caller]
    pub fn run(self) -> impl Future<Output = Result<InsertOutcome>>
    where
        X: Executor,
    {
        placed(self.into_future())
    }

    fn into_told(self) -> (X, BulkInsert, Option<Error>) {
        let (on, statement, refused) = self.0.into_statement();
        (on, told(statement), refused)
    }
}

/// The statement tells of each row what became of it, also where none is updated.
fn told(statement: BulkInsert) -> BulkInsert {
    BulkInsert { tells: true, ..statement }
}

fn read_told<M, T, I>(row: &mut RowReader<'_>) -> Result<(T::Row, Written)>
where
    T: Selection<(M, ()), I>,
{
    Ok((T::read(row)?, read_written(row)?))
}

fn read_written(row: &mut RowReader<'_>) -> Result<Written> {
    Ok(if row.read()? { Written::Inserted } else { Written::Updated })
}

impl<X: Executor, M: Model> IntoFuture for InsertOrUpdate<X, M> {
    type Output = Result<InsertOutcome>;
    type IntoFuture = Counting<X>;

    #[track_caller]
    fn into_future(self) -> Counting<X> {
        let (on, statement, refused) = self.into_told();
        let write = refused.map_or(Ok(BulkWrite(Write::Insert(statement))), Err);
        Counting(on.write_returning::<M, Written>(write, read_written))
    }
}

/// Shows the SQL.
impl<X, M: Model> fmt::Debug for InsertOrUpdate<X, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}

/// An [`InsertOrUpdate`] under way.
#[doc(hidden)]
pub struct Counting<X: Executor>(X::Returned<Written>);

impl<X: Executor> Future for Counting<X> {
    type Output = Result<InsertOutcome>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let rows = ready!(Pin::new(&mut self.0).poll(cx))?;
        let inserted = rows.iter().filter(|written| written.is_inserted()).count() as u64;
        Poll::Ready(Ok(InsertOutcome { inserted, updated: rows.len() as u64 - inserted }))
    }
}

impl<X: Executor> fmt::Debug for Counting<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counting")
    }
}

impl Engine {
    /// Like [`insert`], bound to this engine.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let courses = ["Python", "Java"].map(|name| Course::builder().name(name));
    /// let ids: Vec<i32> = engine.insert(courses).returning(Course::id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn insert<A: IntoModel>(&self, values: impl IntoIterator<Item = A>) -> Insert<&Self, A::Model> {
        InsertInto { on: self, model: PhantomData }.values(values)
    }

    /// Like [`insert_into`], bound to this engine.
    pub fn insert_into<M: Model + Writable>(&self) -> InsertInto<&Self, M> {
        InsertInto { on: self, model: PhantomData }
    }
}
