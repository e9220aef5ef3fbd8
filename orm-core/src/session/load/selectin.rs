//! Relationships of many objects in one statement: by the keys of the near ends.

use std::sync::Arc;

use super::super::arena::SlotState;
use super::super::identity::IdentityKey;
use super::super::inner::{Inner, Row};
use super::super::undo::Change;
use crate::compile::Compile;
use crate::error::Result;
use crate::query::{Choice, EdgeKey, EdgeRow, KeyPlaces, LoadInto, Loads, NearKeys, edge_key, edge_select, positions};
use crate::schema::{Dump, Edge, Handle, Model, RawHandle, RelationKind, is_inverse};
use crate::sql::is_there;
use crate::types::RowReader;

/// A near end whose relationship is to be loaded, with the number of its key.
struct Near {
    row: Row,
    key: Option<usize>,
}

impl LoadInto for Inner {
    async fn load_edge<A: Model, B: Model, L: Loads<B>>(
        &mut self,
        edge: Edge,
        loads: &L,
        parents: &[Handle<A>],
    ) -> Result<Vec<Handle<B>>> {
        let rows = self.rows_of(parents)?;
        self.load_rows::<B, L>(edge, loads, &rows).await
    }

    async fn load_part<A: Model, B: Model, L: Loads<B>>(
        &mut self,
        edge: Edge,
        choice: &Choice,
        loads: &L,
        parents: &[Handle<A>],
    ) -> Result<Vec<Vec<Handle<B>>>> {
        let mut keys = NearKeys::new();
        let numbers: Vec<(Row, Option<usize>)> =
            self.rows_of(parents)?.into_iter().map(|row| (row, self.near_key(edge, row, &mut keys))).collect();
        let lists = self.fetch_ends::<B, L>(edge, choice, loads, &keys).await?;
        let mut out = Vec::with_capacity(numbers.len());
        for (row, number) in numbers {
            let ends = number.map_or(&[][..], |number| &lists[number]);
            self.note_parent(edge, row, ends);
            out.push(ends.iter().map(|handle| handle.typed()).collect());
        }
        Ok(out)
    }

    fn read_edge<A: Model, B: Model>(
        &mut self,
        edge: Edge,
        parent: Option<Handle<A>>,
        row: &mut RowReader<'_>,
    ) -> Result<Option<Handle<B>>> {
        let mut far = Vec::new();
        for column in positions(edge.to(), edge.columns().remote) {
            far.push(row.raw_at(row.position() + column)?);
        }
        let end = if is_there(B::table(), row)? {
            Some(self.instance::<B>(row)?)
        } else {
            row.skip(B::table().columns.len());
            None
        };
        if let Some(parent) = parent {
            let parent = self.row(parent)?;
            self.hold_read(edge, parent, &edge_key(far), end.map(Handle::raw));
        }
        Ok(end)
    }
}

impl Inner {
    /// Loads the other ends of a relationship of these objects; gives each of them once.
    pub(in crate::session) async fn load_rows<B: Model, L: Loads<B>>(
        &mut self,
        edge: Edge,
        loads: &L,
        rows: &[Row],
    ) -> Result<Vec<Handle<B>>> {
        let field = edge.field();
        let mut keys = NearKeys::new();
        let mut near = Vec::new();
        for &row in rows {
            if !self.is_loaded(edge, field, row) && !self.fill_from_identity::<B>(edge, field, row) {
                let key = self.near_key(edge, row, &mut keys);
                near.push(Near { row, key });
            }
        }
        let lists = self.fetch_ends::<B, L>(edge, &Choice::default(), loads, &keys).await?;
        for Near { row, key } in near {
            let held = key.map_or_else(|| Arc::from([]), |number| Arc::clone(&lists[number]));
            self.note_parent(edge, row, &held);
            self.set_held(edge, field, row, held);
        }
        let mut seen = std::collections::HashSet::new();
        let ends = rows.iter().filter_map(|&row| self.held(edge, field, row));
        Ok(ends.flat_map(|held| held.to_vec()).filter(|handle| seen.insert(*handle)).map(RawHandle::typed).collect())
    }

    fn rows_of<A: Model>(&self, handles: &[Handle<A>]) -> Result<Vec<Row>> {
        handles.iter().map(|&handle| self.row(handle)).collect()
    }

    fn is_loaded(&self, edge: Edge, field: Option<usize>, row: Row) -> bool {
        self.held(edge, field, row).is_some() && !self.is_stale(edge, field, row)
    }

    /// Fills a to-one relationship with what was read in the object's row, unless the object is not as its row is: then
    /// the two may not belong together.
    fn hold_read(&mut self, edge: Edge, parent: Row, far: &EdgeKey, end: Option<RawHandle>) {
        let field = edge.field();
        if self.is_loaded(edge, field, parent) {
            return;
        }
        let mut dump = Dump::default();
        self.arenas[parent.arena].dump(parent.slot, &mut dump);
        let near = edge_key(positions(edge.from(), edge.columns().local).into_iter().map(|column| dump.raw(column)));
        let is_key_here = !edge.is_reversed() && matches!(edge.def().kind, RelationKind::BelongsTo { .. });
        if (end.is_some() || is_key_here) && near != *far {
            return;
        }
        let held: Arc<[RawHandle]> = end.into_iter().collect();
        self.note_parent(edge, parent, &held);
        self.set_held(edge, field, parent, held);
    }

