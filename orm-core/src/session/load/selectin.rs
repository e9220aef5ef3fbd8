//! Relationships of many objects in one statement: by the keys of the near ends.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::arena::SlotState;
use super::super::identity::IdentityKey;
use super::super::inner::{Inner, Row};
use super::super::undo::Change;
use crate::compile::Compile;
use crate::error::Result;
use crate::query::{Choice, KeyColumns, KeyPlaces, LoadInto, Loads, NearKeys, Sorting, edge_select};
use crate::schema::{Edge, Handle, Model, RawHandle, is_inverse, positions};
use crate::sql::is_there;
use crate::types::RowReader;

/// The columns of a relationship, and the far end's field for its other side: once for all objects of a statement.
struct Sides {
    edge: Edge,
    field: Option<usize>,
    local: KeyColumns,
    remote: Vec<usize>,
    inverse: Option<usize>,
}

impl Sides {
    fn of(edge: Edge) -> Self {
        let (table, columns) = (edge.to(), edge.columns());
        let is_inverse = |field: &usize| {
            let relation = table.relations[*field];
            if edge.is_reversed() { std::ptr::eq(relation, edge.def()) } else { is_inverse(edge.def(), relation) }
        };
        Self {
            edge,
            field: edge.field(),
            local: KeyColumns::of(edge.from(), columns.local),
            remote: positions(table, columns.remote),
            inverse: (0..table.relations.len()).find(is_inverse),
        }
    }
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
        let (mut sides, mut keys) = (Sides::of(edge), NearKeys::of(edge));
        let mut near = Vec::with_capacity(parents.len());
        for row in self.rows_of(parents)? {
            near.push((row, self.near_key(&mut sides, row, &mut keys)?));
        }
        let lists = self.fetch_ends::<B, L>(edge, choice, loads, &keys).await?;
        let mut out = Vec::with_capacity(near.len());
        for (row, number) in near {
            let ends = number.map_or(&[][..], |number| &lists[number as usize]);
            self.note_parent(&sides, row, ends);
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
        let mut sides = Sides::of(edge);
        let start = row.position();
        let mut far = Vec::with_capacity(sides.remote.len());
        for &column in &sides.remote {
            far.push(row.raw_at(start + column)?);
        }
        let end = if is_there(B::table(), row)? {
            Some(self.instance::<B>(row)?)
        } else {
            row.skip(B::table().columns.len());
            None
        };
        if let Some(parent) = parent {
            let parent = self.row(parent)?;
            self.hold_read(&mut sides, parent, &far, end.map(Handle::raw));
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
        let (mut sides, mut keys) = (Sides::of(edge), NearKeys::of(edge));
        let mut near = Vec::new();
        for &row in rows {
            if !self.is_loaded(&sides, row) && !self.fill_from_identity::<B>(&mut sides, row) {
                near.push((row, self.near_key(&mut sides, row, &mut keys)?));
            }
        }
        let lists = self.fetch_ends::<B, L>(edge, &Choice::default(), loads, &keys).await?;
        let nothing: Arc<[RawHandle]> = Arc::from([]);
        for (row, number) in near {
            let held = number.map_or(&nothing, |number| &lists[number as usize]);
            self.note_parent(&sides, row, held);
            self.set_held(&sides, row, held);
        }
        let mut ends = Vec::new();
        for &row in rows {
            ends.extend(self.held(&sides, row).unwrap_or_default().iter().map(|handle| handle.typed()));
        }
        Ok(Self::each_once(ends))
    }

    fn rows_of<A: Model>(&self, handles: &[Handle<A>]) -> Result<Vec<Row>> {
        handles.iter().map(|&handle| self.row(handle)).collect()
    }

    fn is_loaded(&self, sides: &Sides, row: Row) -> bool {
        self.held(sides, row).is_some() && !self.is_stale(sides, row)
    }

    /// Fills a to-one relationship with what was read in the object's row, unless the object is not as its row is: then
    /// the two may not belong together.
    fn hold_read(&mut self, sides: &mut Sides, parent: Row, far: &[Option<&[u8]>], end: Option<RawHandle>) {
        if self.is_loaded(sides, parent) {
            return;
        }
        self.arenas[parent.arena].dump(parent.slot, &mut sides.local.dump);
        let is_known = far.iter().all(Option::is_some);
        let is_same = if is_known {
            far.iter().enumerate().all(|(part, far)| sides.local.raw(part) == *far)
        } else {
            (0..far.len()).any(|part| sides.local.raw(part).is_none())
        };
        if (end.is_some() || sides.edge.has_key_here()) && !is_same {
            return;
        }
        let held: Arc<[RawHandle]> = end.into_iter().collect();
        self.note_parent(sides, parent, &held);
        self.set_held(sides, parent, &held);
    }

    /// The loaded ends of a relationship of an object, in its field or beside it.
    fn held(&self, sides: &Sides, row: Row) -> Option<Cow<'_, [RawHandle]>> {
        match sides.field {
            Some(field) => self.arenas[row.arena].relation(row.slot, field)?.handles(),
            None => self.related.get(&Self::related_key(sides.edge, row)).map(|held| Cow::Borrowed(&**held)),
        }
    }

