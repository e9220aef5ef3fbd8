//! [`Sql`]: a statement that the user wrote, and what its rows are read as.

use std::fmt;
use std::marker::PhantomData;

use super::executor::{Executor, Unbound};
use super::fetch::{Boxed, Fetch, Job, Ready};
use super::projection::{Plan, Projection};
use crate::compile::{Compile, Compiled, Matching, ResultColumn};
use crate::engine::placed;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Model, SourceRef};
use crate::sql::{AliasTag, Anonymous, FromItem, Projection as Item, RawSql, Select, Subquery};
use crate::types::{Field, RowReader};

/// A statement of the user's own, bound to `X`: what [`sql!`](crate::__sql) makes.
///
/// It is a value, like a [`Query`](super::Query): `on` binds it to who runs it.
#[must_use = "a statement does nothing until it is run, for example by `.on(&engine).all::<Course>().await`"]
pub struct Sql<X = Unbound> {
    on: X,
    raw: RawSql,
}

impl Sql<Unbound> {
    /// The statement of these parts; for generated code.
    #[doc(hidden)]
    pub fn new(raw: RawSql) -> Self {
        Self { on: Unbound, raw }
    }

    /// Binds the statement to who runs it: `&engine`, or `&mut session`.
    pub fn on<X: Executor>(self, executor: X) -> Sql<X> {
        Sql { on: executor, raw: self.raw }
    }

    /// The statement as something whose columns are those of a model, to join in a query: [`SqlOf::subquery`].
    pub fn of<M: Model>(self) -> SqlOf<M> {
        SqlOf { raw: self.raw, model: PhantomData }
    }

    /// The statement as something to join, whose columns are those of the model and in `.c`.
    ///
    /// It must give a column for each of the model's, by name and of its type, in any order; others may be there too.
    /// That is looked at before the query around it is sent. A query that joins several of these, or other subqueries,
    /// tells them apart by [`subquery!`](crate::subquery): `subquery!(sql!("…").of::<Homework>())`.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, course_id: i32 }
    /// let number = 3;
    /// let late = sql!("select * from homework where number > {number}").subquery_of::<Homework>();
    /// let query = query::<Course>().join_on(&late, Course::id.eq(late.c.course_id)).filter(late.c.id.gt(1));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."id" FROM "course" JOIN (SELECT "raw"."id", "raw"."course_id" "#,
    ///         r#"FROM (select * from homework where number > $1) AS "raw") AS "subquery" "#,
    ///         r#"ON "course"."id" = "subquery"."course_id" WHERE "subquery"."id" > $2"#,
    ///     ),
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Of the query around it, before it is sent: [`ErrorKind::Schema`] with the model and the column if one is missing or
    /// of another type.
    #[must_use]
    pub fn subquery_of<M: Model>(self) -> Subquery<M> {
        self.of::<M>().subquery()
    }
}

impl<X> Sql<X> {
    /// The text of the statement, with `$1`, `$2`, … for its values.
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.raw.to_text()
    }
}

impl<X: Executor> Sql<X> {
    /// Runs the statement: all its rows, as models, projections, tuples or single values.
    ///
    /// - A **model** finds its columns by name, in any order; more columns may be there. From an engine it is a value; in a
    ///   session a handle, and one row is one object.
    /// - A **projection** finds its fields by name, and for its relationships the columns that relate them; these are
    ///   loaded as [`Query::project`](super::Query::project) does.
    /// - A **tuple** of up to sixteen values, and a single value, are read in the order of the columns.
    ///
    /// A session flushes first, as before its queries, and runs the statement in its transaction.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine, mut session: Session, tags: Vec<String>) -> orm_core::Result<()> {
    /// let found = sql!("select * from course where name = any({tags})");
    /// let courses: Vec<Course> = found.clone().on(&engine).all::<Course>().await?;
    /// let handles: Vec<Handle<Course>> = found.on(&mut session).all::<Course>().await?;
    /// let counts = sql!("select name, count(*) from course group by name").on(&engine).all::<(String, i64)>().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] before the statement is run, if a column is missing (with the model and the column), of
    /// another type, or if there are more or fewer than a tuple has; those of the server and the connection.
    // In a box, and not an `async fn`: the compiler would repeat what it says of `T` for each part of its future.
    #[track_caller]
    pub fn all<'x, T: SqlRow>(self) -> Boxed<'x, Vec<SqlOut<T, X>>>
    where
        X: 'x,
    {
        Box::pin(placed(T::By::run(self.raw, self.on)))
    }

