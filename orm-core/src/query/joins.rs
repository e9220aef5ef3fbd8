//! Joins beside the inner and the left one by relationship: those that keep the rows of their right side, cross joins, and
//! lateral ones.

use std::marker::PhantomData;
use std::sync::Arc;

use super::select::{Query, refuse_twice};
use crate::schema::{Edge, Model, Relation, Source};
use crate::sql::scope::{AllNullable, Named, Nullable, is_in};
use crate::sql::{
    AliasTag, Aliased, Condition, Expression, FromItem, InScope, JoinKind, JoinTarget, Node, Projection, Select,
    Subquery, Uncorrelated,
};

/// What a row of a query is of, where it may be missing: after a right or a full join, the model that the query started at.
///
/// Such a query is not run for whole models; it selects what its rows shall have:
/// [`select((Course::all(), …))`](Query::select).
pub struct Maybe<M>(PhantomData<fn() -> M>);

impl<M> std::fmt::Debug for Maybe<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Maybe")
    }
}

/// A model of which each row of a query has one.
#[diagnostic::on_unimplemented(
    message = "the rows of this query are `{Self}`, and not whole models",
    label = "select what a row shall have",
    note = "after a right or full join the model may be missing: write for example `.select((Course::all(), Homework::all()))`; of a subquery its columns are selected: `.select((rows.c.0, rows.c.1))`"
)]
pub trait Rooted: Model {}

#[diagnostic::do_not_recommend]
impl<M: Model> Rooted for M {}

/// The join with the table between the ends of a relationship, before that with the far end.
pub(super) fn link_join(kind: JoinKind, near: Node, item: &FromItem, far: &Node, edge: Edge) -> (JoinKind, Node) {
    match kind {
        // Links without a far end are none, and far ends without a link are kept by the join that follows.
        JoinKind::Right => (JoinKind::Inner, near),
        JoinKind::Full => (JoinKind::Left, near.and_leads_to(item, far, edge)),
        JoinKind::Inner | JoinKind::Left | JoinKind::Cross => (kind, near),
    }
}

impl Node {
    /// The condition of a link that is not to be there without its far end: where that may be, it asks for it.
    fn and_leads_to(self, item: &FromItem, far: &Self, edge: Edge) -> Self {
        let is_table = matches!(item, FromItem::Source(_));
        if is_table && (edge.to().soft_delete.is_none() || edge.has_deleted()) {
            return self;
        }
        let (FromItem::Source(source) | FromItem::Subquery { source, .. } | FromItem::Cte { source, .. }) = item else {
            return self;
        };
        let mut ends = Select::of(*source, Projection::One, item.clone());
        ends.with_deleted = edge.has_deleted();
        ends.predicates.push(far.clone());
        self.and(Self::Exists(Arc::new(ends)))
    }
}

impl<X, M, S, L0> Query<X, M, S, L0> {
    /// Whether a join keeps rows without what was joined before it.
    pub(super) fn keeps_the_right(&self) -> bool {
        self.joined().iter().any(|join| matches!(join.kind, JoinKind::Right | JoinKind::Full))
    }

