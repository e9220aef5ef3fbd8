//! Relationships as data ([`RelationDef`]) and as typed values ([`Relation`], what `Course::homeworks` is).

use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::table::{TableDef, positions};
use crate::types::{MaybeNull, NotNull};

/// A relationship between two models: which columns of one point to which of the other.
///
/// One static a relationship, made by the derive. A one-to-many side holds no columns of its own: it refers to the
/// `belongs_to` that it is the other side of.
#[derive(Debug)]
pub struct RelationDef {
    /// The name: that of the field, or of the `backref`.
    pub name: &'static str,
    /// The model that it starts at.
    pub from: fn() -> &'static TableDef,
    /// The model that it leads to.
    pub to: fn() -> &'static TableDef,
    /// Which columns relate the two.
    pub kind: RelationKind,
    /// Its position among the relationship fields of the model, if it is a field.
    pub field: Option<usize>,
    /// The order in which a collection is loaded.
    pub order_by: &'static [OrderDef],
    /// What becomes of a child that is taken out of the collection.
    pub orphans: Orphans,
    /// What becomes of the children when the parent is deleted.
    pub on_parent_delete: OnParentDelete,
    /// Where the columns of a `belongs_to`, and those that they point to, are in their tables, once that was asked for.
    positions: OnceLock<(Box<[usize]>, Box<[usize]>)>,
}

/// Which columns relate two models.
#[derive(Debug, Clone, Copy)]
pub enum RelationKind {
    /// The foreign key is here, in these columns.
    BelongsTo {
        /// The key's columns.
        columns: &'static [&'static str],
    },
    /// The foreign key is there; many rows may hold the same.
    HasMany {
        /// The relationship that it is the other side of.
        inverse: &'static Inverse,
    },
    /// The foreign key is there; one row at most holds it.
    HasOne {
        /// The relationship that it is the other side of.
        inverse: &'static Inverse,
    },
    /// Both are pointed to from a table between them.
    ManyToMany {
        /// That table.
        link: LinkTable,
    },
}

/// The table between the two ends of a many-to-many relationship.
#[derive(Debug, Clone, Copy)]
pub enum LinkTable {
    /// A table of the two keys and nothing else, which has no model.
    Bare {
        /// The table's name.
        table: &'static str,
        /// The columns that point to the relationship's start.
        local: &'static [&'static str],
        /// The columns that point to its end.
        remote: &'static [&'static str],
    },
    /// A model with a `belongs_to` for each end.
    Model {
        /// The one that points to the relationship's start.
        local: &'static Inverse,
        /// The one that points to its end.
        remote: &'static Inverse,
    },
}

/// The `belongs_to` that another relationship refers to.
///
/// It is looked up by a function: two statics that referred to each other's values would be a cycle for the compiler.
#[derive(Debug, Clone, Copy)]
pub struct Inverse(fn() -> &'static RelationDef);

impl std::ops::Deref for Inverse {
    type Target = RelationDef;

    fn deref(&self) -> &RelationDef {
        (self.0)()
    }
}

/// One column of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderDef {
    /// The column's name.
    pub column: &'static str,
    /// Whether the order is descending.
    pub descending: bool,
}

/// What becomes of a child that is taken out of its parent's collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orphans {
    /// Its foreign key becomes NULL.
    #[default]
    Nullify,
    /// Its row is deleted.
    Delete,
}

/// What becomes of the children when their parent is deleted through the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnParentDelete {
    /// What the foreign key's `ON DELETE` says; without one, a nullable key becomes NULL, another refuses the deletion.
    #[default]
    ForeignKey,
    /// Their rows are deleted first; marked as deleted, where their model says so and the parent is only marked, too. If
    /// they are of the parent's own model, all that are below go with it.
    Delete,
    /// Their foreign key becomes NULL.
    Nullify,
    /// The deletion is refused while there are children.
    Restrict,
}

impl RelationDef {
    /// A relationship between the models of `from` and `to`.
    #[must_use]
    pub const fn new(
        name: &'static str,
        from: fn() -> &'static TableDef,
        to: fn() -> &'static TableDef,
        kind: RelationKind,
    ) -> Self {
        Self {
            name,
            from,
            to,
            kind,
            field: None,
            order_by: &[],
            orphans: Orphans::Nullify,
            on_parent_delete: OnParentDelete::ForeignKey,
            positions: OnceLock::new(),
        }
    }

    /// The position among the model's relationship fields.
    #[must_use]
    pub const fn field(mut self, index: usize) -> Self {
        self.field = Some(index);
        self
    }

    /// The order in which the collection is loaded.
    #[must_use]
    pub const fn order_by(mut self, order: &'static [OrderDef]) -> Self {
        self.order_by = order;
        self
    }

