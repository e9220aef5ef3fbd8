//! [`IntoExpr`] for values: what may stand on the other side of a comparison.
//!
//! One impl a type and not one for all: only so does the compiler say which two types do not fit.

use std::borrow::Cow;

use super::column::Column;
use super::expr::{Expr, Expression, IntoExpr};
use super::node::Node;
use crate::schema::Source;
use crate::types::{ArrayElement, Auto, EncodeError, Field, NotNull, SameAs, Value, sql};

/// Lets values of a type stand in comparisons; for a type with a [`Field`](crate::types::Field) impl of one's own. The
/// derive macros write it for theirs.
///
/// ```
/// # use orm_core::types::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull, TypeDef, sql};
/// # #[derive(Clone)] struct Celsius(f64);
/// # impl Field for Celsius {
/// #     type Sql = sql::Float8; type Read = Self; type Nullable = Option<Self>; type Null = NotNull;
/// #     const TYPE: &'static TypeDef = <f64 as Field>::TYPE;
/// #     fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> { self.0.encode(out) }
/// #     fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> { f64::decode(raw).map(Self) }
/// # }
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)] struct Day { #[model(primary_key)] id: Auto<i32>, high: f64 }
/// orm_core::comparable!(Celsius);
///
/// let hot = query::<Day>().filter(Day::high.gt(Celsius(30.0)));
/// ```
#[macro_export]
macro_rules! comparable {
    ($($ty:ty),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl $crate::sql::IntoExpr<<$ty as $crate::types::Field>::Sql> for $ty {
            type Uses<S> = S;
            type Null = $crate::types::NotNull;

            fn into_node(self) -> $crate::sql::Node {
                $crate::sql::Node::Param($crate::types::Value::of(&self))
            }
        }

        #[diagnostic::do_not_recommend]
        impl $crate::sql::IntoExpr<<$ty as $crate::types::Field>::Sql> for &$ty {
            type Uses<S> = S;
            type Null = $crate::types::NotNull;

            fn into_node(self) -> $crate::sql::Node {
                $crate::sql::Node::Param($crate::types::Value::of(self))
            }
        }

        #[diagnostic::do_not_recommend]
        impl $crate::sql::Argument for $ty {
            type Type = Self;
            type Uses = ();

            fn into_node(self) -> $crate::sql::Node {
                $crate::sql::Node::typed($crate::types::Value::of(&self))
            }
        }
    )* };
}

comparable!(bool, i16, i32, i64, f32, f64, String, Vec<u8>);
comparable!(crate::types::Interval);
#[cfg(feature = "chrono")]
comparable!(
    chrono::NaiveDate,
    chrono::NaiveTime,
    chrono::NaiveDateTime,
    chrono::DateTime<chrono::Utc>,
    chrono::DateTime<chrono::FixedOffset>
);
#[cfg(feature = "time")]
comparable!(time::Date, time::Time, time::PrimitiveDateTime, time::OffsetDateTime);
#[cfg(feature = "jiff")]
comparable!(jiff::civil::Date, jiff::civil::Time, jiff::civil::DateTime, jiff::Timestamp);
#[cfg(feature = "uuid")]
comparable!(uuid::Uuid);
#[cfg(feature = "decimal")]
comparable!(rust_decimal::Decimal);
#[cfg(feature = "json")]
comparable!(serde_json::Value);

#[cfg(feature = "json")]
#[diagnostic::do_not_recommend]
impl<T> IntoExpr<sql::Jsonb> for crate::types::Json<T>
where
    Self: Field,
{
    type Uses<S> = S;
    type Null = NotNull;

    fn into_node(self) -> Node {
        Node::Param(Value::of(&self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> IntoExpr<sql::Array<T::Sql>> for Vec<T> {
    type Uses<S> = S;
    type Null = NotNull;

    fn into_node(self) -> Node {
        Node::Param(Value::of(&self))
    }
}

/// A pending value is refused before the statement is sent: it equals nothing yet.
#[diagnostic::do_not_recommend]
impl<T: Field<Null = NotNull, Read = T>> IntoExpr<T::Sql> for Auto<T> {
    type Uses<S> = S;
    type Null = NotNull;

    fn into_node(self) -> Node {
        Node::Param(match self {
            Self::Value(value) => Value::of(&value),
            Self::Pending => Value::refused(T::TYPE, EncodeError::new("it is pending: the server has not made it yet")),
        })
    }
}

// Not by the macro below, which the compiler would speak of.
#[diagnostic::do_not_recommend]
impl IntoExpr<sql::Text> for &str {
    type Uses<S> = S;
    type Null = NotNull;

    fn into_node(self) -> Node {
        Node::Param(Value::text(self))
    }
}

macro_rules! text {
    ($($ty:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl IntoExpr<sql::Text> for $ty {
            type Uses<S> = S;
            type Null = NotNull;

            fn into_node(self) -> Node {
                Node::Param(Value::text(self.as_ref()))
            }
        }
    )* };
}
text!(Cow<'_, str>, &Cow<'_, str>, Box<str>, &Box<str>);

#[diagnostic::do_not_recommend]
impl IntoExpr<sql::Bytea> for &[u8] {
    type Uses<S> = S;
    type Null = NotNull;

    fn into_node(self) -> Node {
        Node::Param(Value::of(&self.to_vec()))
    }
}

// For every `K`, and then `SameAs`: otherwise the compiler speaks of associated types and not of a comparison.
#[diagnostic::do_not_recommend]
impl<S: Source, T: Field, K> IntoExpr<K> for Column<S, T>
where
    T::Sql: SameAs<K>,
{
    type Uses<X> = (X, S);
    type Null = <T::Read as Field>::Null;

    fn into_node(self) -> Node {
        Expression::into_node(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field, U, K> IntoExpr<K> for Expr<T, U>
where
    T::Sql: SameAs<K>,
{
    type Uses<X> = (X, U);
    type Null = T::Null;

    fn into_node(self) -> Node {
        Expression::into_node(self)
    }
}
