//! Materialized views are filled anew.

use super::Engine;
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
    pub async fn refresh_materialized<V: Materialized>(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        connection.command(&refresh(V::table(), false)).await
    }

    /// Like [`refresh_materialized`](Self::refresh_materialized), but who reads the view meanwhile reads what it was
    /// (`REFRESH MATERIALIZED VIEW CONCURRENTLY`). The view needs a unique index over all its rows:
    /// `#[model(index(city, unique))]`.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection; without a unique index one of the server.
    pub async fn refresh_materialized_concurrently<V: Materialized>(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        connection.command(&refresh(V::table(), true)).await
    }
}
