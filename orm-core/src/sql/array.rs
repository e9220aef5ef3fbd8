//! Arrays: their elements, parts and functions, and comparisons with each element.

use std::fmt;

use super::expr::{Expr, Expression, IntoExpr, TextSql};
use super::node::{BinaryOp, Node};
use super::operators::{Follows, FollowsBoth, call, cast, unary};
use super::text::IntoPattern;
use crate::types::{ArrayElement, Field, NotNull, Nullability, SameAs, Value, sql};

/// A field type that is an array: `Vec<T>` or `Option<Vec<T>>`.
#[diagnostic::on_unimplemented(message = "this needs an array, and `{Self}` is none", label = "not an array column")]
pub trait ArrayType: Field {
    /// What its elements are.
    type Element: ArrayElement;
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> ArrayType for Vec<T> {
    type Element = T;
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> ArrayType for Option<Vec<T>> {
    type Element = T;
}

type ElementOf<E> = <<E as Expression>::Type as ArrayType>::Element;
type ElementSql<E> = <ElementOf<E> as Field>::Sql;
type ElementNull<E> = <ElementOf<E> as Field>::Null;

/// The methods of arrays. Their operators `@>`, `<@` and `&&` are those of
/// [`ContainerExpression`](super::ContainerExpression).
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "post")]
/// # struct Post { #[model(primary_key)] id: Auto<i32>, tags: Vec<String> }
/// let tagged = query::<Post>().filter(Post::tags.has_element("rust")).select(Post::tags.element(1));
/// assert_eq!(
///     tagged.to_sql(),
///     r#"SELECT "post"."tags"[$1] FROM "post" WHERE $2 = ANY ("post"."tags")"#,
/// );
/// ```
pub trait ArrayExpression: Expression {
    /// `value = ANY (self)`: one of its elements is the value. NULL elements are passed over, but make what would be false NULL.
    #[doc(alias = "any")]
    fn has_element<E>(
        self,
        value: E,
    ) -> Expr<FollowsBoth<Self, <E::Null as Nullability>::Or<ElementNull<Self>>, bool>, E::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
        E: IntoExpr<ElementSql<Self>>,
    {
        let (array, value) = with(self, value);
        let array = Node::Quantified { all: false, operand: Box::new(array) };
        Expr::new(Node::binary(BinaryOp::Eq, value, array))
    }

    /// `self[index]`. The first element has the index 1; of an index beyond the ends it is NULL.
    fn element<I: IntoExpr<sql::Int4>>(
        self,
        index: I,
    ) -> Expr<<ElementOf<Self> as Field>::Nullable, I::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
    {
        Expr::new(Node::Subscript { operand: Box::new(self.into_node()), index: Box::new(index.into_node()), to: None })
    }

    /// `self[from:to]`: the elements from one index to another, both included; the first has the index 1. What is beyond
    /// the ends is left out.
    fn slice<I: IntoExpr<sql::Int4>, J: IntoExpr<sql::Int4>>(
        self,
        from: I,
        to: J,
    ) -> Expr<FollowsBoth<Self, <I::Null as Nullability>::Or<J::Null>, Self::Type>, J::Uses<I::Uses<Self::Uses>>>
    where
        Self::Type: ArrayType,
    {
        Expr::new(Node::Subscript {
            operand: Box::new(self.into_node()),
            index: Box::new(from.into_node()),
            to: Some(Box::new(to.into_node())),
        })
    }

    /// `cardinality(self)`: how many elements it has.
    fn cardinality(self) -> Expr<Follows<Self, i32>, Self::Uses>
    where
        Self::Type: ArrayType,
    {
        unary("cardinality", self)
    }

    /// `array_length(self, 1)`: how many elements it has, and NULL of an array without any. See
    /// [`cardinality`](Self::cardinality).
    fn array_length(self) -> Expr<Option<i32>, Self::Uses>
    where
        Self::Type: ArrayType,
    {
        call("array_length", vec![self.into_node(), Node::Param(Value::of(&1_i32))])
    }

