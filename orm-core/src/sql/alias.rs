//! Aliases of models and subqueries: sources of their own, told from others by a tag type.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::derived::Shape;
use super::named::NamedColumn;
use super::select::{FromItem, Select};
use crate::schema::{Model, Relation, Source, SourceRef, TableDef};

/// The tag of an alias; written by [`aliased!`](crate::aliased) and [`subquery!`](crate::subquery).
pub trait AliasTag: 'static {
    /// The name that the alias would like to have in the statement.
    const NAME: &'static str;
}

/// The tag of a [`subquery()`](crate::Query::subquery) that was not given one.
#[derive(Debug)]
pub struct Anonymous;

impl AliasTag for Anonymous {
    const NAME: &'static str = "subquery";
}

/// The model `M`, or what else `M` says the rows are, under an alias.
pub struct Aliased<M, Tag>(PhantomData<fn() -> (M, Tag)>);

impl<M, Tag> fmt::Debug for Aliased<M, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aliased")
    }
}

impl<M: Shape, Tag: AliasTag> Source for Aliased<M, Tag> {
    // Not a name that a table can have: an alias never clashes with a model at compile time.
    const NAME: &'static str = "";

    fn source() -> SourceRef {
        SourceRef::Alias { tag: TypeId::of::<Tag>(), name: Tag::NAME, table: M::def() }
    }
}

pub(super) fn anonymous(table: &'static TableDef) -> SourceRef {
    SourceRef::Alias { tag: TypeId::of::<Anonymous>(), name: Anonymous::NAME, table }
}

/// An alias of a model, a subquery, or a common table expression: something to join whose columns are in [`c`](Self::c).
///
/// `M` says what its rows are: a model, or what was selected. `Outers` are the tables of the query around it that it reads.
pub struct Subquery<M: Shape, Tag = Anonymous, Outers = ()> {
    /// The columns, and of a model the relationships. Selected columns are numbered: `c.0`, `c.1`.
    pub c: M::Cols<Aliased<M, Tag>>,
    item: FromItem,
    outers: PhantomData<fn() -> Outers>,
}

impl<M: Model, Tag: AliasTag> Subquery<M, Tag> {
    /// An alias of the table itself; written by [`aliased!`](crate::aliased).
    #[must_use]
    pub fn alias() -> Self {
        Self::of(FromItem::Source(Aliased::<M, Tag>::source()))
    }
}

impl<M: Shape, Tag: AliasTag, O> Subquery<M, Tag, O> {
    pub(crate) fn of(item: FromItem) -> Self {
        Self { c: M::cols(), item, outers: PhantomData }
    }

    pub(crate) fn query(select: Select) -> Self {
        let source = Aliased::<M, Tag>::source();
        Self::of(FromItem::Subquery { source, select: Arc::new(select), lateral: false })
    }

    pub(crate) fn item(&self) -> FromItem {
        self.item.clone()
    }

    /// The same once more, for a query that needs it twice; written by [`aliased!`](crate::aliased).
    #[must_use]
    pub fn again<Other: AliasTag>(&self) -> Subquery<M, Other, O> {
        let mut item = self.item();
        item.rename(Aliased::<M, Other>::source());
        Subquery::of(item)
    }

    /// The alias as the outer table of a correlated subquery.
    #[must_use]
    pub fn table(&self) -> At<Aliased<M, Tag>> {
        At::HERE
    }
}

impl<M: Model, Tag: AliasTag, O> Subquery<M, Tag, O> {
    /// A relationship of the model that starts at this alias.
    #[must_use]
    pub fn rel<B, K>(&self, relation: Relation<M, B, K>) -> Relation<Aliased<M, Tag>, B, K> {
        relation.starting_at()
    }

    /// The whole model of the alias, for [`select`](crate::Query::select).
    #[must_use]
    pub fn all(&self) -> At<Aliased<M, Tag>> {
        At::HERE
    }
}