    /// What becomes of a child that is taken out of the collection.
    #[must_use]
    pub const fn orphans(mut self, rule: Orphans) -> Self {
        self.orphans = rule;
        self
    }

    /// What becomes of the children when the parent is deleted.
    #[must_use]
    pub const fn on_parent_delete(mut self, rule: OnParentDelete) -> Self {
        self.on_parent_delete = rule;
        self
    }

    /// The name as a user writes it: `Course::homeworks`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}::{}", (self.from)().model, self.name)
    }

    /// The columns of a `belongs_to` and those that they point to.
    pub(crate) fn key_pairs(&self) -> (&'static [&'static str], &'static [&'static str]) {
        match self.kind {
            RelationKind::BelongsTo { columns } => {
                let target = (self.from)().foreign_key_over(columns).map_or(&[][..], |key| key.target_columns);
                (columns, target)
            }
            RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse } => {
                let (columns, target) = inverse.key_pairs();
                (target, columns)
            }
            RelationKind::ManyToMany { .. } => (&[], &[]),
        }
    }

    /// Like [`key_pairs`](Self::key_pairs), as positions in the two tables.
    pub(crate) fn key_positions(&self) -> (&[usize], &[usize]) {
        match self.kind {
            RelationKind::BelongsTo { .. } => {
                let (columns, targets) = self.positions.get_or_init(|| {
                    let (columns, targets) = self.key_pairs();
                    (positions((self.from)(), columns).into(), positions((self.to)(), targets).into())
                });
                (columns, targets)
            }
            RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse } => {
                let (columns, targets) = inverse.key_positions();
                (targets, columns)
            }
            RelationKind::ManyToMany { .. } => (&[], &[]),
        }
    }
}

/// How many objects a relationship leads to, and what the loaded ones are held in.
pub trait Kind: 'static {
    /// What holds the loaded objects of type `B`.
    type Of<B: Clone + Send>: Clone + Send;
    /// Whether there may be more than one.
    const MANY: bool;
    /// Whether there may be none at the end of a to-one relationship.
    const OPTIONAL: bool;
    /// What a part of it is, which may lack any of the objects.
    type Part: Kind;
    /// Puts the objects that were found into their container; `None` where a required one is missing.
    fn collect<B: Clone + Send>(found: impl IntoIterator<Item = B>) -> Option<Self::Of<B>>;
}

/// Many objects: a `Vec`. `VIA` tells the `belongs_to` that it is the other side of.
#[derive(Debug)]
pub struct Many<const VIA: u64 = 0>;

/// Exactly one object.
#[derive(Debug)]
pub struct ToOne;

/// One object or none: an `Option`.
#[derive(Debug)]
pub struct MaybeOne<const VIA: u64 = 0>;

impl<const VIA: u64> Kind for Many<VIA> {
    type Of<B: Clone + Send> = Vec<B>;
    const MANY: bool = true;
    const OPTIONAL: bool = true;
    type Part = Self;

    fn collect<B: Clone + Send>(found: impl IntoIterator<Item = B>) -> Option<Vec<B>> {
        Some(found.into_iter().collect())
    }
}

impl Kind for ToOne {
    type Of<B: Clone + Send> = B;
    const MANY: bool = false;
    const OPTIONAL: bool = false;
    type Part = MaybeOne;

    fn collect<B: Clone + Send>(found: impl IntoIterator<Item = B>) -> Option<B> {
        found.into_iter().next()
    }
}

impl<const VIA: u64> Kind for MaybeOne<VIA> {
    type Of<B: Clone + Send> = Option<B>;
    const MANY: bool = false;
    const OPTIONAL: bool = true;
    type Part = Self;

    fn collect<B: Clone + Send>(found: impl IntoIterator<Item = B>) -> Option<Option<B>> {
        Some(found.into_iter().next())
    }
}

/// A relationship that leads to one object at most: one that a query can read in its own rows.
#[diagnostic::on_unimplemented(
    message = "this relationship leads to many objects, and `with_joined` is for one",
    label = "not a to-one relationship",
    note = "load it in a statement of its own: `.with(Course::homeworks)`"
)]
pub trait OneAtMost: Kind {}
impl OneAtMost for ToOne {}
impl<const VIA: u64> OneAtMost for MaybeOne<VIA> {}

/// What a `belongs_to` leads to: one object, or perhaps none if its key may be NULL.
pub type ToOneOf<N> = <N as ToOneKind>::Kind;

/// The [`Kind`] of a `belongs_to` by the nullability of its key.
pub trait ToOneKind {
    /// [`ToOne`] or [`MaybeOne`].
    type Kind: Kind;
}

