//! [`Query`]: a `SELECT` under construction.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::bulk::{Delete, Update};
use super::conditions::{equal_columns, link_columns};
use super::executor::{Executor, Takes, Unbound};
use super::joins::{Rooted, link_join};
use super::load::{Load, Loads};
use super::nested::LoadJoined;
use super::rows::{Rows, read_count};
use crate::compile::Compile;
use crate::engine::{Engine, placed};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Edge, Model, Relation, Source, SourceRef, Writable};
use crate::sql::scope::{Named, Nullable, Outers, PushOuter, is_in};
use crate::sql::{
    AliasTag, Aliased, Anonymous, Assignments, At, BinaryOp, Condition, Distinct, Expr, Expression, FromItem, InScope,
    Join, JoinKind, JoinTarget, LinkRef, Node, OrderTerm, Select, Selection, Subquery, Uncorrelated,
};
use crate::types::{IntoKey, Key, Value};

/// A query of the model `M`, bound to `X`, over the tables of `Scope`, that loads the relationships of `Loaded` with it.
///
/// It is a value: `Clone`, made and passed on without a database. What it selects and what is joined is part of its type,
/// the rest is data, so `q = q.filter(…)` under an `if` just works.
#[must_use = "a query does nothing until it is run, for example by `.all().await`"]
pub struct Query<X, M, Scope = (M, ()), Loaded = ()> {
    on: X,
    /// In its box it is not moved from call to call.
    select: Box<Select>,
    loads: Loaded,
    types: PhantomData<fn() -> (M, Scope)>,
}

/// A query that is bound to nobody: `engine.all(query)` and `session.all(query)` run it.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// let query = query::<Course>().filter(Course::name.eq("Python")).order_by(Course::id.desc()).limit(3);
/// assert_eq!(
///     query.to_sql(),
///     r#"SELECT "course"."id", "course"."name" FROM "course" WHERE "course"."name" = $1 ORDER BY "course"."id" DESC LIMIT 3"#,
/// );
/// ```
pub fn query<M: Model>() -> Query<Unbound, M> {
    Query { on: Unbound, select: Box::new(Select::models(M::source())), loads: (), types: PhantomData }
}

impl<X: Clone, M, S, L: Clone> Clone for Query<X, M, S, L> {
    fn clone(&self) -> Self {
        Self { on: self.on.clone(), select: self.select.clone(), loads: self.loads.clone(), types: PhantomData }
    }
}

/// Shows the SQL.
impl<X, M, S, L> fmt::Debug for Query<X, M, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.select.to_text())
    }
}

impl<M, S, L> Query<Unbound, M, S, L> {
    /// Binds the query to who runs it.
    pub fn on<X: Executor + Takes<L>>(self, executor: X) -> Query<X, M, S, L> {
        Query { on: executor, select: self.select, loads: self.loads, types: PhantomData }
    }
}

impl<X, M, S, L> Query<X, M, S, L> {
    /// The text of the query, with `$1`, `$2`, … for its values.
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.select.to_text()
    }

    pub(super) fn as_select(&self) -> &Select {
        &self.select
    }

    pub(crate) fn into_select(self) -> Select {
        *self.select
    }

    pub(super) fn from_parts(on: X, select: Box<Select>, loads: L) -> Self {
        Self { on, select, loads, types: PhantomData }
    }

    pub(super) fn joined(&self) -> &[Join] {
        &self.select.joins
    }

    pub(crate) fn into_parts(self) -> (X, Box<Select>, L) {
        (self.on, self.select, self.loads)
    }

    /// Changes the clauses.
    pub(super) fn edit(mut self, change: impl FnOnce(&mut Select)) -> Self {
        change(&mut self.select);
        self
    }

    /// Only the row with this primary key.
    pub(crate) fn with_key(mut self, key: Vec<Value>) -> Self
    where
        M: Model,
    {
        for (column, value) in M::table().key_columns().zip(key) {
            let node = Node::column(M::source(), column);
            self.select.predicates.push(Node::binary(BinaryOp::Eq, node, Node::Param(value)));
        }
        self
    }
}

