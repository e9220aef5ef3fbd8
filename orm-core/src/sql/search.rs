//! Full text search, and the likeness of texts by their trigrams.

use super::expr::{Comparison, Expr, Expression, IntoExpr, SqlOf, TextSql};
use super::node::{BinaryOp, Node};
use super::operators::{FollowsBoth, binary, call, cast};
use crate::types::{NotNull, Nullability, TsQuery, TsVector, TypeDef, Value, Weight, sql};

static REGCONFIG: TypeDef = TypeDef::named("regconfig");
static CHAR: TypeDef = TypeDef::named("\"char\"");

/// A SQL type that is `tsvector`.
#[diagnostic::on_unimplemented(
    message = "this needs a tsvector, and SQL type `{Self}` is none",
    label = "not a tsvector column",
    note = "a text becomes one by `to_tsvector`"
)]
pub trait TsVectorSql {}
#[diagnostic::do_not_recommend]
impl TsVectorSql for sql::TsVector {}

/// A SQL type that is `tsquery`.
#[diagnostic::on_unimplemented(
    message = "this needs a tsquery, and SQL type `{Self}` is none",
    label = "not a search",
    note = "a text becomes one by `websearch_to_tsquery`"
)]
pub trait TsQuerySql {}
#[diagnostic::do_not_recommend]
impl TsQuerySql for sql::TsQuery {}

crate::comparable!(TsVector, TsQuery);

type Ranked<E, Q> = Expr<
    FollowsBoth<E, <Q as IntoExpr<sql::TsQuery>>::Null, f32>,
    <Q as IntoExpr<sql::TsQuery>>::Uses<<E as Expression>::Uses>,
>;

/// A search that `$function` makes of a text and the name of a configuration.
type Search<C, T> = Expr<
    <<<C as IntoExpr<sql::Text>>::Null as Nullability>::Or<<T as IntoExpr<sql::Text>>::Null> as Nullability>::If<
        Option<TsQuery>,
        TsQuery,
    >,
    <T as IntoExpr<sql::Text>>::Uses<<C as IntoExpr<sql::Text>>::Uses<()>>,
>;

