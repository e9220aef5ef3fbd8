//! What a query selects: an expression, or a tuple of them, and the type of the rows that come of it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::alias::{AliasTag, Aliased, At};
use super::expr::Expression;
use super::scope::InScope;
use super::select::{Projection, Select};
use crate::error::Result;
use crate::schema::{Model, Source, TableDef};
use crate::types::{Field, MaybeNull, NotNull, Nullability, RowReader};

/// An expression, a whole model ([`AllColumns::all`](super::AllColumns::all)), or a tuple of up to sixteen of these and of
/// tuples, whose tables are in the scope `Scope`.
///
/// What an outer join makes nullable is an `Option` in the row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be selected from this query",
    label = "something here is no expression, or of a table that the query has not joined",
    note = "a column, an expression, a model as `Course::all()`, or a tuple of up to sixteen can be selected; join its table first, for example `.join(Course::homeworks)`; a window function needs its window, `row_number().over(window().order_by(…))`"
)]
pub trait Selection<Scope, I> {
    /// The type of a row.
    type Row: Send + 'static;

    /// The items of the select list.
    fn into_projection(self, out: &mut Vec<Projection>);

    /// Reads a row.
    ///
    /// # Errors
    ///
    /// A decode error with the column's name.
    fn read(row: &mut RowReader<'_>) -> Result<Self::Row>;
}

type Selected<E, Scope, I> = <<<E as Expression>::Uses as InScope<Scope, I>>::Null as Nullability>::If<
    <<E as Expression>::Type as Field>::Nullable,
    <E as Expression>::Type,
>;

/// The index of an expression.
#[derive(Debug)]
pub struct Single<I>(PhantomData<I>);

/// The index of a whole model.
#[derive(Debug)]
pub struct OfModel<I>(PhantomData<I>);

#[diagnostic::do_not_recommend]
impl<Scope, E: Expression, I> Selection<Scope, Single<I>> for E
where
    E::Uses: InScope<Scope, I>,
{
    type Row = Selected<E, Scope, I>;

    fn into_projection(self, out: &mut Vec<Projection>) {
        out.push(Projection::Expr { node: self.into_node(), ty: <E::Type as Field>::TYPE });
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self::Row> {
        row.read()
    }
}

#[diagnostic::do_not_recommend]
impl<Scope, S: ModelSource, I> Selection<Scope, OfModel<I>> for At<S>
where
    S: InScope<Scope, I>,
    S::Null: WholeRow<S::Model>,
{
    type Row = <S::Null as WholeRow<S::Model>>::Value;

    fn into_projection(self, out: &mut Vec<Projection>) {
        out.push(Projection::Model(S::source()));
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self::Row> {
        <S::Null as WholeRow<S::Model>>::read(row)
    }
}

/// A source that stands for a model: the model itself, or an alias of it.
pub trait ModelSource: Source {
    /// The model.
    type Model: Model;
}

#[diagnostic::do_not_recommend]
impl<M: Model> ModelSource for M {
    type Model = M;
}

#[diagnostic::do_not_recommend]
impl<M: Model, Tag: AliasTag> ModelSource for Aliased<M, Tag> {
    type Model = M;
}

/// What a whole model reads as: itself, or an `Option` where an outer join may leave it out.
pub trait WholeRow<M> {
    /// The type.
    type Value: Send + 'static;

    /// Reads it.
    ///
    /// # Errors
    ///
    /// A decode error with the column's name. That the model is not there is told by its primary key alone: what cannot
    /// be read of one that is there is an error.
    fn read(row: &mut RowReader<'_>) -> Result<Self::Value>;
}

impl<M: Model> WholeRow<M> for NotNull {
    type Value = M;

    fn read(row: &mut RowReader<'_>) -> Result<M> {
        M::from_row(row)
    }
}

impl<M: Model> WholeRow<M> for MaybeNull {
    type Value = Option<M>;

    fn read(row: &mut RowReader<'_>) -> Result<Option<M>> {
        if is_there(M::table(), row)? {
            return M::from_row(row).map(Some);
        }
        row.skip(M::table().columns.len());
        Ok(None)
    }
}

/// Whether the model that comes next in the row is there: its primary key is not NULL.
pub(crate) fn is_there(table: &TableDef, row: &RowReader<'_>) -> Result<bool> {
    for &column in table.primary_key {
        if row.raw_at(row.position() + column)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

macro_rules! selection {
    ($($item:ident $index:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<Scope, $($item, $index),*> Selection<Scope, ($($index,)*)> for ($($item,)*)
        where
            $($item: Selection<Scope, $index>),*
        {
            type Row = ($($item::Row,)*);

            #[allow(non_snake_case, reason = "the items are named after their types")]
            fn into_projection(self, out: &mut Vec<Projection>) {
                let ($($item,)*) = self;
                $($item.into_projection(out);)*
            }

            fn read(row: &mut RowReader<'_>) -> Result<Self::Row> {
                Ok(($($item::read(row)?,)*))
            }
        }
    };
}
selection!(A IA);
selection!(A IA, B IB);
selection!(A IA, B IB, C IC);
selection!(A IA, B IB, C IC, D ID);
selection!(A IA, B IB, C IC, D ID, E IE);
selection!(A IA, B IB, C IC, D ID, E IE, F IF);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ, K IK);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ, K IK, L IL);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ, K IK, L IL, M IM);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ, K IK, L IL, M IM, N IN);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ, K IK, L IL, M IM, N IN, O IO);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ, K IK, L IL, M IM, N IN, O IO, P IP);
selection!(A IA, B IB, C IC, D ID, E IE, F IF, G IG, H IH, J IJ, K IK, L IL, M IM, N IN, O IO, P IP, Q IQ);

/// A query of one column of the SQL type `K`, for `in_select`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a query of one column of SQL type `{K}`",
    label = "this must select one column of that type",
    note = "write for example `query::<Homework>().select(Homework::course_id)`, bound to nobody"
)]
pub trait SubqueryOf<K> {
    /// The tables of the queries around it that it reads.
    type Outers;

    /// The query.
    fn into_select(self) -> Arc<Select>;
}
