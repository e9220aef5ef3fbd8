//! `@>`, `<@` and `&&`: what holds other values of its own SQL type.

use super::expr::{Compared, Expression, IntoExpr, SqlOf};
use super::node::BinaryOp;
use super::operators::binary;
use crate::types::{SqlType, sql};

/// A SQL type with `@>` and `<@`.
#[diagnostic::on_unimplemented(
    message = "this needs jsonb, an array or a range, and SQL type `{Self}` is none of them",
    label = "holds no others of its type"
)]
pub trait ContainerSql {}

/// A SQL type with `&&`.
#[diagnostic::on_unimplemented(
    message = "this needs an array, a range or a network, and SQL type `{Self}` is none of them",
    label = "does not overlap with others"
)]
pub trait OverlapSql {}

#[diagnostic::do_not_recommend]
impl ContainerSql for sql::Jsonb {}

macro_rules! containers {
    ($($tag:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<E: SqlType> ContainerSql for sql::$tag<E> {}
        #[diagnostic::do_not_recommend]
        impl<E: SqlType> OverlapSql for sql::$tag<E> {}
    )* };
}
containers!(Array, Range, Multirange);

#[diagnostic::do_not_recommend]
impl OverlapSql for sql::Inet {}

/// What jsonb, arrays, ranges and networks have in common: they hold values of their own SQL type.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "post")]
/// # struct Post { #[model(primary_key)] id: Auto<i32>, tags: Vec<String> }
/// let both = query::<Post>().filter(Post::tags.includes(["rust", "sql"])).select(Post::id);
/// assert!(both.to_sql().ends_with(r#"WHERE "post"."tags" @> $1"#));
/// let either = query::<Post>().filter(Post::tags.overlaps(["rust", "sql"])).select(Post::id);
/// assert!(either.to_sql().ends_with(r#"WHERE "post"."tags" && $1"#));
/// ```
pub trait ContainerExpression: Expression {
    /// `self @> other`: it has all that the other has. An array has all elements of the other, jsonb its keys and values, a
    /// range all its points.
    #[doc(alias = "@>")]
    fn includes<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        SqlOf<Self>: ContainerSql,
    {
        binary(BinaryOp::Contains, self, other)
    }

    /// `self <@ other`: the other has all that it has.
    #[doc(alias = "<@")]
    fn included_in<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        SqlOf<Self>: ContainerSql,
    {
        binary(BinaryOp::ContainedBy, self, other)
    }

    /// `self && other`: both have something in common.
    #[doc(alias = "&&")]
    fn overlaps<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        SqlOf<Self>: OverlapSql,
    {
        binary(BinaryOp::Overlaps, self, other)
    }
}

impl<E: Expression> ContainerExpression for E {}
