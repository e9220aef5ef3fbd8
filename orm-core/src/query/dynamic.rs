//! The clauses of a query whose joins are decided at run time.

use super::bulk::{Delete, Update};
use super::executor::{Executor, Takes, Unbound};
use super::load::{Load, Loads};
use super::nested::LoadJoined;
use super::rows::Rows;
use super::select::{Dynamic, Query};
use crate::engine::placed;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Model, Relation, Source, Writable};
use crate::sql::scope::Anywhere;
use crate::sql::{
    AliasTag, Aliased, Anonymous, Assignments, Condition, Expr, Expression, FromItem, JoinKind, JoinTarget, Node,
    Selection, Subquery,
};

impl<M, L> Dynamic<Unbound, M, L> {
    /// Like [`Query::on`].
    pub fn on<X: Executor + Takes<L>>(self, executor: X) -> Dynamic<X, M, L> {
        Dynamic(self.0.on(executor))
    }
}

macro_rules! joins {
    ($($(#[$doc:meta])* $name:ident $as:ident $on:ident $kind:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<A: Source, B: Model, K>(self, relation: Relation<A, B, K>) -> Self {
            let item = FromItem::Source(B::source());
            Self(self.0.join_edge(JoinKind::$kind, relation.edge(), A::source(), item, B::source()))
        }

        joins!(@ $(#[$doc])* $as $on $kind);
    )* };
    (@ $(#[$doc:meta])* $as:ident $on:ident $kind:ident) => {
        $(#[$doc])*
        ///
        /// Under an alias.
        pub fn $as<A: Source, B: Model, K, Tag: AliasTag>(
            self,
            relation: Relation<A, B, K>,
            alias: &Subquery<B, Tag>,
        ) -> Self {
            let to = Aliased::<B, Tag>::source();
            Self(self.0.join_edge(JoinKind::$kind, relation.edge(), A::source(), alias.item(), to))
        }

        $(#[$doc])*
        ///
        /// On a condition.
        pub fn $on<T: JoinTarget, E: Expression>(self, target: T, condition: E) -> Self
        where
            E::Type: Condition,
        {
            Self(self.0.push_join(JoinKind::$kind, target.into_item(), condition.into_node(), false))
        }
    };
}

impl<X, M, L> Dynamic<X, M, L> {
    joins! {
        /// Like [`Query::right_join`].
        right_join right_join_as right_join_on Right;
        /// Like [`Query::full_join`].
        full_join full_join_as full_join_on Full;
    }
    joins!(@
        /// Like [`Query::join`].
        join_as join_on Inner
    );
    joins!(@
        /// Like [`Query::left_join`].
        left_join_as left_join_on Left
    );

    /// Like [`Query::cross_join`].
    pub fn cross_join<T: JoinTarget>(self, target: T) -> Self {
        Self(self.0.push_join(JoinKind::Cross, target.into_item(), Node::All(Vec::new()), false))
    }

    /// Like [`Query::join_lateral`].
    pub fn join_lateral<T: JoinTarget>(self, target: T) -> Self {
        let item = target.into_item().into_lateral();
        Self(self.0.push_join(JoinKind::Cross, item, Node::All(Vec::new()), false))
    }

    /// Like [`Query::left_join_lateral`].
    pub fn left_join_lateral<T: JoinTarget>(self, target: T) -> Self {
        let item = target.into_item().into_lateral();
        Self(self.0.push_join(JoinKind::Left, item, Node::All(Vec::new()), false))
    }

    /// Like [`Query::filter_all`].
    pub fn filter_all<T: Condition, U>(self, conditions: impl IntoIterator<Item = Expr<T, U>>) -> Self {
        let anywhere: Query<X, M, (), L> = self.0;
        let (on, mut select, loads) = anywhere.into_parts();
        select.predicates.extend(conditions.into_iter().map(Expression::into_node));
        Self(Query::from_parts(on, select, loads))
    }

    /// Like [`Query::distinct`].
    pub fn distinct(self) -> Self {
        Self(self.0.distinct())
    }

    /// Like [`Query::select`]. What is joined is not known to the compiler, so every column and model reads as `Option`.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     number: i32,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let query = query::<Course>().dynamic().left_join(Course::homeworks).select((Course::name, Homework::number));
    /// let rows: Vec<(Option<String>, Option<i32>)> = engine.rows(query).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn select<T, I>(self, selection: T) -> Rows<X, T::Row>
    where
        T: Selection<Anywhere, I>,
    {
        self.0.rescope::<M, Anywhere>().select(selection)
    }

    /// Like [`Query::with`].
    pub fn with<T>(self, load: T) -> Dynamic<X, M, (L, T)>
    where
        M: Model,
        T: Load<M>,
        X: Takes<T>,
        (L, T): Loads<M>,
    {
        Dynamic(self.0.with(load))
    }

    /// Like [`Query::with_joined`].
    pub fn with_joined<J>(self, load: J) -> Dynamic<X, M, (L, J::Load)>
    where
        M: Model,
        J: LoadJoined<M>,
        X: Takes<J::Load>,
        (L, J::Load): Loads<M>,
    {
        Dynamic(self.0.with_joined(load))
    }

    /// Like [`Query::update`].
    pub fn update<A, I>(self, assignments: A) -> Update<X, M, Anywhere>
    where
        M: Model + Writable,
        A: Assignments<M, Anywhere, I>,
    {
        self.0.rescope::<M, Anywhere>().update(assignments)
    }

    /// Like [`Query::delete`].
    pub fn delete(self) -> Delete<X, M, Anywhere>
    where
        M: Model + Writable,
    {
        self.0.rescope::<M, Anywhere>().delete()
    }

    /// Like [`Query::subquery`].
    #[must_use]
    pub fn subquery(self) -> Subquery<M, Anonymous>
    where
        M: Model,
    {
        self.0.subquery()
    }

    /// Like [`Query::subquery_as`]; written by [`subquery!`](crate::subquery).
    #[must_use]
    pub fn subquery_as<Tag: AliasTag>(self) -> Subquery<M, Tag>
    where
        M: Model,
    {
        self.0.subquery_as()
    }

    /// Like [`Query::exists_in`]. Tables of the query around it are found when that is compiled.
    pub fn exists_in(self) -> Expr<bool, ()> {
        self.0.exists_in()
    }

    /// Like [`Query::not_exists_in`].
    pub fn not_exists_in(self) -> Expr<bool, ()> {
        self.0.not_exists_in()
    }
}

impl<X, M: Model, L: Loads<M>> Dynamic<X, M, L> {
    /// Like [`Query::one`].
    ///
    /// # Errors
    ///
    /// Like [`Query::one`] and [`all`](Self::all).
    #[track_caller]
    pub fn one(self) -> impl Future<Output = Result<X::Entity<M, L>>>
    where
        X: Executor,
    {
        placed(async move { self.checked()?.one().await })
    }

    /// Like [`Query::one_or_none`].
    ///
    /// # Errors
    ///
    /// Like [`Query::one_or_none`] and [`all`](Self::all).
    #[track_caller]
    pub fn one_or_none(self) -> impl Future<Output = Result<Option<X::Entity<M, L>>>>
    where
        X: Executor,
    {
        placed(async move { self.checked()?.one_or_none().await })
    }

    /// Like [`Query::exists`].
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn exists(self) -> impl Future<Output = Result<bool>>
    where
        X: Executor,
    {
        placed(self.0.exists())
    }

    /// The query, if each of its rows has a model.
    pub(super) fn checked(self) -> Result<Query<X, M, (), L>> {
        if self.0.keeps_the_right() {
            let model = M::table().model;
            let message = format!(
                "after a right or full join a row may have no `{model}`: select what it shall have, for example `.select(({model}::all(), …))`"
            );
            return Err(Error::new(ErrorKind::Invalid, message).with_model(model));
        }
        Ok(self.0)
    }
}