impl<X, M, S, L0> Query<X, M, S, L0> {
    /// Adds a condition to the `WHERE` clause; conditions of several calls must all hold.
    #[doc(alias = "where")]
    pub fn filter<E, I>(mut self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<S, I>,
    {
        self.select.predicates.push(condition.into_node());
        self
    }

    /// Adds any number of conditions, all of which must hold.
    pub fn filter_all<T, U, I>(mut self, conditions: impl IntoIterator<Item = Expr<T, U>>) -> Self
    where
        T: Condition,
        U: InScope<S, I>,
    {
        self.select.predicates.extend(conditions.into_iter().map(Expression::into_node));
        self
    }

    /// Lets rows in that are marked as deleted (see `soft_delete` of [`Model`](macro@crate::Model)), which queries leave
    /// out otherwise.
    ///
    /// This is said of the whole query: of the model, of what it joins, of relationship predicates and of subqueries in
    /// it. A relationship that is loaded by [`with`](Self::with) is a statement of its own and has a word of its own:
    /// [`Relation::with_deleted`].
    ///
    /// In a session, an object of such a row has the time in its field. To bring the row back, set it to `None` and
    /// commit.
    ///
    /// ```
    /// # #[cfg(feature = "chrono")]
    /// # fn main() -> Result<(), chrono::ParseError> {
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # #[model(soft_delete = deleted_at)]
    /// # struct Note { #[model(primary_key)] id: Auto<i32>, deleted_at: Option<chrono::DateTime<chrono::Utc>> }
    /// let live = query::<Note>().filter(Note::id.gt(1));
    /// assert!(live.to_sql().ends_with(r#"WHERE "note"."id" > $1 AND "note"."deleted_at" IS NULL"#));
    /// let all = query::<Note>().filter(Note::id.gt(1)).with_deleted();
    /// assert!(all.to_sql().ends_with(r#"WHERE "note"."id" > $1"#));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "chrono"))]
    /// # fn main() {}
    /// ```
    pub fn with_deleted(mut self) -> Self {
        self.select.with_deleted = true;
        self
    }

    /// Leaves out the engine's filters of a name ([`Engine::with_filters`]), for the whole query, as
    /// [`with_deleted`](Self::with_deleted) is said of the whole query.
    pub fn unfiltered(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.select.unfiltered.push(name.into());
        self
    }

    /// Adds to the order; the first call weighs most.
    pub fn order_by<O, I>(mut self, order: O) -> Self
    where
        O: OrderTerm,
        O::Uses: InScope<S, I>,
    {
        self.select.order_by.push(order.into_order());
        self
    }

    /// At most that many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.select.limit = Some(rows);
        self
    }

