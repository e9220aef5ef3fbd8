//! The FROM clause of a query as a type-level list, and the question whether a column belongs to it.
//!
//! A scope is `(Homework, (Course, ()))`, the table that was joined last in front. What may be missing because of an
//! outer join stands as [`Nullable`], what comes from a query around this one as [`Outer`].

use std::marker::PhantomData;

use super::alias::Aliased;
use crate::schema::{Model, Source};
use crate::types::{MaybeNull, NotNull, Nullability};

/// The source is at the front of the list.
#[derive(Debug)]
pub struct Here;
/// The source is at the front of the list, and its row may be missing.
#[derive(Debug)]
pub struct HereNullable;
/// The source is at the front of the list, and of the query around this one.
#[derive(Debug)]
pub struct HereOuter;
/// The source is one place further back in the list.
#[derive(Debug)]
pub struct There<I>(PhantomData<I>);
/// A source whose row may be missing.
#[derive(Debug)]
pub struct Nullable<S>(PhantomData<S>);
/// A source of the query around this one.
#[derive(Debug)]
pub struct Outer<S>(PhantomData<S>);
/// Uses whose missing rows do not make the expression NULL, for example under `count`.
#[derive(Debug)]
pub struct NeverNull<U>(PhantomData<U>);

/// The tables that an expression reads are all in the scope. `I` is found by inference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not in this query's FROM clause",
    label = "this reads a table that the query has not joined",
    note = "join it first, for example `.join(Course::homeworks)`"
)]
pub trait InScope<Scope, I> {
    /// Whether the row may be missing.
    type Null: Nullability;
}

// The first four places have impls of their own, and the rest of the list one: where a table is found, the compiler asks
// also whether the impl for the rest applies, which is a search to the end of the list. Of a query of many joins it is a
// quarter of the steps that it would be with an impl for the front and one for the rest; more places make it no faster, for
// deeper lists are matched.
macro_rules! in_scope {
    ($index:ty, $null:ty: $($before:ident)*, $scope:ty) => {
        #[diagnostic::do_not_recommend]
        impl<T: Source, $($before,)* R> InScope<$scope, $index> for T {
            type Null = $null;
        }
    };
}
in_scope!(Here, NotNull: , (T, R));
in_scope!(HereNullable, MaybeNull: , (Nullable<T>, R));
in_scope!(HereOuter, NotNull: , (Outer<T>, R));
in_scope!(There<Here>, NotNull: A, (A, (T, R)));
in_scope!(There<HereNullable>, MaybeNull: A, (A, (Nullable<T>, R)));
in_scope!(There<HereOuter>, NotNull: A, (A, (Outer<T>, R)));
in_scope!(There<There<Here>>, NotNull: A B, (A, (B, (T, R))));
in_scope!(There<There<HereNullable>>, MaybeNull: A B, (A, (B, (Nullable<T>, R))));
in_scope!(There<There<HereOuter>>, NotNull: A B, (A, (B, (Outer<T>, R))));
in_scope!(There<There<There<Here>>>, NotNull: A B C, (A, (B, (C, (T, R)))));
in_scope!(There<There<There<HereNullable>>>, MaybeNull: A B C, (A, (B, (C, (Nullable<T>, R)))));
in_scope!(There<There<There<HereOuter>>>, NotNull: A B C, (A, (B, (C, (Outer<T>, R)))));

// Behind them. Where the list ends before, there is nothing to be found; but if no impl applied at all, the compiler would
// speak of what is selected, and not of the table that is missing.
macro_rules! further {
    ($index:ident, $at:ty: $($before:ident)*, $scope:ty, $rest:ty) => {
        #[diagnostic::do_not_recommend]
        impl<T: Source, $($before,)* $index> InScope<$scope, $at> for T
        where
            T: InScope<$rest, $index>,
        {
            type Null = T::Null;
        }
    };
}
further!(I, There<I>: A, (A, ()), ());
further!(I, There<There<I>>: A B, (A, (B, ())), ());
further!(I, There<There<There<I>>>: A B C, (A, (B, (C, ()))), ());
further!(I, There<There<There<There<I>>>>: A B C D R, (A, (B, (C, (D, R)))), R);

#[diagnostic::do_not_recommend]
impl<S> InScope<S, ()> for () {
    type Null = NotNull;
}

#[diagnostic::do_not_recommend]
impl<S, A, B, I, J> InScope<S, (I, J)> for (A, B)
where
    A: InScope<S, I>,
    B: InScope<S, J>,
{
    type Null = <A::Null as Nullability>::Or<B::Null>;
}

#[diagnostic::do_not_recommend]
impl<S, A, B, C, I, J, K> InScope<S, (I, J, K)> for (A, B, C)
where
    A: InScope<S, I>,
    B: InScope<S, J>,
    C: InScope<S, K>,
{
    type Null = <<A::Null as Nullability>::Or<B::Null> as Nullability>::Or<C::Null>;
}

#[diagnostic::do_not_recommend]
impl<S, A, B, C, D, I, J, K, L> InScope<S, (I, J, K, L)> for (A, B, C, D)
where
    A: InScope<S, I>,
    B: InScope<S, J>,
    C: InScope<S, K>,
    D: InScope<S, L>,
{
    type Null = <<<A::Null as Nullability>::Or<B::Null> as Nullability>::Or<C::Null> as Nullability>::Or<D::Null>;
}

