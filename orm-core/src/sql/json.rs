//! `jsonb`: what is in it, what it is made of, and what is set in it.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value as JsonValue;

use super::expr::{Expr, Expression, IntoExpr, SqlOf};
use super::node::{BinaryOp, Node};
use super::operators::{Follows, FollowsBoth, binary, call, cast, unary};
use crate::types::{Field, Nullability, TypeDef, Value, sql};

static JSONPATH: TypeDef = TypeDef::named("jsonpath");

/// A SQL type that is `jsonb`.
#[diagnostic::on_unimplemented(
    message = "this needs jsonb, and SQL type `{Self}` is not jsonb",
    label = "not a jsonb column"
)]
pub trait JsonSql {}
#[diagnostic::do_not_recommend]
impl JsonSql for sql::Jsonb {}

/// A SQL type by which a part of a JSON value is found: text for a key of an object, `integer` for a place in an array.
#[diagnostic::on_unimplemented(
    message = "this needs the key of an object, which is text, or a place in an array, which is an `i32`; SQL type `{Self}` is neither",
    label = "neither text nor an integer"
)]
pub trait JsonKeySql {}
#[diagnostic::do_not_recommend]
impl JsonKeySql for sql::Text {}
#[diagnostic::do_not_recommend]
impl JsonKeySql for sql::Int4 {}

/// A key of an object, or a place in an array: text, an `i32`, or an expression of them. Places begin with 0; negative ones are
/// counted from the end.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a key of an object nor a place in an array",
    label = "not a text and not an `i32`"
)]
pub trait JsonKey {
    /// The tables that are read, if the JSON value reads those of `S`.
    type Uses<S>;

    /// The operand.
    fn into_node(self) -> Node;
}

#[diagnostic::do_not_recommend]
impl<E: Expression> JsonKey for E
where
    SqlOf<E>: JsonKeySql,
{
    type Uses<S> = (S, E::Uses);

    fn into_node(self) -> Node {
        Expression::into_node(self)
    }
}

macro_rules! keys {
    ($($ty:ty: $key:ident => $value:expr),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl JsonKey for $ty {
            type Uses<S> = S;

            fn into_node(self) -> Node {
                let $key = self;
                Node::Param($value)
            }
        }
    )* };
}
keys!(&str: key => Value::text(key), &String: key => Value::text(key), String: key => Value::text(&key), i32: place => Value::of(&place));

