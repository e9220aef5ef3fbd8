//! `COPY`: many rows in and out, by the fastest way that the server has.

use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;
use std::pin::{Pin, pin};

use futures_util::{Stream, StreamExt, stream};

use super::executor::Executor;
use super::given::{check, check_cells};
use super::insert::columns_of;
use super::rows::Rows;
use super::select::Query;
use super::stream::RowStream;
use crate::compile::{CopyFrom, CopyTo};
use crate::engine::{Connection, CopyWriter, Engine, placed, unplaced};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Dump, IntoModel, Model, Writable};
use crate::sql::{InsertColumns, RowsFor, Select};
use crate::types::RowReader;

/// How many rows are sent between two calls of [`CopyIn::progress`].
const STEP: u64 = 1000;

/// What a copy takes rows of: whole values of a model, models or complete builders.
#[derive(Debug)]
pub struct OfModel<M>(PhantomData<M>);

/// A row of a copy: a model or a complete builder of one, or, where columns were named, a value for each.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row for this copy",
    label = "neither a model, a complete builder, nor a value for each of the columns",
    note = "the copy takes `{Shape}`"
)]
pub trait CopyRow<M, Shape> {
    /// Encodes the row.
    #[doc(hidden)]
    fn dump(self, out: &mut Dump) -> Result<()>;
}

// Not hidden from the compiler's advice: it names the column that a builder lacks.
impl<M: Model, A: IntoModel<Model = M>> CopyRow<M, OfModel<M>> for A {
    fn dump(self, out: &mut Dump) -> Result<()> {
        let value = self.into_model();
        value.dump(out);
        check(&value, out)
    }
}

/// What a copy takes a value for each column of.
#[derive(Debug)]
pub struct OfColumns<F>(PhantomData<F>);

#[diagnostic::do_not_recommend]
impl<M: Model, F, R: RowsFor<F>> CopyRow<M, OfColumns<F>> for R {
    fn dump(self, out: &mut Dump) -> Result<()> {
        RowsFor::dump(self, out);
        Ok(())
    }
}

/// Rows on their way into the table of `M`: what [`Engine::copy_in`] and `session.copy_in` make.
#[must_use = "a copy does nothing until it is given rows"]
pub struct CopyIn<X, M, Shape> {
    on: X,
    plan: CopyPlan<M, Shape>,
}

/// A copy under way. Of a named type, so that a row that does not fit is one error and not one for each use of the future.
pub type Copying<'a> = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'a>>;

/// Which columns are copied, and who is told how many rows were.
#[doc(hidden)]
pub struct CopyPlan<M, Shape> {
    /// The columns that were named.
    named: Option<Vec<usize>>,
    progress: Option<Box<dyn FnMut(u64) + Send>>,
    types: PhantomData<fn() -> (M, Shape)>,
}

impl<M: Model> CopyPlan<M, OfModel<M>> {
    pub(crate) fn of_models() -> Self {
        Self { named: None, progress: None, types: PhantomData }
    }
}

impl<M: Model, Shape> CopyPlan<M, Shape> {
    pub(crate) fn columns<C: InsertColumns<M>>(self, columns: C) -> CopyPlan<M, OfColumns<C::Fields>> {
        CopyPlan { named: Some(columns_of(columns)), progress: self.progress, types: PhantomData }
    }

    pub(crate) fn progress(&mut self, progress: impl FnMut(u64) + Send + 'static) {
        self.progress = Some(Box::new(progress));
    }
}

impl<X, M: Model> CopyIn<X, M, OfModel<M>> {
    pub(crate) fn of_models(on: X) -> Self {
        Self { on, plan: CopyPlan::of_models() }
    }
}

