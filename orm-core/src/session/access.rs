//! Reading and changing the objects of a session in memory.

use std::ops::{Index, IndexMut};

use super::Session;
use super::arena::{Arena, SlotState};
use super::inner::{Row, detached};
use super::state::State;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Handle, Model, Writable};

impl Session {
    /// The object of a handle.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Detached`] if the object is gone, or the handle is of another session.
    pub fn try_get<M: Model>(&self, handle: Handle<M>) -> Result<&M> {
        let row = self.inner.row(handle)?;
        self.inner
            .arena::<M>()
            .and_then(|arena| arena.get(row.slot, handle.raw().generation))
            .ok_or_else(|| detached(M::table(), "the object is in use by `Session::with`"))
    }

    /// The object of a handle, to be changed; the next flush writes what differs then.
    ///
    /// # Errors
    ///
    /// Like [`try_get`](Self::try_get).
    pub fn try_get_mut<M: Model + Writable>(&mut self, handle: Handle<M>) -> Result<&mut M> {
        let row = self.inner.row(handle)?;
        self.inner
            .arena_mut::<M>()
            .and_then(|arena| arena.get_mut(row.slot, handle.raw().generation))
            .ok_or_else(|| detached(M::table(), "the object is in use by `Session::with`"))
    }

    /// Several objects of one model at once, to be changed.
    ///
    /// # Panics
    ///
    /// Like indexing, if one of the handles leads to nothing; and if two of them are of one object.
    #[track_caller]
    pub fn many_mut<M: Model + Writable, const N: usize>(&mut self, handles: [Handle<M>; N]) -> [&mut M; N] {
        match self.try_many_mut(handles) {
            Ok(objects) => objects,
            Err(error) => panic!("{error}"),
        }
    }

    /// Like [`many_mut`](Self::many_mut), checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Detached`] if one of the handles leads to nothing, [`ErrorKind::Invalid`] if two are of one object.
    pub fn try_many_mut<M: Model + Writable, const N: usize>(
        &mut self,
        handles: [Handle<M>; N],
    ) -> Result<[&mut M; N]> {
        for (i, handle) in handles.iter().enumerate() {
            self.try_get_mut(*handle)?;
            if handles[..i].contains(handle) {
                let message = format!("two of the handles are of one object of `{}`", M::table().model);
                return Err(Error::invalid(message).with_model(M::table().model));
            }
        }
        let slots = handles.map(|handle| handle.raw().slot as usize);
        let found = self.inner.arena_mut::<M>().and_then(|arena| arena.slots.get_several_mut(slots));
        let Some(found) = found else { return Err(detached(M::table(), "the object is gone")) };
        let mut missing = false;
        let objects = found.map(|slot| {
            missing |= slot.value.is_none();
            slot.value.as_mut()
        });
        if missing {
            return Err(detached(M::table(), "the object is in use by `Session::with`"));
        }
        Ok(objects.map(|object| match object {
            Some(object) => object,
            None => unreachable!("the objects were looked at just now"),
        }))
    }

    /// Two objects at once, to be changed; their models may differ.
    ///
    /// # Panics
    ///
    /// Like indexing, if one of the handles leads to nothing; and if both are of one object.
    #[track_caller]
    pub fn pair_mut<A: Model + Writable, B: Model + Writable>(
        &mut self,
        a: Handle<A>,
        b: Handle<B>,
    ) -> (&mut A, &mut B) {
        match self.try_pair_mut(a, b) {
            Ok(pair) => pair,
            Err(error) => panic!("{error}"),
        }
    }

