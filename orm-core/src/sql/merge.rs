//! `MERGE` as data, and what it takes for a source.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::alias::{AliasTag, Aliased, At, Subquery};
use super::column::Column;
use super::node::Node;
use super::select::{FromItem, Select};
use super::write::Input;
use crate::schema::{ColumnDef, Model, Source, SourceRef, TableDef};

/// `MERGE`.
#[derive(Debug, Clone)]
pub(crate) struct Merge {
    pub(crate) table: &'static TableDef,
    pub(crate) using: MergeUsing,
    pub(crate) on: Node,
    pub(crate) arms: Vec<MergeArm>,
}

/// What is merged into the table.
#[derive(Debug, Clone)]
pub(crate) enum MergeUsing {
    /// A table, an alias or a subquery.
    Item(FromItem),
    /// So many values of a model.
    Given { source: SourceRef, columns: Vec<usize>, arrays: Vec<Input>, count: usize },
}

/// `WHEN [NOT] MATCHED AND … THEN …`.
#[derive(Debug, Clone)]
pub(crate) struct MergeArm {
    pub(crate) is_matched: bool,
    pub(crate) predicates: Vec<Node>,
    pub(crate) action: MergeAction,
}

/// What becomes of a pair of rows, or of a row that has no other.
#[derive(Debug, Clone)]
pub(crate) enum MergeAction {
    Nothing,
    Update(Vec<(&'static ColumnDef, Node)>),
    Insert(Vec<(&'static ColumnDef, Node)>),
    Delete,
}

/// What can be merged into a table: `Draft::TABLE`, an alias, or a subquery.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be merged into a table",
    label = "not a table, an alias or a subquery",
    note = "write for example `.using(Draft::TABLE)`, `.using(&subquery!(query))`, or `.using_values(values)`"
)]
pub trait IntoMergeSource {
    /// The source of its columns.
    type Source: Source;

    /// The item.
    #[doc(hidden)]
    fn into_item(self) -> FromItem;
}

#[diagnostic::do_not_recommend]
impl<B: Model, Tag: AliasTag> IntoMergeSource for &Subquery<B, Tag> {
    type Source = Aliased<B, Tag>;

    fn into_item(self) -> FromItem {
        live(self.item())
    }
}

#[diagnostic::do_not_recommend]
impl<B: Model> IntoMergeSource for At<B> {
    type Source = B;

    fn into_item(self) -> FromItem {
        live(FromItem::Source(B::source()))
    }
}

/// Rows that are marked as deleted are none: a condition of the merge would only make them match nothing.
fn live(item: FromItem) -> FromItem {
    match item {
        FromItem::Source(source) if source.table().soft_delete.is_some() => {
            let select = Select::models(SourceRef::Table(source.table()));
            FromItem::Subquery { source, select: Arc::new(select), lateral: false }
        }
        other => other,
    }
}

/// The values of `M` that a merge was given.
pub struct Given<M>(PhantomData<fn() -> M>);

impl<M> fmt::Debug for Given<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

/// Its tag, which is the same for all models: there is one in a statement.
enum GivenTag {}

impl<M: Model> Source for Given<M> {
    // Not a name that a table can have: it never clashes with a model at compile time.
    const NAME: &'static str = "";

    fn source() -> SourceRef {
        SourceRef::Alias { tag: TypeId::of::<GivenTag>(), name: "given", table: M::table() }
    }
}

/// A column of the values that a merge was given, for its conditions and assignments.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::{given, merge_into};
/// # #[derive(Model, Debug, Clone)]
/// # struct Stock { #[model(primary_key)] product: String, amount: i32 }
/// let delivery = merge_into::<Stock>()
///     .using_values([Stock { product: "tea".to_owned(), amount: 3 }])
///     .on(Stock::product.eq(given(Stock::product)))
///     .when_matched()
///     .update(Stock::amount.set(Stock::amount + given(Stock::amount)));
/// assert!(delivery.to_sql().ends_with(r#"UPDATE SET "amount" = "stock"."amount" + "given"."amount""#));
/// ```
pub fn given<M: Model, T>(column: Column<M, T>) -> Column<Given<M>, T> {
    Column::new(column.def())
}
