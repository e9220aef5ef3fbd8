//! [`Expr`] and [`Expression`]: typed expressions, and the operators on them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::aggregate::Aggregate;
use super::argument::OrNull;
use super::assign::IntoValue;
use super::column::Column;
use super::member::Member;
use super::node::{Args, BinaryOp, IsTest, Node};
use super::scope::{AsScope, InScope, NeverNull};
use super::select::OrderBy;
use super::selection::SubqueryOf;
use super::text::{IntoPattern, of_pattern};
use crate::schema::Source;
use crate::types::{ArrayElement, Condition, Field, MaybeNull, NotNull, Nullability, Value, sql};

/// An expression of type `T` that reads the tables of `U`.
#[must_use = "an expression does nothing until it is used in a query"]
pub struct Expr<T, U> {
    node: Node,
    types: PhantomData<fn() -> (T, U)>,
}

impl<T, U> Expr<T, U> {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, types: PhantomData }
    }
}

impl<T, U> Clone for Expr<T, U> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<T, U> fmt::Debug for Expr<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.node).finish()
    }
}

impl<T: Field, U> Expression for Expr<T, U> {
    type Type = T;
    type Uses = U;

    fn into_node(self) -> Node {
        self.node
    }
}

/// What may be compared with an expression of the SQL type `K`: a value, a column or an expression of that SQL type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with a column of SQL type `{K}`",
    label = "not of SQL type `{K}`",
    note = "an `Option` is compared by `is_null` or `is_not_distinct_from`, an object of a session by its key, `session[handle].id`"
)]
pub trait IntoExpr<K> {
    /// The tables that the comparison reads, if the other side reads those of `S`.
    type Uses<S>;
    /// Whether it may be NULL.
    type Null: Nullability;

    /// The operand.
    fn into_node(self) -> Node;
}

/// The condition that comparing `L` with `R` makes.
pub type Compared<L, R> = Expr<
    Comparison<<L as Expression>::Type, <R as IntoExpr<SqlOf<L>>>::Null>,
    <R as IntoExpr<SqlOf<L>>>::Uses<<L as Expression>::Uses>,
>;

/// The condition that joining two conditions makes.
pub type Joined<L, R> = Expr<
    Comparison<<L as Expression>::Type, <<R as Expression>::Type as Field>::Null>,
    (<L as Expression>::Uses, <R as Expression>::Uses),
>;

/// What a comparison is: `bool`, or `Option<bool>` if one of its sides may be NULL.
pub type Comparison<A, B> = <<<A as Field>::Null as Nullability>::Or<B> as Nullability>::Bool;

/// The SQL type of an expression.
pub type SqlOf<E> = <<E as Expression>::Type as Field>::Sql;

/// A SQL type that is text.
#[diagnostic::on_unimplemented(
    message = "this needs text, and SQL type `{Self}` is not text",
    label = "not a text column"
)]
pub trait TextSql {}
#[diagnostic::do_not_recommend]
impl TextSql for sql::Text {}

/// A typed expression: a column, or what was made of columns. The operators of SQL are its methods.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an expression",
    label = "neither a column nor an expression",
    note = "conditions are made with methods, for example `Course::name.eq(\"Python\")`: Rust's `==` compares values"
)]
#[allow(clippy::wrong_self_convention, reason = "expressions are values: a test takes its operand")]
pub trait Expression: Sized {
    /// The Rust type of its value.
    type Type: Field;
    /// The tables that it reads.
    type Uses;

    /// The tree underneath.
    fn into_node(self) -> Node;

    /// `self = other`. Rust's `==` compares values and cannot make an expression.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32 }
    /// let query = query::<Homework>().filter(Homework::number.eq(2));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "homework"."id", "homework"."number" FROM "homework" WHERE "homework"."number" = $1"#,
    /// );
    /// ```
    #[doc(alias = "==")]
    fn eq<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E> {
        compare(BinaryOp::Eq, self, other)
    }

    /// `self <> other`.
    #[doc(alias = "!=")]
    fn ne<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E> {
        compare(BinaryOp::Ne, self, other)
    }

    /// `self < other`.
    #[doc(alias = "<")]
    fn lt<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E> {
        compare(BinaryOp::Lt, self, other)
    }

    /// `self <= other`.
    #[doc(alias = "<=")]
    fn le<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E> {
        compare(BinaryOp::Le, self, other)
    }

    /// `self > other`.
    #[doc(alias = ">")]
    fn gt<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E> {
        compare(BinaryOp::Gt, self, other)
    }

    /// `self >= other`.
    #[doc(alias = ">=")]
    fn ge<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E> {
        compare(BinaryOp::Ge, self, other)
    }