    /// Joins the other end of a relationship, all of them: where an end has none of the rows before it, those are NULL and
    /// read as `Option`.
    ///
    /// What the query started at may be missing, so it has no whole models any more: it selects what a row shall have.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: Option<i32>,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let query = query::<Course>().right_join(Course::homeworks).select((Course::all(), Homework::id));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."id", "course"."name", "homework"."id" "#,
    ///         r#"FROM "course" RIGHT JOIN "homework" ON "course"."id" = "homework"."course_id""#,
    ///     ),
    /// );
    /// let rows: Vec<(Option<Course>, i32)> = engine.rows(query).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn right_join<A, B, K, I>(
        self,
        relation: Relation<A, B, K>,
    ) -> Query<X, Maybe<M>, (B, <S as AllNullable>::Out), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        S: Named + AllNullable,
    {
        const { refuse_twice(is_in::<B, S>()) };
        self.join_edge(JoinKind::Right, relation.edge(), A::source(), FromItem::Source(B::source()), B::source())
    }

    /// Joins the other end of a relationship, and keeps the rows of both sides: where one has none of the other, that is
    /// NULL and reads as `Option`.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: Option<i32>,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let query = query::<Course>().full_join(Course::homeworks).select((Course::name, Homework::id));
    /// assert!(query.to_sql().ends_with(r#"FULL JOIN "homework" ON "course"."id" = "homework"."course_id""#));
    /// let rows: Vec<(Option<String>, Option<i32>)> = engine.rows(query).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn full_join<A, B, K, I>(
        self,
        relation: Relation<A, B, K>,
    ) -> Query<X, Maybe<M>, (Nullable<B>, <S as AllNullable>::Out), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        S: Named + AllNullable,
    {
        const { refuse_twice(is_in::<B, S>()) };
        self.join_edge(JoinKind::Full, relation.edge(), A::source(), FromItem::Source(B::source()), B::source())
    }

    /// Like [`right_join`](Self::right_join), under an alias: for a table that the query needs twice.
    pub fn right_join_as<A, B, K, Tag, I>(
        self,
        relation: Relation<A, B, K>,
        alias: &Subquery<B, Tag>,
    ) -> Query<X, Maybe<M>, (Aliased<B, Tag>, <S as AllNullable>::Out), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        Tag: AliasTag,
        S: AllNullable,
    {
        self.join_edge(JoinKind::Right, relation.edge(), A::source(), alias.item(), Aliased::<B, Tag>::source())
    }

    /// Like [`full_join`](Self::full_join), under an alias: for a table that the query needs twice.
    pub fn full_join_as<A, B, K, Tag, I>(
        self,
        relation: Relation<A, B, K>,
        alias: &Subquery<B, Tag>,
    ) -> Query<X, Maybe<M>, (Nullable<Aliased<B, Tag>>, <S as AllNullable>::Out), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        Tag: AliasTag,
        S: AllNullable,
    {
        self.join_edge(JoinKind::Full, relation.edge(), A::source(), alias.item(), Aliased::<B, Tag>::source())
    }

    /// Like [`join_on`](Self::join_on), but all rows of the target are kept; see [`right_join`](Self::right_join).
    pub fn right_join_on<T, E, I>(
        self,
        target: T,
        condition: E,
    ) -> Query<X, Maybe<M>, (T::Source, <S as AllNullable>::Out), L0>
    where
        T: JoinTarget,
        T::Outers: Uncorrelated,
        S: Named + AllNullable,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(T::Source, S), I>,
    {
        const { refuse_twice(is_in::<T::Source, S>()) };
        self.push_join(JoinKind::Right, target.into_item(), condition.into_node(), false).rescope()
    }

    /// Like [`join_on`](Self::join_on), but all rows of both sides are kept; see [`full_join`](Self::full_join).
    ///
    /// PostgreSQL does it on conditions that compare columns of both sides for equality, and refuses others.
    pub fn full_join_on<T, E, I>(
        self,
        target: T,
        condition: E,
    ) -> Query<X, Maybe<M>, (Nullable<T::Source>, <S as AllNullable>::Out), L0>
    where
        T: JoinTarget,
        T::Outers: Uncorrelated,
        S: Named + AllNullable,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(T::Source, S), I>,
    {
        const { refuse_twice(is_in::<T::Source, S>()) };
        self.push_join(JoinKind::Full, target.into_item(), condition.into_node(), false).rescope()
    }

    /// Joins each row with each of the target's.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)] struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)] struct Student { #[model(primary_key)] id: Auto<i32> }
    /// let query = query::<Course>().cross_join(Student::TABLE).select((Course::id, Student::id));
    /// assert_eq!(query.to_sql(), r#"SELECT "course"."id", "student"."id" FROM "course" CROSS JOIN "student""#);
    /// ```
    pub fn cross_join<T>(self, target: T) -> Query<X, M, (T::Source, S), L0>
    where
        T: JoinTarget,
        T::Outers: Uncorrelated,
        S: Named,
    {
        const { refuse_twice(is_in::<T::Source, S>()) };
        self.push_join(JoinKind::Cross, target.into_item(), Node::All(Vec::new()), false).rescope()
    }

    /// Joins each row with those of a subquery that reads it: the tables that the subquery has named by
    /// [`outer`](Self::outer), which must be joined before it.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, course_id: i32 }
    /// let last = query::<Homework>()
    ///     .outer(Course::TABLE)
    ///     .filter(Homework::course_id.eq(Course::id))
    ///     .order_by(Homework::number.desc())
    ///     .limit(2)
    ///     .select(Homework::number)
    ///     .subquery();
    /// let query = query::<Course>().join_lateral(&last).select((Course::id, last.c.0));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."id", "subquery"."c0" FROM "course" CROSS JOIN LATERAL ("#,
    ///         r#"SELECT "homework"."number" FROM "homework" WHERE "homework"."course_id" = "course"."id" "#,
    ///         r#"ORDER BY "homework"."number" DESC LIMIT 2) AS "subquery" ("c0")"#,
    ///     ),
    /// );
    /// ```
    #[doc(alias = "lateral")]
    pub fn join_lateral<T, I>(self, target: T) -> Query<X, M, (T::Source, S), L0>
    where
        T: JoinTarget,
        T::Outers: InScope<S, I>,
    {
        self.push_join(JoinKind::Cross, target.into_item().into_lateral(), Node::All(Vec::new()), false).rescope()
    }

    /// Like [`join_lateral`](Self::join_lateral); where the subquery gives no rows, its columns are NULL and read as
    /// `Option`.
    pub fn left_join_lateral<T, I>(self, target: T) -> Query<X, M, (Nullable<T::Source>, S), L0>
    where
        T: JoinTarget,
        T::Outers: InScope<S, I>,
    {
        self.push_join(JoinKind::Left, target.into_item().into_lateral(), Node::All(Vec::new()), false).rescope()
    }
}