impl ToOneKind for NotNull {
    type Kind = ToOne;
}

impl ToOneKind for MaybeNull {
    type Kind = MaybeOne;
}

/// A relationship from `A` to `B` as a value: what `Course::homeworks` is.
///
/// It is what `join`, `with`, `load` and `related` take.
pub struct Relation<A, B, K = Many> {
    def: fn() -> &'static RelationDef,
    reversed: bool,
    with_deleted: bool,
    types: PhantomData<fn() -> (A, B, K)>,
}

impl<A, B, K> Relation<A, B, K> {
    /// The relationship that `def` describes; for generated code.
    #[must_use]
    pub const fn new(def: fn() -> &'static RelationDef) -> Self {
        Self { def, reversed: false, with_deleted: false, types: PhantomData }
    }

    /// The same relationship from its other end, for a model that has no field for it.
    ///
    /// Usable in `join`, `with`, `load` and `related`, also where the other model is of another crate.
    #[must_use]
    pub const fn rev(self) -> Relation<B, A, Many> {
        Relation { def: self.def, reversed: !self.reversed, with_deleted: self.with_deleted, types: PhantomData }
    }

    /// The same relationship, starting at an alias of `A`.
    #[must_use]
    pub(crate) const fn starting_at<S>(self) -> Relation<S, B, K> {
        Relation { def: self.def, reversed: self.reversed, with_deleted: self.with_deleted, types: PhantomData }
    }

    /// The same relationship, with objects whose rows are marked as deleted (see `soft_delete` of
    /// [`Model`](macro@crate::Model)), which it leaves out otherwise.
    ///
    /// For `with`, `load`, `related`, joins and relationship predicates. In a session, what was loaded so stays in the
    /// field as it was loaded.
    ///
    /// ```
    /// # #[cfg(feature = "chrono")]
    /// # fn main() -> Result<(), chrono::ParseError> {
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # #[model(soft_delete = deleted_at)]
    /// # struct Product { #[model(primary_key)] id: Auto<i32>, deleted_at: Option<chrono::DateTime<chrono::Utc>> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Sale {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     #[model(references = Product::id)] product_id: i32,
    /// #     #[model(belongs_to = product_id)] product: BelongsTo<Product>,
    /// # }
    /// // What was sold once is shown, also if it is not sold any more.
    /// let sales = query::<Sale>().with(Sale::product.with_deleted());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "chrono"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub const fn with_deleted(mut self) -> Self {
        self.with_deleted = true;
        self
    }

    /// The static that describes it.
    #[must_use]
    pub fn def(&self) -> &'static RelationDef {
        (self.def)()
    }

    pub(crate) fn edge(&self) -> Edge {
        Edge { def: self.def(), reversed: self.reversed, with_deleted: self.with_deleted }
    }
}

impl<A, B, K> Clone for Relation<A, B, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, B, K> Copy for Relation<A, B, K> {}

impl<A, B, K> fmt::Debug for Relation<A, B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.def().path(), if self.reversed { ".rev()" } else { "" })
    }
}

/// A relationship seen from one of its ends, without types.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    def: &'static RelationDef,
    reversed: bool,
    with_deleted: bool,
}

/// The columns of an [`Edge`]: `local` of the start equal `remote` of the end, or both those of a link table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EdgeColumns {
    pub(crate) local: &'static [&'static str],
    pub(crate) remote: &'static [&'static str],
    pub(crate) link: Option<EdgeLink>,
}

/// The table between the ends of a many-to-many [`Edge`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct EdgeLink {
    pub(crate) schema: Option<&'static str>,
    pub(crate) table: &'static str,
    /// Columns of the link table that hold `local`.
    pub(crate) local: &'static [&'static str],
    /// Columns of the link table that hold `remote`.
    pub(crate) remote: &'static [&'static str],
    /// The table's model, where it has one.
    pub(crate) model: Option<&'static TableDef>,
}

impl EdgeLink {
    /// Whether the other one relates the same rows, perhaps seen from the other end.
    pub(crate) fn is_same_or_reversed(&self, other: &Self) -> bool {
        let ends = |link: &Self| (link.local, link.remote);
        let reversed = (other.remote, other.local);
        (self.schema, self.table) == (other.schema, other.table)
            && (ends(self) == ends(other) || ends(self) == reversed)
    }
}

impl Edge {
    pub(crate) const fn of(def: &'static RelationDef) -> Self {
        Self { def, reversed: false, with_deleted: false }
    }