macro_rules! searches {
    ($($(#[$doc:meta])* $function:ident),* $(,)?) => { $(
        $(#[$doc])*
        pub fn $function<C: IntoExpr<sql::Text>, T: IntoExpr<sql::Text>>(config: C, text: T) -> Search<C, T> {
            call(stringify!($function), vec![regconfig(config), text.into_node()])
        }
    )* };
}
searches! {
    /// `websearch_to_tsquery(config, text)`: a search as people write them, with `"…"`, `or` and `-`. No text is an error.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # use orm_core::types::TsVector;
    /// # #[derive(Model, Debug, Clone)]
    /// # #[model(table = "article")]
    /// # struct Article { #[model(primary_key)] id: Auto<i32>, search: TsVector }
    /// let search = websearch_to_tsquery("english", "\"query language\" -java");
    /// let query = query::<Article>()
    ///     .filter(Article::search.matches_query(search.clone()))
    ///     .order_by(Article::search.ts_rank(search).desc())
    ///     .select(Article::id);
    /// assert!(query.to_sql().contains(
    ///     r#"WHERE "article"."search" @@ websearch_to_tsquery(CAST($1 AS regconfig), $2)"#,
    /// ));
    /// ```
    websearch_to_tsquery,
    /// `plainto_tsquery(config, text)`: all words of the text.
    plainto_tsquery,
    /// `phraseto_tsquery(config, text)`: the words of the text one after another.
    phraseto_tsquery,
    /// `to_tsquery(config, text)`: words joined by `&`, `|`, `!` and `<->`. The server refuses what is not in that form; what people
    /// write goes to [`websearch_to_tsquery`].
    to_tsquery,
}

/// A configuration is sent as text: its number is for the server to know.
fn regconfig<C: IntoExpr<sql::Text>>(config: C) -> Node {
    cast(config.into_node(), &REGCONFIG)
}

/// The methods of full text search, of texts, of [`TsVector`] and of searches.
///
/// The first argument of many is the name of a text search configuration, such as `"english"` or `"simple"`; the server refuses
/// one that it has not.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "article")]
/// # struct Article { #[model(primary_key)] id: Auto<i32>, body: String }
/// let search = || plainto_tsquery("english", "fat rats");
/// let query = query::<Article>()
///     .filter(Article::body.to_tsvector("english").matches_query(search()))
///     .select(Article::body.ts_headline("english", search()));
/// assert_eq!(
///     query.to_sql(),
///     r#"SELECT ts_headline(CAST($1 AS regconfig), "article"."body", plainto_tsquery(CAST($2 AS regconfig), $3)) FROM "article" WHERE to_tsvector(CAST($4 AS regconfig), "article"."body") @@ plainto_tsquery(CAST($5 AS regconfig), $6)"#,
/// );
/// ```
pub trait SearchExpression: Expression {
    /// `to_tsvector(config, self)`: the text, prepared to be searched.
    fn to_tsvector<C: IntoExpr<sql::Text>>(
        self,
        config: C,
    ) -> Expr<FollowsBoth<Self, C::Null, TsVector>, C::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        call("to_tsvector", vec![regconfig(config), self.into_node()])
    }

    /// `self @@ query`: the search finds it.
    #[doc(alias = "@@")]
    fn matches_query<Q: IntoExpr<sql::TsQuery>>(
        self,
        query: Q,
    ) -> Expr<Comparison<Self::Type, Q::Null>, Q::Uses<Self::Uses>>
    where
        SqlOf<Self>: TsVectorSql,
    {
        binary(BinaryOp::Matches, self, query)
    }

    /// `ts_rank(self, query)`: how well it fits, by how often the words are there.
    fn ts_rank<Q: IntoExpr<sql::TsQuery>>(self, query: Q) -> Ranked<Self, Q>
    where
        SqlOf<Self>: TsVectorSql,
    {
        call("ts_rank", vec![self.into_node(), query.into_node()])
    }

    /// `ts_rank_cd(self, query)`: how well it fits, by how near the words are to one another.
    fn ts_rank_cd<Q: IntoExpr<sql::TsQuery>>(self, query: Q) -> Ranked<Self, Q>
    where
        SqlOf<Self>: TsVectorSql,
    {
        call("ts_rank_cd", vec![self.into_node(), query.into_node()])
    }

    /// `setweight(self, weight)`: with this weight for all words.
    fn setweight(self, weight: Weight) -> Expr<Self::Type, Self::Uses>
    where
        SqlOf<Self>: TsVectorSql,
    {
        let letter = cast(Node::Param(Value::text(weight.letter())), &CHAR);
        call("setweight", vec![self.into_node(), letter])
    }

    /// `self || other`: two documents one after another.
    #[doc(alias = "||")]
    fn then_tsvector<E: IntoExpr<sql::TsVector>>(
        self,
        other: E,
    ) -> Expr<FollowsBoth<Self, E::Null, TsVector>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: TsVectorSql,
    {
        binary(BinaryOp::Concat, self, other)
    }

    /// `ts_headline(config, self, query)`: the parts of a text in which the words of a search are, marked by `<b>`.
    fn ts_headline<C: IntoExpr<sql::Text, Null = NotNull>, Q: IntoExpr<sql::TsQuery>>(
        self,
        config: C,
        query: Q,
    ) -> Expr<FollowsBoth<Self, Q::Null, String>, Q::Uses<C::Uses<Self::Uses>>>
    where
        SqlOf<Self>: TextSql,
    {
        call("ts_headline", vec![regconfig(config), self.into_node(), query.into_node()])
    }

    /// `ts_headline(config, self, query, options)`: like [`ts_headline`](Self::ts_headline), with options such as
    /// `"StartSel=«, StopSel=», MaxWords=10"`.
    fn ts_headline_with<C, Q, O>(
        self,
        config: C,
        query: Q,
        options: O,
    ) -> Expr<FollowsBoth<Self, Q::Null, String>, O::Uses<Q::Uses<C::Uses<Self::Uses>>>>
    where
        SqlOf<Self>: TextSql,
        C: IntoExpr<sql::Text, Null = NotNull>,
        Q: IntoExpr<sql::TsQuery>,
        O: IntoExpr<sql::Text, Null = NotNull>,
    {
        let args = vec![regconfig(config), self.into_node(), query.into_node(), options.into_node()];
        call("ts_headline", args)
    }

    /// `self && other`: both searches find it.
    #[doc(alias = "&&")]
    fn and_query<Q: IntoExpr<sql::TsQuery>>(
        self,
        other: Q,
    ) -> Expr<FollowsBoth<Self, Q::Null, TsQuery>, Q::Uses<Self::Uses>>
    where
        SqlOf<Self>: TsQuerySql,
    {
        binary(BinaryOp::Overlaps, self, other)
    }

    /// `self || other`: one of the searches finds it.
    #[doc(alias = "||")]
    fn or_query<Q: IntoExpr<sql::TsQuery>>(
        self,
        other: Q,
    ) -> Expr<FollowsBoth<Self, Q::Null, TsQuery>, Q::Uses<Self::Uses>>
    where
        SqlOf<Self>: TsQuerySql,
    {
        binary(BinaryOp::Concat, self, other)
    }
}

impl<E: Expression> SearchExpression for E {}

/// How alike two texts are by their trigrams, the groups of three letters in them. This needs PostgreSQL's extension `pg_trgm`:
/// without it the server says that there is no such function or operator.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # #[model(table = "town")]
/// # struct Town { #[model(primary_key)] id: Auto<i32>, name: String }
/// let query = query::<Town>()
///     .filter(Town::name.is_similar("Rgia"))
///     .order_by(Town::name.trigram_distance("Rgia").asc())
///     .select(Town::name.similarity("Rgia"));
/// assert_eq!(
///     query.to_sql(),
///     r#"SELECT similarity("town"."name", $1) FROM "town" WHERE "town"."name" % $2 ORDER BY "town"."name" <-> $3"#,
/// );
/// ```
#[allow(clippy::wrong_self_convention, reason = "expressions are values: a test takes its operand")]
pub trait TrigramExpression: Expression {
    /// `similarity(self, other)`: how alike they are, from 0 to 1.
    fn similarity<E: IntoExpr<sql::Text>>(self, other: E) -> Expr<FollowsBoth<Self, E::Null, f32>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        call("similarity", vec![self.into_node(), other.into_node()])
    }

    /// `word_similarity(self, other)`: how alike it is to the part of the other that is most like it, from 0 to 1.
    fn word_similarity<E: IntoExpr<sql::Text>>(
        self,
        other: E,
    ) -> Expr<FollowsBoth<Self, E::Null, f32>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        call("word_similarity", vec![self.into_node(), other.into_node()])
    }

    /// `self % other`: they are more alike than `pg_trgm.similarity_threshold` says.
    #[doc(alias = "%")]
    fn is_similar<E: IntoExpr<sql::Text>>(self, other: E) -> TextCompared<Self, E>
    where
        SqlOf<Self>: TextSql,
    {
        binary(BinaryOp::Mod, self, other)
    }

    /// `self <-> other`: 1 less their [similarity](Self::similarity).
    #[doc(alias = "<->")]
    fn trigram_distance<E: IntoExpr<sql::Text>>(
        self,
        other: E,
    ) -> Expr<FollowsBoth<Self, E::Null, f32>, E::Uses<Self::Uses>>
    where
        SqlOf<Self>: TextSql,
    {
        binary(BinaryOp::Distance, self, other)
    }
}

type TextCompared<L, R> = Expr<
    Comparison<<L as Expression>::Type, <R as IntoExpr<sql::Text>>::Null>,
    <R as IntoExpr<sql::Text>>::Uses<<L as Expression>::Uses>,
>;

impl<E: Expression> TrigramExpression for E {}
