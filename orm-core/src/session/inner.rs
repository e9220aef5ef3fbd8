//! What a session is made of, and how its parts are reached.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::arena::{AnyArena, Arena, SlotState};
use super::batches::Brought;
use super::hooks::Mark;
use super::maker::SessionOptions;
use super::savepoint::Level;
use super::undo::{Link, Undo};
use crate::engine::{Connection, Engine};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::{Map, Set};
use crate::schema::{Adopter, Edge, Handle, Model, RawHandle, RelationField, RelationKind, TableDef};
use crate::sql::Node;

/// The parts of a session. The acts (flush, load, access) are functions over it, each in a file of its own.
pub(super) struct Inner {
    pub(super) id: u32,
    pub(super) engine: Engine,
    pub(super) options: SessionOptions,
    pub(super) arenas: Vec<Box<dyn AnyArena>>,
    /// Objects without a row, in the order in which they were added.
    pub(super) pending: Vec<Row>,
    /// New objects that came with a parent's collection and not by themselves: the parent, and the field.
    pub(super) cascaded: Map<Row, (Row, usize)>,
    /// Columns that were assigned expressions, by object: the next flush writes them.
    pub(super) assigned: Map<Row, Vec<(usize, Node)>>,
    /// The connection of the open transaction.
    pub(super) connection: Option<Connection>,
    /// Whether the connection is taken out while rows are read.
    pub(super) is_lent: bool,
    /// Why nothing can be done before a rollback.
    pub(super) doubt: Option<&'static str>,
    /// Whether the open transaction has statements that no flush repeats.
    pub(super) is_unrepeatable: bool,
    /// The savepoints that are open, innermost last.
    pub(super) levels: Vec<Level>,
    /// How many savepoints there have been.
    pub(super) savepoints: u64,
    /// The depth of a savepoint that the server is to go back to before anything else.
    pub(super) go_back_to: Option<usize>,
    /// What goes back if the open transaction does.
    pub(super) undo: Vec<Undo>,
    /// Links that were written in a transaction that was taken back, and are to be written again; the last word counts.
    pub(super) relinks: Vec<Link>,
    /// Raised by commit and rollback: values read before may be old.
    pub(super) epoch: u32,
    /// Loaded ends of relationships that have no field.
    pub(super) related: Map<RelatedKey, Arc<[RawHandle]>>,
    pub(super) autoflush: bool,
    /// What was not flushed before the hooks of the flush under way ran.
    pub(super) mark: Option<Mark>,
    /// Objects that hooks have added in the open transaction.
    pub(super) hooked: Set<Row>,
    /// The objects that were new to the session since a walk began to read.
    pub(super) brought: Option<Vec<Brought>>,
}

/// An object without its model: the arena, and the slot in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) arena: usize,
    pub(super) slot: u32,
}

/// What is known of rows.
pub(super) type RowMap<T> = Map<Row, T>;

/// Rows, found fast.
pub(super) type RowSet = Set<Row>;

/// A relationship, from one of its ends, of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RelatedKey {
    pub(super) relation: usize,
    pub(super) reversed: bool,
    pub(super) with_deleted: bool,
    pub(super) row: Row,
}

/// Tells the handles of one session from those of another.
static NEXT_ID: AtomicU32 = AtomicU32::new(1);