/// The methods of `jsonb`, of fields of the types `serde_json::Value` and [`Json<T>`](crate::types::Json). The operators `@>`
/// and `<@` are those of [`ContainerExpression`](super::ContainerExpression).
///
/// What is taken out may be NULL: the key may not be there.
///
/// ```
/// # use orm_core::prelude::*;
/// # use serde_json::json;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "event")]
/// # struct Event { #[model(primary_key)] id: Auto<i32>, data: serde_json::Value }
/// let query = query::<Event>()
///     .filter(Event::data.get("size").as_i64().gt(1_i64))
///     .filter(Event::data.includes(json!({"kind": "click"})))
///     .select(Event::data.get("tags").get(0).as_text());
/// assert_eq!(
///     query.to_sql(),
///     r#"SELECT ("event"."data" -> $1) ->> $2 FROM "event" WHERE CAST("event"."data" ->> $3 AS bigint) > $4 AND "event"."data" @> $5"#,
/// );
/// ```
#[allow(clippy::wrong_self_convention, reason = "expressions are values: a test takes its operand")]
pub trait JsonExpression: Expression {
    /// `self -> key`: the value of a key, or of a place from 0.
    #[doc(alias = "->")]
    fn get<K: JsonKey>(self, key: K) -> Expr<Option<JsonValue>, K::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::JsonGet, self.into_node(), key.into_node()))
    }

    /// `self ->> key`: the value of a key or place as text. JSON's `null` is NULL.
    #[doc(alias = "->>")]
    fn get_text<K: JsonKey>(self, key: K) -> Expr<Option<String>, K::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::JsonGetText, self.into_node(), key.into_node()))
    }

    /// `self #> path`: the value at the end of a path of keys, in which places are numbers as text.
    #[doc(alias = "#>")]
    fn get_path<P: IntoExpr<sql::Array<sql::Text>>>(self, path: P) -> Expr<Option<JsonValue>, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::JsonPath, self.into_node(), path.into_node()))
    }

    /// `self #>> path`: the value at the end of a path as text.
    #[doc(alias = "#>>")]
    fn get_path_text<P: IntoExpr<sql::Array<sql::Text>>>(self, path: P) -> Expr<Option<String>, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::JsonPathText, self.into_node(), path.into_node()))
    }

    /// The value as text: that of a JSON text without quotes. JSON's `null` is NULL.
    ///
    /// After [`get`](Self::get) it is `->>`, after [`get_path`](Self::get_path) `#>>`, otherwise `#>> '{}'`.
    fn as_text(self) -> Expr<Option<String>, Self::Uses>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(text_of(self.into_node()))
    }

    /// `CAST(self AS integer)`, of [its text](Self::as_text). The server refuses what is no such number.
    fn as_i32(self) -> Expr<Option<i32>, Self::Uses>
    where
        SqlOf<Self>: JsonSql,
    {
        cast_text(self)
    }

    /// `CAST(self AS bigint)`, of [its text](Self::as_text). The server refuses what is no such number.
    fn as_i64(self) -> Expr<Option<i64>, Self::Uses>
    where
        SqlOf<Self>: JsonSql,
    {
        cast_text(self)
    }

    /// `CAST(self AS double precision)`, of [its text](Self::as_text). The server refuses what is no number.
    fn as_f64(self) -> Expr<Option<f64>, Self::Uses>
    where
        SqlOf<Self>: JsonSql,
    {
        cast_text(self)
    }

    /// `CAST(self AS boolean)`, of [its text](Self::as_text). The server refuses what is none.
    fn as_bool(self) -> Expr<Option<bool>, Self::Uses>
    where
        SqlOf<Self>: JsonSql,
    {
        cast_text(self)
    }

    /// `self ? key`: it is an object with the key, or an array with that text.
    #[doc(alias = "?")]
    fn has_key<K: IntoExpr<sql::Text>>(self, key: K) -> Expr<FollowsBoth<Self, K::Null, bool>, K::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        binary(BinaryOp::HasKey, self, key)
    }

    /// `self ?| keys`: it has one of the keys.
    #[doc(alias = "?|")]
    fn has_any_key<K: IntoExpr<sql::Array<sql::Text>>>(
        self,
        keys: K,
    ) -> Expr<FollowsBoth<Self, K::Null, bool>, K::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        binary(BinaryOp::HasAnyKey, self, keys)
    }

    /// `self ?& keys`: it has all of the keys.
    #[doc(alias = "?&")]
    fn has_all_keys<K: IntoExpr<sql::Array<sql::Text>>>(
        self,
        keys: K,
    ) -> Expr<FollowsBoth<Self, K::Null, bool>, K::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        binary(BinaryOp::HasAllKeys, self, keys)
    }

    /// `self @? path`: the SQL/JSON path finds something. The server refuses a text that is no path.
    #[doc(alias = "@?")]
    fn path_exists<P: IntoExpr<sql::Text>>(self, path: P) -> Expr<Option<bool>, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::JsonPathExists, self.into_node(), jsonpath(path)))
    }

    /// `self @@ path`: the predicate of the SQL/JSON path holds; NULL if the path is no predicate.
    #[doc(alias = "@@")]
    fn path_matches<P: IntoExpr<sql::Text>>(self, path: P) -> Expr<Option<bool>, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::Matches, self.into_node(), jsonpath(path)))
    }

    /// `jsonb_path_query_first(self, path)`: the first that the SQL/JSON path finds.
    fn path_query_first<P: IntoExpr<sql::Text>>(self, path: P) -> Expr<Option<JsonValue>, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        call("jsonb_path_query_first", vec![self.into_node(), jsonpath(path)])
    }

    /// `jsonb_path_query_array(self, path)`: all that the SQL/JSON path finds, as a JSON array.
    fn path_query_array<P: IntoExpr<sql::Text>>(
        self,
        path: P,
    ) -> Expr<FollowsBoth<Self, P::Null, JsonValue>, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        call("jsonb_path_query_array", vec![self.into_node(), jsonpath(path)])
    }

    /// `jsonb_path_query(self, path)`: in a selection, a row for each that the SQL/JSON path finds.
    fn path_query<P: IntoExpr<sql::Text>>(self, path: P) -> Expr<JsonValue, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        call("jsonb_path_query", vec![self.into_node(), jsonpath(path)])
    }

    /// `jsonb_set(self, path, value)`: with another value at the end of the path, which is added if it is not there.
    ///
    /// Like all that changes JSON, it has the type of what it changes, so that it can be assigned to its column. Whether a
    /// [`Json<T>`](crate::types::Json) is still a `T`, is seen when it is read.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use serde_json::json;
    /// # #[derive(Model, Debug, Clone)]
    /// # #[model(table = "event")]
    /// # struct Event { #[model(primary_key)] id: Auto<i32>, data: serde_json::Value }
    /// let seen = Event::data.set(Event::data.set_path(["seen"], json!(true)));
    /// ```
    #[doc(alias = "jsonb_set")]
    fn set_path<P, V>(
        self,
        path: P,
        value: V,
    ) -> Expr<FollowsBoth<Self, <P::Null as Nullability>::Or<V::Null>, Self::Type>, V::Uses<P::Uses<Self::Uses>>>
    where
        SqlOf<Self>: JsonSql,
        P: IntoExpr<sql::Array<sql::Text>>,
        V: IntoExpr<sql::Jsonb>,
    {
        call("jsonb_set", vec![self.into_node(), path.into_node(), value.into_node()])
    }

    /// `self || other`: two objects with the keys of both, of which those of the other count, or two arrays one after another.
    #[doc(alias = "||")]
    fn merge<E: IntoExpr<sql::Jsonb>>(
        self,
        other: E,
    ) -> Expr<FollowsBoth<Self, E::Null, Self::Type>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        binary(BinaryOp::Concat, self, other)
    }

    /// `self - key`: without a key, or without a place of an array.
    fn without<K: JsonKey>(self, key: K) -> Expr<Self::Type, K::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::Sub, self.into_node(), key.into_node()))
    }

    /// `self #- path`: without what is at the end of a path.
    #[doc(alias = "#-")]
    fn without_path<P: IntoExpr<sql::Array<sql::Text>>>(
        self,
        path: P,
    ) -> Expr<FollowsBoth<Self, P::Null, Self::Type>, P::Uses<Self::Uses>>
    where
        SqlOf<Self>: JsonSql,
    {
        Expr::new(part(BinaryOp::JsonDelete, self.into_node(), path.into_node()))
    }

    /// `jsonb_typeof(self)`: `object`, `array`, `string`, `number`, `boolean` or `null`.
    fn json_type(self) -> Expr<Follows<Self, String>, Self::Uses>
    where
        SqlOf<Self>: JsonSql,
    {
        unary("jsonb_typeof", self)
    }

    /// `jsonb_array_length(self)`. The server refuses what is no array.
    fn json_array_length(self) -> Expr<Follows<Self, i32>, Self::Uses>
    where
        SqlOf<Self>: JsonSql,
    {
        unary("jsonb_array_length", self)
    }

    /// `to_jsonb(self)`: a value of any SQL type as JSON.
    fn to_jsonb(self) -> Expr<Follows<Self, JsonValue>, Self::Uses> {
        unary("to_jsonb", self)
    }
}

