//! What a query selects: an expression, or a tuple of them, and the type of the rows that come of it.

use std::sync::Arc;

use super::expr::Expression;
use super::scope::InScope;
use super::select::{Projection, Select};
use crate::error::Result;
use crate::types::{Field, Nullability, RowReader};

/// An expression, or a tuple of up to sixteen, whose tables are in the scope `Scope`.
///
/// What an outer join makes nullable is an `Option` in the row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be selected from this query",
    label = "something here is no expression, or of a table that the query has not joined",
    note = "a column, an expression, or a tuple of up to sixteen can be selected; join its table first, for example `.join(Course::homeworks)`"
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

/// The index of a selection that is no tuple.
#[derive(Debug)]
pub struct Single<I>(std::marker::PhantomData<I>);

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

macro_rules! selection {
    ($($expr:ident $index:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<Scope, $($expr, $index),*> Selection<Scope, ($($index,)*)> for ($($expr,)*)
        where
            $($expr: Expression, $expr::Uses: InScope<Scope, $index>),*
        {
            type Row = ($(Selected<$expr, Scope, $index>,)*);

            #[allow(non_snake_case, reason = "the expressions are named after their types")]
            fn into_projection(self, out: &mut Vec<Projection>) {
                let ($($expr,)*) = self;
                $(out.push(Projection::Expr { node: $expr.into_node(), ty: <$expr::Type as Field>::TYPE });)*
            }

            fn read(row: &mut RowReader<'_>) -> Result<Self::Row> {
                Ok(($(row.read::<Selected<$expr, Scope, $index>>()?,)*))
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
