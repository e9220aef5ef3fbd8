//! Plans through a session: of what its own transaction sees.

use super::inner::Inner;
use crate::engine;
use crate::error::Result;
use crate::query::Explained;

impl Inner {
    /// Asks for a plan, in the open transaction if there is one. What is run for it is flushed before, and undone.
    pub(super) async fn explain(&mut self, work: Explained) -> Result<String> {
        work.check_read_only(self.options.read_only)?;
        if !work.analyze {
            return self.run_explain(&work).await;
        }
        self.flush_for(work.table).await?;
        self.recover().await?;
        let Some(connection) = &mut self.connection else {
            let mut connection = self.engine.connection().await?;
            return engine::explain_and_roll_back(&mut connection, work.statement).await;
        };
        let outcome = engine::explain_and_go_back(connection, &work.statement).await;
        self.or_fail(outcome).await?
    }

    async fn run_explain(&mut self, work: &Explained) -> Result<String> {
        self.recover().await?;
        let outcome = match &mut self.connection {
            Some(connection) => engine::explain(connection, &work.statement).await,
            None => return engine::explain(&mut self.engine.connection().await?, &work.statement).await,
        };
        self.or_fail(outcome).await
    }
}
