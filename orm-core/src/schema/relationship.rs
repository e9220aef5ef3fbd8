//! The fields that hold relationships: [`HasMany`], [`HasOne`] and [`BelongsTo`].
//!
//! In a session they hold handles; before that, in a value that a builder made, they may hold new values, which
//! [`Model::adopt`](super::Model::adopt) turns into handles when the value enters a session.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::fresh::{Fresh, RawLink};
use super::handle::{Handle, RawHandle};
use super::list::List;
use super::model::{Adopter, IntoLink, Link, Model};
use super::relation::RelationDef;
use crate::hash::Set;

/// The objects at the far end of a one-to-many or many-to-many relationship.
///
/// It is loaded or not, and never takes one for the other: [`get`](Self::get) is `None` while it is not loaded, and
/// iterating panics with the call that loads it.
pub struct HasMany<M> {
    def: Option<&'static RelationDef>,
    state: Collection,
    model: PhantomData<fn() -> M>,
}

#[derive(Clone)]
enum Collection {
    /// Not loaded; what was added and removed meanwhile is remembered for the flush.
    Unloaded(Option<Box<Edits>>),
    Loaded(Arc<[RawHandle]>),
    /// Loaded, and added to since: what is shared with nobody grows without being copied each time.
    Grown(Box<List>),
    New(Vec<RawLink>),
}

/// What was added to a collection and removed from it.
#[derive(Debug, Clone, Default)]
struct Edits {
    added: List,
    removed: List,
}

impl<M> Default for HasMany<M> {
    fn default() -> Self {
        Self::in_state(None, Collection::UNLOADED)
    }
}

impl<M> Clone for HasMany<M> {
    fn clone(&self) -> Self {
        Self::in_state(self.def, self.state.clone())
    }
}

impl Collection {
    const UNLOADED: Self = Self::Unloaded(None);
}

impl<M> HasMany<M> {
    const fn in_state(def: Option<&'static RelationDef>, state: Collection) -> Self {
        Self { def, state, model: PhantomData }
    }

