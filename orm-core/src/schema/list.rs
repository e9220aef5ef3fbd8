//! Handles in their order, each once, for collections that are added to one by one.

use super::handle::RawHandle;
use crate::hash::Set;

/// From so many handles on, looking one up in a set is quicker than looking at all.
const MANY: usize = 32;

#[derive(Debug, Clone, Default)]
pub(super) struct List {
    handles: Vec<RawHandle>,
    /// All of them, once there are many.
    members: Option<Set<RawHandle>>,
}

impl List {
    /// A list of handles that are there once each.
    pub(super) fn of(handles: &[RawHandle]) -> Self {
        Self { handles: handles.to_vec(), members: None }
    }

    pub(super) fn handles(&self) -> &[RawHandle] {
        &self.handles
    }

    /// Adds a handle that is not there yet.
    pub(super) fn push(&mut self, handle: RawHandle) {
        if self.members.is_none() && self.handles.len() >= MANY {
            self.members = Some(self.handles.iter().copied().collect());
        }
        if self.contains(handle) {
            return;
        }
        self.handles.push(handle);
        if let Some(members) = &mut self.members {
            members.insert(handle);
        }
    }

    /// Takes a handle out; tells whether it was in.
    pub(super) fn remove(&mut self, handle: RawHandle) -> bool {
        let found = self.contains(handle);
        if found {
            self.retain(|other| other != handle);
        }
        found
    }

    /// Drops those that are gone.
    pub(super) fn forget(&mut self, gone: &Set<RawHandle>) {
        self.retain(|handle| !gone.contains(&handle));
    }

    fn contains(&self, handle: RawHandle) -> bool {
        match &self.members {
            Some(members) => members.contains(&handle),
            None => self.handles.contains(&handle),
        }
    }

    fn retain(&mut self, keep: impl Fn(RawHandle) -> bool) {
        self.handles.retain(|&handle| keep(handle));
        if let Some(members) = &mut self.members {
            members.retain(|&handle| keep(handle));
        }
    }
}