impl<M: Shape, Tag, O> fmt::Debug for Subquery<M, Tag, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.item {
            FromItem::Source(_) | FromItem::Link(_) => "alias",
            FromItem::Subquery { .. } | FromItem::Rows { .. } | FromItem::Raw { .. } => "subquery",
            FromItem::Cte { .. } | FromItem::Itself { .. } => "common table expression",
        };
        write!(f, "{what} of {}", M::def().model)
    }
}

/// Names a source where a value is needed: `Course::TABLE`, or [`Subquery::table`].
pub struct At<S>(PhantomData<fn() -> S>);

impl<S> At<S> {
    /// The value.
    pub const HERE: Self = Self(PhantomData);
}

/// Names a whole model where something is selected.
pub trait AllColumns: Source + Sized {
    /// The model with all its columns, as an item of a selection.
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
    /// let query = query::<Course>().join(Course::homeworks).select((Course::all(), Homework::id));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."id", "course"."name", "homework"."id" "#,
    ///         r#"FROM "course" JOIN "homework" ON "course"."id" = "homework"."course_id""#,
    ///     ),
    /// );
    /// ```
    ///
    /// A row has the model as a plain value; where an outer join may leave it out, as an `Option`.
    #[must_use]
    fn all() -> At<Self> {
        At::HERE
    }

    /// A column by the name of its field, to order by what a user chose. Only a column of the model is found: what the
    /// user wrote never becomes SQL.
    ///
    /// A column that is `sensitive` is not found: the order of rows would tell what is in it.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// let mut query = query::<Course>();
    /// let (chosen, descending) = ("name", true);
    /// if let Some(column) = Course::column(chosen) {
    ///     query = query.order_by(if descending { column.desc() } else { column.asc() });
    /// }
    /// assert!(query.to_sql().ends_with(r#"ORDER BY "course"."name" DESC"#));
    /// assert!(Course::column("name; DROP TABLE course").is_none());
    /// ```
    #[must_use]
    fn column(field: &str) -> Option<NamedColumn<Self>> {
        NamedColumn::find(field)
    }
}

impl<S: Source> AllColumns for S {}

impl<S> Clone for At<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for At<S> {}

impl<S> fmt::Debug for At<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("At")
    }
}

/// Declares an alias of a model, for a table that a query needs twice; or of a subquery or a common table expression, by
/// reference: `aliased!(let other = &late)`.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Person {
/// #     #[model(primary_key)] id: Auto<i32>,
/// #     name: String,
/// #     #[model(references = Person::id)] boss_id: Option<i32>,
/// #     #[model(belongs_to = boss_id)] boss: BelongsTo<Person>,
/// # }
/// aliased!(let boss = Person);
/// let query = query::<Person>().join_as(Person::boss, &boss).filter(boss.c.name.eq("Ann"));
/// assert!(query.to_sql().contains(r#"JOIN "person" AS "boss" ON "person"."boss_id" = "boss"."id""#));
/// ```
#[macro_export]
macro_rules! aliased {
    (let $name:ident = & $source:expr) => {
        let $name = match &$source {
            source => {
                $crate::__alias_tag!($name);
                source.again::<$name>()
            }
        };
    };
    (let $name:ident = $model:ty) => {
        // The tag has the alias's name, which is what the compiler calls it by; the model is named outside of its scope.
        let $name: $crate::sql::Subquery<$model, _> = {
            #[allow(non_camel_case_types)]
            enum $name {}
            impl $crate::sql::AliasTag for $name {
                const NAME: &'static str = ::core::stringify!($name);
            }
            $crate::sql::Subquery::<_, $name>::alias()
        };
    };
}