    /// Runs the statement: its first row, if there is one. All its rows are asked for: say `limit 1` where there are many.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn first<T: SqlRow>(self) -> impl Future<Output = Result<Option<SqlOut<T, X>>>> {
        placed(async move { Ok(self.all::<T>().await?.into_iter().next()) })
    }

    /// Runs the statement: its only row.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all); [`ErrorKind::NotFound`] if there is none, [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one<T: SqlRow>(self) -> impl Future<Output = Result<SqlOut<T, X>>> {
        placed(async move { self.one_or_none::<T>().await?.ok_or_else(no_row) })
    }

    /// Runs the statement: its only row, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all); [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one_or_none<T: SqlRow>(self) -> impl Future<Output = Result<Option<SqlOut<T, X>>>> {
        placed(async move {
            let mut rows = self.all::<T>().await?;
            if rows.len() > 1 { Err(several_rows()) } else { Ok(rows.pop()) }
        })
    }

    /// Runs the statement: the number of rows that it inserted, updated, deleted or gave.
    ///
    /// A session flushes first and runs it in its transaction. Its objects do not see what it changes.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # async fn demo(engine: Engine, old: String, new: String) -> orm_core::Result<()> {
    /// let renamed = sql!("update course set name = {new} where name = {old}").on(&engine).execute().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the server and the connection; [`ErrorKind::Encode`] before anything is sent, if a value cannot be sent.
    #[track_caller]
    pub fn execute(self) -> impl Future<Output = Result<u64>> {
        placed(async move { self.on.run(None, Execution(self.raw.compile_unfiltered()?)).await })
    }
}

fn no_row() -> Error {
    Error::new(ErrorKind::NotFound, "no row was found where one was asked for")
}

fn several_rows() -> Error {
    Error::new(ErrorKind::MultipleRows, "several rows were found where one was asked for")
}

impl<X: Clone> Clone for Sql<X> {
    fn clone(&self) -> Self {
        Self { on: self.on.clone(), raw: self.raw.clone() }
    }
}

/// Shows the SQL.
impl<X> fmt::Debug for Sql<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql())
    }
}

/// A statement of the user's own whose columns are those of `M`; made by [`Sql::of`].
#[must_use = "a statement does nothing until it is joined in a query"]
#[derive(Clone)]
pub struct SqlOf<M> {
    raw: RawSql,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> SqlOf<M> {
    /// See [`Sql::subquery_of`].
    #[must_use]
    pub fn subquery(self) -> Subquery<M> {
        self.subquery_as::<Anonymous>()
    }

    /// Like [`subquery`](Self::subquery), under a tag of its own; written by [`subquery!`](crate::subquery).
    #[must_use]
    pub fn subquery_as<Tag: AliasTag>(self) -> Subquery<M, Tag> {
        let source = SourceRef::Alias { tag: std::any::TypeId::of::<Statement>(), name: "raw", table: M::table() };
        Subquery::query(Select::of(source, Item::Model(source), FromItem::Raw { source, sql: self.raw }))
    }
}

impl<M: Model> fmt::Debug for SqlOf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.raw.to_text(), M::table().model)
    }
}

/// The tag of a statement inside its subquery.
enum Statement {}

/// What the rows of a statement can be read as: a model, a projection, a value that can stand in a column, or a tuple of
/// up to sixteen of these.
#[diagnostic::on_unimplemented(
    message = "the rows of a statement cannot be read as `{Self}`",
    label = "neither a model, a projection, a value of a column nor a tuple of these",
    note = "put `#[derive(Projection)]` on a struct of your own to read rows as it"
)]
pub trait SqlRow: Sized + Send + 'static {
    /// How.
    #[doc(hidden)]
    type By: ReadBy<Self>;
}

/// A way to read the rows of a statement as `T`.
#[doc(hidden)]
pub trait ReadBy<T> {
    /// What a row becomes.
    type Out<X: Executor>: Send;

    /// Runs the statement.
    fn run<X: Executor>(raw: RawSql, on: X) -> impl Future<Output = Result<Vec<Self::Out<X>>>> + Send;
}

/// What a row of a statement that `X` runs is as a `T`: a handle where a session reads a model, otherwise a `T`.
pub type SqlOut<T, X> = <<T as SqlRow>::By as ReadBy<T>>::Out<X>;

/// As a model, by the names of the columns.
#[doc(hidden)]
#[derive(Debug)]
pub enum AsModel {}

impl<M: Model> ReadBy<M> for AsModel {
    type Out<X: Executor> = X::Entity<M, ()>;