    /// A collection that is not loaded; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn unloaded(def: &'static RelationDef) -> Self {
        Self::in_state(Some(def), Collection::UNLOADED)
    }

    /// A collection of new values; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub fn links(def: &'static RelationDef, links: Vec<Link<M>>) -> Self
    where
        M: Model,
    {
        Self::in_state(Some(def), Collection::New(links.into_iter().map(RawLink::of).collect()))
    }

    /// A collection of handles, values or builders, for a value that is to be added to a session.
    pub fn of<L: IntoLink<M>>(links: impl IntoIterator<Item = L>) -> Self
    where
        M: Model,
    {
        let links = links.into_iter().map(|link| RawLink::of(link.into_link())).collect();
        Self::in_state(None, Collection::New(links))
    }

    /// Whether it is loaded.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        !matches!(self.state, Collection::Unloaded(_))
    }

    /// The handles in their order, or `None` while it is not loaded.
    #[must_use]
    pub fn get(&self) -> Option<Vec<Handle<M>>> {
        self.loaded().map(|handles| handles.iter().map(|handle| handle.typed()).collect())
    }

    fn loaded(&self) -> Option<Arc<[RawHandle]>> {
        match &self.state {
            Collection::Unloaded(_) => None,
            Collection::Loaded(handles) => Some(Arc::clone(handles)),
            Collection::Grown(list) => Some(list.handles().into()),
            Collection::New(links) => Some(links.iter().filter_map(RawLink::held).collect()),
        }
    }

    #[track_caller]
    fn expect_loaded(&self) -> Arc<[RawHandle]> {
        match self.loaded() {
            Some(handles) => handles,
            None => panic!("{}", not_loaded(self.def)),
        }
    }

    /// The handles as a list of its own, so that the session is free to be changed meanwhile.
    ///
    /// # Panics
    ///
    /// While it is not loaded; [`get`](Self::get) is the checked form.
    #[must_use]
    #[track_caller]
    pub fn handles(&self) -> Vec<Handle<M>> {
        self.iter().collect()
    }

    /// Iterates over the handles. The iterator borrows nothing, so that the session is free to be changed meanwhile.
    ///
    /// # Panics
    ///
    /// While it is not loaded; [`get`](Self::get) is the checked form.
    #[track_caller]
    pub fn iter(&self) -> Handles<M> {
        Handles { handles: self.expect_loaded(), next: 0, model: PhantomData }
    }

    /// How many there are.
    ///
    /// # Panics
    ///
    /// While it is not loaded; [`get`](Self::get) is the checked form.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        match &self.state {
            Collection::Grown(list) => list.handles().len(),
            _ => self.expect_loaded().len(),
        }
    }

    /// Whether there are none.
    ///
    /// # Panics
    ///
    /// While it is not loaded; [`get`](Self::get) is the checked form.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an object of the session; one that is in the collection already stays once. The flush writes it.
    ///
    /// It need not be loaded for that, and stays so. Any number may be added one by one: each costs the same.
    pub fn push(&mut self, handle: Handle<M>) {
        let handle = handle.raw();
        match &mut self.state {
            Collection::Unloaded(edits) => {
                let edits = edits.get_or_insert_default();
                edits.removed.remove(handle);
                edits.added.push(handle);
            }
            Collection::Loaded(handles) => {
                if !handles.contains(&handle) {
                    let mut list = List::of(handles);
                    list.push(handle);
                    self.state = Collection::Grown(Box::new(list));
                }
            }
            Collection::Grown(list) => list.push(handle),
            Collection::New(links) => links.push(RawLink::Held(handle)),
        }
    }

    /// Takes an object out of the collection; tells whether it was in, where that is known. The flush writes it.
    pub fn remove(&mut self, handle: Handle<M>) -> bool {
        let handle = handle.raw();
        match &mut self.state {
            Collection::Unloaded(edits) => {
                let edits = edits.get_or_insert_default();
                // What was added may have been there before.
                edits.added.remove(handle);
                edits.removed.push(handle);
                true
            }
            Collection::Loaded(handles) => {
                let kept: Arc<[RawHandle]> = handles.iter().copied().filter(|other| *other != handle).collect();
                let found = kept.len() != handles.len();
                *handles = kept;
                found
            }
            Collection::Grown(list) => list.remove(handle),
            Collection::New(links) => {
                let before = links.len();
                links.retain(|link| link.held() != Some(handle));
                links.len() != before
            }
        }
    }

    /// Puts these in the place of what was there. The flush writes the difference, for which a collection of an object
    /// that has a row must be loaded.
    pub fn set(&mut self, handles: impl IntoIterator<Item = Handle<M>>) {
        let mut seen = Set::default();
        let list = handles.into_iter().map(Handle::raw).filter(|&handle| seen.insert(handle)).collect();
        self.state = Collection::Loaded(list);
    }

    /// Turns new values into handles; for generated code.
    #[doc(hidden)]
    pub fn adopt<A: Adopter>(&mut self, adopter: &mut A)
    where
        M: Model,
    {
        let handles = match std::mem::replace(&mut self.state, Collection::UNLOADED) {
            // Most new objects have none, for which no memory is asked.
            Collection::New(links) if links.is_empty() => Arc::default(),
            Collection::Unloaded(None) => Arc::default(),
            Collection::New(links) => links.into_iter().map(|link| link.hold::<M, A>(adopter)).collect(),
            Collection::Unloaded(edits) => edits.iter().flat_map(|edits| edits.added.handles()).copied().collect(),
            Collection::Loaded(handles) => handles,
            Collection::Grown(list) => list.handles().into(),
        };
        self.state = Collection::Loaded(handles);
    }
}

/// An iterator over the handles of a collection, which borrows nothing.
#[derive(Debug)]
pub struct Handles<M> {
    handles: Arc<[RawHandle]>,
    next: usize,
    model: PhantomData<fn() -> M>,
}

impl<M> Iterator for Handles<M> {
    type Item = Handle<M>;

    fn next(&mut self) -> Option<Handle<M>> {
        let handle = self.handles.get(self.next)?;
        self.next += 1;
        Some(handle.typed())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.handles.len() - self.next;
        (left, Some(left))
    }
}

impl<M> ExactSizeIterator for Handles<M> {}

impl<M> IntoIterator for &HasMany<M> {
    type Item = Handle<M>;
    type IntoIter = Handles<M>;

    #[track_caller]
    fn into_iter(self) -> Handles<M> {
        self.iter()
    }
}

