//! Relationships as they are loaded: whole, with relationships below them ([`Nested`]), a part of them ([`Part`]), or in
//! the rows of the query itself ([`Joined`]).

use super::edge::{Choice, fetch_edge, missing_target};
use super::load::{InRow, Load, LoadInRow, LoadInto, Loads, Whole};
use crate::engine::Connection;
use crate::error::{Error, Result};
use crate::hash::Set;
use crate::schema::{Handle, Kind, Model, OneAtMost, Relation};
use crate::sql::{Condition, Eager, Expr, Expression, InScope, OrderTerm, is_there};
use crate::types::RowReader;

/// A relationship with relationships of what it leads to; made by [`Relation::with`].
#[must_use = "a relationship is loaded by a query or a session that it is given to"]
#[derive(Debug, Clone)]
pub struct Nested<R, L> {
    relation: R,
    loads: L,
}

/// A part of a relationship: filtered, ordered, or limited for each object that it starts at; made by
/// [`Relation::filter`], [`Relation::order_by`] and [`Relation::limit`].
#[must_use = "a part is loaded by a query or a session that it is given to"]
#[derive(Debug, Clone)]
pub struct Part<R, L = ()> {
    relation: R,
    choice: Choice,
    loads: L,
}

/// A to-one relationship that is read in the rows of the query; made by [`Query::with_joined`](super::Query::with_joined).
#[derive(Debug, Clone)]
pub struct Joined<R, L = ()> {
    relation: R,
    loads: L,
}

/// A to-one relationship of `M`, perhaps with relationships of what it leads to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a to-one relationship of `{M}`",
    label = "cannot be joined to `{M}`",
    note = "collections are loaded in a statement of their own: `.with(Course::homeworks)`"
)]
pub trait LoadJoined<M: Model> {
    /// As what it is loaded.
    type Load: Load<M>;

    /// That.
    #[doc(hidden)]
    fn into_joined(self) -> Self::Load;
}

/// The tables that a condition or an order of a part reads: that of the far end alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what this relationship leads to",
    label = "this reads another table than that of `{B}`",
    note = "a part of a relationship is chosen by the columns of its far end; the rows of the query by those of the query"
)]
pub trait OfEnd<B, I> {}

#[diagnostic::do_not_recommend]
impl<U, B, I> OfEnd<B, I> for U where U: InScope<(B, ()), I> {}

#[diagnostic::do_not_recommend]
impl<A: Model, B: Model, K: OneAtMost> LoadJoined<A> for Relation<A, B, K> {
    type Load = Joined<Self>;

    fn into_joined(self) -> Joined<Self> {
        Joined { relation: self, loads: () }
    }
}

#[diagnostic::do_not_recommend]
impl<A: Model, B: Model, K: OneAtMost, L: Loads<B>> LoadJoined<A> for Nested<Relation<A, B, K>, L> {
    type Load = Joined<Relation<A, B, K>, L>;

    fn into_joined(self) -> Self::Load {
        Joined { relation: self.relation, loads: self.loads }
    }
}

impl<A, B: Model, K> Relation<A, B, K> {
    /// Loads a relationship of what this one leads to, too. Several under one are calls one after the other: this one is
    /// loaded once for all of them.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Person { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// #     #[model(references = Person::id)] reviewer_id: Option<i32>,
    /// #     #[model(belongs_to = reviewer_id)] reviewer: BelongsTo<Person>,
    /// # }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Submission {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Homework::id)] homework_id: i32,
    /// #     #[model(belongs_to = homework_id, backref = submissions)] homework: BelongsTo<Homework>,
    /// # }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let below = Course::homeworks.with(Homework::submissions).with(Homework::reviewer);
    /// let courses: Vec<(Course, Vec<(Homework, Vec<Submission>, Option<Person>)>)> =
    ///     engine.query::<Course>().with(below).all().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with<L: Load<B>>(self, load: L) -> Nested<Self, ((), L)>
    where
        ((), L): Loads<B>,
    {
        Nested { relation: self, loads: ((), load) }
    }