    /// `self BETWEEN low AND high`, both ends included.
    fn between<L: IntoExpr<SqlOf<Self>>, H: IntoExpr<SqlOf<Self>>>(
        self,
        low: L,
        high: H,
    ) -> Expr<Comparison<Self::Type, <L::Null as Nullability>::Or<H::Null>>, H::Uses<L::Uses<Self::Uses>>> {
        Expr::new(Node::Between {
            operand: Box::new(self.into_node()),
            low: Box::new(low.into_node()),
            high: Box::new(high.into_node()),
        })
    }

    /// `self = ANY ($1)`: one of a list of any length, which is sent as one array. Of an empty list it is false.
    fn in_<T>(self, list: impl IntoIterator<Item = T>) -> Expr<Comparison<Self::Type, NotNull>, Self::Uses>
    where
        T: IntoExpr<SqlOf<Self>, Uses<()> = ()>,
        Self::Type: ListOf,
    {
        in_array(self, list, false)
    }

    /// `self <> ALL ($1)`: none of a list of any length. Of an empty list it is true.
    fn not_in<T>(self, list: impl IntoIterator<Item = T>) -> Expr<Comparison<Self::Type, NotNull>, Self::Uses>
    where
        T: IntoExpr<SqlOf<Self>, Uses<()> = ()>,
        Self::Type: ListOf,
    {
        in_array(self, list, true)
    }

    /// `self IN (SELECT …)`.
    fn in_select<Q: SubqueryOf<SqlOf<Self>>>(
        self,
        query: Q,
    ) -> Expr<Comparison<Self::Type, MaybeNull>, (Self::Uses, Q::Outers)> {
        let operand = Box::new(self.into_node());
        Expr::new(Node::InSelect { operand, select: query.into_select(), negated: false })
    }

    /// `self NOT IN (SELECT …)`. It is NULL, and so not true, if the query gives a NULL.
    fn not_in_select<Q: SubqueryOf<SqlOf<Self>>>(
        self,
        query: Q,
    ) -> Expr<Comparison<Self::Type, MaybeNull>, (Self::Uses, Q::Outers)> {
        let operand = Box::new(self.into_node());
        Expr::new(Node::InSelect { operand, select: query.into_select(), negated: true })
    }

    /// `self IS NULL`.
    fn is_null(self) -> Expr<bool, Self::Uses> {
        is(self, IsTest::Null)
    }

    /// `self IS NOT NULL`.
    fn is_not_null(self) -> Expr<bool, Self::Uses> {
        is(self, IsTest::NotNull)
    }

    /// `self IS TRUE`: a condition that may be NULL becomes one that is not.
    fn is_true(self) -> Expr<bool, Self::Uses>
    where
        Self::Type: Condition,
    {
        is(self, IsTest::True)
    }

    /// `self IS NOT DISTINCT FROM other`: equal, where NULL equals NULL. Takes an `Option` too.
    fn is_not_distinct_from<V>(self, other: V) -> Expr<bool, (Self::Uses, V::Uses)>
    where
        V: IntoValue<<Self::Type as Field>::Nullable>,
    {
        Expr::new(Node::binary(BinaryOp::IsNotDistinctFrom, self.into_node(), other.into_node()))
    }

    /// `self IS DISTINCT FROM other`: not equal, where NULL equals NULL. Takes an `Option` too.
    fn is_distinct_from<V>(self, other: V) -> Expr<bool, (Self::Uses, V::Uses)>
    where
        V: IntoValue<<Self::Type as Field>::Nullable>,
    {
        Expr::new(Node::binary(BinaryOp::IsDistinctFrom, self.into_node(), other.into_node()))
    }

