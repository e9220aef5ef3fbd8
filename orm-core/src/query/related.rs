//! What can be asked of related objects beside whether there are some: all of them, none of them, how many, which one.

use std::sync::Arc;

use super::conditions::{in_keys, link_columns, named_column};
use super::edge::Choice;
use super::exists::{exists, far_end, related};
use super::nested::{OfEnd, Part};
use crate::schema::{Dump, Edge, Model, OneAtMost, Relation, Source, SourceRef, TableDef, positions};
use crate::sql::scope::Outer;
use crate::sql::{
    AliasTag, Aliased, BinaryOp, Body, BodyKind, Condition, Expr, Expression, FromItem, InScope, IsTest, LinkRef, Node,
    Projection, Select, Subquery,
};
use crate::types::{EncodeError, Field, IntoKey, Key, Value};

impl<A: Source, B: Model, K> Relation<A, B, K> {
    /// Whether each of the related objects fulfils the condition; true where there are none.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     number: i32,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// let query = query::<Course>().filter(Course::homeworks.all(Homework::number.gt(1)));
    /// assert!(query.to_sql().ends_with(concat!(
    ///     r#"WHERE NOT (EXISTS (SELECT 1 FROM "homework" WHERE "course"."id" = "homework"."course_id" "#,
    ///     r#"AND NOT (("homework"."number" > $1) IS TRUE)))"#,
    /// )));
    /// ```
    ///
    /// A condition that is NULL for an object is not fulfilled by it.
    pub fn all<E, I>(self, condition: E) -> Expr<bool, A>
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(B, (Outer<A>, ())), I>,
    {
        let to = B::source();
        negation(exists::<A>(self.edge(), A::source(), FromItem::Source(to), to, Some(missed(condition))))
    }

    /// Like [`all`](Self::all), with the related objects under an alias: for a relationship of a model to itself.
    pub fn all_as<Tag, E, I>(self, alias: &Subquery<B, Tag>, condition: E) -> Expr<bool, A>
    where
        Tag: AliasTag,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(Aliased<B, Tag>, (Outer<A>, ())), I>,
    {
        let to = Aliased::<B, Tag>::source();
        negation(exists::<A>(self.edge(), A::source(), alias.item(), to, Some(missed(condition))))
    }

    /// Whether none of the related objects fulfils the condition; true where there are none.
    pub fn none_of<E, I>(self, condition: E) -> Expr<bool, A>
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(B, (Outer<A>, ())), I>,
    {
        negation(self.any(condition))
    }

    /// Like [`none_of`](Self::none_of), with the related objects under an alias: for a relationship of a model to itself.
    pub fn none_of_as<Tag, E, I>(self, alias: &Subquery<B, Tag>, condition: E) -> Expr<bool, A>
    where
        Tag: AliasTag,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(Aliased<B, Tag>, (Outer<A>, ())), I>,
    {
        negation(self.any_as(alias, condition))
    }

    /// Whether the object that a to-one relationship leads to fulfils the condition; false where there is none.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id)] course: BelongsTo<Course>,
    /// # }
    /// let query = query::<Homework>().filter(Homework::course.has(Course::name.eq("Python")));
    /// assert!(query.to_sql().ends_with(concat!(
    ///     r#"WHERE EXISTS (SELECT 1 FROM "course" WHERE "homework"."course_id" = "course"."id" "#,
    ///     r#"AND "course"."name" = $1)"#,
    /// )));
    /// ```
    pub fn has<E, I>(self, condition: E) -> Expr<bool, A>
    where
        K: LeadsToOne,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(B, (Outer<A>, ())), I>,
    {
        self.any(condition)
    }

    /// Like [`has`](Self::has), with the related object under an alias: for a relationship of a model to itself.
    pub fn has_as<Tag, E, I>(self, alias: &Subquery<B, Tag>, condition: E) -> Expr<bool, A>
    where
        K: LeadsToOne,
        Tag: AliasTag,
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(Aliased<B, Tag>, (Outer<A>, ())), I>,
    {
        self.any_as(alias, condition)
    }

    /// How many related objects there are, as an expression: no join, no `GROUP BY`.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     number: i32,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// let late = Course::homeworks.filter(Homework::number.gt(5)).count();
    /// let query = query::<Course>().order_by(Course::homeworks.count().desc()).select((Course::name, late));
    /// assert_eq!(
    ///     query.to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."name", (SELECT count(*) FROM "homework" "#,
    ///         r#"WHERE "course"."id" = "homework"."course_id" AND "homework"."number" > $1) FROM "course" "#,
    ///         r#"ORDER BY (SELECT count(*) FROM "homework" WHERE "course"."id" = "homework"."course_id") DESC"#,
    ///     ),
    /// );
    /// ```
    pub fn count(self) -> Expr<i64, A> {
        let (item, to) = far_end::<A, B>(self.edge());
        count_of(related(self.edge(), A::source(), item, to, Projection::One))
    }