    /// Like [`pair_mut`](Self::pair_mut), checked.
    ///
    /// # Errors
    ///
    /// Like [`try_many_mut`](Self::try_many_mut).
    pub fn try_pair_mut<A: Model + Writable, B: Model + Writable>(
        &mut self,
        a: Handle<A>,
        b: Handle<B>,
    ) -> Result<(&mut A, &mut B)> {
        self.try_get_mut(a)?;
        self.try_get_mut(b)?;
        let (row_a, row_b) = (self.inner.row(a)?, self.inner.row(b)?);
        if row_a.arena == row_b.arena {
            // One model: the second handle is of the first's type too.
            let [first, second] = self.try_many_mut([a, b.raw().typed::<A>()])?;
            let second: &mut dyn std::any::Any = second;
            return match second.downcast_mut::<B>() {
                Some(second) => Ok((first, second)),
                None => Err(detached(B::table(), "the object is gone")),
            };
        }
        let Ok([arena_a, arena_b]) = self.inner.arenas.get_disjoint_mut([row_a.arena, row_b.arena]) else {
            return Err(detached(A::table(), "the object is gone"));
        };
        let object_a = arena_a.as_any_mut().downcast_mut::<Arena<A>>().and_then(|arena| value_mut(arena, row_a));
        let object_b = arena_b.as_any_mut().downcast_mut::<Arena<B>>().and_then(|arena| value_mut(arena, row_b));
        object_a.zip(object_b).ok_or_else(|| detached(A::table(), "the object is gone"))
    }

