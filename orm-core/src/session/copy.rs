//! `COPY` in a session's transaction.

use std::error::Error as StdError;
use std::pin::Pin;

use futures_util::Stream;

use super::Session;
use super::inner::Inner;
use crate::error::{Error, ErrorKind, Result};
use crate::query::{CopyIn, CopyPlan, CopyRow, OfModel};
use crate::schema::{Model, Writable};

impl Session {
    /// Like [`Engine::copy_in`](crate::Engine::copy_in), but in the session's transaction, after a flush. No objects are made
    /// of the rows, and a flush that fails later does not repeat it.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(session: &mut Session, names: Vec<String>) -> orm_core::Result<()> {
    /// session.copy_in::<Course>().columns(Course::name).rows(names).await?;
    /// session.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_in<M: Model + Writable>(&mut self) -> CopyIn<&mut Self, M, OfModel<M>> {
        CopyIn::of_models(self)
    }
}

impl Inner {
    pub(super) async fn copy<M: Model, Shape, R, E>(
        &mut self,
        mut plan: CopyPlan<M, Shape>,
        mut rows: Pin<&mut (impl Stream<Item = Result<R, E>> + Send)>,
    ) -> Result<u64>
    where
        R: CopyRow<M, Shape> + Send,
        E: Into<Box<dyn StdError + Send + Sync>> + Send,
    {
        if self.options.read_only {
            return Err(Error::new(ErrorKind::Invalid, "the session is read-only"));
        }
        // What is wrong with the first row is found before anything is sent.
        let Some(first) = plan.first(rows.as_mut()).await? else { return Ok(0) };
        self.flush_for(M::table()).await?;
        self.open_transaction().await?;
        self.is_unrepeatable = true;
        let Some(connection) = &mut self.connection else { unreachable!("the transaction was opened just now") };
        let outcome = plan.send(connection, first, rows).await;
        self.or_fail(outcome).await
    }
}