/// Makes a subquery that can be told from every other in the same query.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32 }
/// let late = subquery!(query::<Homework>().filter(Homework::number.gt(5)));
/// let early = subquery!(query::<Homework>().filter(Homework::number.lt(3)));
/// let _ = (late.c.number, early.c.number);
/// ```
///
/// With `let` it has its name in the statement too, and selected columns may be given names instead of numbers:
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, course_id: i32 }
/// subquery!(let late { course, number } = query::<Homework>().select((Homework::course_id, Homework::number)));
/// assert_eq!(
///     query_from(&late).filter(late.c.number.gt(5)).select(late.c.course).to_sql(),
///     concat!(
///         r#"SELECT "late"."course" FROM (SELECT "homework"."course_id", "homework"."number" FROM "homework") "#,
///         r#"AS "late" ("course", "number") WHERE "late"."number" > $1"#,
///     ),
/// );
/// ```
#[macro_export]
macro_rules! subquery {
    (let $name:ident = $query:expr) => {
        let $name = match $query {
            query => {
                $crate::__alias_tag!($name);
                query.subquery_as::<$name>()
            }
        };
    };
    (let $name:ident { $($column:ident),+ $(,)? } = $query:expr) => {
        let $name = match $query {
            query => {
                $crate::__alias_tag!($name);
                $crate::__column_names!($($column),+);
                $crate::sql::named::<__Names, _, $name, _>(query.subquery_as::<$name>())
            }
        };
    };
    ($query:expr) => {{
        struct Tag;
        impl $crate::sql::AliasTag for Tag {
            const NAME: &'static str = "subquery";
        }
        $query.subquery_as::<Tag>()
    }};
}

/// The tag of an alias. Not part of the public API.
#[doc(hidden)]
#[macro_export]
macro_rules! __alias_tag {
    ($name:ident) => {
        #[allow(non_camel_case_types)]
        enum $name {}
        impl $crate::sql::AliasTag for $name {
            const NAME: &'static str = ::core::stringify!($name);
        }
    };
}

/// Names for the columns of a subquery, as types. Not part of the public API.
#[doc(hidden)]
#[macro_export]
macro_rules! __column_names {
    ($column:ident) => {
        $crate::__column_names!(@ [$column] $column);
    };
    ($($column:ident),+) => {
        $crate::__column_names!(@ [($($column,)+)] $($column),+);
    };
    (@ [$row:ty] $($column:ident),+) => {
        #[allow(non_camel_case_types, dead_code)]
        struct __Columns<$($column),+> {
            $($column: $column),+
        }
        struct __Rows<R>(::core::marker::PhantomData<fn() -> R>);
        struct __Names;
        #[allow(non_camel_case_types)]
        impl<$($column: $crate::types::Field),+> $crate::sql::Shape for __Rows<($($column,)+)> {
            type Cols<S> = __Columns<$($crate::sql::Column<S, $column>),+>;

            fn cols<S>() -> Self::Cols<S> {
                __Columns {
                    $($column: $crate::sql::Column::new(const {
                        &$crate::schema::ColumnDef::of::<$column>(
                            ::core::stringify!($column),
                            ::core::stringify!($column),
                        )
                    })),+
                }
            }

            fn names() -> &'static [&'static str] {
                &[$(::core::stringify!($column)),+]
            }

            fn def() -> &'static $crate::schema::TableDef {
                $crate::sql::no_table()
            }
        }
        #[allow(non_camel_case_types)]
        #[diagnostic::do_not_recommend]
        impl<$($column: $crate::types::Field),+> $crate::sql::Naming<$row> for __Names {
            type Shape = __Rows<($($column,)+)>;
        }
    };
}