impl<X, M: Model, Shape: 'static> CopyIn<X, M, Shape> {
    /// Copies values for these columns alone: a row is one value, or a tuple. The others are left to the server.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let lines = ["Python,a snake", "Java,"];
    /// let rows = lines.iter().filter_map(|line| line.split_once(','));
    /// engine.copy_in::<Course>().columns((Course::name, Course::note)).rows(rows).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn columns<C: InsertColumns<M>>(self, columns: C) -> CopyIn<X, M, OfColumns<C::Fields>> {
        CopyIn { on: self.on, plan: self.plan.columns(columns) }
    }

    /// Calls this with the number of rows that were sent, every thousand rows and after the last.
    pub fn progress(mut self, progress: impl FnMut(u64) + Send + 'static) -> Self {
        self.plan.progress(progress);
        self
    }

    /// Copies the rows of an iterator, which is asked for them as they are sent. The number of rows that the server took.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encode`] for a value that a column cannot hold, [`ErrorKind::Invalid`] for one that holds objects by a
    /// relationship, or that gives a column which the first row left to the server, or leaves one that it gave;
    /// [`ErrorKind::Schema`] if the columns are of other types; those of the server and the connection. No row is in the
    /// table then: the server gives the copy up.
    #[track_caller]
    pub fn rows<'a, I>(self, rows: I) -> Copying<'a>
    where
        X: Executor + 'a,
        I: IntoIterator<IntoIter: Send + 'a>,
        I::Item: CopyRow<M, Shape> + Send + 'a,
    {
        self.stream(stream::iter(rows).map(Ok::<_, Error>))
    }

    /// Like [`rows`](Self::rows), of a stream, which is waited for. An error of the stream ends the copy, without a row in
    /// the table, and is given back: as it is if it is one of this crate, otherwise as the source of one of the kind
    /// [`ErrorKind::Hook`].
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(here: Engine, there: Engine) -> orm_core::Result<()> {
    /// let courses = here.query::<Course>().stream().await?;
    /// let copied = there.copy_in::<Course>().stream(courses).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`rows`](Self::rows), and those of the stream.
    #[track_caller]
    pub fn stream<'a, R, E>(self, rows: impl Stream<Item = Result<R, E>> + Send + 'a) -> Copying<'a>
    where
        X: Executor + 'a,
        R: CopyRow<M, Shape> + Send + 'a,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 'a,
    {
        Box::pin(placed(async move { self.on.copy(self.plan, pin!(rows)).await }))
    }
}

impl<M: Model, Shape> fmt::Debug for CopyPlan<M, Shape> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "copy into {}", M::table().display_name())
    }
}

/// The first row of a copy, and where its columns are.
pub(crate) struct First {
    dump: Dump,
    /// Positions of the columns in the table.
    columns: Vec<usize>,
    /// Their positions in the encoded row.
    cells: Vec<usize>,
}

impl<M: Model, Shape> CopyPlan<M, Shape> {
    /// Encodes the first row, if there is one: it says which columns are left to the server.
    pub(crate) async fn first<R, E>(
        &mut self,
        rows: Pin<&mut impl Stream<Item = Result<R, E>>>,
    ) -> Result<Option<First>>
    where
        R: CopyRow<M, Shape>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut dump = Dump::default();
        if !next::<M, Shape, R, E>(rows, &mut dump).await? {
            return Ok(None);
        }
        let table = M::table();
        let is_given = |&column: &usize| {
            let def = &table.columns[column];
            def.generated.is_none() && (!def.auto || dump.raw(column).is_some())
        };
        let columns = match &self.named {
            Some(named) => named.clone(),
            None => (0..table.columns.len()).filter(is_given).collect(),
        };
        let cells = match &self.named {
            Some(named) => (0..named.len()).collect(),
            None => columns.clone(),
        };
        Ok(Some(First { dump, columns, cells }))
    }

    /// Sends the rows.
    pub(crate) async fn send<R, E>(
        mut self,
        connection: &mut Connection,
        first: First,
        rows: Pin<&mut impl Stream<Item = Result<R, E>>>,
    ) -> Result<u64>
    where
        R: CopyRow<M, Shape>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let copy = CopyFrom { table: M::table(), columns: first.columns.clone() };
        let mut writer = CopyWriter::open(connection, copy.statement()?).await?;
        match self.feed(&mut writer, first, rows).await {
            Ok(()) => writer.finish().await,
            Err(error) => {
                writer.abort(&error).await;
                Err(error)
            }
        }
    }

    async fn feed<R, E>(
        &mut self,
        writer: &mut CopyWriter<'_>,
        first: First,
        mut rows: Pin<&mut impl Stream<Item = Result<R, E>>>,
    ) -> Result<()>
    where
        R: CopyRow<M, Shape>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let First { mut dump, columns, cells } = first;
        loop {
            self.check(&dump, &columns)?;
            writer.write(&dump, &cells).await?;
            let more = next::<M, Shape, R, E>(rows.as_mut(), &mut dump).await?;
            if let Some(progress) = self.progress.as_mut().filter(|_| !more || writer.rows().is_multiple_of(STEP)) {
                progress(writer.rows());
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// What is wrong with a row is found before it is sent.
    fn check(&self, dump: &Dump, columns: &[usize]) -> Result<()> {
        let table = M::table();
        if let Some(named) = &self.named {
            return check_cells(table, named, dump);
        }
        let strays = |&column: &usize| {
            let def = &table.columns[column];
            def.auto && def.generated.is_none() && columns.contains(&column) != dump.raw(column).is_some()
        };
        let Some(column) = (0..table.columns.len()).find(strays) else { return Ok(()) };
        let name = table.columns[column].name;
        let message = format!(
            "a copy writes the same columns of all rows: column `{}.{name}` is given by some values, and left to the server by others",
            table.display_name()
        );
        Err(Error::invalid(message).with_model(table.model).with_table(table.display_name()).with_column(name))
    }
}

/// Encodes the next row; whether there is one.
async fn next<M, Shape, R, E>(mut rows: Pin<&mut impl Stream<Item = Result<R, E>>>, out: &mut Dump) -> Result<bool>
where
    R: CopyRow<M, Shape>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    match unplaced(rows.next()).await {
        None => Ok(false),
        Some(Err(error)) => Err(foreign(error.into())),
        Some(Ok(row)) => {
            out.clear();
            row.dump(out)?;
            Ok(true)
        }
    }
}