#[diagnostic::do_not_recommend]
impl<S, U, I> InScope<S, (I,)> for NeverNull<U>
where
    U: InScope<S, I>,
{
    type Null = NotNull;
}

/// The tables of an expression as a user writes them in a signature: `Course`, or `(Course, Homework)`.
pub trait AsScope {
    /// As a scope.
    type List;
}

impl<T: Source> AsScope for T {
    type List = (T, ());
}

impl AsScope for () {
    type List = ();
}

macro_rules! as_scope {
    ($($source:ident)*; $list:ty) => {
        impl<$($source: Source),*> AsScope for ($($source,)*) {
            type List = $list;
        }
    };
}
as_scope!(A B; (A, (B, ())));
as_scope!(A B C; (A, (B, (C, ()))));
as_scope!(A B C D; (A, (B, (C, (D, ())))));

/// The scope of a query whose joins are decided at run time: it may have any table, and each may be missing.
#[derive(Debug)]
pub struct Anywhere;

impl<T: Source> InScope<Anywhere, HereNullable> for T {
    type Null = MaybeNull;
}

impl Outers for Anywhere {
    type Outers = ();
}

/// Adds the source of a query around this one.
pub trait PushOuter<O> {
    /// The scope with it, at its end.
    type Out;
}

impl<O> PushOuter<O> for () {
    type Out = (Outer<O>, ());
}

impl<H, R: PushOuter<O>, O> PushOuter<O> for (H, R) {
    type Out = (H, R::Out);
}

/// The sources of the queries around this one, as an expression's uses.
pub trait Outers {
    /// The uses.
    type Outers;
}

impl Outers for () {
    type Outers = ();
}

impl<O: Source, R: Outers> Outers for (Outer<O>, R) {
    type Outers = (O, R::Outers);
}

impl<H: Source, R: Outers> Outers for (H, R) {
    type Outers = R::Outers;
}

impl<H: Source, R: Outers> Outers for (Nullable<H>, R) {
    type Outers = R::Outers;
}

/// The scope after an outer join that keeps the rows of its right side: what was joined before may be missing.
pub trait AllNullable {
    /// The scope.
    type Out;
}

impl AllNullable for () {
    type Out = ();
}

impl<H: Source, R: AllNullable> AllNullable for (H, R) {
    type Out = (Nullable<H>, R::Out);
}

impl<H: Source, R: AllNullable> AllNullable for (Nullable<H>, R) {
    type Out = (Nullable<H>, R::Out);
}

impl<H: Source, R: AllNullable> AllNullable for (Outer<H>, R) {
    type Out = (Outer<H>, R::Out);
}

/// The sources of the queries around this one, as a scope of their own.
pub trait OnlyOuters {
    /// The scope.
    type Out;
}

impl OnlyOuters for () {
    type Out = ();
}

impl<H: Source, R: OnlyOuters> OnlyOuters for (H, R) {
    type Out = R::Out;
}

impl<H: Source, R: OnlyOuters> OnlyOuters for (Nullable<H>, R) {
    type Out = R::Out;
}

impl<H: Source, R: OnlyOuters> OnlyOuters for (Outer<H>, R) {
    type Out = (Outer<H>, R::Out);
}

/// Two lists of uses, one after the other.
pub trait Append<More> {
    /// The list.
    type Out;
}

impl<More> Append<More> for () {
    type Out = More;
}

impl<H, R: Append<More>, More> Append<More> for (H, R) {
    type Out = (H, R::Out);
}

/// The names of what is in the scope.
///
/// It says nothing of a model that is looked for: so of a query of many joins each join proves it of one table, and not of
/// all that came before.
pub trait Named {
    /// The name of the source at the front, and those behind it.
    const NAMES: Option<&'static Name>;
}

/// A name in a list.
#[derive(Debug)]
pub struct Name {
    name: &'static str,
    next: Option<&'static Self>,
}

impl Named for () {
    const NAMES: Option<&'static Name> = None;
}

impl<H: Source, R: Named> Named for (H, R) {
    const NAMES: Option<&'static Name> = Some(&Name { name: H::NAME, next: R::NAMES });
}

impl<H: Source, R: Named> Named for (Nullable<H>, R) {
    const NAMES: Option<&'static Name> = Some(&Name { name: H::NAME, next: R::NAMES });
}

impl<H: Source, R: Named> Named for (Outer<H>, R) {
    const NAMES: Option<&'static Name> = R::NAMES;
}

/// Whether a model is in the scope under its own name. An alias is told by its type alone, and found when the query is
/// compiled.
pub(crate) const fn is_in<T: Source, S: Named>() -> bool {
    let mut names = if T::NAME.is_empty() { None } else { S::NAMES };
    while let Some(Name { name, next }) = names {
        if same(name, T::NAME) {
            return true;
        }
        names = *next;
    }
    false
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// The model that a source stands for: itself, or that of an alias.
pub trait SourceOf<M> {}
impl<M: Model> SourceOf<M> for M {}
impl<M: Model, Tag: super::alias::AliasTag> SourceOf<M> for Aliased<M, Tag> {}