impl<E: Expression> JsonExpression for E {}

/// Not by `Node::binary`: which operator it is, the server tells by the type of the right side.
fn part(op: BinaryOp, lhs: Node, rhs: Node) -> Node {
    Node::Binary { op, operands: Box::new([lhs, rhs]) }
}

fn text_of(node: Node) -> Node {
    match node {
        Node::Binary { op: BinaryOp::JsonGet, operands } => Node::Binary { op: BinaryOp::JsonGetText, operands },
        Node::Binary { op: BinaryOp::JsonPath, operands } => Node::Binary { op: BinaryOp::JsonPathText, operands },
        other => part(BinaryOp::JsonPathText, other, Node::Param(Value::of(&Vec::<String>::new()))),
    }
}

fn cast_text<E: Expression, T: Field>(operand: E) -> Expr<Option<T>, E::Uses> {
    Expr::new(cast(text_of(operand.into_node()), T::TYPE))
}

/// A path is sent as text: its binary format is none that a text has.
fn jsonpath<P: IntoExpr<sql::Text>>(path: P) -> Node {
    cast(path.into_node(), &JSONPATH)
}

/// What may stand in a JSON object or array: an expression of any SQL type, or a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put into JSON",
    label = "neither an expression nor a value",
    note = "columns, expressions, text, numbers, booleans and `serde_json::Value` can"
)]
pub trait JsonItem {
    /// The tables that it reads.
    type Uses;