    /// Reads a to-one relationship of what this one leads to, in the same rows.
    pub fn with_joined<J: LoadJoined<B>>(self, load: J) -> Nested<Self, ((), J::Load)>
    where
        ((), J::Load): Loads<B>,
    {
        Nested { relation: self, loads: ((), load.into_joined()) }
    }

    /// Loads only those ends that fulfil the condition, which may read their own columns.
    ///
    /// From an engine they are in the tuple; in a session a part does not fill the field of the object, and
    /// [`Session::load_some`](crate::Session::load_some) gives its handles.
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
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let last = Course::homeworks.filter(Homework::number.gt(1)).order_by(Homework::number.desc()).limit(3);
    /// let courses: Vec<(Course, Vec<Homework>)> = engine.query::<Course>().with(last).all().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// Without a limit that of `with`, and the condition. With one:
    ///
    /// ```sql
    /// SELECT "part"."id", … FROM (
    ///     SELECT "homework"."id", …, row_number() OVER (PARTITION BY "homework"."course_id" ORDER BY …)
    ///     FROM "homework" WHERE "homework"."course_id" = ANY ($1) AND "homework"."number" > $2
    /// ) AS "part" ("id", …, "number") WHERE "part"."number" <= 3 ORDER BY "part"."number"
    /// ```
    pub fn filter<E, I>(self, condition: E) -> Part<Self>
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: OfEnd<B, I>,
    {
        Part::of(self).filter(condition)
    }

    /// Loads the ends in this order; the first call weighs most. Like [`filter`](Self::filter), it makes a part.
    pub fn order_by<O, I>(self, order: O) -> Part<Self>
    where
        O: OrderTerm,
        O::Uses: OfEnd<B, I>,
    {
        Part::of(self).order_by(order)
    }

    /// Loads at most that many ends for each object. Like [`filter`](Self::filter), it makes a part.
    pub fn limit(self, ends: u64) -> Part<Self> {
        Part::of(self).limit(ends)
    }
}

impl<A, B: Model, K, L0> Nested<Relation<A, B, K>, L0> {
    /// Like [`Relation::with`].
    pub fn with<L: Load<B>>(self, load: L) -> Nested<Relation<A, B, K>, (L0, L)>
    where
        (L0, L): Loads<B>,
    {
        Nested { relation: self.relation, loads: (self.loads, load) }
    }

    /// Like [`Relation::with_joined`].
    pub fn with_joined<J: LoadJoined<B>>(self, load: J) -> Nested<Relation<A, B, K>, (L0, J::Load)>
    where
        (L0, J::Load): Loads<B>,
    {
        Nested { relation: self.relation, loads: (self.loads, load.into_joined()) }
    }
}

impl<R> Part<R> {
    /// The relationship, and which of its ends are wanted.
    pub(super) fn into_choice(self) -> (R, Choice) {
        (self.relation, self.choice)
    }

    fn of(relation: R) -> Self {
        Self { relation, choice: Choice::default(), loads: () }
    }
}

impl<R, L> Part<R, L> {
    pub(super) fn into_parts(self) -> (R, Choice) {
        (self.relation, self.choice)
    }
}

