//! Ranges and multiranges: their bounds, how they lie to one another, and what is made of two.

use super::assign::IntoValue;
use super::expr::{Compared, Comparison, Expr, Expression, IntoExpr, SqlOf};
use super::node::{BinaryOp, Node};
use super::operators::{Follows, FollowsBoth, binary, unary};
use crate::types::{Field, Multirange, NotNull, Range, RangeElement, Value, sql};

/// A field type that is a range or a multirange, or an `Option` of one.
#[diagnostic::on_unimplemented(message = "this needs a range, and `{Self}` is none", label = "not a range column")]
pub trait RangeType: Field {
    /// What its points are.
    type Element: RangeElement;
}

macro_rules! range_type {
    ($($ty:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: RangeElement> RangeType for $ty {
            type Element = T;
        }
    )* };
}
range_type!(Range<T>, Option<Range<T>>, Multirange<T>, Option<Multirange<T>>);

type Point<E> = <<E as Expression>::Type as RangeType>::Element;
type PointSql<E> = <Point<E> as Field>::Sql;
type Combined<E, O> = Expr<
    FollowsBoth<E, <O as IntoExpr<SqlOf<E>>>::Null, <E as Expression>::Type>,
    <O as IntoExpr<SqlOf<E>>>::Uses<<E as Expression>::Uses>,
>;

/// The methods of ranges and multiranges. Their operators `@>`, `<@` and `&&` with others of their type are those of
/// [`ContainerExpression`](super::ContainerExpression).
///
/// ```
/// # use orm_core::prelude::*;
/// use orm_core::types::Range;
///
/// #[derive(Model, Debug, Clone)]
/// #[model(table = "booking")]
/// struct Booking {
///     #[model(primary_key)]
///     id: Auto<i32>,
///     days: Range<i32>,
/// }
/// let query = query::<Booking>()
///     .filter(Booking::days.includes_value(7))
///     .filter(Booking::days.overlaps(5..10))
///     .select(Booking::days.lower_bound());
/// assert_eq!(
///     query.to_sql(),
///     r#"SELECT lower("booking"."days") FROM "booking" WHERE "booking"."days" @> $1 AND "booking"."days" && $2"#,
/// );
/// ```
#[allow(clippy::wrong_self_convention, reason = "expressions are values: a test takes its operand")]
pub trait RangeExpression: Expression {
    /// `self @> value`: the value is one of its points.
    #[doc(alias = "@>")]
    fn includes_value<E: IntoExpr<PointSql<Self>>>(
        self,
        value: E,
    ) -> Expr<FollowsBoth<Self, E::Null, bool>, E::Uses<Self::Uses>>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::Contains, self, value)
    }

    /// `self <@ range`: the value is one of the points of a range.
    #[doc(alias = "<@")]
    fn in_range<E: IntoExpr<sql::Range<SqlOf<Self>>>>(
        self,
        range: E,
    ) -> Expr<Comparison<Self::Type, E::Null>, E::Uses<Self::Uses>> {
        binary(BinaryOp::ContainedBy, self, range)
    }

    /// `self -|- other`: they touch, and have no point in common.
    #[doc(alias = "-|-")]
    fn adjacent_to<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::Adjacent, self, other)
    }

    /// `self << other`: all of it is before the other.
    #[doc(alias = "<<")]
    fn left_of<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::ShiftLeft, self, other)
    }

    /// `self >> other`: all of it is behind the other.
    #[doc(alias = ">>")]
    fn right_of<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::ShiftRight, self, other)
    }

    /// `self &< other`: it does not go on behind the other's end.
    #[doc(alias = "&<")]
    fn not_right_of<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::NotRightOf, self, other)
    }

    /// `self &> other`: it does not begin before the other.
    #[doc(alias = "&>")]
    fn not_left_of<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Compared<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::NotLeftOf, self, other)
    }

    /// `self + other`: all points of both. Of two ranges with a gap between them the server makes an error; multiranges may have
    /// gaps.
    #[doc(alias = "+")]
    fn range_union<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Combined<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::Add, self, other)
    }

    /// `self * other`: the points that both have.
    #[doc(alias = "*")]
    fn range_intersection<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Combined<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::Mul, self, other)
    }

    /// `self - other`: the points that the other has not. Where a range would fall apart the server makes an error; multiranges
    /// may have gaps.
    #[doc(alias = "-")]
    fn range_difference<E: IntoExpr<SqlOf<Self>>>(self, other: E) -> Combined<Self, E>
    where
        Self::Type: RangeType,
    {
        binary(BinaryOp::Sub, self, other)
    }

    /// `lower(self)`: the lower bound; NULL if there is none.
    fn lower_bound(self) -> Expr<Option<Point<Self>>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("lower", self)
    }

    /// `upper(self)`: the upper bound; NULL if there is none.
    fn upper_bound(self) -> Expr<Option<Point<Self>>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("upper", self)
    }

    /// `isempty(self)`: it has no points.
    fn is_empty_range(self) -> Expr<Follows<Self, bool>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("isempty", self)
    }

    /// `lower_inc(self)`: the lower bound is one of its points.
    fn lower_is_inclusive(self) -> Expr<Follows<Self, bool>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("lower_inc", self)
    }

    /// `upper_inc(self)`: the upper bound is one of its points; never of integers and dates, see [`Range`].
    fn upper_is_inclusive(self) -> Expr<Follows<Self, bool>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("upper_inc", self)
    }

    /// `lower_inf(self)`: it has no lower bound.
    fn lower_is_unbounded(self) -> Expr<Follows<Self, bool>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("lower_inf", self)
    }

    /// `upper_inf(self)`: it has no upper bound.
    fn upper_is_unbounded(self) -> Expr<Follows<Self, bool>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("upper_inf", self)
    }

    /// `range_agg(self)`: the points of all ranges as one multirange; NULL of no rows. PostgreSQL 14 and later.
    fn range_agg(self) -> Expr<Option<Multirange<Point<Self>>>, Self::Uses>
    where
        Self::Type: RangeType,
    {
        unary("range_agg", self)
    }
}