    /// The value of an aggregate over the related objects: `(SELECT max(…) FROM …)`. It reads the columns of the far end.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     note: Option<String>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// let noted = Course::homeworks.aggregate(Homework::note.count());
    /// assert_eq!(
    ///     query::<Course>().select((Course::id, noted)).to_sql(),
    ///     concat!(
    ///         r#"SELECT "course"."id", (SELECT count("homework"."note") FROM "homework" "#,
    ///         r#"WHERE "course"."id" = "homework"."course_id") FROM "course""#,
    ///     ),
    /// );
    /// ```
    ///
    /// What is no aggregate gives a row for each object, which the server refuses if there are several.
    pub fn aggregate<E, I>(self, expression: E) -> Expr<<E::Type as Field>::Nullable, A>
    where
        E: Expression,
        E::Uses: InScope<(B, (Outer<A>, ())), I>,
    {
        let to = B::source();
        let projection = Projection::Expr { ty: <E::Type as Field>::TYPE, node: expression.into_node() };
        Expr::new(Node::Scalar(Arc::new(related(self.edge(), A::source(), FromItem::Source(to), to, projection))))
    }

    /// Like [`aggregate`](Self::aggregate), with the related objects under an alias: for a relationship of a model to
    /// itself.
    pub fn aggregate_as<Tag, E, I>(
        self,
        alias: &Subquery<B, Tag>,
        expression: E,
    ) -> Expr<<E::Type as Field>::Nullable, A>
    where
        Tag: AliasTag,
        E: Expression,
        E::Uses: InScope<(Aliased<B, Tag>, (Outer<A>, ())), I>,
    {
        let to = Aliased::<B, Tag>::source();
        let projection = Projection::Expr { ty: <E::Type as Field>::TYPE, node: expression.into_node() };
        Expr::new(Node::Scalar(Arc::new(related(self.edge(), A::source(), alias.item(), to, projection))))
    }

    /// Whether a to-one relationship leads to this object: one that has been read, or its key.
    ///
    /// An object of a session is lent by its handle, `&session[python]`. One that is pending has no key yet, and is refused
    /// before anything is sent.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id)] course: BelongsTo<Course>,
    /// # }
    /// # async fn demo(session: &mut Session, python: Handle<Course>) -> orm_core::Result<()> {
    /// let by_key = query::<Homework>().filter(Homework::course.is(7));
    /// assert!(by_key.to_sql().ends_with(r#"WHERE "homework"."course_id" = $1"#));
    /// let homeworks = session.all(query::<Homework>().filter(Homework::course.is(&session[python]))).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn is<T: Referent<B, I>, I>(self, object: T) -> Expr<Option<bool>, A>
    where
        K: LeadsToOne,
    {
        self.contains(object)
    }

    /// Whether a to-one relationship leads to one of these objects; see [`is`](Self::is).
    pub fn is_in<T: Referent<B, I>, I>(self, objects: impl IntoIterator<Item = T>) -> Expr<Option<bool>, A>
    where
        K: LeadsToOne,
    {
        self.contains_any(objects)
    }

    /// Whether this object is among the related ones; see [`is`](Self::is).
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Tag { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(through("course_tag", course_id, tag_id))] tags: HasMany<Tag>,
    /// # }
    /// let query = query::<Course>().filter(Course::tags.contains(7));
    /// assert!(query.to_sql().ends_with(concat!(
    ///     r#"WHERE EXISTS (SELECT 1 FROM "course_tag" AS "course_tag" "#,
    ///     r#"WHERE "course_tag"."course_id" = "course"."id" AND "course_tag"."tag_id" = $1)"#,
    /// )));
    /// ```
    pub fn contains<T: Referent<B, I>, I>(self, object: T) -> Expr<Option<bool>, A> {
        Expr::new(leads_to(self.edge(), A::source(), vec![object.referred(self.edge())], false))
    }

    /// Whether one of these objects is among the related ones; see [`is`](Self::is).
    pub fn contains_any<T: Referent<B, I>, I>(self, objects: impl IntoIterator<Item = T>) -> Expr<Option<bool>, A> {
        let objects = objects.into_iter().map(|object| object.referred(self.edge())).collect();
        Expr::new(leads_to(self.edge(), A::source(), objects, true))
    }
}

