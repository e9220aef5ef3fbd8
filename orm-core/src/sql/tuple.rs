//! Several columns at once: `(A::x, A::y).gt((1, 2))`.

use super::expr::{Expr, Expression, IntoExpr, ListOf, SqlOf};
use super::node::{BinaryOp, Node};
use crate::types::{Field, Nullability, Value};

/// The condition that comparing the tuple `L` with `R` makes.
pub type TupleCompared<L, R> = Expr<
    <<<L as TupleExpression>::Null as Nullability>::Or<<R as IntoTuple<<L as TupleExpression>::Keys>>::Null> as Nullability>::Bool,
    <R as IntoTuple<<L as TupleExpression>::Keys>>::Uses<<L as TupleExpression>::Uses>,
>;

/// A tuple of two to eight columns or expressions, which is compared as one: by the first, where these are equal by the
/// second, and so on.
pub trait TupleExpression: Sized {
    /// The SQL types.
    type Keys;
    /// The tables that they read.
    type Uses;
    /// Whether one of them may be NULL.
    type Null: Nullability;

    /// The expressions.
    fn into_nodes(self) -> Vec<Node>;

    /// `(a, b) = (…, …)`: all are equal.
    #[doc(alias = "==")]
    fn eq<R: IntoTuple<Self::Keys>>(self, other: R) -> TupleCompared<Self, R> {
        compare(BinaryOp::Eq, self, other)
    }

    /// `(a, b) <> (…, …)`: one is not equal.
    #[doc(alias = "!=")]
    fn ne<R: IntoTuple<Self::Keys>>(self, other: R) -> TupleCompared<Self, R> {
        compare(BinaryOp::Ne, self, other)
    }

    /// `(a, b) < (…, …)`.
    #[doc(alias = "<")]
    fn lt<R: IntoTuple<Self::Keys>>(self, other: R) -> TupleCompared<Self, R> {
        compare(BinaryOp::Lt, self, other)
    }

    /// `(a, b) <= (…, …)`.
    #[doc(alias = "<=")]
    fn le<R: IntoTuple<Self::Keys>>(self, other: R) -> TupleCompared<Self, R> {
        compare(BinaryOp::Le, self, other)
    }

    /// `(a, b) > (…, …)`: what comes behind a row, where rows are in this order. An index over the columns serves it.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32 }
    /// let query = query::<Homework>().filter((Homework::number, Homework::id).gt((3, 17)));
    /// assert!(query.to_sql().ends_with(r#"WHERE ("homework"."number", "homework"."id") > ($1, $2)"#));
    /// ```
    #[doc(alias = ">")]
    fn gt<R: IntoTuple<Self::Keys>>(self, other: R) -> TupleCompared<Self, R> {
        compare(BinaryOp::Gt, self, other)
    }

    /// `(a, b) >= (…, …)`.
    #[doc(alias = ">=")]
    fn ge<R: IntoTuple<Self::Keys>>(self, other: R) -> TupleCompared<Self, R> {
        compare(BinaryOp::Ge, self, other)
    }

    /// `(a, b) IN (…)`: one of a list of any length, which is sent as one array a column. Of an empty list it is false.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32 }
    /// let query = query::<Homework>().filter((Homework::number, Homework::id).in_([(3, 17), (4, 18)]));
    /// assert!(query.to_sql().ends_with(
    ///     r#"WHERE ("homework"."number", "homework"."id") IN (SELECT * FROM UNNEST ($1, $2))"#,
    /// ));
    /// ```
    fn in_<R>(self, list: impl IntoIterator<Item = R>) -> Expr<<Self::Null as Nullability>::Bool, Self::Uses>
    where
        Self: TupleList,
        R: IntoTuple<Self::Keys, Uses<()> = ()>,
    {
        Expr::new(in_list(self, list))
    }

    /// `NOT (a, b) IN (…)`: none of a list of any length. Of an empty list it is true.
    fn not_in<R>(self, list: impl IntoIterator<Item = R>) -> Expr<<Self::Null as Nullability>::Bool, Self::Uses>
    where
        Self: TupleList,
        R: IntoTuple<Self::Keys, Uses<()> = ()>,
    {
        Expr::new(Node::Not(Box::new(in_list(self, list))))
    }
}

/// A tuple of expressions of whose types lists can be sent.
pub trait TupleList: TupleExpression {
    /// One array for each of them.
    fn arrays(columns: &[Vec<Node>]) -> Vec<Value>;
}

/// What may be compared with expressions of the SQL types `K`: a tuple of values, columns and expressions of these types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with columns of the SQL types `{K}`",
    label = "not a tuple of these SQL types"
)]
pub trait IntoTuple<K> {
    /// The tables that the comparison reads, if the other side reads those of `S`.
    type Uses<S>;
    /// Whether one of them may be NULL.
    type Null: Nullability;

    /// The operands.
    fn into_nodes(self) -> Vec<Node>;
}

fn compare<L: TupleExpression, K, R: IntoTuple<K>, T>(op: BinaryOp, lhs: L, rhs: R) -> Expr<T, R::Uses<L::Uses>> {
    let pairs = lhs.into_nodes().into_iter().zip(rhs.into_nodes());
    let (lhs, rhs) = pairs.map(|(lhs, rhs)| Node::beside(lhs, rhs)).unzip();
    Expr::new(Node::binary(op, Node::Tuple(lhs), Node::Tuple(rhs)))
}

