//! [`Explain`]: how the server would run a statement, or how it ran; and the statement as it would be sent.

use std::fmt;
use std::future::IntoFuture;

use super::bulk::{Delete, Update};
use super::executor::Executor;
#[cfg(feature = "json")]
use super::plan::Plan;
use super::rows::Rows;
use super::select::{Dynamic, Query};
use crate::compile::{Compile, Compiled, ExplainOptions, SqlStatement, Write};
#[cfg(feature = "json")]
use crate::engine::placed;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Model, TableDef};

/// The plan of a statement, to be asked for: awaiting it gives the server's own text, [`plan`](Self::plan) a tree.
///
/// It is what `explain` and `explain_analyze` of a query, an update or a delete make.
///
/// ```no_run
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// # async fn demo(engine: Engine) -> orm_core::Result<()> {
/// let text = engine.query::<Course>().filter(Course::id.eq(1)).explain().await?;
/// assert!(text.starts_with("Index Scan using course_pkey on course"));
/// let text = engine.query::<Course>().explain_analyze().buffers().await?;
/// assert!(text.contains("Execution Time: "));
/// # Ok(())
/// # }
/// ```
///
/// # SQL
///
/// ```sql
/// EXPLAIN SELECT "course"."id", "course"."name" FROM "course" WHERE "course"."id" = $1
/// BEGIN
/// EXPLAIN (ANALYZE, BUFFERS) SELECT "course"."id", "course"."name" FROM "course"
/// ROLLBACK
/// ```
#[must_use = "a plan is not asked for until this is awaited"]
pub struct Explain<X> {
    on: X,
    statement: Result<Write>,
    options: ExplainOptions,
    table: &'static TableDef,
    writes: bool,
}

/// A plan on its way to who asks for it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Explained {
    pub(crate) statement: Compiled,
    /// Whether the statement is run.
    pub(crate) analyze: bool,
    /// The table whose rows it reads or writes.
    pub(crate) table: &'static TableDef,
    /// Whether it is an update or a delete.
    pub(crate) writes: bool,
}

impl<X> Explain<X> {
    fn new(on: X, statement: Result<Write>, table: &'static TableDef, writes: bool) -> Self {
        Self { on, statement, options: ExplainOptions::default(), table, writes }
    }

    fn analyze(mut self) -> Self {
        self.options.analyze = true;
        self
    }

    /// Tells more: the columns that each step gives, and names with their schemas (`VERBOSE`).
    pub fn verbose(mut self) -> Self {
        self.options.verbose = true;
        self
    }

    /// Tells how many blocks were read, found in the cache and written (`BUFFERS`).
    pub fn buffers(mut self) -> Self {
        self.options.buffers = true;
        self
    }

    /// Tells which settings of the planner are not the server's own (`SETTINGS`).
    pub fn settings(mut self) -> Self {
        self.options.settings = true;
        self
    }

    /// Leaves costs and estimates out of the text (`COSTS false`), which is then the same from day to day. A tree has them
    /// anyway.
    pub fn without_costs(mut self) -> Self {
        self.options.without_costs = true;
        self
    }

    /// Takes no time of each step (`TIMING false`), which costs more than the steps themselves on some machines. Of what is
    /// not run there is no time anyway.
    pub fn without_timing(mut self) -> Self {
        self.options.without_timing = true;
        self
    }

    /// The statement that is sent.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # let engine = Engine::new("postgresql://postgres@localhost/netology_db")?;
    /// let explain = engine.query::<Course>().explain_analyze().verbose().buffers();
    /// assert_eq!(
    ///     explain.to_statement()?.sql(),
    ///     r#"EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT "course"."id" FROM "course""#,
    /// );
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the statement that is explained, before anything is sent.
    pub fn to_statement(self) -> Result<SqlStatement> {
        Ok(SqlStatement::new(self.statement?.compile_unfiltered()?.explained(self.options)))
    }

    fn into_work(self) -> (X, Result<Explained>)
    where
        X: Executor,
    {
        let Self { on, statement, options, table, writes } = self;
        let compiled = statement.and_then(|statement| statement.compile_with(&on.filters()));
        let explained = compiled.map(|statement| Explained {
            statement: statement.explained(options),
            analyze: options.analyze,
            table,
            writes,
        });
        (on, explained)
    }
}

impl<X: Executor> IntoFuture for Explain<X> {
    type Output = Result<String>;
    type IntoFuture = X::Explaining;

    #[track_caller]
    fn into_future(self) -> X::Explaining {
        let (on, work) = self.into_work();
        on.explain(work)
    }
}

#[cfg(feature = "json")]
impl<X: Executor> Explain<X> {
    /// The plan as a tree. Needs the feature `json`.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let plan = engine.query::<Course>().filter(Course::id.eq(1)).explain().plan().await?;
    /// assert_eq!(plan.root.node_type, "Index Scan");
    /// assert_eq!(plan.root.index.as_deref(), Some("course_pkey"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Like awaiting it, and [`ErrorKind::Decode`] if the server's answer is no plan.
    #[track_caller]
    pub fn plan(mut self) -> impl Future<Output = Result<Plan>> {
        placed(async move {
            self.options.json = true;
            self.options.without_costs = false;
            Plan::parse(&self.await?)
        })
    }
}

impl<X> fmt::Debug for Explain<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compiled = match &self.statement {
            Ok(statement) => statement.compile_unfiltered(),
            Err(error) => return fmt::Debug::fmt(error, f),
        };
        match compiled {
            Ok(compiled) => f.write_str(&compiled.explained(self.options).sql),
            Err(error) => fmt::Debug::fmt(&error, f),
        }
    }
}