    /// Leaves out the first rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.select.offset = Some(rows);
        self
    }

    /// Leaves out rows that are equal to another (`SELECT DISTINCT`).
    pub fn distinct(mut self) -> Self {
        self.select.distinct = Distinct::Rows;
        self
    }

    /// Joins the other end of a relationship; rows without one are left out.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// let query = query::<Course>().join(Course::homeworks);
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "course"."id" FROM "course" JOIN "homework" ON "course"."id" = "homework"."course_id""#,
    /// );
    /// ```
    pub fn join<A, B, K, I>(self, relation: Relation<A, B, K>) -> Query<X, M, (B, S), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        S: Named,
    {
        const { refuse_twice(is_in::<B, S>()) };
        self.join_edge(JoinKind::Inner, relation.edge(), A::source(), FromItem::Source(B::source()), B::source())
    }

    /// Joins the other end of a relationship; where there is none, its columns are NULL and read as `Option`.
    pub fn left_join<A, B, K, I>(self, relation: Relation<A, B, K>) -> Query<X, M, (Nullable<B>, S), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        S: Named,
    {
        const { refuse_twice(is_in::<B, S>()) };
        self.join_edge(JoinKind::Left, relation.edge(), A::source(), FromItem::Source(B::source()), B::source())
    }

    /// Like [`join`](Self::join), under an alias: for a table that the query needs twice.
    pub fn join_as<A, B, K, Tag, I>(
        self,
        relation: Relation<A, B, K>,
        alias: &Subquery<B, Tag>,
    ) -> Query<X, M, (Aliased<B, Tag>, S), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        Tag: AliasTag,
    {
        let to = Aliased::<B, Tag>::source();
        self.join_edge(JoinKind::Inner, relation.edge(), A::source(), alias.item(), to)
    }

    /// Like [`left_join`](Self::left_join), under an alias: for a table that the query needs twice.
    pub fn left_join_as<A, B, K, Tag, I>(
        self,
        relation: Relation<A, B, K>,
        alias: &Subquery<B, Tag>,
    ) -> Query<X, M, (Nullable<Aliased<B, Tag>>, S), L0>
    where
        A: Source + InScope<S, I>,
        B: Model,
        Tag: AliasTag,
    {
        let to = Aliased::<B, Tag>::source();
        self.join_edge(JoinKind::Left, relation.edge(), A::source(), alias.item(), to)
    }

    /// Joins a model, an alias, a subquery, a common table expression or a function that gives rows, on a condition.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, course_id: i32 }
    /// let first = query::<Homework>().filter(Homework::number.eq(1)).subquery();
    /// let query = query::<Course>().join_on(&first, Course::id.eq(first.c.course_id));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "course"."id" FROM "course" JOIN (SELECT "homework"."id", "homework"."number", "homework"."course_id" FROM "homework" WHERE "homework"."number" = $1) AS "subquery" ON "course"."id" = "subquery"."course_id""#,
    /// );
    /// ```
    pub fn join_on<T, E, I>(self, target: T, condition: E) -> Query<X, M, (T::Source, S), L0>
    where
        T: JoinTarget,
        T::Outers: Uncorrelated,
        S: Named,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(T::Source, S), I>,
    {
        const { refuse_twice(is_in::<T::Source, S>()) };
        self.push_join(JoinKind::Inner, target.into_item(), condition.into_node(), false).rescope()
    }

    /// Like [`join_on`](Self::join_on); where nothing fits, the columns of the target are NULL and read as `Option`.
    pub fn left_join_on<T, E, I>(self, target: T, condition: E) -> Query<X, M, (Nullable<T::Source>, S), L0>
    where
        T: JoinTarget,
        T::Outers: Uncorrelated,
        S: Named,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(T::Source, S), I>,
    {
        const { refuse_twice(is_in::<T::Source, S>()) };
        self.push_join(JoinKind::Left, target.into_item(), condition.into_node(), false).rescope()
    }

    pub(super) fn join_edge<M2, T>(
        self,
        kind: JoinKind,
        edge: Edge,
        from: SourceRef,
        item: FromItem,
        to: SourceRef,
    ) -> Query<X, M2, T, L0> {
        let columns = edge.columns();
        let Some(link) = columns.link else {
            let on = equal_columns(from, columns.local, to, columns.remote);
            return self.push_join(kind, item, on, edge.has_deleted()).rescope();
        };
        let link_ref = LinkRef::of(link, self.select.joins.len());
        let near = link_columns(link_ref, link.local, from, columns.local);
        let far = link_columns(link_ref, link.remote, to, columns.remote);
        let with_deleted = edge.has_deleted();
        let (near_kind, near) = link_join(kind, near, &item, &far, edge);
        self.push_join(near_kind, FromItem::Link(link_ref), near, with_deleted)
            .push_join(kind, item, far, with_deleted)
            .rescope()
    }

    pub(super) fn push_join(mut self, kind: JoinKind, item: FromItem, on: Node, with_deleted: bool) -> Self {
        self.select.joins.push(Join { kind, item, on, with_deleted });
        self
    }

    /// Gives up the check of the joins by the compiler, for a query whose joins are decided at run time: what it joins
    /// does not change its type. A table that is not joined is found when the query is compiled, before anything is sent.
    pub fn dynamic(self) -> Dynamic<X, M, L0> {
        Dynamic(self.rescope())
    }

    /// The query as something to join, whose columns are in `.c`.
    ///
    /// A query that joins several of these needs [`subquery!`](crate::subquery), which tells them apart.
    #[must_use]
    pub fn subquery(self) -> Subquery<M, Anonymous, S::Outers>
    where
        M: Model,
        S: Outers,
    {
        Subquery::query(self.select.without_eager())
    }

    /// Like [`subquery`](Self::subquery), under a tag of its own; written by [`subquery!`](crate::subquery).
    #[must_use]
    pub fn subquery_as<Tag: AliasTag>(self) -> Subquery<M, Tag, S::Outers>
    where
        M: Model,
        S: Outers,
    {
        Subquery::query(self.select.without_eager())
    }

    /// Brings a table of the query around this one in scope, for a correlated subquery.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, course_id: i32 }
    /// let given = query::<Homework>().outer(Course::TABLE).filter(Homework::course_id.eq(Course::id)).exists_in();
    /// let query = query::<Course>().filter(given);
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "course"."id" FROM "course" WHERE EXISTS (SELECT 1 FROM "homework" WHERE "homework"."course_id" = "course"."id")"#,
    /// );
    /// ```
    pub fn outer<O: Source>(self, _: At<O>) -> Query<X, M, <S as PushOuter<O>>::Out, L0>
    where
        S: PushOuter<O>,
    {
        self.rescope()
    }

    /// `EXISTS (…)`, as a condition of the query around this one.
    pub fn exists_in(self) -> Expr<bool, S::Outers>
    where
        S: Outers,
    {
        Expr::new(Node::Exists(std::sync::Arc::new(self.select.into_exists())))
    }

    /// `NOT EXISTS (…)`, as a condition of the query around this one.
    pub fn not_exists_in(self) -> Expr<bool, S::Outers>
    where
        S: Outers,
    {
        Expr::new(Node::Not(Box::new(Expression::into_node(self.exists_in()))))
    }

    /// Selects a column, an expression or a tuple of these instead of the model.
    ///
    /// What a left join makes nullable reads as `Option`.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let query = query::<Course>().select((Course::id, Course::name));
    /// assert_eq!(query.to_sql(), r#"SELECT "course"."id", "course"."name" FROM "course""#);
    /// ```
    pub fn select<T, I>(mut self, selection: T) -> Rows<X, T::Row, S::Outers>
    where
        T: Selection<S, I>,
        S: Outers,
    {
        self.select.projection.clear();
        self.select.eager.clear();
        selection.into_projection(&mut self.select.projection);
        Rows::new(self.on, self.select, T::read)
    }

    /// Loads a relationship with the query: one more statement, whatever the number of rows.
    ///
    /// From an engine its objects come beside the model, in a tuple; in a session they are in the model's field.
    #[doc(alias = "include")]
    #[doc(alias = "preload")]
    pub fn with<L>(self, load: L) -> Query<X, M, S, (L0, L)>
    where
        M: Model,
        L: Load<M>,
        X: Takes<L>,
        (L0, L): Loads<M>,
    {
        Query { on: self.on, select: self.select, loads: (self.loads, load), types: PhantomData }
    }

    /// Reads a to-one relationship in the rows of the query itself. What comes of it is what [`with`](Self::with) makes of
    /// it, without a second statement; the query's conditions and order do not see it.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id)] course: BelongsTo<Course>,
    /// # }
    /// let query = query::<Homework>().with_joined(Homework::course);
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "homework"."id", "homework"."course_id", "course"."id", "course"."name" "#,
    ///         r#"FROM "homework" JOIN "course" AS "course" ON "homework"."course_id" = "course"."id""#,
    ///     ),
    /// );
    /// ```
    ///
    /// Where there may be none at its end it is a `LEFT JOIN`. The far key of a `has_one` is taken to be unique: where it is
    /// not, an engine gives a row for each.
    #[doc(alias = "joinedload")]
    pub fn with_joined<J>(mut self, load: J) -> Query<X, M, S, (L0, J::Load)>
    where
        M: Model,
        J: LoadJoined<M>,
        X: Takes<J::Load>,
        (L0, J::Load): Loads<M>,
    {
        let load = load.into_joined();
        load.join(&mut self.select.eager, None);
        Query { on: self.on, select: self.select, loads: (self.loads, load), types: PhantomData }
    }

    /// Updates the rows that the query's conditions choose; awaiting it gives their number.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let update = query::<Course>().filter(Course::name.eq("Java")).update(Course::name.set("JavaScript"));
    /// assert_eq!(update.to_sql(), r#"UPDATE "course" SET "name" = $1 WHERE "course"."name" = $2"#);
    /// ```
    pub fn update<A, I>(self, assignments: A) -> Update<X, M, S>
    where
        M: Model + Writable,
        A: Assignments<M, S, I>,
    {
        let mut set = Vec::new();
        assignments.into_assignments(&mut set);
        Update::new(self.on, *self.select, set)
    }

    /// Deletes the rows that the query's conditions choose; awaiting it gives their number.
    ///
    /// Of a model with `soft_delete`, it marks them (`UPDATE … SET "deleted_at" = now()`);
    /// [`permanently`](Delete::permanently) lets them go.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let delete = query::<Course>().filter(Course::name.eq("Java")).delete();
    /// assert_eq!(delete.to_sql(), r#"DELETE FROM "course" WHERE "course"."name" = $1"#);
    /// ```
    pub fn delete(self) -> Delete<X, M, S>
    where
        M: Model + Writable,
    {
        Delete::new(self.on, *self.select)
    }

    pub(super) fn rescope<M2, T>(self) -> Query<X, M2, T, L0> {
        Query { on: self.on, select: self.select, loads: self.loads, types: PhantomData }
    }
}

