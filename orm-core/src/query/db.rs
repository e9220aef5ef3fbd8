//! [`Db`]: code that works on an engine and on a session alike.

use super::executor::Unbound;
use super::joins::Rooted;
use super::load::{Loads, Whole};
use super::projection::{Projected, ProjectionOf, ProvidedBy};
use super::rows::Rows;
use super::select::Query;
use crate::engine::{Engine, placed};
use crate::error::Result;
use crate::schema::Model;

/// Who runs unbound queries: an [`Engine`] or `&` of one, a session, or `&mut` of one.
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

    /// Runs a query of projections: all its rows, which are plain values everywhere.
    ///
    /// # Errors
    ///
    /// Like [`Projected::all`].
    fn projections<M, S, P, I>(
        &mut self,
        query: Projected<Unbound, M, S, P>,
    ) -> impl Future<Output = Result<Vec<P>>> + Send
    where
        M: Model,
        P: ProjectionOf<M>,
        P::Scope: ProvidedBy<S, I>;
}

macro_rules! of_an_engine {
    ($($engine:ty),*) => { $(
        impl Db for $engine {
            type Entity<M: Model, L: Loads<M>> = L::Value;

            #[track_caller]
            fn all<M: Rooted, S, L: Loads<M> + Whole>(
                &mut self,
                query: Query<Unbound, M, S, L>,
            ) -> impl Future<Output = Result<Vec<L::Value>>> {
                let engine: &Engine = self;
                placed(query.on(engine).all())
            }

            #[track_caller]
            fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> impl Future<Output = Result<Vec<R>>> {
                let engine: &Engine = self;
                placed(rows.on(engine).all())
            }

            #[track_caller]
            fn projections<M, S, P, I>(
                &mut self,
                query: Projected<Unbound, M, S, P>,
            ) -> impl Future<Output = Result<Vec<P>>>
            where
                M: Model,
                P: ProjectionOf<M>,
                P::Scope: ProvidedBy<S, I>,
            {
                let engine: &Engine = self;
                query.on(engine).all()
            }
        }
    )* };
}
of_an_engine!(Engine, &Engine);

impl<D: Db> Db for &mut D {
    type Entity<M: Model, L: Loads<M>> = D::Entity<M, L>;

    #[track_caller]
    fn all<M: Rooted, S, L: Loads<M> + Whole>(
        &mut self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Vec<D::Entity<M, L>>>> {
        D::all(self, query)
    }

    #[track_caller]
    fn rows<R: Send>(&mut self, rows: Rows<Unbound, R>) -> impl Future<Output = Result<Vec<R>>> {
        D::rows(self, rows)
    }

    #[track_caller]
    fn projections<M, S, P, I>(&mut self, query: Projected<Unbound, M, S, P>) -> impl Future<Output = Result<Vec<P>>>
    where
        M: Model,
        P: ProjectionOf<M>,
        P::Scope: ProvidedBy<S, I>,
    {
        D::projections(self, query)
    }
}
