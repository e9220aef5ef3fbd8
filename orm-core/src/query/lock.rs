//! Row locks: `FOR UPDATE` and its kin.

use super::executor::Unbound;
use super::rows::Rows;
use super::select::Query;
use crate::error::{Error, Result};
use crate::schema::{Model, Source, SourceRef};
use crate::sql::{At, InScope, Lock, LockStrength, LockWait, Select};

/// Who can lock rows: a session, whose transaction holds the lock. A query that is bound to nobody may say it, too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot lock rows",
    label = "this query is a transaction of its own, and its locks would be gone when it is answered",
    note = "ask a session, whose transaction holds the lock: `session.query::<Job>().for_update()`"
)]
pub trait CanLock {}

impl CanLock for Unbound {}

/// One of a query's tables, or a tuple of up to four: `Order::TABLE`, or `alias.table()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no table to lock",
    label = "not a table",
    note = "write for example `.for_update().of(Order::TABLE)`"
)]
pub trait LockTargets {
    /// The tables.
    type Uses;

    /// Adds the tables.
    fn into_targets(self, out: &mut Vec<SourceRef>);
}

#[diagnostic::do_not_recommend]
impl<S: Source> LockTargets for At<S> {
    type Uses = S;

    fn into_targets(self, out: &mut Vec<SourceRef>) {
        out.push(S::source());
    }
}

macro_rules! lock_targets {
    ($($target:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($target: LockTargets),*> LockTargets for ($($target,)*) {
            type Uses = ($($target::Uses,)*);

            #[allow(non_snake_case, reason = "the targets are named after their types")]
            fn into_targets(self, out: &mut Vec<SourceRef>) {
                let ($($target,)*) = self;
                $($target.into_targets(out);)*
            }
        }
    };
}
lock_targets!(A, B);
lock_targets!(A, B, C);
lock_targets!(A, B, C, D);

impl Select {
    fn add_lock(&mut self, strength: LockStrength) {
        self.locks.push(Lock { strength, of: Vec::new(), wait: LockWait::default() });
    }

    /// Changes the lock that was said last.
    fn last_lock(&mut self, change: impl FnOnce(&mut Lock)) {
        match self.locks.last_mut() {
            Some(lock) => change(lock),
            None => {
                self.misuse = Some("`of`, `nowait` and `skip_locked` speak of a lock: say `for_update` before them")
            }
        }
    }
}

/// Refuses a lock where nothing would hold it.
pub(super) fn refuse_locks(select: &Select) -> Result<()> {
    if !select.is_locking() {
        return Ok(());
    }
    let model = select.root.table().model;
    let message = format!(
        "a lock of rows of `{model}` lasts as long as its transaction, and a query of an engine is one of its own: ask a session"
    );
    Err(Error::invalid(message).with_model(model))
}

macro_rules! locks {
    ([$($generics:tt)*] $query:ty, $x:ident) => {
        impl<$($generics)*> $query {
            /// Locks the rows that it finds against every change and every other lock, until the transaction ends
            /// (`FOR UPDATE`). Rows that another transaction has locked are waited for.
            ///
            /// A session begins its transaction by it, if none is open, and its objects get the values that the locked rows
            /// have now, whatever they had before; changes that no flush has seen stay.
            ///
            /// ```
            /// # use orm_core::prelude::*;
            /// # #[derive(Model, Debug, Clone)]
            /// # struct Job { #[model(primary_key)] id: Auto<i32> }
            /// let next = query::<Job>().order_by(Job::id.asc()).limit(1).for_update().skip_locked();
            /// assert_eq!(
            ///     next.to_sql(),
            ///     r#"SELECT "job"."id" FROM "job" ORDER BY "job"."id" LIMIT 1 FOR UPDATE SKIP LOCKED"#,
            /// );
            /// ```
            ///
            /// A query of an engine takes no lock: it would be gone when the query is answered. One that was bound to
            /// nobody is refused by an engine with [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before it is sent.
            /// Where the server locks no rows, of groups for example, it refuses the query.
            pub fn for_update(self) -> Self
            where
                $x: CanLock,
            {
                self.edit(|select| select.add_lock(LockStrength::Update))
            }

            /// Like [`for_update`](Self::for_update), but others may still refer to the rows by a foreign key
            /// (`FOR NO KEY UPDATE`).
            pub fn for_no_key_update(self) -> Self
            where
                $x: CanLock,
            {
                self.edit(|select| select.add_lock(LockStrength::NoKeyUpdate))
            }

            /// Like [`for_update`](Self::for_update), but others may lock the rows in the same way; nobody changes them
            /// (`FOR SHARE`).
            pub fn for_share(self) -> Self
            where
                $x: CanLock,
            {
                self.edit(|select| select.add_lock(LockStrength::Share))
            }

            /// Like [`for_share`](Self::for_share), but others may change what is no key (`FOR KEY SHARE`).
            pub fn for_key_share(self) -> Self
            where
                $x: CanLock,
            {
                self.edit(|select| select.add_lock(LockStrength::KeyShare))
            }

            /// Does not wait for rows that another transaction has locked: they are an error of the kind
            /// [`ErrorKind::Locked`](crate::ErrorKind::Locked) (`NOWAIT`).
            ///
            /// Without a lock before it the query is refused before it is sent.
            pub fn nowait(self) -> Self {
                self.edit(|select| select.last_lock(|lock| lock.wait = LockWait::Error))
            }

            /// Leaves out rows that another transaction has locked (`SKIP LOCKED`), as the workers of a queue do.
            ///
            /// Without a lock before it the query is refused before it is sent.
            pub fn skip_locked(self) -> Self {
                self.edit(|select| select.last_lock(|lock| lock.wait = LockWait::Skip))
            }
        }
    };
}
locks!([X, M: Model, S, L0] Query<X, M, S, L0>, X);
locks!([X, R, O] Rows<X, R, O>, X);

impl<X, M: Model, S, L0> Query<X, M, S, L0> {
    /// Locks only the rows of these tables, and not those of all that are joined (`OF`). Several calls add up.
    ///
    /// The server locks no rows that an outer join may lack: name the others.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// let query = query::<Course>().left_join(Course::homeworks).for_update().of(Course::TABLE);
    /// assert!(query.to_sql().ends_with(r#"FOR UPDATE OF "course""#));
    /// ```
    pub fn of<T, I>(self, tables: T) -> Self
    where
        T: LockTargets,
        T::Uses: InScope<S, I>,
    {
        self.edit(|select| select.last_lock(|lock| tables.into_targets(&mut lock.of)))
    }
}