/// Evaluated by the compiler; the error points at the call and not into the panic.
#[track_caller]
pub(super) const fn refuse_twice(joined: bool) {
    if joined {
        panic!(
            "this table is in the query already: join an alias of it, `aliased!(let other = …)` and `.join_as(relation, &other)`"
        );
    }
}

impl<X, M, S, L> Query<X, M, S, L> {
    /// Runs the query: all its rows.
    ///
    /// In a session each row is one object, and one that comes several times, from a join, comes once.
    ///
    /// # Errors
    ///
    /// Those of the server and the connection, and [`ErrorKind::Schema`] if the tables are not those of the models.
    #[track_caller]
    pub fn all(self) -> impl Future<Output = Result<Vec<X::Entity<M, L>>>>
    where
        X: Executor,
        M: Rooted,
        L: Loads<M>,
    {
        placed(self.on.models(self.select, self.loads))
    }

    /// Runs the query: its first row, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn first(self) -> impl Future<Output = Result<Option<X::Entity<M, L>>>>
    where
        X: Executor,
        M: Rooted,
        L: Loads<M>,
    {
        placed(async move {
            let mut found = self.limit_to(1).all().await?;
            Ok(if found.is_empty() { None } else { Some(found.swap_remove(0)) })
        })
    }

    /// Runs the query: its only row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none, [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one(self) -> impl Future<Output = Result<X::Entity<M, L>>>
    where
        X: Executor,
        M: Rooted,
        L: Loads<M>,
    {
        placed(async move {
            self.one_or_none().await?.ok_or_else(|| {
                Error::new(
                    ErrorKind::NotFound,
                    format!("no row of `{}` was found where one was asked for", M::table().model),
                )
                .with_model(M::table().model)
            })
        })
    }