impl<M> fmt::Debug for HasMany<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            Collection::Unloaded(_) => f.write_str("HasMany(not loaded)"),
            Collection::Loaded(handles) => write!(f, "HasMany({} loaded)", handles.len()),
            Collection::Grown(list) => write!(f, "HasMany({} loaded)", list.handles().len()),
            Collection::New(links) => write!(f, "HasMany({} new)", links.len()),
        }
    }
}

/// Two collections are equal if both are not loaded, or hold the same objects of one session in the same order.
impl<M> PartialEq for HasMany<M> {
    fn eq(&self, other: &Self) -> bool {
        self.loaded() == other.loaded()
    }
}

impl<M> Eq for HasMany<M> {}

/// One object or none, to which this one points by its foreign key.
///
/// Untouched, the key's column says which; once set or cleared here, the flush writes the key.
pub struct BelongsTo<M>(One<M>);

/// One object or none, which points here by its foreign key.
pub struct HasOne<M>(One<M>);

struct One<M> {
    def: Option<&'static RelationDef>,
    state: OneState,
    model: PhantomData<fn() -> M>,
}

#[derive(Clone)]
enum OneState {
    Unloaded,
    Held(Option<RawHandle>),
    /// In a box, so that the field is no larger than a handle for the sake of values that are seldom there.
    New(Box<Fresh>),
}

impl<M> One<M> {
    const fn unloaded(def: Option<&'static RelationDef>) -> Self {
        Self { def, state: OneState::Unloaded, model: PhantomData }
    }

    fn link(def: Option<&'static RelationDef>, link: Link<M>) -> Self
    where
        M: Model,
    {
        let state = match link {
            Link::New(value) => OneState::New(Box::new(Fresh::of(value))),
            Link::Held(handle) => OneState::Held(Some(handle.raw())),
        };
        Self { def, state, model: PhantomData }
    }

    fn held(&self) -> Option<Option<RawHandle>> {
        match self.state {
            OneState::Held(handle) => Some(handle),
            OneState::Unloaded | OneState::New(_) => None,
        }
    }

    fn adopt<A: Adopter>(&mut self, adopter: &mut A)
    where
        M: Model,
    {
        self.state = match std::mem::replace(&mut self.state, OneState::Unloaded) {
            OneState::New(value) => OneState::Held(Some(value.adopt::<M, A>(adopter).raw())),
            known => known,
        };
    }
}

macro_rules! to_one {
    ($name:ident) => {
        impl<M> Default for $name<M> {
            fn default() -> Self {
                Self(One::unloaded(None))
            }
        }

        impl<M> Clone for $name<M> {
            fn clone(&self) -> Self {
                Self(One { def: self.0.def, state: self.0.state.clone(), model: PhantomData })
            }
        }

        impl<M> $name<M> {
            /// One that is not loaded; for generated code.
            #[doc(hidden)]
            #[must_use]
            pub const fn unloaded(def: &'static RelationDef) -> Self {
                Self(One::unloaded(Some(def)))
            }

            /// One that is set; for generated code.
            #[doc(hidden)]
            #[must_use]
            pub fn link(def: &'static RelationDef, link: Link<M>) -> Self
            where
                M: Model,
            {
                Self(One::link(Some(def), link))
            }

            /// The object of a handle, a value or a builder, for a value that is to be added to a session.
            pub fn of(link: impl IntoLink<M>) -> Self
            where
                M: Model,
            {
                Self(One::link(None, link.into_link()))
            }

            /// Whether it is known which object it is, or that there is none.
            #[must_use]
            pub fn is_loaded(&self) -> bool {
                !matches!(self.0.state, OneState::Unloaded)
            }

            /// The object's handle; `None` if there is none, or it is not loaded.
            #[must_use]
            pub fn handle(&self) -> Option<Handle<M>> {
                self.0.held().flatten().map(|handle| handle.typed())
            }

            /// The object's handle, or `None` if there is none; outside it, `None` while it is not loaded.
            #[must_use]
            pub fn get(&self) -> Option<Option<Handle<M>>> {
                self.0.held().map(|held| held.map(|handle| handle.typed()))
            }

            /// Relates to that object; the flush writes the key.
            pub fn set(&mut self, handle: Handle<M>) {
                self.0.state = OneState::Held(Some(handle.raw()));
            }

            /// Relates to none; the flush writes NULL.
            pub fn clear(&mut self) {
                self.0.state = OneState::Held(None);
            }
        }

        impl<M> fmt::Debug for $name<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                match self.0.state {
                    OneState::Unloaded => match self.0.def {
                        Some(def) => write!(f, "{} not loaded", def.name)?,
                        None => f.write_str("not loaded")?,
                    },
                    OneState::Held(None) => f.write_str("none")?,
                    OneState::Held(Some(handle)) => fmt::Debug::fmt(&handle.typed::<M>(), f)?,
                    OneState::New(_) => f.write_str("new")?,
                }
                f.write_str(")")
            }
        }

        /// Two are equal if both are not loaded, or lead to the same object of one session, or to none.
        impl<M> PartialEq for $name<M> {
            fn eq(&self, other: &Self) -> bool {
                self.0.held() == other.0.held()
            }
        }

        impl<M> Eq for $name<M> {}
    };
}
to_one!(BelongsTo);
to_one!(HasOne);

