//! [`EmbeddedColumns`]: what the columns of an embedded struct can say together.

use std::fmt;
use std::marker::PhantomData;

use super::assign::{Assign, Assignments};
use super::changes::ChangeSet;
use super::expr::Expr;
use super::node::{BinaryOp, IsTest, Node};
use super::select::Projection;
use crate::schema::{ColumnDef, Dump, Embed, Source, SourceRef};
use crate::types::Value;

/// The columns of an embedded struct, as `Customer::address` is: each is a field (`Customer::address.city`), and these
/// methods are about all of them. Implemented by `#[derive(Embed)]`.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Embed, Debug, Clone, PartialEq)]
/// # struct Address { city: String, street: Option<String> }
/// # #[derive(Model, Debug, Clone)]
/// # struct Customer { #[model(primary_key)] id: Auto<i32>, name: String, #[model(embed)] address: Address }
/// let riga = Address { city: "Riga".into(), street: None };
/// let there = query::<Customer>().filter(Customer::address.eq(riga.clone()));
/// assert_eq!(
///     there.select(Customer::name).to_sql(),
///     r#"SELECT "customer"."name" FROM "customer" WHERE "customer"."address_city" = $1 AND "customer"."address_street" IS NULL"#
/// );
/// let moved = query::<Customer>().filter(Customer::id.eq(1)).update(Customer::address.set(riga));
/// assert_eq!(
///     moved.to_sql(),
///     r#"UPDATE "customer" SET "address_city" = $1, "address_street" = $2 WHERE "customer"."id" = $3"#
/// );
/// ```
///
/// In a select list they are the struct: `select((Customer::name, Customer::address))` gives `(String, Address)`.
pub trait EmbeddedColumns: Copy {
    /// What they are columns of: a model or an alias of one.
    type Source: Source;
    /// The struct, or an `Option` of it.
    type Value: Embed;

    /// The columns.
    #[doc(hidden)]
    fn definitions(self) -> &'static [ColumnDef];

    /// All columns are those of the value: `… = $1`, or `… IS NULL` where the value has `None`.
    fn eq(self, value: impl Into<Self::Value>) -> Expr<bool, Self::Source> {
        Expr::new(Node::All(compared(self, &value.into(), BinaryOp::Eq, IsTest::Null)))
    }

    /// A column is another than that of the value: `… IS DISTINCT FROM $1`, or `… IS NOT NULL` where the value has `None`.
    fn ne(self, value: impl Into<Self::Value>) -> Expr<bool, Self::Source> {
        Expr::new(Node::Any(compared(self, &value.into(), BinaryOp::IsDistinctFrom, IsTest::NotNull)))
    }

    /// All columns are NULL, which is what `None` is.
    fn is_null(self) -> Expr<bool, Self::Source>
    where
        Self::Value: MayBeMissing,
    {
        Expr::new(Node::All(tested(self, IsTest::Null)))
    }

    /// A column is not NULL.
    fn is_not_null(self) -> Expr<bool, Self::Source>
    where
        Self::Value: MayBeMissing,
    {
        Expr::new(Node::Any(tested(self, IsTest::NotNull)))
    }

    /// Sets all columns in an update.
    fn set(self, value: impl Into<Self::Value>) -> AssignEmbedded<Self::Source> {
        let set = cells(self, &value.into()).map(|(column, value)| Assign::new(column, Node::Param(value))).collect();
        AssignEmbedded { set }
    }
}

/// An embedded struct that may be `None`.
#[diagnostic::on_unimplemented(
    message = "an embedded `{Self}` is never NULL as a whole",
    label = "not an `Option`",
    note = "the field that is embedded is no `Option`; ask one of its columns"
)]
pub trait MayBeMissing {}

#[diagnostic::do_not_recommend]
impl<E: Embed> MayBeMissing for Option<E> {}

/// The columns with the values of `value`.
fn cells<C: EmbeddedColumns>(
    columns: C,
    value: &C::Value,
) -> impl Iterator<Item = (&'static ColumnDef, Value)> + use<C> {
    let mut dump = Dump::default();
    value.dump(&mut dump);
    columns.definitions().iter().enumerate().map(move |(index, column)| {
        let value = match dump.refused() {
            Some((refused, reason)) if *refused == index => Value::refused(column.ty, reason.clone()),
            _ => Value::from_raw(column.ty, dump.raw(index)),
        };
        (column, value)
    })
}

fn compared<C: EmbeddedColumns>(columns: C, value: &C::Value, op: BinaryOp, of_null: IsTest) -> Vec<Node> {
    let compared = cells(columns, value).map(|(column, value)| {
        let column = Node::column(C::Source::source(), column);
        if value.is_null() && value.refusal().is_none() {
            return Node::Is { operand: Box::new(column), test: of_null };
        }
        Node::binary(op, column, Node::Param(value))
    });
    compared.collect()
}

fn tested<C: EmbeddedColumns>(columns: C, test: IsTest) -> Vec<Node> {
    let node = |column| Node::Is { operand: Box::new(Node::column(C::Source::source(), column)), test };
    columns.definitions().iter().map(node).collect()
}

/// The items of a select list that are these columns; for generated code too.
#[doc(hidden)]
pub fn select_embedded(source: SourceRef, columns: &'static [ColumnDef], out: &mut Vec<Projection>) {
    out.extend(columns.iter().map(|column| Projection::Expr { node: Node::column(source, column), ty: column.ty }));
}

/// The columns of an embedded struct of `S` and what they are set to.
#[must_use = "an assignment does nothing until it is passed to `update`"]
pub struct AssignEmbedded<S> {
    set: Vec<Assign<S>>,
}

impl<S> Clone for AssignEmbedded<S> {
    fn clone(&self) -> Self {
        Self { set: self.set.clone() }
    }
}

impl<S> fmt::Debug for AssignEmbedded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AssignEmbedded").field(&self.set).finish()
    }
}

#[diagnostic::do_not_recommend]
impl<M, S> Assignments<M, S, ()> for AssignEmbedded<M> {
    fn into_assignments(self, out: &mut Vec<(&'static ColumnDef, Node)>) {
        for assign in self.set {
            Assignments::<M, S, ()>::into_assignments(assign, out);
        }
    }
}

/// Adds a change of an embedded struct, if there is one; for generated code.
#[doc(hidden)]
pub fn change_embedded<M, C: EmbeddedColumns<Source = M>>(
    columns: C,
    change: Option<C::Value>,
    out: &mut ChangeSet<M>,
) {
    if let Some(value) = change {
        cells(columns, &value).for_each(|(column, value)| out.push(column, value));
    }
}

/// The index of an embedded struct in a select list.
#[derive(Debug)]
pub struct OfEmbedded<I>(PhantomData<I>);