impl<A, B: Model, K, L0> Part<Relation<A, B, K>, L0> {
    /// Like [`Relation::filter`]; conditions of several calls must all hold.
    pub fn filter<E, I>(mut self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: OfEnd<B, I>,
    {
        self.choice.predicates.push(condition.into_node());
        self
    }

    /// Like [`filter`](Self::filter), with any number of conditions.
    pub fn filter_all<T, U, I>(mut self, conditions: impl IntoIterator<Item = Expr<T, U>>) -> Self
    where
        T: Condition,
        U: OfEnd<B, I>,
    {
        self.choice.predicates.extend(conditions.into_iter().map(Expression::into_node));
        self
    }

    /// Like [`Relation::order_by`].
    pub fn order_by<O, I>(mut self, order: O) -> Self
    where
        O: OrderTerm,
        O::Uses: OfEnd<B, I>,
    {
        self.choice.order_by.push(order.into_order());
        self
    }

    /// Like [`Relation::limit`].
    pub fn limit(mut self, ends: u64) -> Self {
        self.choice.limit = Some(ends);
        self
    }

    /// Like [`Relation::with`].
    pub fn with<L: Load<B>>(self, load: L) -> Part<Relation<A, B, K>, (L0, L)>
    where
        (L0, L): Loads<B>,
    {
        Part { relation: self.relation, choice: self.choice, loads: (self.loads, load) }
    }

    /// Like [`Relation::with_joined`].
    pub fn with_joined<J: LoadJoined<B>>(self, load: J) -> Part<Relation<A, B, K>, (L0, J::Load)>
    where
        (L0, J::Load): Loads<B>,
    {
        Part { relation: self.relation, choice: self.choice, loads: (self.loads, load.into_joined()) }
    }
}

impl<A: Model, B: Model, K: Kind, L: Loads<B>> Part<Relation<A, B, K>, L> {
    /// Loads it for objects of a session, beside them.
    pub(crate) async fn handles<S: LoadInto>(
        &self,
        session: &mut S,
        parents: &[Handle<A>],
    ) -> Result<Vec<Vec<Handle<B>>>> {
        let lists = session.load_part::<A, B, L>(self.relation.edge(), &self.choice, &self.loads, parents).await?;
        let mut seen = Set::default();
        let ends: Vec<Handle<B>> = lists.iter().flatten().copied().filter(|handle| seen.insert(*handle)).collect();
        self.loads.load_all_into(session, &ends).await?;
        Ok(lists)
    }
}

impl<A, B, K> Whole for Relation<A, B, K> {}
impl<R, L: Whole> Whole for Nested<R, L> {}
impl<R, L: Whole> Whole for Joined<R, L> {}

/// What is loaded in a statement of its own reads nothing in the rows of the query.
macro_rules! in_its_own_statement {
    () => {
        type Joined = ();

        fn join(&self, _: &mut Vec<Eager>, _: Option<usize>) {}

        fn read(&self, _: &mut RowReader<'_>) -> Result<()> {
            Ok(())
        }

        fn read_into<S: LoadInto>(&self, _: &mut S, _: &mut RowReader<'_>, _: Option<Handle<A>>) -> Result<()> {
            Ok(())
        }
    };
}

impl<A: Model, B: Model, K: Kind> Load<A> for Relation<A, B, K> {
    type Values = K::Of<B>;

    in_its_own_statement!();

    async fn values(&self, connection: &mut Connection, parents: &[A], _: Vec<()>) -> Result<Vec<K::Of<B>>> {
        let edge = self.edge();
        fetch_edge::<A, B, ()>(connection, edge, &Choice::default(), &(), parents).await?.collect::<K>(edge)
    }