fn in_list<L: TupleList, R: IntoTuple<L::Keys>>(lhs: L, list: impl IntoIterator<Item = R>) -> Node {
    let columns = lhs.into_nodes();
    let mut values: Vec<Vec<Node>> = columns.iter().map(|_| Vec::new()).collect();
    for row in list {
        for (values, value) in values.iter_mut().zip(row.into_nodes()) {
            values.push(value);
        }
    }
    Node::InTuples { columns, arrays: L::arrays(&values) }
}

macro_rules! tuple {
    ($($lhs:ident $rhs:ident $key:ident),*; $uses:ty, $null:ty; $rhs_uses:ty, $rhs_null:ty) => {
        #[diagnostic::do_not_recommend]
        impl<$($lhs: Expression),*> TupleExpression for ($($lhs,)*) {
            type Keys = ($(SqlOf<$lhs>,)*);
            type Uses = $uses;
            type Null = $null;

            #[allow(non_snake_case, reason = "the expressions are named after their types")]
            fn into_nodes(self) -> Vec<Node> {
                let ($($lhs,)*) = self;
                vec![$($lhs.into_node()),*]
            }
        }

        impl<$($lhs: Expression),*> TupleList for ($($lhs,)*)
        where
            $($lhs::Type: ListOf),*
        {
            fn arrays(columns: &[Vec<Node>]) -> Vec<Value> {
                let mut columns = columns.iter();
                vec![$(<$lhs::Type as ListOf>::list(columns.next().map_or(&[], Vec::as_slice))),*]
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($rhs: IntoExpr<$key>, $key),*> IntoTuple<($($key,)*)> for ($($rhs,)*) {
            type Uses<S> = $rhs_uses;
            type Null = $rhs_null;

            #[allow(non_snake_case, reason = "the operands are named after their types")]
            fn into_nodes(self) -> Vec<Node> {
                let ($($rhs,)*) = self;
                vec![$($rhs.into_node()),*]
            }
        }
    };
}

type Null<E> = <<E as Expression>::Type as Field>::Null;
type Or<A, B> = <A as Nullability>::Or<B>;

tuple!(A P KA, B Q KB; (A::Uses, B::Uses), Or<Null<A>, Null<B>>; Q::Uses<P::Uses<S>>, Or<P::Null, Q::Null>);
tuple!(A P KA, B Q KB, C R KC; ((A::Uses, B::Uses), C::Uses), Or<Or<Null<A>, Null<B>>, Null<C>>; R::Uses<Q::Uses<P::Uses<S>>>, Or<Or<P::Null, Q::Null>, R::Null>);
tuple!(A P KA, B Q KB, C R KC, D T KD; (((A::Uses, B::Uses), C::Uses), D::Uses), Or<Or<Or<Null<A>, Null<B>>, Null<C>>, Null<D>>; T::Uses<R::Uses<Q::Uses<P::Uses<S>>>>, Or<Or<Or<P::Null, Q::Null>, R::Null>, T::Null>);
tuple!(A P KA, B Q KB, C R KC, D T KD, E U KE; ((((A::Uses, B::Uses), C::Uses), D::Uses), E::Uses), Or<Or<Or<Or<Null<A>, Null<B>>, Null<C>>, Null<D>>, Null<E>>; U::Uses<T::Uses<R::Uses<Q::Uses<P::Uses<S>>>>>, Or<Or<Or<Or<P::Null, Q::Null>, R::Null>, T::Null>, U::Null>);
tuple!(A P KA, B Q KB, C R KC, D T KD, E U KE, F V KF; (((((A::Uses, B::Uses), C::Uses), D::Uses), E::Uses), F::Uses), Or<Or<Or<Or<Or<Null<A>, Null<B>>, Null<C>>, Null<D>>, Null<E>>, Null<F>>; V::Uses<U::Uses<T::Uses<R::Uses<Q::Uses<P::Uses<S>>>>>>, Or<Or<Or<Or<Or<P::Null, Q::Null>, R::Null>, T::Null>, U::Null>, V::Null>);
tuple!(A P KA, B Q KB, C R KC, D T KD, E U KE, F V KF, G W KG; ((((((A::Uses, B::Uses), C::Uses), D::Uses), E::Uses), F::Uses), G::Uses), Or<Or<Or<Or<Or<Or<Null<A>, Null<B>>, Null<C>>, Null<D>>, Null<E>>, Null<F>>, Null<G>>; W::Uses<V::Uses<U::Uses<T::Uses<R::Uses<Q::Uses<P::Uses<S>>>>>>>, Or<Or<Or<Or<Or<Or<P::Null, Q::Null>, R::Null>, T::Null>, U::Null>, V::Null>, W::Null>);
tuple!(A P KA, B Q KB, C R KC, D T KD, E U KE, F V KF, G W KG, H X KH; (((((((A::Uses, B::Uses), C::Uses), D::Uses), E::Uses), F::Uses), G::Uses), H::Uses), Or<Or<Or<Or<Or<Or<Or<Null<A>, Null<B>>, Null<C>>, Null<D>>, Null<E>>, Null<F>>, Null<G>>, Null<H>>; X::Uses<W::Uses<V::Uses<U::Uses<T::Uses<R::Uses<Q::Uses<P::Uses<S>>>>>>>>, Or<Or<Or<Or<Or<Or<Or<P::Null, Q::Null>, R::Null>, T::Null>, U::Null>, V::Null>, W::Null>, X::Null>);