impl<M: Model> BelongsTo<M> {
    /// Turns a new value into a handle; for generated code.
    #[doc(hidden)]
    pub fn adopt<A: Adopter>(&mut self, adopter: &mut A) {
        self.0.adopt(adopter);
    }
}

impl<M: Model> HasOne<M> {
    /// Turns a new value into a handle; for generated code. To an object without a row no other can point yet.
    #[doc(hidden)]
    pub fn adopt<A: Adopter>(&mut self, adopter: &mut A) {
        self.0.adopt(adopter);
        if !self.is_loaded() {
            self.clear();
        }
    }
}

fn not_loaded(def: Option<&'static RelationDef>) -> String {
    match def {
        Some(def) => {
            let path = def.path();
            format!(
                "relationship `{path}` is not loaded; add `.with({path})` to the session's query or call \
                 `session.load(&handles, {path})`; an engine gives what it loads beside the value"
            )
        }
        None => "the relationship is not loaded; call `session.load` with it".to_owned(),
    }
}

/// What the session does with a relationship field without knowing its model.
pub trait RelationField {
    /// The objects that it is known to hold, or `None` while it is not loaded.
    #[doc(hidden)]
    fn held(&self) -> Option<Arc<[RawHandle]>>;
    /// Like [`held`](Self::held), to be looked at only.
    #[doc(hidden)]
    fn handles(&self) -> Option<Cow<'_, [RawHandle]>>;
    /// What was added and removed while it was not loaded.
    #[doc(hidden)]
    fn pending(&self) -> (&[RawHandle], &[RawHandle]) {
        (&[], &[])
    }
    /// Whether it holds objects or new values.
    #[doc(hidden)]
    fn holds_any(&self) -> bool;
    /// Adds one object, as a user would.
    #[doc(hidden)]
    fn push_raw(&mut self, handle: RawHandle);
    /// Drops objects that are not of the session any more.
    #[doc(hidden)]
    fn forget(&mut self, gone: &Set<RawHandle>) {
        let Some(held) = self.held() else { return };
        if held.iter().any(|handle| gone.contains(handle)) {
            self.set_held(held.iter().copied().filter(|handle| !gone.contains(handle)).collect());
        }
    }
    /// Makes these the loaded objects.
    #[doc(hidden)]
    fn set_held(&mut self, handles: Arc<[RawHandle]>);
    /// Makes this the loaded object of a to-one relationship, unless it is known which one it is.
    #[doc(hidden)]
    fn note(&mut self, handle: RawHandle) {
        let _ = handle;
    }
    /// Makes this one object the loaded one, or none.
    #[doc(hidden)]
    fn set_one(&mut self, handle: Option<RawHandle>) {
        self.set_held(handle.into_iter().collect());
    }
    /// Makes it not loaded.
    #[doc(hidden)]
    fn unload(&mut self);
    /// Nothing is added any more, for now: what it holds may be shared.
    #[doc(hidden)]
    fn settle(&mut self) {}
}

impl<M> RelationField for HasMany<M> {
    fn held(&self) -> Option<Arc<[RawHandle]>> {
        self.loaded()
    }

