//! [`Changes`]: a struct of options, of which those that are set are written.

use std::fmt;
use std::marker::PhantomData;

use super::column::Column;
use super::node::Node;
use crate::schema::{ColumnDef, Model};
use crate::types::{Field, IntoField, Value};

/// Changes of an object of a model, of which each field may be left out. Implemented by `#[derive(Changes)]`.
///
/// Both a bulk [`update`](crate::Query::update) and [`Session::apply`](crate::Session::apply) take it.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
/// #[derive(Changes, Default)]
/// #[changes(model = Course)]
/// struct CourseChanges {
///     name: Option<String>,
///     note: Option<Option<String>>,
/// }
///
/// let erase = CourseChanges { note: Some(None), ..Default::default() };
/// let update = query::<Course>().filter(Course::id.eq(1)).update(erase);
/// assert_eq!(update.to_sql(), r#"UPDATE "course" SET "note" = $1 WHERE "course"."id" = $2"#);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no changes of a model",
    label = "not changes of a model",
    note = "put `#[derive(Changes)]` and `#[changes(model = …)]` on the struct"
)]
pub trait Changes {
    /// The model whose columns change.
    type Model: Model;

    /// Adds the changes that are set.
    fn into_changes(self, out: &mut ChangeSet<Self::Model>);
}

/// Where the derived code of [`Changes`] puts what is set.
pub struct ChangeSet<M> {
    set: Vec<(&'static ColumnDef, Value)>,
    model: PhantomData<fn() -> M>,
}

impl<M> ChangeSet<M> {
    /// Adds a change of a column, if there is one.
    pub fn put<C, K: Changing<M, C>>(&mut self, column: K, change: C) {
        column.change(change, self);
    }

    pub(super) fn push(&mut self, column: &'static ColumnDef, value: Value) {
        self.set.push((column, column.param(value)));
    }

    /// What a bulk update sets; for generated code.
    #[doc(hidden)]
    pub fn assign<C: Changes<Model = M>>(changes: C, out: &mut Vec<(&'static ColumnDef, Node)>) {
        out.extend(Self::of(changes).into_iter().map(|(column, value)| (column, Node::Param(value))));
    }

    /// The columns that are set, and their values.
    pub(crate) fn of<C: Changes<Model = M>>(changes: C) -> Vec<(&'static ColumnDef, Value)> {
        let mut set = Self { set: Vec::new(), model: PhantomData };
        changes.into_changes(&mut set);
        set.set
    }
}

impl<M: Model> fmt::Debug for ChangeSet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&str> = self.set.iter().map(|(column, _)| column.name).collect();
        f.debug_struct("ChangeSet").field("model", &M::table().model).field("columns", &columns).finish()
    }
}

/// What a field of [`Changes`] changes by a `C`: a column of `M`, or the columns of an embedded struct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be changed by `{C}`",
    label = "neither a column of `{M}` nor an embedded struct, or a change of another type"
)]
pub trait Changing<M, C>: Sized {
    /// Adds the change, if there is one.
    fn change(self, change: C, out: &mut ChangeSet<M>);
}

impl<M, T: Field, C: Change<T>> Changing<M, C> for Column<M, T> {
    fn change(self, change: C, out: &mut ChangeSet<M>) {
        if let Some(value) = change.into_change() {
            out.push(self.def(), Value::of(&value));
        }
    }
}

/// A field of [`Changes`] for a column whose field has the type `T`: an `Option` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no change of a column of type `{T}`",
    label = "not an `Option` of `{T}`",
    note = "`None` leaves the column as it is; where it may be NULL, `Some(None)` writes NULL"
)]
pub trait Change<T> {
    /// The value, if it is set.
    fn into_change(self) -> Option<T>;
}

#[diagnostic::do_not_recommend]
impl<T, V: IntoField<T>> Change<T> for Option<V> {
    fn into_change(self) -> Option<T> {
        self.map(IntoField::into_field)
    }
}
