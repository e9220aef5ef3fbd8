//! [`Column`]: what `Course::name` is.

use std::fmt;
use std::marker::PhantomData;

use super::assign::{Assign, IntoValue};
use super::expr::Expression;
use super::node::Node;
use crate::schema::{ColumnDef, Model, Source, TableDef};
use crate::types::{CanReference, Field};

/// A column of the source `S`, whose field has the type `T`.
///
/// It is compared with the methods of [`Expression`]: Rust's own `==` compares values now, and cannot make an expression.
pub struct Column<S, T> {
    def: &'static ColumnDef,
    types: PhantomData<fn() -> (S, T)>,
}

impl<S, T> Column<S, T> {
    /// The column that `def` describes; for generated code.
    #[must_use]
    pub const fn new(def: &'static ColumnDef) -> Self {
        Self { def, types: PhantomData }
    }

    /// The column's name in the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.def.name
    }

    /// The static that describes it.
    #[must_use]
    pub const fn def(&self) -> &'static ColumnDef {
        self.def
    }

    /// Sets the column in an update: to a value, a column or an expression of the field's type.
    ///
    /// ```
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
    /// let rename = Course::name.set("JavaScript");
    /// let copy = Course::note.set(Course::name);
    /// let erase = Course::note.set(None);
    /// ```
    pub fn set<V: IntoValue<T>>(self, value: V) -> Assign<S, V::Uses> {
        Assign::new(self.def, value.into_node())
    }
}

impl<M: Model, T> Column<M, T> {
    /// The table that the column belongs to; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn table(&self) -> fn() -> &'static TableDef {
        M::table
    }

    /// Checks at compile time that a field of type `F` can be a foreign key to this column; for generated code.
    #[doc(hidden)]
    pub const fn referenced_by<F: CanReference<T>>(&self) {}

    /// Checks at compile time that the column is one of `B`; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn name_in<B>(&self) -> &'static str
    where
        M: IsModel<B>,
    {
        self.def.name
    }
}

/// The model is this one.
#[diagnostic::on_unimplemented(message = "this is a column of `{Self}`, not of `{B}`", label = "not a column of `{B}`")]
pub trait IsModel<B> {}
impl<M: Model> IsModel<M> for M {}

impl<S, T> Clone for Column<S, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, T> Copy for Column<S, T> {}

impl<S, T> fmt::Debug for Column<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({})", self.def.name)
    }
}

impl<S: Source, T: Field> Expression for Column<S, T> {
    type Type = T::Read;
    type Uses = S;

    fn into_node(self) -> Node {
        Node::column(S::source(), self.def)
    }
}