    /// `self LIKE pattern`, in which `%` stands for any text and `_` for any character.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, description: String }
    /// let query = query::<Homework>().filter(Homework::description.like("%з%"));
    /// assert!(query.to_sql().ends_with(r#"WHERE "homework"."description" LIKE $1"#));
    /// ```
    fn like<E: IntoPattern>(self, pattern: E) -> Expr<Comparison<Self::Type, E::Null>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_pattern(BinaryOp::Like, self, pattern)
    }

    /// `self NOT LIKE pattern`.
    fn not_like<E: IntoPattern>(self, pattern: E) -> Expr<Comparison<Self::Type, E::Null>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_pattern(BinaryOp::NotLike, self, pattern)
    }

    /// `self ILIKE pattern`: like [`like`](Self::like), whatever the case of the letters.
    fn ilike<E: IntoPattern>(self, pattern: E) -> Expr<Comparison<Self::Type, E::Null>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        of_pattern(BinaryOp::Ilike, self, pattern)
    }

    /// `self AND other`.
    ///
    /// Its type names the tables of both sides; [`fit`](Self::fit) states them shorter.
    fn and<E: Expression>(self, other: E) -> Joined<Self, E>
    where
        Self::Type: Condition,
        E::Type: Condition,
    {
        Expr::new(self.into_node().and(other.into_node()))
    }

    /// `self OR other`.
    fn or<E: Expression>(self, other: E) -> Joined<Self, E>
    where
        Self::Type: Condition,
        E::Type: Condition,
    {
        Expr::new(self.into_node().or(other.into_node()))
    }

    /// `NOT self`.
    #[allow(clippy::should_implement_trait, reason = "a column has no `!`, and an expression has both")]
    fn not(self) -> Expr<Self::Type, Self::Uses>
    where
        Self::Type: Condition,
    {
        Expr::new(Node::Not(Box::new(Expression::into_node(self))))
    }

    /// `(self).member`: a member of a value of a composite type (see [`Composite`](macro@crate::Composite)); NULL if the
    /// value is.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// #[derive(Composite, Debug, Clone, PartialEq)]
    /// struct Address {
    ///     city: String,
    ///     street: Option<String>,
    /// }
    ///
    /// #[derive(Model, Debug, Clone)]
    /// struct Customer {
    ///     #[model(primary_key)]
    ///     id: Auto<i32>,
    ///     address: Address,
    /// }
    ///
    /// let query = query::<Customer>().filter(Customer::address.member(Address::city).eq("Riga")).select(Customer::id);
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "customer"."id" FROM "customer" WHERE ("customer"."address")."city" = $1"#,
    /// );
    /// ```
    fn member<T: Field>(
        self,
        member: Member<SqlOf<Self>, T>,
    ) -> Expr<<<Self::Type as Field>::Null as Nullability>::If<T::Nullable, T::Read>, Self::Uses> {
        Expr::new(Node::Member { operand: Box::new(self.into_node()), name: member.name() })
    }

    /// `count(self)`: how many are not NULL.
    fn count(self) -> Aggregate<i64, NeverNull<Self::Uses>> {
        Aggregate::new("count", Args::List(vec![self.into_node()]))
    }

    /// `CAST(self AS …)`: the value as one of another type. NULL stays NULL, and so an `Option` one.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, total: i64 }
    /// let query = query::<Homework>().filter(Homework::total.gt(Homework::number.cast::<i64>() * 2));
    /// assert!(query.to_sql().ends_with(
    ///     r#"WHERE "homework"."total" > (CAST("homework"."number" AS bigint) * $1)"#,
    /// ));
    /// ```
    ///
    /// Whether there is such a cast, and whether a value can be cast, the server says.
    fn cast<T: Field<Read = T>>(self) -> Expr<OrNull<T, <Self::Type as Field>::Null>, Self::Uses> {
        Expr::new(Node::Cast { operand: Box::new(self.into_node()), ty: T::TYPE })
    }

    /// States that the expression may be NULL, whether it may or not, so that it stands in one list with others that may.
    /// Its SQL is the same.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
    /// let mut filters: Vec<Expr<Option<bool>, Course>> = Vec::new();
    /// filters.push(Course::name.eq("Python").nullable());
    /// filters.push(Course::note.eq("new").fit());
    /// let query = query::<Course>().filter_all(filters);
    /// assert!(query.to_sql().ends_with(r#"WHERE "course"."name" = $1 AND "course"."note" = $2"#));
    /// ```
    fn nullable(self) -> Expr<<Self::Type as Field>::Nullable, Self::Uses> {
        Expr::new(self.into_node())
    }

    /// Ascending order.
    fn asc(self) -> Order<Self::Uses> {
        Order::new(self.into_node(), false)
    }

    /// Descending order.
    fn desc(self) -> Order<Self::Uses> {
        Order::new(self.into_node(), true)
    }

    /// States the tables of an expression as the signature has them: `Course`, or `(Course, Homework)`.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// fn active() -> Expr<bool, Course> {
    ///     Course::name.like("a%").and(Course::id.gt(1)).fit()
    /// }
    /// ```
    fn fit<S: AsScope, I>(self) -> Expr<Self::Type, S>
    where
        Self::Uses: InScope<S::List, I>,
    {
        Expr::new(self.into_node())
    }
}

fn compare<A: Expression, K, B: IntoExpr<K>, T>(op: BinaryOp, lhs: A, rhs: B) -> Expr<T, B::Uses<A::Uses>> {
    Expr::new(Node::binary(op, lhs.into_node(), rhs.into_node()))
}

