//! Materialized views are filled anew.

use std::pin::Pin;

use super::{Engine, placed};
use crate::compile::refresh;
use crate::error::Result;
use crate::schema::Materialized;

impl Engine {
    /// Fills a materialized view anew. Who reads it meanwhile waits.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// #[derive(Model, Debug, Clone)]
    /// #[model(materialized_view = "SELECT city, count(*) AS people FROM person GROUP BY city")]
    /// struct City {
    ///     #[model(primary_key)]
    ///     city: String,
    ///     people: i64,
    /// }
    ///
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// engine.refresh_materialized::<City>().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// REFRESH MATERIALIZED VIEW "city"
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the server and the connection.
    // In a box, and not an `async fn`: the compiler would repeat what it says of `V` for each part of its future.
    #[track_caller]
    pub fn refresh_materialized<V: Materialized>(&self) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(placed(self.refresh(refresh(V::table(), false))))
    }

    /// Like [`refresh_materialized`](Self::refresh_materialized), but who reads the view meanwhile reads what it was
    /// (`REFRESH MATERIALIZED VIEW CONCURRENTLY`). The view needs a unique index over all its rows:
    /// `#[model(index(city, unique))]`.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection; without a unique index one of the server.
    #[track_caller]
    pub fn refresh_materialized_concurrently<V: Materialized>(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(placed(self.refresh(refresh(V::table(), true))))
    }

    async fn refresh(&self, sql: String) -> Result<()> {
        let mut connection = self.connection().await?;
        connection.command(&sql).await
    }
}