    /// Runs the query: its only row, if there is one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MultipleRows`] if there are several.
    #[track_caller]
    pub fn one_or_none(self) -> impl Future<Output = Result<Option<X::Entity<M, L>>>>
    where
        X: Executor,
        M: Rooted,
        L: Loads<M>,
    {
        placed(async move {
            // A join may bring the only object several times.
            let mut found = if self.select.joins.is_empty() { self.limit_to(2) } else { self }.all().await?;
            if found.len() > 1 {
                return Err(several::<M>());
            }
            Ok(found.pop())
        })
    }

    /// Runs the query as `SELECT count(*)`: the number of its rows.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn count(self) -> impl Future<Output = Result<u64>>
    where
        X: Executor,
    {
        placed(async move {
            let mut rows = self.on.rows(Box::new(self.select.into_count()), read_count).await?;
            Ok(rows.pop().unwrap_or(0))
        })
    }

    /// Whether the query has rows.
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn exists(self) -> impl Future<Output = Result<bool>>
    where
        X: Executor,
    {
        placed(async move {
            let mut select = Box::new(self.select.into_exists());
            select.limit = Some(select.limit.unwrap_or(1).min(1));
            Ok(!self.on.rows(select, |_| Ok(())).await?.is_empty())
        })
    }

    fn limit_to(mut self, rows: u64) -> Self {
        self.select.limit = Some(self.select.limit.map_or(rows, |limit| limit.min(rows)));
        self
    }
}

fn several<M: Model>() -> Error {
    Error::new(
        ErrorKind::MultipleRows,
        format!("several rows of `{}` were found where one was asked for", M::table().model),
    )
    .with_model(M::table().model)
}

/// A query whose joins are decided at run time; see [`Query::dynamic`].
#[must_use = "a query does nothing until it is run, for example by `.all().await`"]
pub struct Dynamic<X, M, L>(pub(super) Query<X, M, (), L>);

impl<X: Clone, M, L: Clone> Clone for Dynamic<X, M, L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<X, M, L> fmt::Debug for Dynamic<X, M, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<X, M: Model, L> Dynamic<X, M, L> {
    /// Like [`Query::join`].
    pub fn join<A: Source, B: Model, K>(self, relation: Relation<A, B, K>) -> Self {
        let item = FromItem::Source(B::source());
        Self(self.0.join_edge(JoinKind::Inner, relation.edge(), A::source(), item, B::source()))
    }

    /// Like [`Query::left_join`].
    pub fn left_join<A: Source, B: Model, K>(self, relation: Relation<A, B, K>) -> Self {
        let item = FromItem::Source(B::source());
        Self(self.0.join_edge(JoinKind::Left, relation.edge(), A::source(), item, B::source()))
    }

