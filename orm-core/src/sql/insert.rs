//! `INSERT` of values or of a query's rows as data, and the types around it: [`Excluded`], the columns that a query's rows
//! are inserted into.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::column::Column;
use super::node::Node;
use super::select::{Projection, Select};
use super::write::Input;
use crate::schema::{ColumnDef, Dump, Model, Source, SourceRef, TableDef};
use crate::types::{Field, IntoField, Value};

/// `INSERT` of any number of rows.
#[derive(Debug, Clone)]
pub(crate) struct BulkInsert {
    pub(crate) table: &'static TableDef,
    /// Positions of the columns that are given.
    pub(crate) columns: Vec<usize>,
    pub(crate) rows: InsertRows,
    pub(crate) conflict: Option<Conflict>,
    /// What the caller has asked to have back.
    pub(crate) projection: Vec<Projection>,
    /// Whether each row tells, behind the projection, if it was inserted.
    pub(crate) tells: bool,
    /// Columns that come back behind it.
    pub(crate) returning: Vec<usize>,
}

/// Where the rows of an insert come from.
#[derive(Debug, Clone)]
pub(crate) enum InsertRows {
    /// Few values, of which the same columns are given, one behind the other.
    Rows(Vec<Value>),
    /// So many values.
    Arrays { arrays: Vec<Input>, count: usize },
    /// A query.
    Select(Arc<Select>),
}

/// `ON CONFLICT`.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    pub(crate) target: ConflictTarget,
    pub(crate) action: ConflictAction,
}

/// What a row must not have in common with another.
#[derive(Debug, Clone)]
pub(crate) enum ConflictTarget {
    /// Whatever is unique.
    Any,
    /// These columns, where all of these conditions hold.
    Columns { columns: Vec<usize>, predicates: Vec<Node> },
    /// A constraint, by its name.
    Constraint(String),
}

/// What becomes of a row that is there.
#[derive(Debug, Clone)]
pub(crate) enum ConflictAction {
    /// It stays.
    Nothing,
    /// It is updated, where all of these conditions hold.
    Update { set: Vec<(&'static ColumnDef, Node)>, predicates: Vec<Node> },
}

/// The row of `M` that an insert would have written, had there not been another: what `EXCLUDED` is in SQL.
pub struct Excluded<M>(PhantomData<fn() -> M>);

impl<M> fmt::Debug for Excluded<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Excluded")
    }
}

/// Its tag, which is the same for all models: there is one in a statement.
enum ExcludedTag {}

pub(crate) fn excluded_source(table: &'static TableDef) -> SourceRef {
    SourceRef::Alias { tag: TypeId::of::<ExcludedTag>(), name: "excluded", table }
}

impl<M: Model> Source for Excluded<M> {
    // Not a name that a table can have: it never clashes with a model at compile time.
    const NAME: &'static str = "";

    fn source() -> SourceRef {
        excluded_source(M::table())
    }
}

/// A column as the row that was to be inserted has it, for `do_update` of an insert.
///
/// ```
/// # use orm_core::prelude::*;
/// # use orm_core::{excluded, insert};
/// # #[derive(Model, Debug, Clone)]
/// # struct Page { #[model(primary_key)] id: Auto<i32>, #[model(unique)] path: String, views: i64 }
/// let count = insert([Page::builder().path("/").views(3)])
///     .on_conflict(Page::path)
///     .do_update(Page::views.set(Page::views + excluded(Page::views)));
/// assert!(count.to_sql().contains(r#"DO UPDATE SET "views" = "page"."views" + "excluded"."views""#));
/// ```
pub fn excluded<M: Model, T>(column: Column<M, T>) -> Column<Excluded<M>, T> {
    Column::new(column.def())
}

/// The columns that a query's rows are inserted into: one column of `M`, or a tuple of up to sixteen.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no column of `{M}`, nor a tuple of its columns",
    label = "not columns of `{M}`"
)]
pub trait InsertColumns<M> {
    /// The types of their fields.
    type Fields;

    /// Adds the columns' names.
    fn names(self, out: &mut Vec<&'static str>);
}

/// The type of a single column's field.
#[derive(Debug)]
pub struct OneField<T>(PhantomData<T>);

#[diagnostic::do_not_recommend]
impl<M: Model, T: Field> InsertColumns<M> for Column<M, T> {
    type Fields = OneField<T>;

    fn names(self, out: &mut Vec<&'static str>) {
        out.push(self.name());
    }
}

/// Rows that fit columns whose fields are `Fields`, one value a column and in their order: of the field's type, or what
/// the builder's setter takes for it.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` do not fit these columns",
    label = "one value a column is needed, in the order of the columns and of their types",
    note = "the columns are of `{Fields}`"
)]
pub trait RowsFor<Fields> {
    /// Encodes the values.
    #[doc(hidden)]
    fn dump(self, out: &mut Dump);
}

#[diagnostic::do_not_recommend]
impl<T: Field, R: IntoField<T>> RowsFor<OneField<T>> for R {
    fn dump(self, out: &mut Dump) {
        out.put_as(|out| self.encode_as(out));
    }
}

macro_rules! insert_columns {
    ($($column:ident $row:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<M, $($column: Field),*> InsertColumns<M> for ($(Column<M, $column>,)*) {
            type Fields = ($($column,)*);

            #[allow(non_snake_case, reason = "the values are named after their types")]
            fn names(self, out: &mut Vec<&'static str>) {
                let ($($column,)*) = self;
                $(out.push($column.name());)*
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($column: Field, $row: IntoField<$column>),*> RowsFor<($($column,)*)> for ($($row,)*) {
            #[allow(non_snake_case, reason = "the values are named after their types")]
            fn dump(self, out: &mut Dump) {
                let ($($row,)*) = self;
                $(out.put_as(|out| IntoField::<$column>::encode_as($row, out));)*
            }
        }
    };
}
insert_columns!(A RA);
insert_columns!(A RA, B RB);
insert_columns!(A RA, B RB, C RC);
insert_columns!(A RA, B RB, C RC, D RD);
insert_columns!(A RA, B RB, C RC, D RD, E RE);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ, K RK);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ, K RK, L RL);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ, K RK, L RL, N RN);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ, K RK, L RL, N RN, O RO);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ, K RK, L RL, N RN, O RO, P RP);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ, K RK, L RL, N RN, O RO, P RP, Q RQ);
insert_columns!(A RA, B RB, C RC, D RD, E RE, F RF, G RG, H RH, J RJ, K RK, L RL, N RN, O RO, P RP, Q RQ, S RS);
