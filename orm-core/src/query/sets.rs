//! Queries whose rows are combined: `UNION`, `INTERSECT`, `EXCEPT`.

use std::sync::Arc;

use super::executor::Unbound;
use super::joins::Rooted;
use super::rows::Rows;
use super::select::Query;
use crate::schema::Source;
use crate::sql::scope::{Append, InScope, OnlyOuters, Outers};
use crate::sql::{
    AliasTag, Aliased, Body, BodyKind, FromItem, Node, OrderTerm, Projection, Select, Selected, SetOp, Tabular,
};
use crate::types::TypeDef;

/// The tag of the rows of queries that are combined.
#[derive(Debug)]
pub struct Combined;

impl AliasTag for Combined {
    const NAME: &'static str = "rows";
}

/// The rows of two queries as an item of a FROM clause.
fn both(
    op: SetOp,
    all: bool,
    lhs: Select,
    rhs: Select,
    source: crate::schema::SourceRef,
    columns: &'static [&'static str],
) -> FromItem {
    let (lhs, rhs) = (Box::new(BodyKind::operand(lhs)), Box::new(BodyKind::operand(rhs)));
    let body = Arc::new(Body(BodyKind::Set { op, all, lhs, rhs }));
    FromItem::Rows { source, columns, body, lateral: false }
}