    fn handles(&self) -> Option<Cow<'_, [RawHandle]>> {
        match &self.state {
            Collection::Unloaded(_) => None,
            Collection::Loaded(handles) => Some(Cow::Borrowed(handles)),
            Collection::Grown(list) => Some(Cow::Borrowed(list.handles())),
            Collection::New(links) => Some(links.iter().filter_map(RawLink::held).collect()),
        }
    }

    fn pending(&self) -> (&[RawHandle], &[RawHandle]) {
        match &self.state {
            Collection::Unloaded(Some(edits)) => (edits.added.handles(), edits.removed.handles()),
            _ => (&[], &[]),
        }
    }

    fn holds_any(&self) -> bool {
        match &self.state {
            Collection::Unloaded(edits) => edits.as_ref().is_some_and(|edits| !edits.added.handles().is_empty()),
            Collection::Loaded(handles) => !handles.is_empty(),
            Collection::Grown(list) => !list.handles().is_empty(),
            Collection::New(links) => !links.is_empty(),
        }
    }

    fn push_raw(&mut self, handle: RawHandle) {
        self.push(handle.typed());
    }

    fn forget(&mut self, gone: &Set<RawHandle>) {
        match &mut self.state {
            Collection::Unloaded(Some(edits)) => {
                edits.added.forget(gone);
                edits.removed.forget(gone);
            }
            Collection::Grown(list) => list.forget(gone),
            Collection::Loaded(handles) if handles.iter().any(|handle| gone.contains(handle)) => {
                *handles = handles.iter().copied().filter(|handle| !gone.contains(handle)).collect();
            }
            Collection::Unloaded(None) | Collection::Loaded(_) | Collection::New(_) => {}
        }
    }

    fn set_held(&mut self, handles: Arc<[RawHandle]>) {
        let edits = std::mem::replace(&mut self.state, Collection::Loaded(handles));
        // What was added and removed before it was loaded is not lost by loading it.
        if let Collection::Unloaded(Some(edits)) = edits {
            for handle in edits.added.handles() {
                self.push(handle.typed());
            }
            for handle in edits.removed.handles() {
                self.remove(handle.typed());
            }
            RelationField::settle(self);
        }
    }

    fn unload(&mut self) {
        self.state = Collection::UNLOADED;
    }

    fn settle(&mut self) {
        if let Collection::Grown(list) = &self.state {
            self.state = Collection::Loaded(list.handles().into());
        }
    }
}

impl<M> RelationField for One<M> {
    fn held(&self) -> Option<Arc<[RawHandle]>> {
        Self::held(self).map(|handle| handle.into_iter().collect())
    }

    fn handles(&self) -> Option<Cow<'_, [RawHandle]>> {
        match &self.state {
            OneState::Held(handle) => Some(Cow::Borrowed(handle.as_slice())),
            OneState::Unloaded | OneState::New(_) => None,
        }
    }

    fn holds_any(&self) -> bool {
        !matches!(self.state, OneState::Unloaded | OneState::Held(None))
    }

    fn push_raw(&mut self, handle: RawHandle) {
        self.state = OneState::Held(Some(handle));
    }

    fn set_held(&mut self, handles: Arc<[RawHandle]>) {
        self.set_one(handles.first().copied());
    }

    fn set_one(&mut self, handle: Option<RawHandle>) {
        self.state = OneState::Held(handle);
    }

    fn note(&mut self, handle: RawHandle) {
        if matches!(self.state, OneState::Unloaded) {
            self.state = OneState::Held(Some(handle));
        }
    }

    fn unload(&mut self) {
        self.state = OneState::Unloaded;
    }
}

macro_rules! delegate_field {
    ($name:ident) => {
        impl<M> RelationField for $name<M> {
            fn held(&self) -> Option<Arc<[RawHandle]>> {
                RelationField::held(&self.0)
            }

            fn handles(&self) -> Option<Cow<'_, [RawHandle]>> {
                self.0.handles()
            }

            fn holds_any(&self) -> bool {
                self.0.holds_any()
            }

            fn push_raw(&mut self, handle: RawHandle) {
                self.0.push_raw(handle);
            }

            fn set_held(&mut self, handles: Arc<[RawHandle]>) {
                self.0.set_held(handles);
            }

            fn note(&mut self, handle: RawHandle) {
                self.0.note(handle);
            }

            fn set_one(&mut self, handle: Option<RawHandle>) {
                self.0.set_one(handle);
            }

            fn unload(&mut self) {
                self.0.unload();
            }
        }
    };
}
delegate_field!(BelongsTo);
delegate_field!(HasOne);