impl<E: Expression> RangeExpression for E {}

macro_rules! comparable_range {
    ($($tag:ident $ty:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: RangeElement> IntoExpr<sql::$tag<T::Sql>> for $ty<T> {
            type Uses<S> = S;
            type Null = NotNull;

            fn into_node(self) -> Node {
                Node::Param(Value::of(&self))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: RangeElement> IntoExpr<sql::$tag<T::Sql>> for &$ty<T> {
            type Uses<S> = S;
            type Null = NotNull;

            fn into_node(self) -> Node {
                Node::Param(Value::of(self))
            }
        }
    )* };
}
comparable_range!(Range Range, Multirange Multirange);

/// One impl for each type of bound, so that a bare number is the number that the column has.
macro_rules! comparable_std {
    (@ $ty:ty: $($std:ty),*) => {
        const _: () = { $(
            #[diagnostic::do_not_recommend]
            impl IntoExpr<sql::Range<<$ty as Field>::Sql>> for $std {
                type Uses<S> = S;
                type Null = NotNull;

                fn into_node(self) -> Node {
                    Node::Param(Value::of(&Range::<$ty>::from(self)))
                }
            }
        )* };
    };
    ($($(#[$feature:meta])* $ty:ty);* $(;)?) => { $(
        $(#[$feature])*
        comparable_std!(@ $ty: std::ops::Range<$ty>, std::ops::RangeInclusive<$ty>, std::ops::RangeFrom<$ty>,
            std::ops::RangeTo<$ty>, std::ops::RangeToInclusive<$ty>);
    )* };
}
comparable_std! {
    i32;
    i64;
    #[cfg(feature = "decimal")] rust_decimal::Decimal;
    #[cfg(feature = "chrono")] chrono::NaiveDate;
    #[cfg(feature = "chrono")] chrono::NaiveDateTime;
    #[cfg(feature = "chrono")] chrono::DateTime<chrono::Utc>;
    #[cfg(feature = "chrono")] chrono::DateTime<chrono::FixedOffset>;
    #[cfg(feature = "time")] time::Date;
    #[cfg(feature = "time")] time::PrimitiveDateTime;
    #[cfg(feature = "time")] time::OffsetDateTime;
    #[cfg(feature = "jiff")] jiff::civil::Date;
    #[cfg(feature = "jiff")] jiff::civil::DateTime;
    #[cfg(feature = "jiff")] jiff::Timestamp;
}

macro_rules! assigned_std {
    ($($std:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: RangeElement> IntoValue<Range<T>> for $std {
            type Uses = ();

            fn into_node(self) -> Node {
                Node::Param(Value::of(&Range::from(self)))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: RangeElement> IntoValue<Option<Range<T>>> for $std {
            type Uses = ();

            fn into_node(self) -> Node {
                Node::Param(Value::of(&Range::from(self)))
            }
        }
    )* };
}
assigned_std!(
    std::ops::Range<T>,
    std::ops::RangeInclusive<T>,
    std::ops::RangeFrom<T>,
    std::ops::RangeTo<T>,
    std::ops::RangeToInclusive<T>
);