macro_rules! combining {
    ($($(#[$doc:meta])* $name:ident $op:ident $all:literal;)*) => { $(
        $(#[$doc])*
        pub fn $name<S2, I>(self, other: Query<Unbound, M, S2>) -> Query<X, M, (M, <S as OnlyOuters>::Out), L0>
        where
            M: Rooted,
            S: OnlyOuters,
            S2: Outers,
            S2::Outers: InScope<(M, <S as OnlyOuters>::Out), I>,
        {
            self.combined(SetOp::$op, $all, other.into_select())
        }
    )* };
}

impl<X, M, S, L0> Query<X, M, S, L0> {
    combining! {
        /// The rows of both queries, without those that are there already. Of models it is a query of models again: what is
        /// said of it afterwards, conditions, order, limit, joins, is said of the rows of both.
        ///
        /// ```
        /// # use orm_core::prelude::*;
        /// # #[derive(Model, Debug, Clone)]
        /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
        /// let new = query::<Course>().order_by(Course::id.desc()).limit(3);
        /// let query = query::<Course>().filter(Course::name.like("P%")).union(new).order_by(Course::name.asc());
        /// assert_eq!(
        ///     query.to_sql(),
        ///     concat!(
        ///         r#"SELECT "course"."id", "course"."name" FROM ("#,
        ///         r#"(SELECT "course"."id", "course"."name" FROM "course" WHERE "course"."name" LIKE $1) UNION "#,
        ///         r#"(SELECT "course"."id", "course"."name" FROM "course" ORDER BY "course"."id" DESC LIMIT 3)"#,
        ///         r#") AS "course" ORDER BY "course"."name""#,
        ///     ),
        /// );
        /// ```
        union Union false;
        /// Like [`union`](Self::union), with all rows: what both have comes twice, in a session once.
        union_all Union true;
        /// Like [`union`](Self::union), but the rows that both queries have.
        intersect Intersect false;
        /// Like [`intersect`](Self::intersect), as many times as both have them.
        intersect_all Intersect true;
        /// Like [`union`](Self::union), but the rows that the other query has not.
        except Except false;
        /// Like [`except`](Self::except); each of the other's rows takes one away.
        except_all Except true;
    }

    fn combined<T>(self, op: SetOp, all: bool, other: Select) -> Query<X, M, T, L0>
    where
        M: Rooted,
    {
        let (on, mut select, loads) = self.into_parts();
        let source = M::source();
        let eager = std::mem::take(&mut select.eager);
        let item = both(op, all, *select, other.without_eager(), source, &[]);
        let mut whole = Box::new(Select::of(source, Projection::Model(source), item));
        whole.eager = eager;
        Query::from_parts(on, whole, loads)
    }
}

macro_rules! combining_rows {
    ($($(#[$doc:meta])* $name:ident $op:ident $all:literal;)*) => { $(
        $(#[$doc])*
        pub fn $name<O2>(self, other: Rows<Unbound, R, O2>) -> Rows<X, R, <O as Append<O2>>::Out>
        where
            O: Append<O2>,
        {
            let (on, select, read) = self.into_parts();
            let types = types_of(&select);
            let item = both(SetOp::$op, $all, *select, *other.into_parts().1, source::<R>(), R::NAMES);
            Rows::new(on, Box::new(whole::<R>(item, &types)), read)
        }
    )* };
}

impl<X, R: Tabular, O> Rows<X, R, O> {
    combining_rows! {
        /// The rows of both queries, which are of one type, without those that are there already. What is said of it
        /// afterwards is said of the rows of both.
        ///
        /// ```
        /// # use orm_core::prelude::*;
        /// # #[derive(Model, Debug, Clone)] struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
        /// # #[derive(Model, Debug, Clone)] struct Person { #[model(primary_key)] id: Auto<i32>, name: String }
        /// let names = query::<Course>().select(Course::name).union(query::<Person>().select(Person::name));
        /// let sorted = names.order_by_output(|c| c.0.asc()).limit(10);
        /// assert_eq!(
        ///     sorted.to_sql(),
        ///     concat!(
        ///         r#"SELECT "rows"."c0" FROM ((SELECT "course"."name" FROM "course") UNION "#,
        ///         r#"(SELECT "person"."name" FROM "person")) AS "rows" ("c0") ORDER BY "rows"."c0" LIMIT 10"#,
        ///     ),
        /// );
        /// ```
        union Union false;
        /// Like [`union`](Self::union), with all rows.
        union_all Union true;
        /// Like [`union`](Self::union), but the rows that both queries have.
        intersect Intersect false;
        /// Like [`intersect`](Self::intersect), as many times as both have them.
        intersect_all Intersect true;
        /// Like [`union`](Self::union), but the rows that the other query has not.
        except Except false;
        /// Like [`except`](Self::except); each of the other's rows takes one away.
        except_all Except true;
    }

    /// Orders the rows by what was selected: `c.0` is the first column. Of a query that is cut by `limit`, the rows that are
    /// left.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let query = query::<Course>().select((Course::name, Course::id)).distinct().order_by_output(|c| c.1.desc());
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "rows"."c0", "rows"."c1" FROM (SELECT DISTINCT "course"."name", "course"."id" FROM "course") "#,
    ///         r#"AS "rows" ("c0", "c1") ORDER BY "rows"."c1" DESC"#,
    ///     ),
    /// );
    /// ```
    pub fn order_by_output<T, I>(self, order: impl FnOnce(R::Cols<Aliased<Selected<R>, Combined>>) -> T) -> Self
    where
        T: OrderTerm,
        T::Uses: InScope<(Aliased<Selected<R>, Combined>, ()), I>,
    {
        let (on, select, read) = self.into_parts();
        let mut select = if is_whole::<R>(&select) { select } else { Box::new(outside::<R>(*select)) };
        select.order_by.push(order(R::cols()).into_order());
        Self::new(on, select, read)
    }
}

fn source<R: Tabular>() -> crate::schema::SourceRef {
    Aliased::<Selected<R>, Combined>::source()
}

fn types_of(select: &Select) -> Vec<&'static TypeDef> {
    let ty = |item: &Projection| match item {
        Projection::Expr { ty, .. } => Some(*ty),
        Projection::Model(_) | Projection::One => None,
    };
    select.projection.iter().filter_map(ty).collect()
}

/// All columns of an item.
fn whole<R: Tabular>(item: FromItem, types: &[&'static TypeDef]) -> Select {
    let mut select = Select::of(source::<R>(), Projection::One, item);
    let columns = R::columns_of(source::<R>()).into_iter().zip(types);
    select.projection = columns.map(|(node, ty): (Node, _)| Projection::Expr { node, ty }).collect();
    select
}

/// Whether a query gives the rows of an item as they are, and is not cut.
fn is_whole<R: Tabular>(select: &Select) -> bool {
    let is_cut = select.limit.is_some() || select.offset.is_some();
    matches!(&select.from, FromItem::Rows { source: from, .. } if *from == source::<R>()) && !is_cut
}

fn outside<R: Tabular>(select: Select) -> Select {
    let types = types_of(&select);
    let body = Arc::new(Body(BodyKind::select(select)));
    whole::<R>(FromItem::Rows { source: source::<R>(), columns: R::NAMES, body, lateral: false }, &types)
}
