//! Relationship predicates: whether an object has related ones that fulfil a condition.

use std::sync::Arc;

use super::conditions::{equal_columns, link_columns};
use crate::schema::{Edge, Model, Relation, Source, SourceRef};
use crate::sql::scope::Outer;
use crate::sql::{
    AliasTag, Aliased, Condition, Expr, Expression, FromItem, InScope, Join, JoinKind, LinkRef, Node, Projection,
    Select, Subquery,
};

impl<A: Source, B: Model, K> Relation<A, B, K> {
    /// Whether one of the related objects fulfils the condition, which may read the columns of both ends.
    ///
    /// For a relationship of a model to itself there is [`any_as`](Self::any_as).
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     number: i32,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// let query = query::<Course>().filter(Course::homeworks.any(Homework::number.gt(1)));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "course"."id" FROM "course" WHERE EXISTS (SELECT 1 FROM "homework" WHERE "course"."id" = "homework"."course_id" AND "homework"."number" > $1)"#,
    /// );
    /// ```
    pub fn any<E, I>(self, condition: E) -> Expr<bool, A>
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(B, (Outer<A>, ())), I>,
    {
        let to = B::source();
        exists(self.edge(), A::source(), FromItem::Source(to), to, Some(condition.into_node()))
    }

    /// Like [`any`](Self::any), with the related objects under an alias: for a relationship of a model to itself.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Person {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     name: String,
    /// #     #[model(references = Person::id)] boss_id: Option<i32>,
    /// #     #[model(belongs_to = boss_id, backref = reports)] boss: BelongsTo<Person>,
    /// # }
    /// aliased!(let report = Person);
    /// let query = query::<Person>().filter(Person::reports.any_as(&report, report.c.name.like("A%")));
    /// assert!(query.to_sql().ends_with(
    ///     r#"EXISTS (SELECT 1 FROM "person" AS "report" WHERE "person"."id" = "report"."boss_id" AND "report"."name" LIKE $1)"#,
    /// ));
    /// ```
    pub fn any_as<Tag, E, I>(self, alias: &Subquery<B, Tag>, condition: E) -> Expr<bool, A>
    where
        Tag: AliasTag,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(Aliased<B, Tag>, (Outer<A>, ())), I>,
    {
        let to = Aliased::<B, Tag>::source();
        exists(self.edge(), A::source(), alias.item(), to, Some(condition.into_node()))
    }

    /// Whether there is a related object.
    pub fn exists(self) -> Expr<bool, A> {
        let (item, to) = far_end::<A, B>(self.edge());
        exists(self.edge(), A::source(), item, to, None)
    }

    /// Whether there is no related object. None for which a condition holds is `!relationship.any(condition)`, or
    /// [`none_of`](Self::none_of).
    #[doc(alias = "not_exists")]
    pub fn none(self) -> Expr<bool, A> {
        Expr::new(Node::Not(Box::new(Expression::into_node(self.exists()))))
    }
}

/// The tag of the far end of a relationship of a model to itself.
#[derive(Debug)]
enum FarEnd {}

/// What a relationship leads to, as the item of a query that is asked for each of its starts. Of a relationship of a model
/// to itself it has an alias, so that it does not hide the start.
pub(super) fn far_end<A: Source, B: Model>(edge: Edge) -> (FromItem, SourceRef) {
    let mut to = B::source();
    if to == A::source() {
        to = SourceRef::Alias { tag: std::any::TypeId::of::<FarEnd>(), name: edge.def().name, table: B::table() };
    }
    (FromItem::Source(to), to)
}

pub(super) fn exists<A>(
    edge: Edge,
    from: SourceRef,
    item: FromItem,
    to: SourceRef,
    condition: Option<Node>,
) -> Expr<bool, A> {
    let mut select = related(edge, from, item, to, Projection::One);
    select.predicates.extend(condition);
    Expr::new(Node::Exists(Arc::new(select)))
}

/// The query for the far ends of one start, which is of the query around it.
pub(super) fn related(edge: Edge, from: SourceRef, item: FromItem, to: SourceRef, projection: Projection) -> Select {
    let columns = edge.columns();
    let mut select = Select::of(to, projection, item);
    select.with_deleted = edge.has_deleted();
    match columns.link {
        None => select.predicates.push(equal_columns(from, columns.local, to, columns.remote)),
        Some(link) => {
            let link_ref = LinkRef::of(link, 0);
            let far = link_columns(link_ref, link.remote, to, columns.remote);
            select.joins.push(Join {
                kind: JoinKind::Inner,
                item: FromItem::Link(link_ref),
                on: far,
                with_deleted: false,
            });
            select.predicates.push(link_columns(link_ref, link.local, from, columns.local));
        }
    }
    select
}