    async fn load_into<S: LoadInto>(&self, session: &mut S, parents: &[Handle<A>]) -> Result<()> {
        session.load_edge::<A, B, ()>(self.edge(), &(), parents).await.map(drop)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Model, B: Model, K: Kind, L: Loads<B>> Load<A> for Nested<Relation<A, B, K>, L> {
    type Values = K::Of<L::Value>;

    in_its_own_statement!();

    async fn values(&self, connection: &mut Connection, parents: &[A], _: Vec<()>) -> Result<Vec<Self::Values>> {
        let edge = self.relation.edge();
        fetch_edge::<A, B, L>(connection, edge, &Choice::default(), &self.loads, parents).await?.collect::<K>(edge)
    }

    async fn load_into<S: LoadInto>(&self, session: &mut S, parents: &[Handle<A>]) -> Result<()> {
        let targets = session.load_edge::<A, B, L>(self.relation.edge(), &self.loads, parents).await?;
        self.loads.load_all_into(session, &targets).await
    }
}

#[diagnostic::do_not_recommend]
impl<A: Model, B: Model, K: Kind, L: Loads<B>> Load<A> for Part<Relation<A, B, K>, L> {
    type Values = <K::Part as Kind>::Of<L::Value>;

    in_its_own_statement!();

    async fn values(&self, connection: &mut Connection, parents: &[A], _: Vec<()>) -> Result<Vec<Self::Values>> {
        let edge = self.relation.edge();
        fetch_edge::<A, B, L>(connection, edge, &self.choice, &self.loads, parents).await?.collect::<K::Part>(edge)
    }

    async fn load_into<S: LoadInto>(&self, _: &mut S, _: &[Handle<A>]) -> Result<()> {
        let path = self.relation.edge().name();
        Err(Error::invalid(format!("a part of `{path}` does not fill the field: ask for it by `session.load_some`"))
            .with_model(A::table().model))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Model, B: Model, K: OneAtMost, L: Loads<B>> Load<A> for Joined<Relation<A, B, K>, L> {
    type Values = K::Of<L::Value>;
    type Joined = Option<(B, L::Joined)>;

    fn join(&self, eager: &mut Vec<Eager>, near: Option<usize>) {
        let edge = self.relation.edge();
        let columns = edge.columns();
        // An end that is marked as deleted is none.
        let is_there = !K::OPTIONAL && (edge.has_deleted() || edge.to().soft_delete.is_none());
        let required = is_there && near.is_none_or(|near| eager[near].required);
        let own = eager.len();
        eager.push(Eager {
            near,
            name: edge.def().name,
            table: edge.to(),
            local: columns.local,
            remote: columns.remote,
            required,
            with_deleted: edge.has_deleted(),
        });
        self.loads.join(eager, Some(own));
    }

    fn read(&self, row: &mut RowReader<'_>) -> Result<Self::Joined> {
        let end = if is_there(B::table(), row)? {
            Some(B::from_row(row)?)
        } else {
            row.skip(B::table().columns.len());
            None
        };
        let below = self.loads.read(row)?;
        Ok(end.map(|end| (end, below)))
    }

    async fn values(
        &self,
        connection: &mut Connection,
        _: &[A],
        joined: Vec<Self::Joined>,
    ) -> Result<Vec<Self::Values>> {
        let there: Vec<bool> = joined.iter().map(Option::is_some).collect();
        let (ends, below) = joined.into_iter().flatten().unzip();
        let mut ends = self.loads.clone().load(connection, ends, below).await?.into_iter();
        let of = |there: bool| {
            let found = if there { ends.next() } else { None };
            K::collect(found).ok_or_else(|| missing_target(self.relation.edge()))
        };
        there.into_iter().map(of).collect()
    }

    fn read_into<S: LoadInto>(
        &self,
        session: &mut S,
        row: &mut RowReader<'_>,
        parent: Option<Handle<A>>,
    ) -> Result<()> {
        let end = session.read_edge::<A, B>(self.relation.edge(), parent, row)?;
        self.loads.read_into(session, row, end)
    }

    // What the rows did not say is asked for: for an object that is not as its row is, for example.
    async fn load_into<S: LoadInto>(&self, session: &mut S, parents: &[Handle<A>]) -> Result<()> {
        let targets = session.load_edge::<A, B, L>(self.relation.edge(), &self.loads, parents).await?;
        self.loads.load_all_into(session, &targets).await
    }
}

impl<A: Model, B: Model, K: OneAtMost, L: InRow<B>> LoadInRow<A> for Joined<Relation<A, B, K>, L> {
    fn values_of_row(&self, joined: Self::Joined) -> Result<Self::Values> {
        let end = joined.map(|(end, below)| self.loads.value_of_row(end, below)).transpose()?;
        K::collect(end).ok_or_else(|| missing_target(self.relation.edge()))
    }
}