    /// `array_append(self, value)`.
    fn array_append<E>(self, value: E) -> Expr<Self::Type, E::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
        E: IntoExpr<ElementSql<Self>, Null = NotNull>,
    {
        let (array, value) = with(self, value);
        call("array_append", vec![array, value])
    }

    /// `array_prepend(value, self)`.
    fn array_prepend<E>(self, value: E) -> Expr<Self::Type, E::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
        E: IntoExpr<ElementSql<Self>, Null = NotNull>,
    {
        let (array, value) = with(self, value);
        call("array_prepend", vec![value, array])
    }

    /// `array_remove(self, value)`: without all elements that are the value.
    fn array_remove<E>(self, value: E) -> Expr<Self::Type, E::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
        E: IntoExpr<ElementSql<Self>>,
    {
        let (array, value) = with(self, value);
        call("array_remove", vec![array, value])
    }

    /// `array_replace(self, from, to)`: every element that is the one value becomes the other.
    fn array_replace<E, F>(self, from: E, to: F) -> Expr<Self::Type, F::Uses<E::Uses<Self::Uses>>>
    where
        Self::Type: ArrayType,
        E: IntoExpr<ElementSql<Self>>,
        F: IntoExpr<ElementSql<Self>, Null = NotNull>,
    {
        let array = self.into_node();
        let is_own = matches!(&array, Node::Column { column, .. } if column.sql_type.is_some());
        let (from, to) = (from.into_node(), to.into_node());
        let (from, to) = if is_own { (from.undeclared(), to.undeclared()) } else { (from, to) };
        call("array_replace", vec![array, from, to])
    }

    /// `array_cat(self, other)`, which is `self || other`. An array that is NULL counts as one without elements, if the other is
    /// none.
    fn array_cat<E>(self, other: E) -> Expr<Self::Type, E::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
        E: IntoExpr<sql::Array<ElementSql<Self>>>,
    {
        let (array, other) = with(self, other);
        call("array_cat", vec![array, other])
    }

    /// `array_position(self, value)`: the index of the first element that is the value, from 1; NULL if there is none.
    fn array_position<E>(self, value: E) -> Expr<Option<i32>, E::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
        E: IntoExpr<ElementSql<Self>>,
    {
        let (array, value) = with(self, value);
        call("array_position", vec![array, value])
    }

    /// `array_to_string(self, separator)`: the elements as one text, without those that are NULL.
    fn array_to_string<E: IntoExpr<sql::Text>>(
        self,
        separator: E,
    ) -> Expr<FollowsBoth<Self, E::Null, String>, E::Uses<Self::Uses>>
    where
        Self::Type: ArrayType,
    {
        call("array_to_string", vec![self.into_node(), separator.into_node()])
    }

    /// `unnest(self)`: in a selection, a row for each element, and none of an array without any. It may stand in a selection
    /// alone; in a condition the server refuses it.
    fn unnest(self) -> Expr<ElementOf<Self>, Self::Uses>
    where
        Self::Type: ArrayType,
    {
        unary("unnest", self)
    }
}

impl<E: Expression> ArrayExpression for E {}

/// An array and what goes with it. The type of a value beside a column with a SQL type of its own is left to the server.
fn with<A: Expression, K, B: IntoExpr<K>>(array: A, other: B) -> (Node, Node) {
    let (array, other) = (array.into_node(), other.into_node());
    match &array {
        Node::Column { column, .. } if column.sql_type.is_some() => (array, other.undeclared()),
        _ => (array, other),
    }
}

/// `ANY (…)` or `ALL (…)` of an array: the right side of a comparison. Made by [`any_element`] and [`all_elements`].
#[must_use = "it does nothing until something is compared with it"]
pub struct AnyElement<A> {
    array: A,
    all: bool,
}

