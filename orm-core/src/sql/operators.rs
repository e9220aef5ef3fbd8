//! What the typed operators and functions of the SQL types share: their trees, and whether they may be NULL.

use super::expr::{Expr, Expression, IntoExpr};
use super::node::{BinaryOp, Node};
use crate::types::{Field, Nullability, TypeDef};

/// A `T` made of `E`: an `Option` of it if `E` may be NULL.
pub type Follows<E, T> = <<<E as Expression>::Type as Field>::Null as Nullability>::If<<T as Field>::Nullable, T>;

/// A `T` made of `E` and of something that is `N`: an `Option` of it if one of them may be NULL.
pub type FollowsBoth<E, N, T> =
    <<<<E as Expression>::Type as Field>::Null as Nullability>::Or<N> as Nullability>::If<<T as Field>::Nullable, T>;

pub(super) fn binary<A: Expression, K, B: IntoExpr<K>, T>(op: BinaryOp, lhs: A, rhs: B) -> Expr<T, B::Uses<A::Uses>> {
    Expr::new(Node::binary(op, lhs.into_node(), rhs.into_node()))
}

/// A function of one argument.
pub(super) fn unary<A: Expression, T>(name: &'static str, operand: A) -> Expr<T, A::Uses> {
    call(name, vec![operand.into_node()])
}

pub(super) fn call<T, U>(name: &'static str, args: Vec<Node>) -> Expr<T, U> {
    Expr::new(Node::Function { name, args })
}

pub(super) fn cast(operand: Node, ty: &'static TypeDef) -> Node {
    Node::Cast { operand: Box::new(operand), ty }
}
