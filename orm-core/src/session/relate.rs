//! Relationships through the session: putting new children under an object, and reading what has no field.

use std::sync::Arc;

use super::Session;
use super::inner::{Inner, Row};
use crate::engine::placed;
use crate::error::{Error, Result};
use crate::query::LoadInto;
use crate::schema::{Edge, Handle, IntoChild, Kind, Many, Model, RawHandle, Relation, RelationKind, is_inverse};

impl Session {
    /// Puts a child under an object: a handle, a value, or a builder that need not name its parent. New values are added
    /// to the session.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32> }
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Homework {
    /// #     #[model(primary_key)] id: Auto<i32>,
    /// #     number: i32,
    /// #     #[model(references = Course::id)] course_id: i32,
    /// #     #[model(belongs_to = course_id, backref = homeworks)] course: BelongsTo<Course>,
    /// # }
    /// # fn demo(session: &mut Session, python: Handle<Course>) -> orm_core::Result<()> {
    /// let homework = session.push(python, Course::homeworks, Homework::builder().number(3))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Detached`](crate::ErrorKind::Detached) if the object is gone.
    pub fn push<A: Model, B: Model, const VIA: u64>(
        &mut self,
        parent: Handle<A>,
        relation: Relation<A, B, Many<VIA>>,
        child: impl IntoChild<B, VIA>,
    ) -> Result<Handle<B>> {
        let parent_row = self.inner.row(parent)?;
        let before = self.inner.pending.len();
        let child = child.into_child().hold(&mut self.inner);
        let child_row = self.inner.row(child)?;
        if let (Some(field), true) = (relation.edge().field(), self.inner.pending.len() > before) {
            self.inner.cascaded.insert(child_row, (parent_row, field));
        }
        self.inner.relate(relation.edge(), parent_row, child_row)?;
        Ok(child)
    }

    /// What a relationship of an object leads to; loads it if it is not loaded. Works for relationships without a field,
    /// too: a `backref`, or `.rev()`.
    ///
    /// # Errors
    ///
    /// Those of the server, [`Detached`](crate::ErrorKind::Detached) if the object is gone, and
    /// [`NotFound`](crate::ErrorKind::NotFound) if a required to-one relationship leads to no row.
    #[track_caller]
    pub fn related<A: Model, B: Model, K: Kind>(
        &mut self,
        handle: Handle<A>,
        relation: Relation<A, B, K>,
    ) -> impl Future<Output = Result<K::Of<Handle<B>>>> {
        placed(async move {
            self.inner.flush_for(A::table()).await?;
            let found = self.inner.load_edge::<A, B, ()>(relation.edge(), &(), &[handle]).await?;
            K::collect(found).ok_or_else(|| {
                Error::new(
                    crate::ErrorKind::NotFound,
                    format!("relationship `{}` leads to no row", relation.edge().name()),
                )
                .with_model(A::table().model)
            })
        })
    }
}

impl Inner {
    fn relate(&mut self, edge: Edge, parent: Row, child: Row) -> Result<()> {
        let (parent_handle, child_handle) = (self.handle_of(parent), self.handle_of(child));
        if let RelationKind::ManyToMany { .. } = edge.def().kind {
            let Some(field) = edge.field() else {
                return Err(Error::invalid(format!("relationship `{}` has no field to write to", edge.name())));
            };
            return self.push_to_field(parent, field, child_handle);
        }
        let inverse = |field: &usize| {
            let relation = edge.to().relations[*field];
            if edge.is_reversed() { std::ptr::eq(relation, edge.def()) } else { is_inverse(edge.def(), relation) }
        };
        if let Some(field) = (0..edge.to().relations.len()).find(inverse) {
            self.touch(child);
            let parents: Arc<[RawHandle]> = Arc::from([parent_handle]);
            self.arenas[child.arena].change_relation(child.slot, field, &mut |relation| {
                relation.set_held(Arc::clone(&parents));
            });
        }
        match edge.field() {
            Some(field) => self.push_to_field(parent, field, child_handle),
            None => Ok(()),
        }
    }

    /// Adds to a collection as the user would: the flush sees it.
    fn push_to_field(&mut self, owner: Row, field: usize, handle: RawHandle) -> Result<()> {
        self.touch(owner);
        self.arenas[owner.arena].change_relation(owner.slot, field, &mut |relation| relation.push_raw(handle));
        Ok(())
    }

    /// Takes the snapshot of an object that is about to be changed.
    fn touch(&mut self, row: Row) {
        self.arenas[row.arena].touch(row.slot);
    }
}
