//! Groups of rows: GROUP BY and HAVING, DISTINCT ON, named windows, and a limit for each group.

use super::select::Query;
use crate::sql::{
    AllNullable, Condition, Distinct, Expression, GroupKeys, GroupSets, Grouping, InScope, Node, Per, Window,
};

fn keys_of<K: GroupKeys>(keys: K) -> Vec<Node> {
    let mut nodes = Vec::new();
    keys.into_keys(&mut nodes);
    nodes
}

impl<X, M, S, L0> Query<X, M, S, L0> {
    /// One row for each group of rows that are equal in these: columns, expressions, tuples of them, whole models. Several
    /// calls add up.
    ///
    /// A whole model groups by its primary key, by which the server knows its other columns, so that it can be selected as a
    /// whole; that of a subquery cannot.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// // `Vec<(Course, i64)>`
    /// let query = query::<Course>()
    ///     .left_join(Course::homeworks)
    ///     .group_by(Course::all())
    ///     .select((Course::all(), Homework::id.count()));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."id", "course"."name", count("homework"."id") "#,
    ///         r#"FROM "course" LEFT JOIN "homework" ON "course"."id" = "homework"."course_id" "#,
    ///         r#"GROUP BY "course"."id""#,
    ///     ),
    /// );
    /// ```
    ///
    /// An expression with values in it is the same expression where it is selected: equal values of it are one parameter.
    /// [`count`](Self::count) of such a query is the number of its groups. What is selected and not grouped by, is refused by
    /// the server.
    pub fn group_by<K, I>(self, keys: K) -> Self
    where
        K: GroupKeys,
        K::Uses: InScope<S, I>,
    {
        self.edit(|select| select.group_by.extend(keys_of(keys).into_iter().map(Grouping::By)))
    }

    /// Groups with subtotals: by all of these, by all but the last, and so on to one group of all rows
    /// (`GROUP BY ROLLUP (…)`).
    ///
    /// What a row is not grouped by is NULL in it, so from here on all columns read as `Option`;
    /// [`grouping`](crate::sql::grouping) tells such a NULL from one of the table. A tuple among the keys is one step.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, status: String, total: i32 }
    /// // `Vec<(Option<String>, Option<i64>)>`
    /// let query = query::<Order>().rollup(Order::status).select((Order::status, Order::total.sum()));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     r#"SELECT "order"."status", sum("order"."total") FROM "order" GROUP BY ROLLUP ("order"."status")"#,
    /// );
    /// ```
    pub fn rollup<K, I>(self, keys: K) -> Query<X, M, S::Out, L0>
    where
        K: GroupKeys,
        K::Uses: InScope<S, I>,
        S: AllNullable,
    {
        self.edit(|select| select.group_by.push(Grouping::Rollup(keys_of(keys)))).rescope()
    }

    /// Like [`rollup`](Self::rollup), but groups by every choice of these (`GROUP BY CUBE (…)`).
    pub fn cube<K, I>(self, keys: K) -> Query<X, M, S::Out, L0>
    where
        K: GroupKeys,
        K::Uses: InScope<S, I>,
        S: AllNullable,
    {
        self.edit(|select| select.group_by.push(Grouping::Cube(keys_of(keys)))).rescope()
    }