    /// Changes an object with the rest of the session at hand: the object is moved out while the closure runs.
    ///
    /// Inside, the handle itself leads to nothing.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # fn demo(session: &mut Session, course: Handle<Course>, other: Handle<Course>) {
    /// session.with(course, |course, session| course.name.push_str(&session[other].name));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Like indexing, if the handle leads to nothing.
    #[track_caller]
    pub fn with<M: Model + Writable, R>(&mut self, handle: Handle<M>, f: impl FnOnce(&mut M, &mut Self) -> R) -> R {
        if let Err(error) = self.try_get_mut(handle) {
            panic!("{error}");
        }
        let slot = handle.raw().slot as usize;
        let taken = self.inner.arena_mut::<M>().and_then(|arena| arena.slots[slot].value.take());
        let Some(mut value) = taken else { unreachable!("the object was looked at just now") };
        // The object goes back also if the closure panics: a caller that catches it finds the session whole.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&mut value, self)));
        if let Some(slot) = self.inner.arena_mut::<M>().and_then(|arena| arena.slots.get_mut(slot))
            && slot.generation == handle.raw().generation
        {
            slot.value = Some(value);
        }
        match outcome {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// The state of an object.
    #[must_use]
    pub fn state<M: Model>(&self, handle: Handle<M>) -> State {
        match self.inner.row(handle).map(|row| self.inner.state(row)) {
            Ok(SlotState::Transient) => State::Transient,
            Ok(SlotState::Pending) => State::Pending,
            Ok(SlotState::Persistent) => State::Persistent,
            Ok(SlotState::Deleted) => State::Deleted,
            Ok(SlotState::Vacant) | Err(_) => State::Detached,
        }
    }

    /// Moves an object out of the session: from then on it is a plain value, and its handle leads to nothing. Its row, if
    /// it has one, stays.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Detached`] if it is not there.
    pub fn take<M: Model>(&mut self, handle: Handle<M>) -> Result<M> {
        self.try_get(handle)?;
        let row = self.inner.row(handle)?;
        self.forget(row);
        self.inner
            .arena_mut::<M>()
            .and_then(|arena| arena.remove(row.slot))
            .ok_or_else(|| Error::new(ErrorKind::Detached, format!("the object of `{}` is gone", M::table().model)))
    }

    /// Forgets an object, whatever is pending or changed of it: its handle leads to nothing, and its memory is free. Its
    /// row, if it has one, stays as it is; what was flushed of it is committed or rolled back with the transaction.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # fn demo(session: &mut Session, course: Handle<Course>) -> orm_core::Result<()> {
    /// session[course].name.clear();
    /// session.expunge(course)?;            // the change is given up
    /// assert_eq!(session.state(course), orm_core::State::Detached);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Detached`] if it is not there.
    pub fn expunge<M: Model>(&mut self, handle: Handle<M>) -> Result<()> {
        self.take(handle).map(drop)
    }

    /// Forgets all objects, whatever is pending or changed of them: their handles lead to nothing, and their memory is
    /// free. A transaction that is open stays open, with what was flushed in it.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
    /// # async fn demo(session: &mut Session) -> orm_core::Result<()> {
    /// for number in 0..1000 {
    ///     session.add_all((0..1000).map(|n| Course::builder().name(format!("{number}.{n}"))));
    ///     session.flush().await?;
    ///     session.clear();                 // the rows are written, and the objects are not needed any more
    /// }
    /// session.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nothing is sent.
    pub fn clear(&mut self) {
        self.inner.forget_undo(|_| true);
        self.inner.pending.clear();
        self.inner.cascaded.clear();
        self.inner.assigned.clear();
        self.inner.hooked.clear();
        self.inner.relinks.clear();
        self.inner.related.clear();
        for arena in &mut self.inner.arenas {
            arena.release_all();
        }
    }

    /// The handles of all objects of a model that the session holds, whatever their state.
    #[must_use]
    pub fn objects<M: Model>(&self) -> Vec<Handle<M>> {
        let Some(arena) = self.inner.find_arena(M::table()) else { return Vec::new() };
        let slots = &self.inner.arenas[arena];
        let live = (0..slots.len() as u32).filter(|&slot| slots.generation(slot).is_some());
        live.map(|slot| self.inner.handle_of(Row { arena, slot }).typed()).collect()
    }

    fn forget(&mut self, row: Row) {
        let handle = self.inner.handle_of(row);
        let table = self.inner.arenas[row.arena].table();
        self.inner.pending.retain(|other| *other != row);
        self.inner.forget_notes(row);
        self.inner.cascaded.retain(|child, (parent, _)| *child != row && *parent != row);
        self.inner.forget_undo(|other| other == row);
        self.inner.related.clear();
        self.inner.forget_in_relations(table, &std::iter::once(handle).collect());
    }

    /// The handles of the objects that are pending, in the order in which they were added.
    #[must_use]
    pub fn new_objects<M: Model>(&self) -> Vec<Handle<M>> {
        let arena = self.inner.find_arena(M::table());
        let rows = self.inner.pending.iter().filter(|row| Some(row.arena) == arena);
        rows.map(|&row| self.inner.handle_of(row).typed()).collect()
    }

    /// The handles of the objects with a row that were touched since the last flush, whether or not they differ.
    #[must_use]
    pub fn dirty_objects<M: Model>(&self) -> Vec<Handle<M>> {
        self.touched(false)
    }

    /// The handles of the objects whose rows the next flush deletes.
    #[must_use]
    pub fn deleted_objects<M: Model>(&self) -> Vec<Handle<M>> {
        self.touched(true)
    }

    fn touched<M: Model>(&self, doomed: bool) -> Vec<Handle<M>> {
        let Some(arena) = self.inner.find_arena(M::table()) else { return Vec::new() };
        let slots = &self.inner.arenas[arena];
        let chosen = slots.touched().iter().filter(|&&slot| slots.is_doomed(slot) == doomed);
        chosen.map(|&slot| self.inner.handle_of(Row { arena, slot }).typed()).collect()
    }
}

fn value_mut<M: Model>(arena: &mut Arena<M>, row: Row) -> Option<&mut M> {
    arena.slots.get_mut(row.slot as usize)?.value.as_mut()
}

/// The object of a handle.
///
/// # Panics
///
/// If the object is gone or the handle is of another session; [`Session::try_get`] is the checked form.
impl<M: Model> Index<Handle<M>> for Session {
    type Output = M;

    #[track_caller]
    fn index(&self, handle: Handle<M>) -> &M {
        match self.try_get(handle) {
            Ok(object) => object,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The object of a handle, to be changed; the next flush writes what differs then.
///
/// # Panics
///
/// If the object is gone or the handle is of another session; [`Session::try_get_mut`] is the checked form.
impl<M: Model + Writable> IndexMut<Handle<M>> for Session {
    #[track_caller]
    fn index_mut(&mut self, handle: Handle<M>) -> &mut M {
        match self.try_get_mut(handle) {
            Ok(object) => object,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Like indexing by the handle itself, for loops over references to handles.
impl<M: Model> Index<&Handle<M>> for Session {
    type Output = M;

    #[track_caller]
    fn index(&self, handle: &Handle<M>) -> &M {
        &self[*handle]
    }
}

/// Like indexing by the handle itself, for loops over references to handles.
impl<M: Model + Writable> IndexMut<&Handle<M>> for Session {
    #[track_caller]
    fn index_mut(&mut self, handle: &Handle<M>) -> &mut M {
        &mut self[*handle]
    }
}
