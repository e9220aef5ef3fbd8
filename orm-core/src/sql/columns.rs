//! Lists of columns: the target of a conflict, what is updated.

use super::column::Column;
use crate::schema::Model;

/// One column of `M`, or a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no column of `{M}`, nor a tuple of its columns",
    label = "not columns of `{M}`"
)]
pub trait ColumnList<M> {
    /// Adds the columns' names.
    fn names(self, out: &mut Vec<&'static str>);
}

#[diagnostic::do_not_recommend]
impl<M: Model, T> ColumnList<M> for Column<M, T> {
    fn names(self, out: &mut Vec<&'static str>) {
        out.push(self.name());
    }
}

macro_rules! column_list {
    ($($column:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<M, $($column: ColumnList<M>),*> ColumnList<M> for ($($column,)*) {
            #[allow(non_snake_case, reason = "the values are named after their types")]
            fn names(self, out: &mut Vec<&'static str>) {
                let ($($column,)*) = self;
                $($column.names(out);)*
            }
        }
    };
}
column_list!(A);
column_list!(A, B);
column_list!(A, B, C);
column_list!(A, B, C, D);
column_list!(A, B, C, D, E);
column_list!(A, B, C, D, E, F);
column_list!(A, B, C, D, E, F, G);
column_list!(A, B, C, D, E, F, G, H);
