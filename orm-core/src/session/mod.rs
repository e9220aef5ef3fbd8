//! [`Session`], the unit of work.
//!
//! A session owns its objects in arenas, one a model, and gives out handles. `flush` turns what changed into statements
//! (see the folder `flush`), queries turn rows into objects (see `load`), and `undo` keeps what a rollback needs. The
//! methods of [`Session`] are documentation and one-liners over these.

mod access;
mod apply;
mod arena;
mod assign;
mod batches;
mod bulk;
mod changes;
mod copy;
mod executor;
mod explain;
mod flush;
pub mod guard;
mod hooks;
mod identity;
mod inner;
mod load;
mod maker;
mod merge;
mod relate;
mod savepoint;
mod slots;
mod state;
mod transaction;
mod undo;
mod upsert;

use std::fmt;

pub use batches::Batches;
pub use changes::{ChangeKind, ObjectChange};
pub use hooks::HookResult;
pub use maker::SessionMaker;
pub use savepoint::Savepoint;
pub use state::State;
pub use transaction::MaybeRetryable;
pub use upsert::{Upsert, Upserted};

use arena::SlotState;
use inner::Inner;
use maker::SessionOptions;

use crate::engine::{Engine, placed};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{Load, Loads, Part, Query, Rooted, Rows, Unbound, Whole, query, query_from};
use crate::schema::{Adopter, Handle, IntoModel, Kind, Model, Relation, Writable};
use crate::sql::{AliasTag, Aliased, Shape, Subquery};
use crate::types::{IntoKey, Key};

/// A unit of work: objects with identity, what changed of them, and one transaction at a time.
///
/// - Objects live in the session; a [`Handle`] leads to one, and `session[handle]` is it.
/// - [`add`](Self::add) and [`delete`](Self::delete) say what shall be; nothing is sent before a flush.
/// - [`flush`](Self::flush) writes, in an order that the foreign keys allow; [`commit`](Self::commit) makes it last.
/// - A query flushes first, so that it sees what is pending.
/// - What only reads holds no transaction and no connection; the first write opens the transaction.
///
/// Dropping a session rolls back what is not committed.
pub struct Session {
    inner: Inner,
}

impl Session {
    pub(crate) fn with_options(engine: &Engine, options: SessionOptions) -> Self {
        Self { inner: Inner::new(engine.clone(), options) }
    }

    /// Adds a new object, with all new values that it holds; it is [pending](State::Pending) until the next flush.
    ///
    /// Takes a value or a builder whose required columns are set.
    pub fn add<A: IntoModel>(&mut self, object: A) -> Handle<A::Model> {
        self.inner.adopt(object.into_model())
    }

    /// Adds several new objects; their rows are inserted in this order.
    pub fn add_all<A: IntoModel>(&mut self, objects: impl IntoIterator<Item = A>) -> Vec<Handle<A::Model>> {
        objects.into_iter().map(|object| self.add(object)).collect()
    }

    /// Says that the object's row shall be deleted, by the next flush.
    ///
    /// Of a model with `soft_delete` the row stays and is marked: the column is set to `now()`. The object is
    /// [deleted](State::Deleted) all the same.
    ///
    /// # SQL
    ///
    /// ```sql
    /// DELETE FROM "course" WHERE "id" = ANY ($1::integer[])
    /// UPDATE "note" AS "target" SET "deleted_at" = now() FROM UNNEST ($1::integer[]) … RETURNING "input"."n", …
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for an object without a row, [`ErrorKind::Detached`] if it is gone.
    pub fn delete<M: Model + Writable>(&mut self, handle: Handle<M>) -> Result<()> {
        self.doom(handle, false)
    }