    /// Like [`Query::filter`].
    pub fn filter<E: Expression>(mut self, condition: E) -> Self
    where
        E::Type: Condition,
    {
        self.0.select.predicates.push(condition.into_node());
        self
    }

    /// Like [`Query::order_by`].
    pub fn order_by<O: OrderTerm>(mut self, order: O) -> Self {
        self.0.select.order_by.push(order.into_order());
        self
    }

    pub(super) fn as_query(&self) -> &Query<X, M, (), L> {
        &self.0
    }

    pub(super) fn into_query(self) -> Query<X, M, (), L> {
        self.0
    }

    /// Like [`Query::with_deleted`].
    pub fn with_deleted(self) -> Self {
        Self(self.0.with_deleted())
    }

    /// Like [`Query::unfiltered`].
    pub fn unfiltered(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self(self.0.unfiltered(name))
    }

    /// Like [`Query::limit`].
    pub fn limit(self, rows: u64) -> Self {
        Self(self.0.limit(rows))
    }

    /// Like [`Query::offset`].
    pub fn offset(self, rows: u64) -> Self {
        Self(self.0.offset(rows))
    }

    /// The text of the query.
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.0.to_sql()
    }
}

impl<X, M: Model, L: Loads<M>> Dynamic<X, M, L> {
    /// Like [`Query::all`].
    ///
    /// # Errors
    ///
    /// Like [`Query::all`], and [`ErrorKind::Invalid`] before anything is sent if a table is used that is not joined, or the
    /// model may be missing because of a right or full join.
    #[track_caller]
    pub fn all(self) -> impl Future<Output = Result<Vec<X::Entity<M, L>>>>
    where
        X: Executor,
    {
        placed(async move { self.checked()?.all().await })
    }

    /// Like [`Query::first`].
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn first(self) -> impl Future<Output = Result<Option<X::Entity<M, L>>>>
    where
        X: Executor,
    {
        placed(async move { self.checked()?.first().await })
    }

    /// Like [`Query::count`].
    ///
    /// # Errors
    ///
    /// Like [`all`](Self::all).
    #[track_caller]
    pub fn count(self) -> impl Future<Output = Result<u64>>
    where
        X: Executor,
    {
        placed(self.0.count())
    }
}

impl Engine {
    /// A query of plain values, bound to this engine.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let courses: Vec<Course> = engine.query::<Course>().filter(Course::name.like("P%")).all().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn query<M: Model>(&self) -> Query<&Self, M> {
        query().on(self)
    }

    /// The row of this primary key, `None` if there is none: one statement.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let course: Option<Course> = engine.get(1).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the server and the connection.
    #[track_caller]
    pub fn get<M: Model>(&self, key: impl IntoKey<M::Key>) -> impl Future<Output = Result<Option<M>>> {
        // No row has a key that was not made yet.
        let query = key.into_key().map(|key| self.query::<M>().with_key(key.into_values()));
        placed(async move {
            match query {
                Some(query) => Ok(query.all().await?.pop()),
                None => Ok(None),
            }
        })
    }

    /// Runs an unbound query: all its rows, as plain values.
    ///
    /// # Errors
    ///
    /// Like [`Query::all`].
    #[track_caller]
    pub fn all<M: Rooted, S, L: Loads<M>>(
        &self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Vec<L::Value>>> {
        placed(query.on(self).all())
    }

    /// Runs an unbound query: its only row.
    ///
    /// # Errors
    ///
    /// Like [`Query::one`].
    #[track_caller]
    pub fn one<M: Rooted, S, L: Loads<M>>(
        &self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<L::Value>> {
        placed(query.on(self).one())
    }

    /// Runs an unbound query: its first row, if there is one.
    ///
    /// # Errors
    ///
    /// Like [`Query::first`].
    #[track_caller]
    pub fn first<M: Rooted, S, L: Loads<M>>(
        &self,
        query: Query<Unbound, M, S, L>,
    ) -> impl Future<Output = Result<Option<L::Value>>> {
        placed(query.on(self).first())
    }

    /// Runs an unbound query of columns.
    ///
    /// # Errors
    ///
    /// Like [`Query::all`].
    #[track_caller]
    pub fn rows<R: Send>(&self, rows: Rows<Unbound, R>) -> impl Future<Output = Result<Vec<R>>> {
        placed(rows.on(self).all())
    }
}