    /// Whether a relationship was loaded before the object was read anew, and may be loaded again. One of an object with
    /// changes that no flush has seen is left alone. Whether rows that are marked as deleted were loaded, nobody knows.
    fn is_stale(&self, sides: &Sides, row: Row) -> bool {
        let (arena, edge) = (&self.arenas[row.arena], sides.edge);
        let lacks_deleted = edge.has_deleted() && edge.to().soft_delete.is_some();
        sides.field.is_some_and(|field| lacks_deleted || arena.is_stale(row.slot, field))
            && !arena.has_snapshot(row.slot)
    }

    fn set_held(&mut self, sides: &Sides, row: Row, held: &Arc<[RawHandle]>) {
        let Some(field) = sides.field else {
            self.related.insert(Self::related_key(sides.edge, row), Arc::clone(held));
            return;
        };
        self.arenas[row.arena].set_stale(row.slot, field, false);
        // While rows are read, the connection is with those who read them.
        if self.connection.is_some() || self.is_lent {
            self.remember(row, Change::Loaded(field));
        }
        self.arenas[row.arena].edit_relation(row.slot, field, &mut |relation| relation.set_held(Arc::clone(held)));
    }

    /// A to-one relationship to an object that the session holds, or to none, asks the server nothing.
    fn fill_from_identity<B: Model>(&mut self, sides: &mut Sides, row: Row) -> bool {
        if !sides.edge.has_key_here() {
            return false;
        }
        self.arenas[row.arena].dump(row.slot, &mut sides.local.dump);
        if (0..sides.remote.len()).any(|part| sides.local.raw(part).is_none()) {
            self.set_held(sides, row, &Arc::from([]));
            return true;
        }
        let raw = |column: usize| sides.local.raw(sides.remote.iter().position(|&other| other == column)?);
        let Some(key) = IdentityKey::of(B::table(), raw) else { return false };
        let Some(arena) = self.find_arena(B::table()) else { return false };
        let Some(slot) = self.arenas[arena].lookup(&key) else { return false };
        let end = Row { arena, slot };
        // One whose row is marked as deleted is left out, as the server would.
        let is_end = sides.edge.has_deleted() || !self.is_marked(end);
        let held = if is_end { Arc::from([self.handle_of(end)]) } else { Arc::from([]) };
        self.set_held(sides, row, &held);
        true
    }

    fn near_key(&self, sides: &mut Sides, row: Row, keys: &mut NearKeys) -> Result<Option<u32>> {
        if self.state(row) == SlotState::Pending {
            return Ok(None);
        }
        self.arenas[row.arena].dump_stored(row.slot, &mut sides.local.dump);
        sides.local.add_to(keys)
    }

    /// Asks for the far ends, for each key those that it has.
    async fn fetch_ends<B: Model, L: Loads<B>>(
        &mut self,
        edge: Edge,
        choice: &Choice,
        loads: &L,
        keys: &NearKeys,
    ) -> Result<Vec<Arc<[RawHandle]>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let sorting = Sorting::of(edge, choice);
        let mut places = KeyPlaces::of(edge, sorting);
        let mut select = edge_select(edge, choice, sorting, keys.arrays());
        loads.join(&mut select.eager, None);
        let compiled = select.compile_with(self.engine.filters())?;
        let read = |session: &mut Self, row: &mut RowReader<'_>| {
            let place = places.read(row, keys)?;
            Ok((place, session.object_of_row::<B, L>(loads, row, false)?.raw()))
        };
        let mut found = self.run(&compiled, read).await?;
        // Of one rank they stay in the order of the rows.
        found.sort_by_key(|(place, _)| *place);
        let mut lists = vec![Arc::from([]); keys.len()];
        for list in found.chunk_by(|(a, _), (b, _)| a.number == b.number) {
            if let Some(number) = list[0].0.number {
                lists[number as usize] = list.iter().map(|(_, handle)| *handle).collect();
            }
        }
        Ok(lists)
    }

    /// The children that were loaded by a collection know their parent.
    fn note_parent(&mut self, sides: &Sides, parent: Row, children: &[RawHandle]) {
        let Some(field) = sides.inverse else { return };
        let Some(arena) = self.find_arena(sides.edge.to()) else { return };
        let handle = self.handle_of(parent);
        self.arenas[arena].note_relation(children, field, handle);
    }
}