    /// The loaded ends of a relationship of an object, in its field or beside it.
    pub(in crate::session) fn held(&self, edge: Edge, field: Option<usize>, row: Row) -> Option<Arc<[RawHandle]>> {
        match field {
            Some(field) => self.arenas[row.arena].relation(row.slot, field)?.held(),
            None => self.related.get(&Self::related_key(edge, row)).cloned(),
        }
    }

    /// Whether a relationship was loaded before the object was read anew, and may be loaded again. One of an object with
    /// changes that no flush has seen is left alone. Whether rows that are marked as deleted were loaded, nobody knows.
    fn is_stale(&self, edge: Edge, field: Option<usize>, row: Row) -> bool {
        let arena = &self.arenas[row.arena];
        let lacks_deleted = edge.has_deleted() && edge.to().soft_delete.is_some();
        field.is_some_and(|field| lacks_deleted || arena.is_stale(row.slot, field)) && !arena.has_snapshot(row.slot)
    }

    fn set_held(&mut self, edge: Edge, field: Option<usize>, row: Row, held: Arc<[RawHandle]>) {
        if let Some(field) = field {
            self.arenas[row.arena].set_stale(row.slot, field, false);
        }
        match field {
            Some(field) => {
                // While rows are read, the connection is with those who read them.
                if self.connection.is_some() || self.is_lent {
                    self.remember(row, Change::Loaded(field));
                }
                self.arenas[row.arena]
                    .edit_relation(row.slot, field, &mut |relation| relation.set_held(Arc::clone(&held)));
            }
            None => {
                self.related.insert(Self::related_key(edge, row), held);
            }
        }
    }

    /// A to-one relationship to an object that the session holds, or to none, asks the server nothing.
    fn fill_from_identity<B: Model>(&mut self, edge: Edge, field: Option<usize>, row: Row) -> bool {
        if edge.is_reversed() || !matches!(edge.def().kind, RelationKind::BelongsTo { .. }) {
            return false;
        }
        let columns = edge.columns();
        let local = positions(edge.from(), columns.local);
        let remote = positions(edge.to(), columns.remote);
        let mut dump = Dump::default();
        self.arenas[row.arena].dump(row.slot, &mut dump);
        if local.iter().any(|&column| dump.raw(column).is_none()) {
            self.set_held(edge, field, row, Arc::from([]));
            return true;
        }
        let raw = |column: usize| {
            let part = remote.iter().position(|&other| other == column)?;
            dump.raw(local[part])
        };
        let Some(key) = IdentityKey::of(edge.to(), raw) else { return false };
        let Some(arena) = self.find_arena(B::table()) else { return false };
        let Some(slot) = self.arenas[arena].lookup(&key) else { return false };
        let end = Row { arena, slot };
        // One whose row is marked as deleted is left out, as the server would.
        let is_end = edge.has_deleted() || !self.is_marked(end);
        let held = if is_end { Arc::from([self.handle_of(end)]) } else { Arc::from([]) };
        self.set_held(edge, field, row, held);
        true
    }

    fn near_key(&self, edge: Edge, row: Row, keys: &mut NearKeys) -> Option<usize> {
        if self.state(row) == SlotState::Pending {
            return None;
        }
        let local = positions(edge.from(), edge.columns().local);
        let dump = self.stored_dump(row);
        keys.add(&dump, edge.from(), &local)
    }

    /// Asks for the far ends, for each key those that it has.
    async fn fetch_ends<B: Model, L: Loads<B>>(
        &mut self,
        edge: Edge,
        choice: &Choice,
        loads: &L,
        keys: &NearKeys,
    ) -> Result<Vec<Arc<[RawHandle]>>> {
        let mut ends: Vec<Vec<RawHandle>> = vec![Vec::new(); keys.values.len()];
        if !keys.values.is_empty() {
            let places = KeyPlaces::of(edge);
            let mut select = edge_select(edge, choice, &keys.values);
            loads.join(&mut select.eager, None);
            let target = |session: &mut Self, row: &mut RowReader<'_>| session.object_of_row::<B, L>(loads, row, false);
            let compiled = select.compile_with(self.engine.filters())?;
            let rows =
                self.run(&compiled, |session, row| EdgeRow::read(row, &places, |row| target(session, row))).await?;
            for EdgeRow { key, target } in rows {
                if let Some(&number) = key.and_then(|key| keys.index.get(&key)) {
                    ends[number].push(target.raw());
                }
            }
        }
        Ok(ends.into_iter().map(Into::into).collect())
    }

    /// The children that were loaded by a collection know their parent.
    fn note_parent(&mut self, edge: Edge, parent: Row, children: &[RawHandle]) {
        let handle: Arc<[RawHandle]> = Arc::from([self.handle_of(parent)]);
        let table = edge.to();
        let inverse = |field: &usize| {
            let relation = table.relations[*field];
            if edge.is_reversed() { std::ptr::eq(relation, edge.def()) } else { is_inverse(edge.def(), relation) }
        };
        let Some(field) = (0..table.relations.len()).find(inverse) else { return };
        let Some(arena) = self.find_arena(table) else { return };
        for child in children {
            self.arenas[arena].edit_relation(child.slot, field, &mut |relation| {
                if relation.held().is_none() {
                    relation.set_held(Arc::clone(&handle));
                }
            });
        }
    }
}
