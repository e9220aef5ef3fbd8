//! [`Handle`], the key of an object in a session.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A handle without its model: slot, generation of the slot, and session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawHandle {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    pub(crate) session: u32,
}

impl RawHandle {
    pub(crate) fn typed<M>(self) -> Handle<M> {
        Handle { raw: self, model: PhantomData }
    }
}

/// The key of an object in a session: small, `Copy`, and valid until the object is gone.
///
/// `session[handle]` is the object. Two handles are equal if they are of one object: a session holds one object for each
/// row. A handle of another session, or of an object that is gone, is refused with the model's name.
pub struct Handle<M> {
    raw: RawHandle,
    model: PhantomData<fn() -> M>,
}

impl<M> Handle<M> {
    pub(crate) fn raw(self) -> RawHandle {
        self.raw
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Handle<M> {}

impl<M> PartialEq for Handle<M> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<M> Eq for Handle<M> {}

impl<M> PartialOrd for Handle<M> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Handles are ordered by their place in the session, which is not the order of anything in the database.
impl<M> Ord for Handle<M> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.raw.cmp(&other.raw)
    }
}

impl<M> Hash for Handle<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = std::any::type_name::<M>();
        let model = path.rsplit("::").next().unwrap_or(path);
        write!(f, "Handle<{model}>({}.{})", self.raw.slot, self.raw.generation)
    }
}