impl Explained {
    /// Refuses to run what writes where nothing is written.
    pub(crate) fn check_read_only(&self, is_read_only: bool) -> Result<()> {
        if is_read_only && self.analyze && self.writes {
            return Err(Error::new(
                ErrorKind::Invalid,
                "the session is read-only, and `explain_analyze` runs what it explains: ask for `explain`",
            ));
        }
        Ok(())
    }
}

impl<X, M, S, L> Query<X, M, S, L> {
    /// The query as it is sent: its text, and its parameters with their types. What `with` loads has statements of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encode`] for a value that cannot be sent, [`ErrorKind::Invalid`] for a table that is not in the query
    /// or is in it twice: what running it would say before it is sent.
    pub fn to_statement(&self) -> Result<SqlStatement> {
        self.as_select().compile_unfiltered().map(SqlStatement::new)
    }

    /// Asks for the plan of the query: how the server would run it, for these values. The query is not run. What `with`
    /// loads has statements and plans of its own.
    ///
    /// See [`Explain`] for what a plan can tell. In a session nothing is flushed for it.
    ///
    /// # Errors
    ///
    /// Awaiting it gives those of the server and the connection.
    #[doc(alias = "EXPLAIN")]
    pub fn explain(self) -> Explain<X>
    where
        X: Executor,
    {
        let (on, select, _) = self.into_parts();
        let table = select.root.table();
        Explain::new(on, Ok(Write::Find(select)), table, false)
    }

    /// Runs the query and asks how it went: the plan with the rows that came and the time that it took.
    ///
    /// It runs in a transaction that is rolled back, or between a savepoint and the way back to it where a session has a
    /// transaction open: what its functions write is not kept. A session flushes first, as for the query itself.
    ///
    /// # Errors
    ///
    /// Awaiting it gives those of the server and the connection.
    #[doc(alias = "EXPLAIN ANALYZE")]
    pub fn explain_analyze(self) -> Explain<X>
    where
        X: Executor,
    {
        self.explain().analyze()
    }
}

impl<X, R> Rows<X, R> {
    /// Like [`Query::to_statement`].
    ///
    /// # Errors
    ///
    /// Like [`Query::to_statement`].
    pub fn to_statement(&self) -> Result<SqlStatement> {
        self.as_select().compile_unfiltered().map(SqlStatement::new)
    }

    /// Like [`Query::explain`].
    ///
    /// # Errors
    ///
    /// Like [`Query::explain`].
    pub fn explain(self) -> Explain<X>
    where
        X: Executor,
    {
        let (on, select, _) = self.into_parts();
        let table = select.root.table();
        Explain::new(on, Ok(Write::Find(select)), table, false)
    }

    /// Like [`Query::explain_analyze`].
    ///
    /// # Errors
    ///
    /// Like [`Query::explain`].
    pub fn explain_analyze(self) -> Explain<X>
    where
        X: Executor,
    {
        self.explain().analyze()
    }
}

impl<X, M: Model, L> Dynamic<X, M, L> {
    /// Like [`Query::to_statement`].
    ///
    /// # Errors
    ///
    /// Like [`Query::to_statement`].
    pub fn to_statement(&self) -> Result<SqlStatement> {
        self.as_query().to_statement()
    }

    /// Like [`Query::explain`].
    ///
    /// # Errors
    ///
    /// Like [`Query::explain`], and [`ErrorKind::Invalid`] before anything is sent if a table is used that is not joined.
    pub fn explain(self) -> Explain<X>
    where
        X: Executor,
    {
        self.into_query().explain()
    }

    /// Like [`Query::explain_analyze`].
    ///
    /// # Errors
    ///
    /// Like [`explain`](Self::explain).
    pub fn explain_analyze(self) -> Explain<X>
    where
        X: Executor,
    {
        self.explain().analyze()
    }
}

macro_rules! bulk {
    ($($operation:ident $word:literal;)*) => { $(
        impl<X, M: Model> $operation<X, M> {
            #[doc = concat!("The ", $word, " as it is sent: its text, and its parameters with their types.")]
            ///
            /// # Errors
            ///
            #[doc = concat!("[`ErrorKind::Invalid`] and [`ErrorKind::Encode`], as the ", $word, " itself gives them before it is sent.")]
            pub fn to_statement(&self) -> Result<SqlStatement> {
                self.to_write()?.compile_unfiltered().map(SqlStatement::new)
            }

            #[doc = concat!("Asks for the plan of the ", $word, ": how the server would run it. Nothing is written, and a")]
            /// session flushes nothing for it.
            ///
            /// # Errors
            ///
            #[doc = concat!("Awaiting it gives those of the ", $word, " itself.")]
            pub fn explain(self) -> Explain<X>
    where
        X: Executor,
    {
                let statement = self.to_write();
                Explain::new(self.into_executor(), statement, M::table(), true)
            }

            #[doc = concat!("Runs the ", $word, " and asks how it went, in a transaction that is rolled back: nothing of it is kept.")]
            ///
            /// Where a session has a transaction open, it goes back to a savepoint instead; the session flushes first. While
            #[doc = concat!("it runs, rows are locked as by the ", $word, " itself, and sequences do not go back.")]
            ///
            /// # Errors
            ///
            #[doc = concat!("Awaiting it gives those of the ", $word, " itself; a session that is read-only refuses it with")]
            /// [`ErrorKind::Invalid`].
            pub fn explain_analyze(self) -> Explain<X>
    where
        X: Executor,
    {
                self.explain().analyze()
            }
        }
    )* };
}
bulk! {
    Update "update";
    Delete "delete";
}
