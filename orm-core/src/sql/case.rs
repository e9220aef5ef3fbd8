//! [`case`]: `CASE WHEN … THEN … ELSE … END`.

use std::fmt;
use std::marker::PhantomData;

use super::argument::{Argument, Bare, OrNull};
use super::expr::{Expr, Expression, IntoExpr};
use super::node::Node;
use super::scope::NeverNull;
use crate::types::{Condition, Field, MaybeNull, Nullability, SameAs};

/// Begins a `CASE`: the value of the first condition that is true.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32 }
/// let size = case().when(Homework::number.lt(3), "early").when(Homework::number.lt(9), "late").otherwise("last");
/// assert_eq!(
///     query::<Homework>().select(size).to_sql(),
///     r#"SELECT CASE WHEN "homework"."number" < $1 THEN $2 WHEN "homework"."number" < $3 THEN $4 ELSE $5 END FROM "homework""#,
/// );
/// ```
///
/// The first value says the type of all. Without [`otherwise`](Case::otherwise) it is NULL where no condition is true, and
/// so an `Option`.
pub fn case() -> CaseStart {
    CaseStart(())
}

/// A `CASE` without a condition yet.
#[derive(Debug, Clone, Copy)]
#[must_use = "a `CASE` needs a condition, `.when(condition, value)`"]
pub struct CaseStart(());

/// A `CASE` of type `T`, which reads the tables of `U`; `N` says whether one of its values may be NULL.
///
/// It is an expression as it is, and then an `Option`: it is NULL where no condition is true.
#[must_use = "an expression does nothing until it is used in a query"]
pub struct Case<T, N, U> {
    whens: Vec<(Node, Node)>,
    types: PhantomData<fn() -> (T, N, U)>,
}

impl CaseStart {
    /// The value where the condition is true.
    pub fn when<C: Expression, V: Argument>(
        self,
        condition: C,
        value: V,
    ) -> Case<<V::Type as Bare>::Value, <V::Type as Field>::Null, (NeverNull<C::Uses>, V::Uses)>
    where
        C::Type: Condition,
        V::Type: Bare,
    {
        Case { whens: vec![(condition.into_node(), value.into_node())], types: PhantomData }
    }
}

impl<T: Field, N: Nullability, U> Case<T, N, U> {
    /// The value where this condition is true, and none of those before.
    #[allow(clippy::type_complexity, reason = "what may be NULL and which tables it reads come of both arguments")]
    pub fn when<C: Expression, V: IntoExpr<T::Sql>>(
        mut self,
        condition: C,
        value: V,
    ) -> Case<T, N::Or<V::Null>, V::Uses<(U, NeverNull<C::Uses>)>>
    where
        C::Type: Condition,
    {
        self.whens.push((condition.into_node(), value.into_node()));
        Case { whens: self.whens, types: PhantomData }
    }

    /// The value where no condition is true.
    pub fn otherwise<V: IntoExpr<T::Sql>>(self, value: V) -> Expr<OrNull<T, N::Or<V::Null>>, V::Uses<U>> {
        Expr::new(Node::Case { whens: self.whens, otherwise: Some(Box::new(value.into_node())) })
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, N, U> Expression for Case<T, N, U> {
    type Type = T::Nullable;
    type Uses = U;

    fn into_node(self) -> Node {
        Node::Case { whens: self.whens, otherwise: None }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, N, U, K> IntoExpr<K> for Case<T, N, U>
where
    T::Sql: SameAs<K>,
{
    type Uses<X> = (X, U);
    type Null = MaybeNull;

    fn into_node(self) -> Node {
        Expression::into_node(self)
    }
}

impl<T, N, U> Clone for Case<T, N, U> {
    fn clone(&self) -> Self {
        Self { whens: self.whens.clone(), types: PhantomData }
    }
}

impl<T, N, U> fmt::Debug for Case<T, N, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.whens).finish()
    }
}