impl<A: Source, B: Model, K, L> Part<Relation<A, B, K>, L> {
    /// How many objects are in the part, as an expression; see [`Relation::count`].
    pub fn count(self) -> Expr<i64, A> {
        let (relation, choice) = self.into_parts();
        count_of(chosen::<A, B>(relation.edge(), choice, Projection::One))
    }

    /// The value of an aggregate over the part; see [`Relation::aggregate`].
    pub fn aggregate<E, I>(self, expression: E) -> Expr<<E::Type as Field>::Nullable, A>
    where
        E: Expression,
        E::Uses: OfEnd<B, I>,
    {
        let (relation, choice) = self.into_parts();
        let projection = Projection::Expr { ty: <E::Type as Field>::TYPE, node: expression.into_node() };
        let is_cut = choice.limit.is_some();
        let select = if is_cut {
            let inside = chosen::<A, B>(relation.edge(), choice, Projection::Model(B::source()));
            let body = Arc::new(Body(BodyKind::select(inside)));
            let item = FromItem::Rows { source: B::source(), columns: &[], body, lateral: false };
            Select::of(B::source(), projection, item)
        } else {
            chosen::<A, B>(relation.edge(), choice, projection)
        };
        Expr::new(Node::Scalar(Arc::new(select)))
    }
}

/// The query for a part of the far ends of one start.
fn chosen<A: Source, B: Model>(edge: Edge, choice: Choice, projection: Projection) -> Select {
    let to = B::source();
    if to == A::source() {
        return of_itself::<A, B>(edge, choice, projection);
    }
    let mut select = related(edge, A::source(), FromItem::Source(to), to, projection);
    select.predicates.extend(choice.predicates);
    if choice.limit.is_some() {
        select.order_by = choice.order_by;
        select.limit = choice.limit;
    }
    select
}

/// Like [`chosen`], of a relationship of a model to itself: its far ends are chosen before their start is in sight.
fn of_itself<A: Source, B: Model>(edge: Edge, choice: Choice, projection: Projection) -> Select {
    let (_, to) = far_end::<A, B>(edge);
    let is_whole = matches!(projection, Projection::One);
    if choice.limit.is_some() || !is_whole {
        let reason = format!(
            "a limited part of `{}`, and aggregates over a part of it, cannot be told from its start: use `aggregate_as` with an alias",
            edge.name()
        );
        let body = Arc::new(Body(BodyKind::Refused(reason)));
        return Select::of(to, projection, FromItem::Rows { source: to, columns: &[], body, lateral: false });
    }
    let mut inside = Select::models(B::source());
    inside.predicates = choice.predicates;
    let item = FromItem::Subquery { source: to, select: Arc::new(inside), lateral: false };
    related(edge, A::source(), item, to, projection)
}

fn count_of<A>(select: Select) -> Expr<i64, A> {
    Expr::new(Node::Scalar(Arc::new(select.into_count())))
}

fn negation<A>(condition: Expr<bool, A>) -> Expr<bool, A> {
    Expr::new(Node::Not(Box::new(Expression::into_node(condition))))
}

/// That a condition does not hold, be it false or NULL.
fn missed<E: Expression>(condition: E) -> Node {
    Node::Not(Box::new(Node::Is { operand: Box::new(condition.into_node()), test: IsTest::True }))
}

/// A relationship that leads to one object at most: one of which the object itself can be asked.
#[diagnostic::on_unimplemented(
    message = "this relationship leads to many objects, and `has`, `is` and `is_in` are for one",
    label = "not a to-one relationship",
    note = "of many ask `any`, `all` and `none_of` for a condition, `contains` and `contains_any` for objects"
)]
pub trait LeadsToOne {}

#[diagnostic::do_not_recommend]
impl<K: OneAtMost> LeadsToOne for K {}

/// What tells an object at the end of a relationship: the object itself, or its primary key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell a `{B}`",
    label = "neither a reference to a `{B}` nor its primary key",
    note = "an object of a session is lent by its handle: `Homework::course.is(&session[python])`"
)]
pub trait Referent<B: Model, I> {
    /// What the columns of the start have to be.
    #[doc(hidden)]
    fn referred(self, edge: Edge) -> Referred;
}

/// Tells an object by itself.
#[derive(Debug)]
pub struct ByObject;

/// Tells an object by its primary key.
#[derive(Debug)]
pub struct ByKey;