    pub(crate) const fn def(self) -> &'static RelationDef {
        self.def
    }

    /// Whether the foreign key is at the near end: then it leads to one far end at most.
    pub(crate) fn has_key_here(self) -> bool {
        !self.is_reversed() && matches!(self.def().kind, RelationKind::BelongsTo { .. })
    }

    /// Whether it is seen from the end that the definition leads to.
    pub(crate) const fn is_reversed(self) -> bool {
        self.reversed
    }

    /// Whether objects whose rows are marked as deleted are among those that it leads to.
    pub(crate) const fn has_deleted(self) -> bool {
        self.with_deleted
    }

    pub(crate) fn from(self) -> &'static TableDef {
        if self.reversed { (self.def.to)() } else { (self.def.from)() }
    }

    pub(crate) fn to(self) -> &'static TableDef {
        if self.reversed { (self.def.from)() } else { (self.def.to)() }
    }

    /// The position of the field at the start that holds this edge, if there is one.
    pub(crate) fn field(self) -> Option<usize> {
        if !self.reversed {
            return self.def.field;
        }
        self.from().relations.iter().find(|other| is_inverse(other, self.def)).and_then(|other| other.field)
    }

    pub(crate) fn order_by(self) -> &'static [OrderDef] {
        if self.reversed { &[] } else { self.def.order_by }
    }

    pub(crate) fn name(self) -> String {
        if self.reversed { format!("{}.rev()", self.def.path()) } else { self.def.path() }
    }

    pub(crate) fn columns(self) -> EdgeColumns {
        let columns = match self.def.kind {
            RelationKind::ManyToMany { link } => many_to_many_columns(self.def, link),
            _ => {
                let (local, remote) = self.def.key_pairs();
                EdgeColumns { local, remote, link: None }
            }
        };
        if self.reversed { columns.reversed() } else { columns }
    }
}

impl EdgeColumns {
    fn reversed(self) -> Self {
        Self {
            local: self.remote,
            remote: self.local,
            link: self.link.map(|link| EdgeLink { local: link.remote, remote: link.local, ..link }),
        }
    }
}

/// The schema of a link table without a model: that of its ends. Where they differ, both ends choose the same: the default
/// one before others, and these by name.
pub(crate) fn bare_link_schema(from: &TableDef, to: &TableDef) -> Option<&'static str> {
    from.schema.min(to.schema)
}

fn many_to_many_columns(def: &'static RelationDef, link: LinkTable) -> EdgeColumns {
    match link {
        LinkTable::Bare { table, local, remote } => EdgeColumns {
            local: (def.from)().key_names(),
            remote: (def.to)().key_names(),
            link: Some(EdgeLink {
                schema: bare_link_schema((def.from)(), (def.to)()),
                table,
                local,
                remote,
                model: None,
            }),
        },
        LinkTable::Model { local, remote } => {
            let (link_local, start) = local.key_pairs();
            let (link_remote, end) = remote.key_pairs();
            let table = (local.from)();
            EdgeColumns {
                local: start,
                remote: end,
                link: Some(EdgeLink {
                    schema: table.schema,
                    table: table.name,
                    local: link_local,
                    remote: link_remote,
                    model: Some(table),
                }),
            }
        }
    }
}

/// Whether `many` is the other side of `one`.
pub(crate) fn is_inverse(many: &RelationDef, one: &'static RelationDef) -> bool {
    match many.kind {
        RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse } => {
            std::ptr::eq::<RelationDef>(&**inverse, one)
        }
        RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { .. } => false,
    }
}

/// The `belongs_to` of `A` that leads to `B`: what `has_many = Homework::course` refers to. For generated code.
#[doc(hidden)]
#[must_use]
pub const fn inverse_of<A, B, K>(relation: Relation<A, B, K>) -> Inverse {
    Inverse(relation.def)
}

/// The other side of the `belongs_to` of `B` that `VIA` tells, which leads to `A`: what `back_populates` may name.
#[diagnostic::on_unimplemented(
    message = "this is not the other side of the relationship",
    label = "not a `has_many`, `has_one` or `backref` of this `belongs_to`",
    note = "`back_populates` names the field of `{A}` whose `has_many` or `has_one` is this relationship"
)]
pub trait BackPopulates<A, B, const VIA: u64> {}
#[diagnostic::do_not_recommend]
impl<A, B, const VIA: u64> BackPopulates<A, B, VIA> for Relation<A, B, Many<VIA>> {}
#[diagnostic::do_not_recommend]
impl<A, B, const VIA: u64> BackPopulates<A, B, VIA> for Relation<A, B, MaybeOne<VIA>> {}

/// Checks at compile time that a relationship is the other side of a `belongs_to`. For generated code.
#[doc(hidden)]
pub const fn check_back_populates<A, B, const VIA: u64, R: BackPopulates<A, B, VIA>>(_: &R) {}
