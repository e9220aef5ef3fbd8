//! [`Filters`]: conditions that an engine adds to every statement over a model.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::alias::At;
use super::expr::Expression;
use super::node::Node;
use super::scope::InScope;
use crate::schema::{Model, TableDef};
use crate::types::Condition;

/// Conditions by name, each over the rows of one model: of a tenant, of what is published. [`Engine::with_filters`] says
/// what they are part of.
///
/// ```
/// use orm_core::prelude::*;
/// use orm_core::sql::Filters;
///
/// #[derive(Model, Debug, Clone)]
/// struct Invoice {
///     #[model(primary_key)]
///     id: Auto<i32>,
///     tenant_id: i32,
/// }
///
/// let of_tenant = Filters::new().add("tenant", Invoice::TABLE, Invoice::tenant_id.eq(7));
/// ```
///
/// [`Engine::with_filters`]: crate::Engine::with_filters
#[derive(Clone, Default)]
pub struct Filters(Option<Arc<Vec<Filter>>>);

#[derive(Clone)]
struct Filter {
    name: Cow<'static, str>,
    table: &'static TableDef,
    condition: Node,
}

impl Filters {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition over the rows of a model. Several of one name are left out together by
    /// [`unfiltered`](crate::Query::unfiltered); several of one model must all hold.
    #[must_use]
    pub fn add<M: Model, E, I>(mut self, name: impl Into<Cow<'static, str>>, _: At<M>, condition: E) -> Self
    where
        E: Expression,
        E::Type: Condition,
        E::Uses: InScope<(M, ()), I>,
    {
        let filter = Filter { name: name.into(), table: M::table(), condition: condition.into_node() };
        Arc::make_mut(self.0.get_or_insert_default()).push(filter);
        self
    }

    pub(crate) fn and(&self, more: &Self) -> Self {
        Self(Some(Arc::new(self.all().iter().chain(more.all()).cloned().collect())))
    }

    fn all(&self) -> &[Filter] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    /// The conditions over the rows of a table, without those of these names, with their numbers.
    pub(crate) fn of<'f>(
        &'f self,
        table: &'f TableDef,
        without: &'f [Cow<'static, str>],
    ) -> impl Iterator<Item = (usize, &'f Node)> {
        let is_wanted = move |filter: &Filter| filter.table.is_same_table(table) && !without.contains(&filter.name);
        let wanted = self.all().iter().enumerate().filter(move |(_, filter)| is_wanted(filter));
        wanted.map(|(number, filter)| (number, &filter.condition))
    }
}

/// Shows the names.
impl fmt::Debug for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().iter().map(|filter| (&filter.name, filter.table.model))).finish()
    }
}