    /// Like [`delete`](Self::delete), but the row goes also where the model says `soft_delete`; one that is marked
    /// already goes, too.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # use orm_core::schema::Writable;
    /// # async fn demo<Note: Model + Writable>(session: &mut Session, note: Handle<Note>) -> orm_core::Result<()> {
    /// session.delete_permanently(note)?;
    /// session.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// DELETE FROM "note" WHERE "id" = ANY ($1::integer[])
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`delete`](Self::delete).
    pub fn delete_permanently<M: Model + Writable>(&mut self, handle: Handle<M>) -> Result<()> {
        let row = self.inner.row(handle)?;
        if self.inner.state(row) == SlotState::Deleted {
            self.inner.arenas[row.arena].unmark_slot(row.slot);
        }
        self.doom(handle, true)
    }

    fn doom<M: Model>(&mut self, handle: Handle<M>, permanently: bool) -> Result<()> {
        let row = self.inner.row(handle)?;
        match self.inner.state(row) {
            SlotState::Persistent => {
                let arena = &mut self.inner.arenas[row.arena];
                arena.doom(row.slot, true);
                arena.set_permanent(row.slot, permanently);
                Ok(())
            }
            SlotState::Deleted => Ok(()),
            SlotState::Pending | SlotState::Transient | SlotState::Vacant => {
                let model = M::table().model;
                let message = format!("the object of `{model}` has no row to delete: it was never flushed");
                Err(Error::invalid(message).with_model(model))
            }
        }
    }

    /// The object with this primary key. One that the session holds is given without asking the server.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(session: &mut Session) -> orm_core::Result<()> {
    /// if let Some(course) = session.get::<Course>(1).await? {
    ///     println!("{}", session[course].name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the server and the connection.
    #[track_caller]
    pub fn get<M: Model>(&mut self, key: impl IntoKey<M::Key>) -> impl Future<Output = Result<Option<Handle<M>>>> {
        placed(async move {
            match key.into_key() {
                Some(key) => self.inner.get::<M>(key.into_values()).await,
                // No row has a key that was not made yet.
                None => Ok(None),
            }
        })
    }

    /// The objects with these primary keys, in their order, `None` where there is no row: one statement for all that the
    /// session does not hold.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection.
    #[track_caller]
    pub fn get_many<M: Model>(
        &mut self,
        keys: impl IntoIterator<Item = M::Key>,
    ) -> impl Future<Output = Result<Vec<Option<Handle<M>>>>> {
        placed(async move {
            let keys = keys.into_iter().map(Key::into_values).collect();
            self.inner.get_many::<M>(keys).await
        })
    }

    /// Reads the rows of these objects anew, in one statement. Changes of them that no flush has seen are given up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if a row is gone, or was marked as deleted since, whose object is then gone too; those of
    /// the server.
    #[track_caller]
    pub fn refresh<M: Model>(&mut self, handles: &[Handle<M>]) -> impl Future<Output = Result<()>> {
        placed(self.inner.refresh(handles))
    }

    /// Writes what is pending, in the session's transaction, which it opens if need be. Does not commit.
    ///
    /// New objects become [persistent](State::Persistent) and have the values that the server made; deleted ones become
    /// [deleted](State::Deleted). Rows of one model that are new are one statement, and so are those of which the same
    /// columns changed. If nothing changed, nothing is sent.
    ///
    /// # SQL
    ///
    /// ```sql
    /// BEGIN
    /// INSERT INTO "course" ("name") VALUES ($1) RETURNING "id"
    /// UPDATE "course" SET "name" = $1 WHERE "id" = $2
    /// ```
    ///
    /// # Errors
    ///
    /// What can be known before is refused before anything is sent, and everything is as it was. An error of the server
    /// rolls the transaction back; what it had written is pending again, so that it can be corrected and committed anew.
    /// [`ErrorKind::StaleData`] if a row has gone.
    #[track_caller]
    pub fn flush(&mut self) -> impl Future<Output = Result<()>> {
        placed(self.inner.flush())
    }

    /// Flushes and commits. The values of the objects stay as they are, and readable.
    ///
    /// `COMMIT` is sent with what is written, and does not wait for its answers: the statements are written so that the
    /// server divides by zero where one would write fewer rows than it should, and takes the transaction back. One statement
    /// alone is sent without a transaction around it.
    ///
    /// # SQL
    ///
    /// Of two courses that changed in the same column, then of one:
    ///
    /// ```sql
    /// WITH "written" AS (UPDATE "course" AS "target" SET "name" = "input"."v0" FROM UNNEST ($1::integer[], $2::text[])
    ///   WITH ORDINALITY AS "input" ("k0", "v0", "n") WHERE "target"."id" = "input"."k0" RETURNING 1)
    ///   SELECT count(*) / (count(*) = $3)::integer FROM "written"
    /// UPDATE "course" SET "name" = $1 WHERE "id" = $2
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`flush`](Self::flush).
    #[track_caller]
    pub fn commit(&mut self) -> impl Future<Output = Result<()>> {
        placed(self.inner.commit())
    }

    /// Rolls back to the last commit: changed objects have their values from before, deleted ones are persistent again,
    /// new ones become [transient](State::Transient).
    ///
    /// # Errors
    ///
    /// Those of the connection; the objects are rolled back all the same.
    #[track_caller]
    pub fn rollback(&mut self) -> impl Future<Output = Result<()>> {
        placed(self.inner.rollback())
    }

    /// Begins the transaction now, and not with the first write.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    #[track_caller]
    pub fn begin(&mut self) -> impl Future<Output = Result<()>> {
        placed(self.inner.open_transaction())
    }

    /// Whether a transaction is open.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.inner.connection.is_some()
    }

    /// Rolls back what is not committed, gives the connection back and forgets all objects: their handles lead to nothing.
    /// The session can be used again.
    ///
    /// # Errors
    ///
    /// Those of the connection; the session is empty all the same.
    #[track_caller]
    pub fn close(&mut self) -> impl Future<Output = Result<()>> {
        placed(async move {
            let outcome = self.inner.rollback().await;
            for arena in &mut self.inner.arenas {
                arena.release_all();
            }
            outcome
        })
    }

    /// A query bound to this session: its models come as handles.
    pub fn query<M: Model>(&mut self) -> Query<&mut Self, M> {
        query().on(self)
    }

    /// Like [`query_from`](crate::query_from), bound to this session: rows of models are its objects.
    pub fn query_from<M: Shape, Tag: AliasTag>(
        &mut self,
        from: &Subquery<M, Tag>,
    ) -> Query<&mut Self, M, (Aliased<M, Tag>, ())> {
        query_from(from).on(self)
    }

    /// Runs an unbound query: all its objects, each once. Its arguments may read the session.
    ///
    /// # Errors
    ///
    /// Like [`Query::all`], and those of the flush before it.
    #[track_caller]
    pub fn all<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Vec<Handle<M>>>> {
        placed(query.on(self).all())
    }

    /// Runs an unbound query: its only object.
    ///
    /// # Errors
    ///
    /// Like [`Query::one`].
    #[track_caller]
    pub fn one<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Handle<M>>> {
        placed(query.on(self).one())
    }

    /// Runs an unbound query: its first object, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`Query::first`].
    #[track_caller]
    pub fn first<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Option<Handle<M>>>> {
        placed(query.on(self).first())
    }

    /// Runs an unbound query of columns.
    ///
    /// # Errors
    ///
    /// Like [`Query::all`].
    #[track_caller]
    pub fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> impl Future<Output = Result<Vec<R>>> {
        placed(rows.on(self).all())
    }

    /// Loads a relationship of these objects, in one statement for all of them. What is loaded already, or known from
    /// objects of the session, is not asked for.
    ///
    /// # Errors
    ///
    /// Those of the server, and [`ErrorKind::Detached`] if one of the objects is gone.
    #[track_caller]
    pub fn load<M: Model, L: Load<M> + Whole>(
        &mut self,
        handles: &[Handle<M>],
        load: L,
    ) -> impl Future<Output = Result<()>> {
        placed(async move {
            self.inner.flush_for(M::table()).await?;
            load.load_into(&mut self.inner, handles).await
        })
    }

    /// Loads a part of a relationship of these objects, in one statement for all of them, and gives its handles for each
    /// object, in the order of `handles`.
    ///
    /// The field of the object stays as it is: a part of a collection is never taken for the whole one.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     number: i32,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// # async fn demo(session: &mut Session) -> orm_core::Result<()> {
    /// let courses = session.query::<Course>().all().await?;
    /// let late = Course::homeworks.filter(Homework::number.gt(1)).limit(3);
    /// for homeworks in session.load_some(&courses, late).await? {
    ///     println!("{} late ones", homeworks.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// That of [`Relation::filter`](crate::schema::Relation::filter).
    ///
    /// # Errors
    ///
    /// Those of the server, and [`ErrorKind::Detached`] if one of the objects is gone.
    #[track_caller]
    pub fn load_some<A: Model, B: Model, K: Kind, L: Loads<B> + Whole>(
        &mut self,
        handles: &[Handle<A>],
        part: Part<Relation<A, B, K>, L>,
    ) -> impl Future<Output = Result<Vec<<K::Part as Kind>::Of<Handle<B>>>>> {
        placed(async move {
            self.inner.flush_for(A::table()).await?;
            let lists = part.handles(&mut self.inner, handles).await?;
            // A part may lack any of the objects: there is a container for each list.
            Ok(lists.into_iter().filter_map(K::Part::collect).collect())
        })
    }

    /// The driver's client inside the session's transaction, after a flush: for what this crate does not say. The text of
    /// its statements is raw SQL. What it changes is not seen by the objects.
    ///
    /// # Errors
    ///
    /// Those of the flush and of the connection.
    #[track_caller]
    pub fn raw(&mut self) -> impl Future<Output = Result<&tokio_postgres::Client>> {
        placed(async move {
            self.inner.flush().await?;
            self.inner.open_transaction().await?;
            self.inner.is_unrepeatable = true;
            match &self.inner.connection {
                Some(connection) => Ok(connection.raw()),
                None => Err(Error::new(ErrorKind::Connection, "the connection is gone")),
            }
        })
    }

    /// Turns the flush before each query off, while the closure runs.
    pub async fn no_autoflush<T>(&mut self, f: impl AsyncFnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.inner.autoflush, false);
        let scope = NoAutoflush { session: self, before };
        f(&mut *scope.session).await
    }
}

/// Turns autoflush on again, also if the future of the scope is dropped.
struct NoAutoflush<'s> {
    session: &'s mut Session,
    before: bool,
}

impl Drop for NoAutoflush<'_> {
    fn drop(&mut self) {
        self.session.inner.autoflush = self.before;
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field(
                "objects",
                &self.inner.arenas.iter().map(|arena| (arena.table().model, arena.len())).collect::<Vec<_>>(),
            )
            .field("pending", &self.inner.pending.len())
            .field("in_transaction", &self.in_transaction())
            .finish()
    }
}
