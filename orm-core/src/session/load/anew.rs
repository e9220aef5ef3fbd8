//! `populate_existing`: a query whose rows take the place of what the session's objects show.

use super::super::Session;
use super::super::identity::IdentityKey;
use super::super::inner::Inner;
use crate::engine::placed;
use crate::error::Result;
use crate::query::{Loads, Query, Whole};
use crate::schema::{Handle, Model};
use crate::sql::Select;
use crate::types::RowReader;

impl<M: Model, S, L: Loads<M> + Whole> Query<&mut Session, M, S, L> {
    /// Like [`all`](Query::all), but the objects that the session holds already are read anew, as by
    /// [`Session::refresh`]: a query keeps what was read in the same transaction otherwise.
    ///
    /// What is changed is flushed before. Without autoflush, changes of these objects that no flush has seen are given up;
    /// those that are to be deleted stay so. Relationships that the query names are read anew too; objects at their other
    /// ends keep their values.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(session: &mut Session) -> orm_core::Result<()> {
    /// let courses = session.query::<Course>().filter(Course::name.like("P%")).populate_existing().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`all`](Query::all).
    #[track_caller]
    pub fn populate_existing(self) -> impl Future<Output = Result<Vec<Handle<M>>>> {
        let (session, select, loads) = self.into_parts();
        placed(session.inner.query_anew(select, loads))
    }
}

impl Inner {
    async fn query_anew<M: Model, L: Loads<M>>(&mut self, select: Box<Select>, loads: L) -> Result<Vec<Handle<M>>> {
        let compiled = self.ready(&select).await?;
        let read = |session: &mut Self, row: &mut RowReader<'_>| {
            let handle = session.instance_anew::<M>(row)?;
            loads.read_into(session, row, Some(handle))?;
            Ok(handle)
        };
        let rows = self.run(&compiled, read).await?;
        let handles = Self::each_once(rows);
        loads.load_all_into(self, &handles).await?;
        Ok(handles)
    }

    /// The object of a row, with the values of the row.
    fn instance_anew<M: Model>(&mut self, row: &mut RowReader<'_>) -> Result<Handle<M>> {
        let arena = self.arena_index::<M>();
        let start = row.position();
        let key = IdentityKey::of(M::table(), |column| row.raw_at(start + column).ok().flatten());
        let slot = key.and_then(|key| self.arenas[arena].lookup(&key));
        if slot.is_none_or(|slot| self.arenas[arena].is_doomed(slot)) {
            return self.instance(row);
        }
        let value = M::from_row(row)?;
        let Some(at) = self.put_fresh(value) else { unreachable!("the object was found by its key just now") };
        Ok(self.handle_of(at).typed())
    }
}
