//! Views: models that are read and not written.

use super::model::Model;

/// What makes a model one of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewDef {
    /// Whether its rows are stored.
    pub materialized: bool,
    /// The query, where `create_all` creates the view.
    pub sql: Option<&'static str>,
}

/// A model whose rows can be written: of a table. Implemented by `#[derive(Model)]`, unless the model is a view.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a view, which is read and not written",
    label = "a view is read-only",
    note = "write to the tables that the view is made of"
)]
pub trait Writable {}

/// A model of a materialized view.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a materialized view",
    label = "only a materialized view stores what it has read",
    note = "the model of one has `#[model(materialized_view)]`"
)]
pub trait Materialized: Model {}
