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
/// The source is further back in the list.
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

impl<T: Source, R> InScope<(T, R), Here> for T {
    type Null = NotNull;
}

impl<T: Source, R> InScope<(Nullable<T>, R), HereNullable> for T {
    type Null = MaybeNull;
}

impl<T: Source, R> InScope<(Outer<T>, R), HereOuter> for T {
    type Null = NotNull;
}

#[diagnostic::do_not_recommend]
impl<T: Source, H, R, I> InScope<(H, R), There<I>> for T
where
    T: InScope<R, I>,
{
    type Null = T::Null;
}

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

/// Whether the model `B` is in the scope under its own name.
pub trait Has<B> {
    /// The answer.
    const HAS: bool;
}

impl<B> Has<B> for () {
    const HAS: bool = false;
}

impl<H: Source, R: Has<B>, B: Source> Has<B> for (H, R) {
    const HAS: bool = same(H::NAME, B::NAME) || R::HAS;
}

impl<H: Source, R: Has<B>, B: Source> Has<B> for (Nullable<H>, R) {
    const HAS: bool = same(H::NAME, B::NAME) || R::HAS;
}

impl<H: Source, R: Has<B>, B: Source> Has<B> for (Outer<H>, R) {
    const HAS: bool = R::HAS;
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