    async fn run<X: Executor>(raw: RawSql, on: X) -> Result<Vec<X::Entity<M, ()>>> {
        on.raw_models::<M>(Ready(raw.compile_for_table(M::table())?)).await
    }
}

/// As a projection, by the names of its fields.
#[doc(hidden)]
#[derive(Debug)]
pub enum AsProjection {}

impl<P: Projection> ReadBy<P> for AsProjection {
    type Out<X: Executor> = P;

    async fn run<X: Executor>(raw: RawSql, on: X) -> Result<Vec<P>> {
        let plan = Plan::<P>::new()?;
        let compiled = plan.by_name(raw.compile_unfiltered()?);
        on.run(Some(P::Model::table()), ProjectedSql { plan, compiled }).await
    }
}

/// As values, in the order of the columns.
#[doc(hidden)]
#[derive(Debug)]
pub enum AsValues {}

struct ProjectedSql<P: Projection> {
    plan: Plan<P>,
    compiled: Compiled,
}

impl<P: Projection> Job for ProjectedSql<P> {
    type Out = Vec<P>;
    const RAW: bool = true;

    async fn run(self, fetch: &mut dyn Fetch) -> Result<Vec<P>> {
        self.plan.run(fetch, self.compiled).await
    }
}

struct Execution(Compiled);

impl Job for Execution {
    type Out = u64;
    const RAW: bool = true;

    async fn run(self, fetch: &mut dyn Fetch) -> Result<u64> {
        fetch.execute(Ready(self.0)).await
    }
}

struct InOrder<R> {
    compiled: Compiled,
    read: fn(&mut RowReader<'_>) -> Result<R>,
}

impl<R: Send> Job for InOrder<R> {
    type Out = Vec<R>;
    const RAW: bool = true;

    async fn run(self, fetch: &mut dyn Fetch) -> Result<Vec<R>> {
        let mut rows = Vec::new();
        let read = self.read;
        let mut push = |row: &mut RowReader<'_>| {
            rows.push(read(row)?);
            Ok(())
        };
        fetch.fetch(Ready(self.compiled), &mut push).await?;
        Ok(rows)
    }
}

async fn in_order<R: Send, X: Executor>(
    raw: RawSql,
    on: X,
    columns: Vec<ResultColumn>,
    read: fn(&mut RowReader<'_>) -> Result<R>,
) -> Result<Vec<R>> {
    let mut compiled = raw.compile_unfiltered()?;
    compiled.columns = columns;
    compiled.matching = Matching::Exact;
    on.run(None, InOrder { compiled, read }).await
}

fn column<T: Field>() -> ResultColumn {
    ResultColumn { ty: T::TYPE, of: None }
}

#[diagnostic::do_not_recommend]
impl<T: Field> SqlRow for T {
    type By = AsValues;
}

impl<T: Field> ReadBy<T> for AsValues {
    type Out<X: Executor> = T;

    async fn run<X: Executor>(raw: RawSql, on: X) -> Result<Vec<T>> {
        in_order(raw, on, vec![column::<T>()], |row| row.read()).await
    }
}

macro_rules! tuple_row {
    ($($part:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($part: Field),*> SqlRow for ($($part,)*) {
            type By = AsValues;
        }

        impl<$($part: Field),*> ReadBy<($($part,)*)> for AsValues {
            type Out<X: Executor> = ($($part,)*);

            async fn run<X: Executor>(raw: RawSql, on: X) -> Result<Vec<Self::Out<X>>> {
                let read = |row: &mut RowReader<'_>| Ok(($(row.read::<$part>()?,)*));
                in_order(raw, on, vec![$(column::<$part>()),*], read).await
            }
        }
    };
}
tuple_row!(A);
tuple_row!(A, B);
tuple_row!(A, B, C);
tuple_row!(A, B, C, D);
tuple_row!(A, B, C, D, E);
tuple_row!(A, B, C, D, E, F);
tuple_row!(A, B, C, D, E, F, G);
tuple_row!(A, B, C, D, E, F, G, H);
tuple_row!(A, B, C, D, E, F, G, H, I);
tuple_row!(A, B, C, D, E, F, G, H, I, J);
tuple_row!(A, B, C, D, E, F, G, H, I, J, K);
tuple_row!(A, B, C, D, E, F, G, H, I, J, K, L);
tuple_row!(A, B, C, D, E, F, G, H, I, J, K, L, N);
tuple_row!(A, B, C, D, E, F, G, H, I, J, K, L, N, O);
tuple_row!(A, B, C, D, E, F, G, H, I, J, K, L, N, O, P);
tuple_row!(A, B, C, D, E, F, G, H, I, J, K, L, N, O, P, Q);
