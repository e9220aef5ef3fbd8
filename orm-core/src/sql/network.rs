//! `inet` and `cidr`: which networks hold which.

use std::net::IpAddr;

use super::expr::{Compared, Expr, Expression, IntoExpr, SqlOf};
use super::node::BinaryOp;
use super::operators::{Follows, binary, unary};
use crate::types::{Cidr, Inet, sql};

/// A SQL type that is an address or a network.
#[diagnostic::on_unimplemented(
    message = "this needs an address or a network, and SQL type `{Self}` is neither",
    label = "not an inet or cidr column"
)]
pub trait NetworkSql {}
#[diagnostic::do_not_recommend]
impl NetworkSql for sql::Inet {}

crate::comparable!(Inet, Cidr, IpAddr);

/// The methods of `inet` and `cidr`, of fields of the types [`IpAddr`], [`Inet`] and [`Cidr`]. The operator `&&` is that of
/// [`ContainerExpression`](super::ContainerExpression).
///
/// ```
/// # use orm_core::prelude::*;
/// use orm_core::types::Cidr;
/// use std::net::IpAddr;
///
/// #[derive(Model, Debug, Clone)]
/// #[model(table = "host")]
/// struct Host {
///     #[model(primary_key)]
///     id: Auto<i32>,
///     address: IpAddr,
/// }
/// let local = Cidr::new(IpAddr::from([10, 0, 0, 0]), 8).expect("a network");
/// let query = query::<Host>().filter(Host::address.within(local)).select(Host::address.host());
/// assert_eq!(query.to_sql(), r#"SELECT host("host"."address") FROM "host" WHERE "host"."address" << $1"#);
/// ```
pub trait NetworkExpression: Expression {
    /// `self << other`: it is in the other, and not the same.
    #[doc(alias = "<<")]
    fn within<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        SqlOf<Self>: NetworkSql,
    {
        binary(BinaryOp::ShiftLeft, self, other)
    }

    /// `self <<= other`: it is in the other, or the same.
    #[doc(alias = "<<=")]
    fn within_or_same<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        SqlOf<Self>: NetworkSql,
    {
        binary(BinaryOp::ContainedByOrEquals, self, other)
    }

    /// `self >> other`: the other is in it, and not the same.
    #[doc(alias = ">>")]
    fn encloses<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        SqlOf<Self>: NetworkSql,
    {
        binary(BinaryOp::ShiftRight, self, other)
    }

    /// `self >>= other`: the other is in it, or the same.
    #[doc(alias = ">>=")]
    fn encloses_or_same<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        SqlOf<Self>: NetworkSql,
    {
        binary(BinaryOp::ContainsOrEquals, self, other)
    }

    /// `host(self)`: the address as text.
    fn host(self) -> Expr<Follows<Self, String>, Self::Uses>
    where
        SqlOf<Self>: NetworkSql,
    {
        unary("host", self)
    }

    /// `masklen(self)`: how many bits its prefix has.
    fn masklen(self) -> Expr<Follows<Self, i32>, Self::Uses>
    where
        SqlOf<Self>: NetworkSql,
    {
        unary("masklen", self)
    }

    /// `network(self)`: its network.
    fn network(self) -> Expr<Follows<Self, Cidr>, Self::Uses>
    where
        SqlOf<Self>: NetworkSql,
    {
        unary("network", self)
    }
}

impl<E: Expression> NetworkExpression for E {}
