//! [`Member`]: what `Address::city` is, of a composite type.

use std::fmt;
use std::marker::PhantomData;

use crate::types::MemberDef;

/// A member of the composite type `C`, whose field has the type `T`; see [`Expression::member`](super::Expression::member).
pub struct Member<C, T> {
    def: &'static MemberDef,
    types: PhantomData<fn() -> (C, T)>,
}

impl<C, T> Member<C, T> {
    /// The member that `def` describes; for generated code.
    #[must_use]
    pub const fn new(def: &'static MemberDef) -> Self {
        Self { def, types: PhantomData }
    }

    /// The member's name in the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.def.name
    }
}

impl<C, T> Clone for Member<C, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, T> Copy for Member<C, T> {}

impl<C, T> fmt::Debug for Member<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Member({})", self.def.name)
    }
}