fn is<E: Expression>(operand: E, test: IsTest) -> Expr<bool, E::Uses> {
    Expr::new(Node::Is { operand: Box::new(operand.into_node()), test })
}

/// A type of which lists can be sent.
pub trait ListOf: Field {
    /// The array of these encoded elements.
    fn list(elements: &[Node]) -> Value;
}

impl<T: ArrayElement> ListOf for T {
    fn list(elements: &[Node]) -> Value {
        let values = elements.iter().filter_map(|element| match element {
            Node::Param(value) => Some(value),
            _ => None,
        });
        Value::array(T::TYPE, values)
    }
}

fn in_array<E: Expression, T, R>(operand: E, list: impl IntoIterator<Item = T>, negated: bool) -> Expr<R, E::Uses>
where
    T: IntoExpr<SqlOf<E>>,
    E::Type: ListOf,
{
    let elements: Vec<Node> = list.into_iter().map(IntoExpr::into_node).collect();
    let mut array = <E::Type as ListOf>::list(&elements);
    let operand = operand.into_node();
    if matches!(&operand, Node::Column { column, .. } if column.sql_type.is_some()) {
        array = array.undeclared();
    }
    Expr::new(Node::InArray { operand: Box::new(operand), array, negated })
}

impl<A: Field, B: Field, U> BitAnd<Expr<B, U>> for Expr<A, U>
where
    A: Condition,
    B: Condition,
{
    type Output = Expr<Comparison<A, B::Null>, U>;

    fn bitand(self, other: Expr<B, U>) -> Self::Output {
        Expr::new(self.node.and(other.node))
    }
}

impl<A: Field, B: Field, U> BitOr<Expr<B, U>> for Expr<A, U>
where
    A: Condition,
    B: Condition,
{
    type Output = Expr<Comparison<A, B::Null>, U>;

    fn bitor(self, other: Expr<B, U>) -> Self::Output {
        Expr::new(self.node.or(other.node))
    }
}

impl<S: Source, T: Field> Not for Column<S, T>
where
    T::Read: Condition,
{
    type Output = Expr<T::Read, S>;

    fn not(self) -> Self::Output {
        Expr::new(Node::Not(Box::new(Expression::into_node(self))))
    }
}

impl<T: Condition, U> Not for Expr<T, U> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(Node::Not(Box::new(self.node)))
    }
}

/// All of these conditions; true if there are none.
pub fn all_of<T: Condition, U>(conditions: impl IntoIterator<Item = Expr<T, U>>) -> Expr<T, U> {
    Expr::new(Node::All(conditions.into_iter().map(|condition| condition.node).collect()))
}

/// Any of these conditions; false if there are none.
pub fn any_of<T: Condition, U>(conditions: impl IntoIterator<Item = Expr<T, U>>) -> Expr<T, U> {
    Expr::new(Node::Any(conditions.into_iter().map(|condition| condition.node).collect()))
}

/// One item of an order, which reads the tables of `U`.
#[must_use = "an order does nothing until it is passed to `order_by`"]
pub struct Order<U> {
    order: OrderBy,
    types: PhantomData<fn() -> U>,
}

impl<U> Order<U> {
    pub(super) fn new(node: Node, descending: bool) -> Self {
        Self { order: OrderBy { node, descending, nulls_first: None }, types: PhantomData }
    }

    /// NULL before all values.
    pub fn nulls_first(mut self) -> Self {
        self.order.nulls_first = Some(true);
        self
    }

    /// NULL after all values.
    pub fn nulls_last(mut self) -> Self {
        self.order.nulls_first = Some(false);
        self
    }

    /// States the tables as the signature has them, so that orders of different tables have one type.
    pub fn fit<S: AsScope, I>(self) -> Order<S>
    where
        U: InScope<S::List, I>,
    {
        Order { order: self.order, types: PhantomData }
    }
}

/// What `order_by` takes: an [`Order`], which a column or an expression makes by `asc` or `desc`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an order",
    label = "neither ascending nor descending",
    note = "write `.asc()` or `.desc()`"
)]
pub trait OrderTerm {
    /// The tables that it reads.
    type Uses;

    /// The item of the clause.
    fn into_order(self) -> OrderBy;
}

#[diagnostic::do_not_recommend]
impl<U> OrderTerm for Order<U> {
    type Uses = U;

    fn into_order(self) -> OrderBy {
        self.order
    }
}

impl<U> Clone for Order<U> {
    fn clone(&self) -> Self {
        Self { order: self.order.clone(), types: PhantomData }
    }
}

impl<U> fmt::Debug for Order<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Order").field(&self.order).finish()
    }
}