    /// Like [`rollup`](Self::rollup), but groups by each of these sets, a tuple of keys each; `()` is one group of all rows
    /// (`GROUP BY GROUPING SETS (…)`).
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, status: String, city: String }
    /// let query = query::<Order>()
    ///     .grouping_sets(((Order::status, Order::city), Order::status, ()))
    ///     .select((Order::status, Order::city, count()));
    /// assert!(query.to_sql().ends_with(
    ///     r#"GROUP BY GROUPING SETS (("order"."status", "order"."city"), ("order"."status"), ())"#,
    /// ));
    /// ```
    pub fn grouping_sets<K, I>(self, sets: K) -> Query<X, M, S::Out, L0>
    where
        K: GroupSets,
        K::Uses: InScope<S, I>,
        S: AllNullable,
    {
        let mut nodes = Vec::new();
        sets.into_sets(&mut nodes);
        self.edit(|select| select.group_by.push(Grouping::Sets(nodes))).rescope()
    }

    /// A condition of the groups (`HAVING`), which may read aggregates; those of several calls must all hold.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, status: String }
    /// let query = query::<Order>().group_by(Order::status).having(count().gt(1_i64)).select(Order::status);
    /// assert!(query.to_sql().ends_with(r#"GROUP BY "order"."status" HAVING count(*) > $1"#));
    /// ```
    pub fn having<E, I>(self, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<S, I>,
    {
        self.edit(|select| select.having.push(condition.into_node()))
    }

    /// Gives a window a name, for `.over("name")` of several functions (`WINDOW "name" AS (…)`). A name that the query does
    /// not have is refused before it is sent.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i32 }
    /// let query = query::<Order>()
    ///     .window("by_total", window().order_by(Order::total.desc()))
    ///     .select((row_number().over("by_total"), rank().over("by_total")));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT row_number() OVER "by_total", rank() OVER "by_total" FROM "order" "#,
    ///         r#"WINDOW "by_total" AS (ORDER BY "order"."total" DESC)"#,
    ///     ),
    /// );
    /// ```
    pub fn window<U, I>(self, name: &'static str, window: Window<U>) -> Self
    where
        U: InScope<S, I>,
    {
        self.edit(|select| select.windows.push((name, window.into_def())))
    }

    /// Only the first of the rows that are equal in these (`SELECT DISTINCT ON (…)`).
    ///
    /// Which one is the first, the order says: it must begin with the same expressions, in any sequence, and go on with what
    /// decides among equals. Without an order it is any of them; with another one the server refuses the query.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, customer_id: i32, total: i32 }
    /// // The largest order of each customer.
    /// let query = query::<Order>()
    ///     .distinct_on(Order::customer_id)
    ///     .order_by(Order::customer_id.asc())
    ///     .order_by(Order::total.desc());
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT DISTINCT ON ("order"."customer_id") "order"."id", "order"."customer_id", "order"."total" "#,
    ///         r#"FROM "order" ORDER BY "order"."customer_id", "order"."total" DESC"#,
    ///     ),
    /// );
    /// ```
    pub fn distinct_on<K, I>(self, keys: K) -> Self
    where
        K: GroupKeys,
        K::Uses: InScope<S, I>,
    {
        self.edit(|select| {
            let mut nodes = match std::mem::take(&mut select.distinct) {
                Distinct::On(nodes) => nodes,
                Distinct::No | Distinct::Rows => Vec::new(),
            };
            keys.into_keys(&mut nodes);
            select.distinct = Distinct::On(nodes);
        })
    }

    /// At most that many rows of each group of rows that are equal in these, the first ones in the query's order: they are
    /// numbered by a window inside, and chosen outside. The groups come one after the other's first rows.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, customer_id: i32 }
    /// let latest = query::<Order>().order_by(Order::id.desc()).limit_per(2, Order::customer_id);
    /// assert_eq!(
    ///     latest.to_sql(),
    ///     concat!(
    ///         r#"SELECT "part"."id", "part"."customer_id" FROM (SELECT "order"."id", "order"."customer_id", "#,
    ///         r#"row_number() OVER (PARTITION BY "order"."customer_id" ORDER BY "order"."id" DESC) FROM "order") "#,
    ///         r#"AS "part" ("id", "customer_id", "number") WHERE "part"."number" <= 2 ORDER BY "part"."number""#,
    ///     ),
    /// );
    /// ```
    pub fn limit_per<K, I>(self, rows: u64, keys: K) -> Self
    where
        K: GroupKeys,
        K::Uses: InScope<S, I>,
    {
        self.edit(|select| select.per = Some(Per { group: keys_of(keys), limit: rows }))
    }
}