/// An error of the rows themselves.
fn foreign(source: Box<dyn StdError + Send + Sync>) -> Error {
    match source.downcast::<Error>() {
        Ok(own) => *own,
        Err(source) => Error::new(ErrorKind::Hook, "the rows to be copied ended with an error").with_source(source),
    }
}

impl<X, M: Model, Shape> fmt::Debug for CopyIn<X, M, Shape> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "copy into {}", M::table().display_name())
    }
}

impl Engine {
    /// Copies rows into the table of `M`: faster than any insert where there are many. They are sent as they come, in memory
    /// that does not grow with their number, by one statement that takes all of them or none.
    ///
    /// A value that leaves a column to the server must be followed by such alone. Rows that are in conflict with others are
    /// refused.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let courses = (0..1_000_000).map(|i| Course::builder().name(format!("Course {i}")));
    /// let copied = engine.copy_in::<Course>().progress(|rows| println!("{rows} …")).rows(courses).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// COPY "course" ("name") FROM STDIN (FORMAT binary)
    /// ```
    pub fn copy_in<M: Model + Writable>(&self) -> CopyIn<&Self, M, OfModel<M>> {
        CopyIn::of_models(self)
    }
}

impl<M: Model, S> Query<&Engine, M, S> {
    /// Runs the query as a `COPY`, and gives its rows one by one: like [`stream`](Self::stream), but the server has less to
    /// do for each row.
    ///
    /// A `COPY` takes no parameters, so values are written into the statement: numbers, texts, booleans, times, UUIDs, bytes,
    /// JSON, native enums and arrays of them can be.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let mut courses = engine.query::<Course>().filter(Course::id.gt(10)).copy_out().await?;
    /// while let Some(course) = courses.next().await? {
    ///     println!("{}", course.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// COPY (SELECT "course"."id", "course"."name" FROM "course" WHERE "course"."id" > '10'::int4) TO STDOUT (FORMAT binary)
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all), and [`ErrorKind::Unsupported`] before anything is sent for a value of another type.
    #[track_caller]
    pub fn copy_out(self) -> impl Future<Output = Result<RowStream<M>>> {
        placed(async move {
            let (engine, select, ()) = self.into_parts();
            open(engine, &select, M::from_row).await
        })
    }
}

impl<R: 'static> Rows<&Engine, R> {
    /// Like [`Query::copy_out`].
    ///
    /// # Errors
    ///
    /// Like [`Query::copy_out`].
    #[track_caller]
    pub fn copy_out(self) -> impl Future<Output = Result<RowStream<R>>> {
        placed(async move {
            let (engine, select, read) = self.into_parts();
            open(engine, &select, read).await
        })
    }
}

async fn open<R: 'static>(
    engine: &Engine,
    select: &Select,
    read: fn(&mut RowReader<'_>) -> Result<R>,
) -> Result<RowStream<R>> {
    RowStream::copy(engine, CopyTo(select).statement(engine.filters())?, Box::new(read)).await
}
