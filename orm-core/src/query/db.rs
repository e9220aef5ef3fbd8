//! [`Db`]: code that works on an engine and on a session alike.

use super::executor::Unbound;
use super::joins::Rooted;
use super::load::{Loads, Whole};
use super::rows::Rows;
use super::select::Query;
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::Model;

/// Who runs unbound queries: an [`Engine`], a session, or `&mut` of one.
///
/// It has no lifetime, so that the futures of generic code stay `Send`. Only selections of columns have the same rows
/// everywhere; what a model becomes is [`Entity`](Self::Entity).
///
/// ```no_run
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// struct Repository<D>(D);
///
/// impl<D: Db> Repository<D> {
///     async fn names(&mut self) -> orm_core::Result<Vec<String>> {
///         self.0.rows(query::<Course>().select(Course::name)).await
///     }
/// }
/// ```
pub trait Db: Send {
    /// What a model becomes: a value from an engine, a handle from a session.
    type Entity<M: Model, L: Loads<M>>: Send;

    /// Runs a query: all its rows.
    ///
    /// # Errors
    ///
    /// Like [`Query::all`].
    fn all<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Vec<Self::Entity<M, L>>>> + Send;

    /// Runs a query of columns: all its rows.
    ///
    /// # Errors
    ///
    /// Like [`Query::all`].
    fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> impl Future<Output = Result<Vec<R>>> + Send;
}

impl Db for Engine {
    type Entity<M: Model, L: Loads<M>> = L::Value;

    async fn all<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> Result<Vec<L::Value>> {
        query.on(&*self).all().await
    }

    async fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> Result<Vec<R>> {
        rows.on(&*self).all().await
    }
}

impl<D: Db> Db for &mut D {
    type Entity<M: Model, L: Loads<M>> = D::Entity<M, L>;

    async fn all<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> Result<Vec<D::Entity<M, L>>> {
        D::all(self, query).await
    }

    async fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> Result<Vec<R>> {
        D::rows(self, rows).await
    }
}