/// Declares a common table expression: a query with a name, defined in the `WITH` clause of the statement that uses it,
/// and usable there any number of times.
///
/// It is a value like a subquery: it has its columns in `.c`, and is joined, asked by
/// [`query_from`](crate::query_from), or read by conditions.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::cte;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32> }
/// # #[derive(Model, Debug, Clone)]
/// # struct Homework { #[model(primary_key)] id: Auto<i32>, number: i32, course_id: i32 }
/// cte!(let late = query::<Homework>().filter(Homework::number.gt(5)).select(Homework::course_id));
/// let query = query::<Course>().join_on(&late, late.c.0.eq(Course::id));
/// assert_eq!(
///     query.to_sql(),
///     concat!(
///         r#"WITH "late" ("c0") AS (SELECT "homework"."course_id" FROM "homework" WHERE "homework"."number" > $1) "#,
///         r#"SELECT "course"."id" FROM "course" JOIN "late" ON "late"."c0" = "course"."id""#,
///     ),
/// );
/// ```
///
/// Selected columns may be given names: `cte!(let late { course } = …)`, and then `late.c.course`.
///
/// Of a bulk update or delete it has the rows that were written, as they are then or were before. Objects of a session are
/// not brought in line with those, so a session refuses such a query.
#[macro_export]
macro_rules! cte {
    (let $name:ident = $query:expr) => {
        // The query is outside of the scope of the tag.
        let $name = match $query {
            query => {
                $crate::__alias_tag!($name);
                $crate::sql::cte::<$name, _>(query)
            }
        };
    };
    (let $name:ident { $($column:ident),+ $(,)? } = $query:expr) => {
        let $name = match $query {
            query => {
                $crate::__alias_tag!($name);
                $crate::__column_names!($($column),+);
                $crate::sql::named::<__Names, _, $name, _>($crate::sql::cte::<$name, _>(query))
            }
        };
    };
}

/// Declares a common table expression that refers to itself: a tree, a path, a series.
///
/// The second query is asked again and again of the rows that it gave the last time, until it gives no more. With
/// `union_all` all rows are kept; with `union` those that were there are left out, which ends a walk in a circle.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::recursive;
/// # #[derive(Model, Debug, Clone)]
/// # struct Person { #[model(primary_key)] id: Auto<i32>, boss_id: Option<i32> }
/// recursive!(
///     let staff = query::<Person>().filter(Person::id.eq(1));
///     union_all query::<Person>().join_on(&staff, Person::boss_id.eq(staff.c.id))
/// );
/// assert_eq!(
///     orm_core::query_from(&staff).to_sql(),
///     concat!(
///         r#"WITH RECURSIVE "staff" AS ("#,
///         r#"(SELECT "person"."id", "person"."boss_id" FROM "person" WHERE "person"."id" = $1) UNION ALL "#,
///         r#"(SELECT "person"."id", "person"."boss_id" FROM "person" "#,
///         r#"JOIN "staff" ON "person"."boss_id" = "staff"."id")) "#,
///         r#"SELECT "staff"."id", "staff"."boss_id" FROM "staff""#,
///     ),
/// );
/// ```
///
/// Selected columns may be given names: `recursive!(let staff { id, depth } = …)`, and then `staff.c.depth`.
#[macro_export]
macro_rules! recursive {
    (let $name:ident = $base:expr; union_all $step:expr) => {
        $crate::recursive!(@ $name [] $base, $step, true);
    };
    (let $name:ident = $base:expr; union $step:expr) => {
        $crate::recursive!(@ $name [] $base, $step, false);
    };
    (let $name:ident { $($column:ident),+ $(,)? } = $base:expr; union_all $step:expr) => {
        $crate::recursive!(@ $name [$($column),+] $base, $step, true);
    };
    (let $name:ident { $($column:ident),+ $(,)? } = $base:expr; union $step:expr) => {
        $crate::recursive!(@ $name [$($column),+] $base, $step, false);
    };
    (@ $name:ident [] $base:expr, $step:expr, $all:literal) => {
        let $name = match $base {
            base => {
                $crate::__alias_tag!($name);
                let $name: $crate::sql::Subquery<_, $name> = $crate::sql::itself(&base);
                $crate::sql::recursive::<$name, _, _>(base, $step, $all)
            }
        };
    };
    (@ $name:ident [$($column:ident),+] $base:expr, $step:expr, $all:literal) => {
        let $name = match $base {
            base => {
                $crate::__alias_tag!($name);
                $crate::__column_names!($($column),+);
                let $name = $crate::sql::named::<__Names, _, $name, _>($crate::sql::itself::<$name, _>(&base));
                $crate::sql::named::<__Names, _, $name, _>($crate::sql::recursive::<$name, _, _>(base, $step, $all))
            }
        };
    };
}
