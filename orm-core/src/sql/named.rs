//! [`NamedColumn`]: a column that is chosen by its name at run time.

use std::fmt;
use std::marker::PhantomData;

use super::alias::{AliasTag, Aliased, Subquery};
use super::expr::Order;
use super::node::Node;
use crate::schema::{ColumnDef, Model, Source};

/// A column of the source `S` whose type is not known: [`AllColumns::column`](super::AllColumns::column) finds it by name,
/// and a query is ordered by it.
pub struct NamedColumn<S> {
    def: &'static ColumnDef,
    source: PhantomData<fn() -> S>,
}

impl<S: Source> NamedColumn<S> {
    /// The column of a field, unless there is none of that name or it is sensitive.
    pub(super) fn find(field: &str) -> Option<Self> {
        let table = S::source().table();
        let def = table.columns.iter().find(|column| column.field == field && !column.sensitive)?;
        Some(Self { def, source: PhantomData })
    }

    /// The column's name in the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.def.name
    }

    /// Ascending order.
    pub fn asc(self) -> Order<S> {
        Order::new(Node::column(S::source(), self.def), false)
    }

    /// Descending order.
    pub fn desc(self) -> Order<S> {
        Order::new(Node::column(S::source(), self.def), true)
    }
}

impl<M: Model, Tag: AliasTag> Subquery<M, Tag> {
    /// Like [`AllColumns::column`](super::AllColumns::column), of this alias.
    #[must_use]
    pub fn column(&self, field: &str) -> Option<NamedColumn<Aliased<M, Tag>>> {
        NamedColumn::find(field)
    }
}

impl<S> Clone for NamedColumn<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for NamedColumn<S> {}

impl<S> fmt::Debug for NamedColumn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamedColumn({})", self.def.name)
    }
}
