//! Aliases of models and subqueries: sources of their own, told from others by a tag type.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

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

/// The model `M` under an alias.
pub struct Aliased<M, Tag>(PhantomData<fn() -> (M, Tag)>);

impl<M, Tag> fmt::Debug for Aliased<M, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aliased")
    }
}

impl<M: Model, Tag: AliasTag> Source for Aliased<M, Tag> {
    // Not a name that a table can have: an alias never clashes with a model at compile time.
    const NAME: &'static str = "";

    fn source() -> SourceRef {
        SourceRef::Alias { tag: TypeId::of::<Tag>(), name: Tag::NAME, table: M::table() }
    }
}

pub(super) fn anonymous(table: &'static TableDef) -> SourceRef {
    SourceRef::Alias { tag: TypeId::of::<Anonymous>(), name: Anonymous::NAME, table }
}

/// An alias of a model, or a subquery: something to join whose columns are in [`c`](Self::c).
pub struct Subquery<M: Model, Tag = Anonymous> {
    /// The columns and relationships.
    pub c: M::Columns<Aliased<M, Tag>>,
    select: Option<Arc<Select>>,
}

impl<M: Model, Tag: AliasTag> Subquery<M, Tag> {
    /// An alias of the table itself; written by [`aliased!`](crate::aliased).
    #[must_use]
    pub fn alias() -> Self {
        Self { c: M::columns(), select: None }
    }

    pub(crate) fn query(select: Select) -> Self {
        Self { c: M::columns(), select: Some(Arc::new(select)) }
    }

    pub(crate) fn item(&self) -> FromItem {
        let source = Aliased::<M, Tag>::source();
        match &self.select {
            Some(select) => FromItem::Subquery { source, select: Arc::clone(select), lateral: false },
            None => FromItem::Source(source),
        }
    }

    /// A relationship of the model that starts at this alias.
    #[must_use]
    pub fn rel<B, K>(&self, relation: Relation<M, B, K>) -> Relation<Aliased<M, Tag>, B, K> {
        relation.starting_at()
    }

    /// The alias as the outer table of a correlated subquery.
    #[must_use]
    pub fn table(&self) -> At<Aliased<M, Tag>> {
        At::HERE
    }

    /// The whole model of the alias, for [`select`](crate::Query::select).
    #[must_use]
    pub fn all(&self) -> At<Aliased<M, Tag>> {
        At::HERE
    }
}

impl<M: Model, Tag> fmt::Debug for Subquery<M, Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", if self.select.is_some() { "subquery" } else { "alias" }, M::table().model)
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

/// Declares an alias of a model, for a table that a query needs twice.
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
#[macro_export]
macro_rules! subquery {
    ($query:expr) => {{
        struct Tag;
        impl $crate::sql::AliasTag for Tag {
            const NAME: &'static str = "subquery";
        }
        $query.subquery_as::<Tag>()
    }};
}