impl Inner {
    pub(super) fn new(engine: Engine, options: SessionOptions) -> Self {
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            engine,
            autoflush: options.autoflush,
            options,
            mark: None,
            hooked: Set::default(),
            arenas: Vec::new(),
            pending: Vec::new(),
            cascaded: Map::default(),
            assigned: Map::default(),
            connection: None,
            is_lent: false,
            levels: Vec::new(),
            savepoints: 0,
            go_back_to: None,
            doubt: None,
            is_unrepeatable: false,
            undo: Vec::new(),
            relinks: Vec::new(),
            epoch: 0,
            related: Map::default(),
            brought: None,
        }
    }

    /// The place of a model's arena. A session knows few models: a search is faster than a hash.
    #[inline]
    pub(super) fn find_arena(&self, table: &'static TableDef) -> Option<usize> {
        self.arenas.iter().position(|arena| std::ptr::eq(arena.table(), table))
    }

    pub(super) fn arena_index<M: Model>(&mut self) -> usize {
        self.find_arena(M::table()).unwrap_or_else(|| {
            self.arenas.push(Box::new(Arena::<M>::new()));
            self.arenas.len() - 1
        })
    }

    pub(super) fn arena<M: Model>(&self) -> Option<&Arena<M>> {
        self.arenas[self.find_arena(M::table())?].as_any().downcast_ref()
    }

    pub(super) fn arena_mut<M: Model>(&mut self) -> Option<&mut Arena<M>> {
        let index = self.arena_index::<M>();
        self.arenas[index].as_any_mut().downcast_mut()
    }

    /// The object of a handle, if the handle is one of this session and of an object that is here.
    pub(super) fn resolve(&self, table: &'static TableDef, handle: RawHandle) -> Result<Row> {
        if handle.session != self.id {
            return Err(detached(table, "the handle is of another session"));
        }
        let row = self.find_arena(table).map(|arena| Row { arena, slot: handle.slot });
        row.filter(|row| self.arenas[row.arena].generation(row.slot) == Some(handle.generation))
            .ok_or_else(|| detached(table, "the object is gone"))
    }

    pub(super) fn row<M: Model>(&self, handle: Handle<M>) -> Result<Row> {
        self.resolve(M::table(), handle.raw())
    }

    pub(super) fn handle_of(&self, row: Row) -> RawHandle {
        let generation = self.arenas[row.arena].generation(row.slot).unwrap_or(u32::MAX);
        RawHandle::new(self.id, row.slot, generation)
    }

    pub(super) fn state(&self, row: Row) -> SlotState {
        self.arenas[row.arena].state(row.slot)
    }

    /// Frees the slot of an object: its handles lead to nothing from now on.
    pub(super) fn release(&mut self, row: Row) {
        self.forget_notes(row);
        self.arenas[row.arena].release(row.slot);
    }

    /// Forgets what is noted of an object by its slot, which another one may have next.
    pub(super) fn forget_notes(&mut self, row: Row) {
        // Nearly always there are none, and a hash would be made for nothing.
        if !self.assigned.is_empty() {
            self.assigned.remove(&row);
        }
        if !self.hooked.is_empty() {
            self.hooked.remove(&row);
        }
    }

    /// Whether a flush would have anything to look at.
    pub(super) fn has_changes(&self) -> bool {
        !self.pending.is_empty()
            || !self.relinks.is_empty()
            || self.arenas.iter().any(|arena| !arena.touched().is_empty())
    }

    pub(super) fn related_key(edge: Edge, row: Row) -> RelatedKey {
        let relation = std::ptr::from_ref(edge.def()).addr();
        RelatedKey { relation, reversed: edge.is_reversed(), with_deleted: edge.has_deleted(), row }
    }

    /// Whether the object's row is marked as deleted, as far as the session knows.
    pub(super) fn is_marked(&self, row: Row) -> bool {
        let column = self.arenas[row.arena].table().soft_delete;
        column.is_some_and(|column| self.stored_dump(row).raw(column).is_some())
    }
}

/// New values enter as pending objects, with the new values that they hold.
impl Adopter for Inner {
    fn adopt<M: Model>(&mut self, mut value: M) -> Handle<M> {
        // Its place in the order of adding is before that of the values that it holds.
        let index = self.arena_index::<M>();
        let position = self.pending.len();
        value.adopt(self);
        let epoch = self.epoch;
        let Some(arena) = self.arenas[index].as_any_mut().downcast_mut::<Arena<M>>() else {
            unreachable!("arenas are found by their model's table")
        };
        let slot = arena.insert(value, SlotState::Pending, epoch);
        let row = Row { arena: index, slot };
        self.note_cascade(row, position);
        self.pending.insert(position, row);
        self.handle_of(row).typed()
    }
}

impl Inner {
    /// Notes which of the objects that came after `position` came with the collections of this one.
    fn note_cascade(&mut self, parent: Row, position: usize) {
        if self.pending.len() == position {
            return;
        }
        let came: Set<Row> = self.pending[position..].iter().copied().collect();
        for (field, relation) in self.arenas[parent.arena].table().relations.iter().enumerate() {
            if !matches!(relation.kind, RelationKind::HasMany { .. } | RelationKind::HasOne { .. }) {
                continue;
            }
            let held = self.arenas[parent.arena].relation(parent.slot, field).and_then(RelationField::held);
            self.cascaded.reserve(held.as_ref().map_or(0, |held| held.len()));
            for handle in held.iter().flat_map(|held| held.iter()) {
                if let Ok(child) = self.resolve((relation.to)(), *handle)
                    && came.contains(&child)
                {
                    self.cascaded.insert(child, (parent, field));
                }
            }
        }
    }
}

#[cold]
pub(super) fn detached(table: &TableDef, reason: &str) -> Error {
    Error::new(ErrorKind::Detached, format!("handle of `{}`: {reason}", table.model)).with_model(table.model)
}
