//! New values at the end of a relationship, without their model in the type.
//!
//! A relationship field holds them until its own value enters a session. Were they of their own type there, the question
//! whether a model can be sent to another thread would be one about all models that it leads to, each within the one
//! before: the compiler would not follow a chain of some dozens, and would ask it anew for each model.

use std::any::Any;

use super::handle::{Handle, RawHandle};
use super::model::{Adopter, Link, Model};

trait Value: Any + Send + Sync {
    fn copied(&self) -> Fresh;
}

impl<M: Model> Value for M {
    fn copied(&self) -> Fresh {
        Fresh::of(Box::new(self.clone()))
    }
}

/// A new value of some model.
pub(super) struct Fresh(Box<dyn Value>);

impl Fresh {
    pub(super) fn of<M: Model>(value: Box<M>) -> Self {
        Self(value)
    }

    /// Gives the value to a session. `M` is the model of the field that held it.
    pub(super) fn adopt<M: Model, A: Adopter>(self, adopter: &mut A) -> Handle<M> {
        let value: Box<dyn Any> = self.0;
        match value.downcast::<M>() {
            Ok(value) => adopter.adopt(*value),
            Err(_) => unreachable!("the field of a relationship takes values of its model alone"),
        }
    }
}

impl Clone for Fresh {
    fn clone(&self) -> Self {
        self.0.copied()
    }
}

/// A [`Link`] without its model in the type.
#[derive(Clone)]
pub(super) enum RawLink {
    New(Fresh),
    Held(RawHandle),
}

impl RawLink {
    pub(super) fn of<M: Model>(link: Link<M>) -> Self {
        match link {
            Link::New(value) => Self::New(Fresh::of(value)),
            Link::Held(handle) => Self::Held(handle.raw()),
        }
    }

    pub(super) fn held(&self) -> Option<RawHandle> {
        match self {
            Self::New(_) => None,
            Self::Held(handle) => Some(*handle),
        }
    }

    pub(super) fn hold<M: Model, A: Adopter>(self, adopter: &mut A) -> RawHandle {
        match self {
            Self::New(value) => value.adopt::<M, A>(adopter).raw(),
            Self::Held(handle) => handle,
        }
    }
}