    /// The argument.
    fn into_node(self) -> Node;
}

#[diagnostic::do_not_recommend]
impl<E: Expression> JsonItem for E {
    type Uses = E::Uses;

    fn into_node(self) -> Node {
        Expression::into_node(self)
    }
}

macro_rules! items {
    ($($ty:ty),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl JsonItem for $ty {
            type Uses = ();

            fn into_node(self) -> Node {
                Node::Param(Value::of(&self))
            }
        }
    )* };
}
items!(bool, i16, i32, i64, f32, f64, String, JsonValue);

#[diagnostic::do_not_recommend]
impl JsonItem for &str {
    type Uses = ();

    fn into_node(self) -> Node {
        Node::Param(Value::text(self))
    }
}

macro_rules! builder {
    ($(#[$doc:meta])* $name:ident, $function:literal) => {
        $(#[$doc])*
        #[must_use = "an expression does nothing until it is used in a query"]
        pub struct $name<U> {
            args: Vec<Node>,
            types: PhantomData<fn() -> U>,
        }

        impl<U> Clone for $name<U> {
            fn clone(&self) -> Self {
                Self { args: self.args.clone(), types: PhantomData }
            }
        }

        impl<U> fmt::Debug for $name<U> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.args).finish()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<U> Expression for $name<U> {
            type Type = JsonValue;
            type Uses = U;

            fn into_node(self) -> Node {
                Node::Function { name: $function, args: self.args }
            }
        }

        #[diagnostic::do_not_recommend]
        impl<U> IntoExpr<sql::Jsonb> for $name<U> {
            type Uses<S> = (S, U);
            type Null = crate::types::NotNull;

            fn into_node(self) -> Node {
                Expression::into_node(self)
            }
        }
    };
}
builder! {
    /// A JSON object that is being built, and an expression of it: see [`jsonb_build_object`].
    JsonObject, "jsonb_build_object"
}
builder! {
    /// A JSON array that is being built, and an expression of it: see [`jsonb_build_array`].
    JsonArray, "jsonb_build_array"
}

/// `jsonb_build_object(…)`: a JSON object, whose keys are added one by one.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "event")]
/// # struct Event { #[model(primary_key)] id: Auto<i32>, name: String }
/// let query = query::<Event>().select(jsonb_build_object().key("id", Event::id).key("name", Event::name));
/// assert_eq!(query.to_sql(), r#"SELECT jsonb_build_object($1, "event"."id", $2, "event"."name") FROM "event""#);
/// ```
pub fn jsonb_build_object() -> JsonObject<()> {
    JsonObject { args: Vec::new(), types: PhantomData }
}

impl<U> JsonObject<U> {
    /// Adds a key. NULL becomes JSON's `null`.
    pub fn key<V: JsonItem>(mut self, key: &str, value: V) -> JsonObject<(U, V::Uses)> {
        self.args.push(Node::Param(Value::text(key)));
        self.args.push(value.into_node());
        JsonObject { args: self.args, types: PhantomData }
    }
}

/// `jsonb_build_array(…)`: a JSON array, whose items may be of different types.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "event")]
/// # struct Event { #[model(primary_key)] id: Auto<i32>, name: String }
/// let query = query::<Event>().select(jsonb_build_array().item(Event::id).item("event"));
/// assert_eq!(query.to_sql(), r#"SELECT jsonb_build_array("event"."id", $1) FROM "event""#);
/// ```
pub fn jsonb_build_array() -> JsonArray<()> {
    JsonArray { args: Vec::new(), types: PhantomData }
}

impl<U> JsonArray<U> {
    /// Adds an item. NULL becomes JSON's `null`.
    pub fn item<V: JsonItem>(mut self, value: V) -> JsonArray<(U, V::Uses)> {
        self.args.push(value.into_node());
        JsonArray { args: self.args, types: PhantomData }
    }
}
