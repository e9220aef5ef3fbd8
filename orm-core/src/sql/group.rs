//! What rows are grouped by, and what that makes of the tables of a query.

use super::alias::At;
use super::expr::Expression;
use super::node::Node;
use super::scope::{Nullable, Outer};
use super::selection::ModelSource;
use crate::schema::Source;

/// What tells groups of rows: a column, an expression, a whole model (by its primary key), or a tuple of up to eight of
/// these.
///
/// [`group_by`](crate::Query::group_by), [`distinct_on`](crate::Query::distinct_on), `partition_by` and
/// [`grouping`](super::grouping) take it.
#[diagnostic::on_unimplemented(
    message = "rows cannot be grouped by `{Self}`",
    label = "not a column, an expression, a model as `Course::all()`, or a tuple of such"
)]
pub trait GroupKeys {
    /// The tables that it reads.
    type Uses;

    /// Adds the expressions.
    fn into_keys(self, out: &mut Vec<Node>);
}

#[diagnostic::do_not_recommend]
impl<E: Expression> GroupKeys for E {
    type Uses = E::Uses;

    fn into_keys(self, out: &mut Vec<Node>) {
        out.push(self.into_node());
    }
}

/// The primary key, by which the server knows all other columns of a table.
#[diagnostic::do_not_recommend]
impl<S: ModelSource> GroupKeys for At<S> {
    type Uses = S;

    fn into_keys(self, out: &mut Vec<Node>) {
        let source = S::source();
        out.extend(source.table().key_columns().map(|column| Node::column(source, column)));
    }
}

/// No keys: all rows are one group.
#[diagnostic::do_not_recommend]
impl GroupKeys for () {
    type Uses = ();

    fn into_keys(self, _: &mut Vec<Node>) {}
}

/// Several sets of keys: a tuple of up to eight.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of grouping sets",
    label = "not a tuple of keys, for example `((Order::status, Order::city), Order::status, ())`"
)]
pub trait GroupSets {
    /// The tables that they read.
    type Uses;

    /// Adds the sets.
    fn into_sets(self, out: &mut Vec<Vec<Node>>);
}

fn set_of<K: GroupKeys>(keys: K) -> Vec<Node> {
    let mut set = Vec::new();
    keys.into_keys(&mut set);
    set
}

/// Keys that are one item of a list: a tuple among others stays one.
fn one_key<K: GroupKeys>(keys: K, out: &mut Vec<Node>) {
    let mut own = set_of(keys);
    match own.len() {
        0 | 1 => out.append(&mut own),
        _ => out.push(Node::Tuple(own)),
    }
}

macro_rules! uses_of {
    ($trait:ident;) => { () };
    ($trait:ident; $first:ident $($rest:ident)*) => { (<$first as $trait>::Uses, uses_of!($trait; $($rest)*)) };
}

macro_rules! group_keys {
    ($($key:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($key: GroupKeys),*> GroupKeys for ($($key,)*) {
            type Uses = uses_of!(GroupKeys; $($key)*);

            #[allow(non_snake_case, reason = "the keys are named after their types")]
            fn into_keys(self, out: &mut Vec<Node>) {
                let ($($key,)*) = self;
                $(one_key($key, out);)*
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($key: GroupKeys),*> GroupSets for ($($key,)*) {
            type Uses = uses_of!(GroupKeys; $($key)*);

            #[allow(non_snake_case, reason = "the keys are named after their types")]
            fn into_sets(self, out: &mut Vec<Vec<Node>>) {
                let ($($key,)*) = self;
                $(out.push(set_of($key));)*
            }
        }
    };
}
group_keys!(A);
group_keys!(A B);
group_keys!(A B C);
group_keys!(A B C D);
group_keys!(A B C D E);
group_keys!(A B C D E F);
group_keys!(A B C D E F G);
group_keys!(A B C D E F G H);

/// A scope of which each column may be NULL, as in the rows of subtotals.
pub trait AllNullable {
    /// The scope.
    type Out;
}

impl AllNullable for () {
    type Out = ();
}

impl<T: Source, R: AllNullable> AllNullable for (T, R) {
    type Out = (Nullable<T>, R::Out);
}

impl<T: Source, R: AllNullable> AllNullable for (Nullable<T>, R) {
    type Out = (Nullable<T>, R::Out);
}

impl<T: Source, R: AllNullable> AllNullable for (Outer<T>, R) {
    type Out = (Outer<T>, R::Out);
}