impl<A> fmt::Debug for AnyElement<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.all { "ALL" } else { "ANY" })
    }
}

/// `ANY (array)`: a comparison with it holds if it does for one of the elements.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "post")]
/// # struct Post { #[model(primary_key)] id: Auto<i32>, title: String, tags: Vec<String> }
/// let query = query::<Post>().filter(Post::title.eq(any_element(Post::tags))).select(Post::id);
/// assert!(query.to_sql().ends_with(r#"WHERE "post"."title" = ANY ("post"."tags")"#));
/// ```
pub fn any_element<A: Expression>(array: A) -> AnyElement<A>
where
    A::Type: ArrayType,
{
    AnyElement { array, all: false }
}

/// `ALL (array)`: a comparison with it holds if it does for each of the elements, and so if there are none.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "game")]
/// # struct Game { #[model(primary_key)] id: Auto<i32>, best: i32, points: Vec<i32> }
/// let query = query::<Game>().filter(Game::best.ge(all_elements(Game::points))).select(Game::id);
/// assert!(query.to_sql().ends_with(r#"WHERE "game"."best" >= ALL ("game"."points")"#));
/// ```
pub fn all_elements<A: Expression>(array: A) -> AnyElement<A>
where
    A::Type: ArrayType,
{
    AnyElement { array, all: true }
}

#[diagnostic::do_not_recommend]
impl<A: Expression, K> IntoExpr<K> for AnyElement<A>
where
    A::Type: ArrayType,
    ElementSql<A>: SameAs<K>,
{
    type Uses<S> = (S, A::Uses);
    type Null = <<A::Type as Field>::Null as Nullability>::Or<ElementNull<A>>;

    fn into_node(self) -> Node {
        Node::Quantified { all: self.all, operand: Box::new(self.array.into_node()) }
    }
}

#[diagnostic::do_not_recommend]
impl<A: Expression> IntoPattern for AnyElement<A>
where
    A::Type: ArrayType,
    ElementSql<A>: TextSql,
{
    type Uses<S> = (S, A::Uses);
    type Null = <<A::Type as Field>::Null as Nullability>::Or<ElementNull<A>>;

    fn into_node(self) -> Node {
        Node::Quantified { all: self.all, operand: Box::new(self.array.into_node()) }
    }
}

/// `ARRAY[…]`: an array of expressions of one type.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "point")]
/// # struct Point { #[model(primary_key)] id: Auto<i32>, x: i32, y: i32 }
/// let query = query::<Point>().select(array_of([Point::x, Point::y]));
/// assert_eq!(query.to_sql(), r#"SELECT ARRAY["point"."x", "point"."y"] FROM "point""#);
/// ```
pub fn array_of<E: Expression>(items: impl IntoIterator<Item = E>) -> Expr<Vec<E::Type>, E::Uses>
where
    E::Type: ArrayElement,
{
    let items: Vec<Node> = items.into_iter().map(Expression::into_node).collect();
    let empty = items.is_empty();
    let array = Node::Array(items);
    // The server knows the type of an array by its elements.
    Expr::new(if empty { cast(array, <Vec<E::Type> as Field>::TYPE) } else { array })
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement, const N: usize> IntoExpr<sql::Array<T::Sql>> for [T; N] {
    type Uses<S> = S;
    type Null = NotNull;

    fn into_node(self) -> Node {
        Node::Param(Value::of(&Vec::from(self)))
    }
}

macro_rules! texts {
    ($([$($generics:tt)*] $ty:ty),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> IntoExpr<sql::Array<sql::Text>> for $ty {
            type Uses<S> = S;
            type Null = NotNull;

            fn into_node(self) -> Node {
                let texts: Vec<String> = self.iter().map(|&text| text.to_owned()).collect();
                Node::Param(Value::of(&texts))
            }
        }
    )* };
}
texts!([const N: usize] [&str; N], [] Vec<&str>, [] &[&str]);