/// The values that relate something to an object.
#[doc(hidden)]
#[derive(Debug)]
pub enum Referred {
    /// These, of the columns that the relationship leads to.
    Values(Vec<Value>),
    /// Those of the row with this primary key.
    OfKey(Vec<Value>),
    /// None: the object relates to nothing.
    Nothing,
}

#[diagnostic::do_not_recommend]
impl<B: Model> Referent<B, ByObject> for &B {
    fn referred(self, edge: Edge) -> Referred {
        let dump = Dump::of(self);
        let mut values = Vec::new();
        for column in positions(edge.to(), edge.columns().remote) {
            let def = &edge.to().columns[column];
            match dump.raw(column) {
                Some(raw) => values.push(Value::from_raw(def.ty, Some(raw))),
                None if def.auto => values.push(pending(edge.to(), column)),
                None => return Referred::Nothing,
            }
        }
        Referred::Values(values)
    }
}

#[diagnostic::do_not_recommend]
impl<B: Model, T: IntoKey<B::Key>> Referent<B, ByKey> for T {
    fn referred(self, edge: Edge) -> Referred {
        let Some(key) = self.into_key() else {
            let columns = positions(edge.to(), edge.to().key_names);
            return Referred::Values(columns.into_iter().map(|column| pending(edge.to(), column)).collect());
        };
        let values = key.into_values();
        if edge.columns().remote == edge.to().key_names { Referred::Values(values) } else { Referred::OfKey(values) }
    }
}

fn pending(table: &'static TableDef, column: usize) -> Value {
    let reason = format!("the `{}` is pending: the server has not made its key yet", table.model);
    Value::refused(table.columns[column].ty, EncodeError::new(reason))
}

/// Whether the start of a relationship is related to one of these objects.
fn leads_to(edge: Edge, from: SourceRef, objects: Vec<Referred>, several: bool) -> Node {
    let columns = edge.columns();
    let types: Vec<_> = positions(edge.to(), columns.remote).iter().map(|&i| &edge.to().columns[i]).collect();
    let near: Vec<Node> = match columns.link {
        None => columns.local.iter().map(|name| named_column(from, name)).collect(),
        Some(link) => {
            let link = LinkRef::of(link, 0);
            columns
                .link
                .iter()
                .flat_map(|of| of.remote)
                .map(|column| Node::LinkColumn { link: Box::new(link), column })
                .collect()
        }
    };
    let (mut values, mut keys) = (Vec::new(), Vec::new());
    for object in objects {
        match object {
            Referred::Values(of) => values.push(of),
            Referred::OfKey(key) => keys.push(key),
            Referred::Nothing => {}
        }
    }
    let mut ways: Vec<Node> = keys.into_iter().map(|key| of_row(edge, &near, key)).collect();
    match values.pop() {
        Some(single) if !several => ways.push(equal(&near, single)),
        Some(last) => {
            values.push(last);
            ways.push(in_keys(near, &types, &values));
        }
        None if several && ways.is_empty() => ways.push(in_keys(near, &types, &[])),
        None => {}
    }
    let way = if ways.len() == 1 { ways.swap_remove(0) } else { Node::Any(ways) };
    let Some(link) = columns.link else { return way };
    let link_ref = LinkRef::of(link, 0);
    let mut links = Select::of(from, Projection::One, FromItem::Link(link_ref));
    links.predicates = vec![link_columns(link_ref, link.local, from, columns.local), way];
    Node::Exists(Arc::new(links))
}

fn equal(near: &[Node], values: Vec<Value>) -> Node {
    let pairs = near.iter().zip(values);
    let equal = pairs.map(|(node, value)| Node::binary(BinaryOp::Eq, node.clone(), Node::Param(value)));
    equal.reduce(Node::and).unwrap_or_else(|| Node::All(Vec::new()))
}

/// That the columns of the start are those of the row with a primary key.
fn of_row(edge: Edge, near: &[Node], key: Vec<Value>) -> Node {
    let to = SourceRef::Table(edge.to());
    let mut row = Select::models(to);
    row.with_deleted = true;
    row.projection.clear();
    for column in positions(edge.to(), edge.columns().remote) {
        let def = &edge.to().columns[column];
        row.projection.push(Projection::Expr { node: Node::column(to, def), ty: def.ty });
    }
    let key_columns: Vec<Node> = edge.to().key_columns().map(|column| Node::column(to, column)).collect();
    row.predicates.push(equal(&key_columns, key));
    let operand = match near {
        [single] => single.clone(),
        several => Node::Tuple(several.to_vec()),
    };
    Node::InSelect { operand: Box::new(operand), select: Arc::new(row), negated: false }
}
