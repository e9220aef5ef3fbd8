//! Rows that point to columns of a row that change: a natural key moves, and its children follow.
//!
//! Where the foreign key says `ON UPDATE CASCADE`, the database moves them. Where it says nothing, the children are updated
//! in the statement that moves their parent. Either way the children that the session holds are brought in line.

use std::borrow::Cow;

use super::super::arena::SlotState;
use super::super::inner::{Inner, Row};
use super::super::undo::Change;
use super::keys::Keys;
use super::uniques::new_values;
use super::work::{UpdateOp, Work};
use crate::compile::single;
use crate::hash::{Map, Set, ValueMap, ValueSet};
use crate::schema::{Dump, ForeignKeyAction, ForeignKeyDef, RelationKind, TableDef, positions};
use crate::sql::Followers;

/// A foreign key, and the table that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Follower {
    table: &'static TableDef,
    key: &'static ForeignKeyDef,
}

impl Follower {
    /// Whether the database leaves the rows alone.
    pub(super) fn needs_statement(&self) -> bool {
        matches!(self.key.on_update, ForeignKeyAction::NoAction | ForeignKeyAction::Restrict)
    }

    /// Whether the rows have the new values afterwards, whoever gives them.
    fn goes_along(&self) -> bool {
        goes_along(self.key)
    }

    /// The key's columns, and those that it points to.
    fn columns(&self) -> (Vec<usize>, Vec<usize>) {
        (positions(self.table, self.key.columns), positions((self.key.target)(), self.key.target_columns))
    }
}

fn goes_along(key: &ForeignKeyDef) -> bool {
    !matches!(key.on_update, ForeignKeyAction::SetNull | ForeignKeyAction::SetDefault)
}

/// The foreign keys that point to a table, with the columns that they point to, looked up once a flush.
#[derive(Default)]
pub(super) struct Referencing(Vec<(&'static TableDef, Vec<(Follower, Vec<usize>)>)>);

impl Referencing {
    /// The foreign keys that point to one of these columns.
    pub(super) fn followers(&mut self, session: &Inner, table: &'static TableDef, changed: &[usize]) -> Vec<Follower> {
        let place = self.0.iter().position(|(other, _)| std::ptr::eq(*other, table)).unwrap_or_else(|| {
            let found = keys_to(session, table).into_iter();
            self.0.push((table, found.map(|follower| (follower, follower.columns().1)).collect()));
            self.0.len() - 1
        });
        let points = |targets: &[usize]| targets.iter().any(|target| changed.contains(target));
        self.0[place].1.iter().filter(|(_, targets)| points(targets)).map(|(follower, _)| *follower).collect()
    }
}

/// The foreign keys to a table: of its own collections, and of the models that the session knows.
fn keys_to(session: &Inner, table: &'static TableDef) -> Vec<Follower> {
    let collections = table.relations.iter().filter_map(|relation| match relation.kind {
        RelationKind::HasMany { inverse } | RelationKind::HasOne { inverse } => Some((inverse.from)()),
        RelationKind::BelongsTo { .. } | RelationKind::ManyToMany { .. } => None,
    });
    let mut found: Vec<Follower> = Vec::new();
    for child in collections.chain(session.arenas.iter().map(|arena| arena.table())) {
        for key in child.foreign_keys.iter().filter(|key| std::ptr::eq((key.target)(), table)) {
            let is_known = |other: &Follower| other.table.is_same_table(child) && other.key.columns == key.columns;
            if !found.iter().any(is_known) {
                found.push(Follower { table: child, key });
            }
        }
    }
    found
}

/// The updates that go with that of a row, which the database would not make by itself.
pub(super) fn statements(op: &UpdateOp, keys: &Keys<'_>) -> Vec<Followers> {
    let is_known = |follower: &&Follower| {
        let targets = follower.columns().1;
        let is_set = targets.iter().any(|target| op.set.iter().any(|(column, _)| column == target));
        !is_set && targets.iter().all(|&target| op.stored.raw(target).is_some())
    };
    let needed = op.followers.iter().filter(|follower| follower.needs_statement()).filter(is_known);
    needed
        .map(|follower| {
            let (columns, targets) = follower.columns();
            let pairs = || columns.iter().zip(&targets);
            let old = |(&column, &target): (&usize, &usize)| {
                single(follower.table, column, keys.stored(op.table, &op.stored, target).as_deref())
            };
            let new = |(&column, &target): (&usize, &usize)| {
                single(follower.table, column, keys.updated(op, target).as_deref())
            };
            Followers {
                table: follower.table,
                old: pairs().map(old).collect(),
                new: pairs().map(new).collect(),
                columns: columns.clone(),
            }
        })
        .collect()
}

/// The updates of keys that new rows point to: they go before the inserts.
pub(super) fn named_by_inserts(work: &Work) -> Set<usize> {
    let mut named = Set::default();
    let mut pointed_at: Map<*const ForeignKeyDef, ValueSet<Vec<&[u8]>>> = Map::default();
    for (index, op) in work.updates.iter().enumerate() {
        for follower in &op.followers {
            let (columns, targets) = follower.columns();
            let keys = pointed_at.entry(std::ptr::from_ref(follower.key)).or_insert_with(|| {
                let inserts = work.inserts.iter().filter(|insert| insert.table.is_same_table(follower.table));
                inserts.filter_map(|insert| new_values(&columns, &insert.dump, &insert.keys)).collect()
            });
            if new_values(&targets, &op.dump, &op.keys).is_some_and(|key| keys.contains(&key)) {
                named.insert(index);
            }
        }
    }
    named
}

/// A key's columns, encoded.
type KeyValues = Vec<Option<Vec<u8>>>;

/// The keys that the statements of a flush have moved so far, in their order. Rows that are to be written after them have
/// moved too, where they point to these and their own key is made of that.
#[derive(Clone, Default)]
pub(super) struct Moved(Vec<Batch>);

/// The keys that one statement moves: those of a table that one kind of foreign key points to.
#[derive(Clone)]
pub(super) struct Batch {
    table: &'static TableDef,
    targets: Vec<usize>,
    moves: ValueMap<KeyValues, KeyValues>,
}

/// Some columns of a row, encoded.
type Cells = Map<usize, Option<Vec<u8>>>;

impl Moved {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn extend(&mut self, batches: Vec<Batch>) {
        self.0.extend(batches);
    }

    /// A column of a row that was `stored` when the flush began.
    pub(super) fn now(&self, table: &'static TableDef, stored: &Dump, column: usize) -> Option<Vec<u8>> {
        let keys = table.foreign_keys.iter().flat_map(|key| positions(table, key.columns));
        let mut cells: Cells = keys.chain([column]).map(|c| (c, stored.raw(c).map(<[u8]>::to_vec))).collect();
        for batch in &self.0 {
            batch.apply(table, &mut cells, &mut vec![table]);
        }
        cells.remove(&column).flatten()
    }
}

/// The keys that a statement of these updates moves.
pub(super) fn batches<'w>(ops: impl Iterator<Item = &'w UpdateOp>, keys: &Keys<'w>) -> Vec<Batch> {
    let owned = |raw: Option<Cow<'_, [u8]>>| raw.map(Cow::into_owned);
    let mut batches: Vec<Batch> = Vec::new();
    for op in ops {
        for follower in op.followers.iter().filter(|follower| follower.goes_along()) {
            let targets = follower.columns().1;
            if op.set.iter().any(|(column, _)| targets.contains(column)) {
                // The server alone knows.
                continue;
            }
            let old: KeyValues = targets.iter().map(|&c| owned(keys.stored(op.table, &op.stored, c))).collect();
            let new: KeyValues = targets.iter().map(|&c| owned(keys.updated(op, c))).collect();
            let same = |batch: &&mut Batch| batch.table.is_same_table(op.table) && batch.targets == targets;
            match batches.iter_mut().find(same) {
                Some(batch) => _ = batch.moves.insert(old, new),
                None => batches.push(Batch { table: op.table, targets, moves: ValueMap::from_iter([(old, new)]) }),
            }
        }
    }
    batches
}

impl Batch {
    /// Moves a row's foreign keys, those of the rows that it points to among them.
    fn apply(&self, table: &'static TableDef, cells: &mut Cells, path: &mut Vec<&'static TableDef>) {
        for key in table.foreign_keys.iter().filter(|key| goes_along(key)) {
            let target = (key.target)();
            let (columns, targets) = (positions(table, key.columns), positions(target, key.target_columns));
            let Some(old) = columns.iter().map(|column| cells.get(column).cloned()).collect::<Option<KeyValues>>()
            else {
                continue;
            };
            let new = if target.is_same_table(self.table) && targets == self.targets {
                self.moves.get(&old).cloned()
            } else if path.iter().any(|other| other.is_same_table(target)) {
                None
            } else {
                let mut above: Cells = targets.iter().copied().zip(old).collect();
                path.push(target);
                self.apply(target, &mut above, path);
                path.pop();
                Some(targets.iter().map(|column| above.remove(column).flatten()).collect())
            };
            cells.extend(columns.into_iter().zip(new.into_iter().flatten()));
        }
    }
}

/// The values of a key, before and after; `None` if the database alone knows.
type Moves = ValueMap<KeyValues, Option<KeyValues>>;

/// Brings the children in line that the session holds, and theirs, if their own keys moved with it.
pub(super) fn follow(session: &mut Inner, work: &Work) {
    let ops = work.updates.iter().filter(|op| !op.followers.is_empty());
    let moved: Vec<Parent> = ops.map(|op| (op.row, op.stored.clone(), op.followers.clone())).collect();
    if !moved.is_empty() {
        follow_from(session, moved, &written(work));
    }
}

/// Like [`follow`], after these columns of rows were written otherwise, which were as they are beside them.
pub(in crate::session) fn follow_rows(session: &mut Inner, rows: Vec<(Row, Dump)>, columns: &[usize]) {
    let mut referencing = Referencing::default();
    let parent = |(row, stored): (Row, Dump)| {
        let followers = referencing.followers(session, session.arenas[row.arena].table(), columns);
        (row, stored, followers)
    };
    let moved: Vec<Parent> = rows.into_iter().map(parent).collect();
    follow_from(session, moved, &|_, _| false);
}

/// A row that was written, as it was before, and the foreign keys that point to what changed.
type Parent = (Row, Dump, Vec<Follower>);

fn follow_from(session: &mut Inner, mut moved: Vec<Parent>, is_written: &impl Fn(Row, usize) -> bool) {
    let mut referencing = Referencing::default();
    while !moved.is_empty() {
        let mut moves: Vec<(Follower, Moves)> = Vec::new();
        for (row, stored, followers) in &moved {
            followers.iter().for_each(|follower| note_move(session, *row, stored, *follower, &mut moves));
        }
        // All children are found before one is moved: two parents may have swapped their keys.
        let of = |(follower, moves): &(Follower, Moves)| children(session, follower, moves, is_written);
        let found: Vec<Child> = moves.iter().flat_map(of).collect();
        moved = found.iter().map(|child| move_child(session, child, &mut referencing)).collect();
        for child in &found {
            session.arenas[child.row.arena].register(child.row.slot);
        }
        moved.retain(|(.., followers)| !followers.is_empty());
    }
}

/// What the flush wrote by itself, which it did after it had moved what is pointed to: by row and column.
fn written(work: &Work) -> impl Fn(Row, usize) -> bool {
    let inserted: Set<Row> = work.inserts.iter().map(|op| op.row).collect();
    let updates = work.updates.iter().flat_map(|op| op.changed.iter().map(|&column| (op.row, column)));
    let updated: Set<(Row, usize)> = updates.collect();
    move |row, column| inserted.contains(&row) || updated.contains(&(row, column))
}

fn note_move(session: &Inner, row: Row, stored: &Dump, follower: Follower, moves: &mut Vec<(Follower, Moves)>) {
    let targets = follower.columns().1;
    let now = session.stored_dump(row);
    let values = |dump: &Dump| targets.iter().map(|&target| dump.raw(target).map(<[u8]>::to_vec)).collect::<Vec<_>>();
    let (old, new) = (values(stored), values(&now));
    if old == new || old.iter().any(Option::is_none) {
        return;
    }
    let new = match follower.key.on_update {
        ForeignKeyAction::SetNull => Some(vec![None; new.len()]),
        ForeignKeyAction::SetDefault => None,
        _ => Some(new),
    };
    match moves.iter_mut().find(|(other, _)| std::ptr::eq(other.key, follower.key)) {
        Some((_, moves)) => _ = moves.insert(old, new),
        None => moves.push((follower, ValueMap::from_iter([(old, new)]))),
    }
}

/// An object whose row was moved with the one that it points to.
struct Child {
    row: Row,
    columns: Vec<usize>,
    values: Option<KeyValues>,
}

/// The objects whose rows had one of these keys.
fn children(
    session: &Inner,
    follower: &Follower,
    moves: &Moves,
    is_written: &impl Fn(Row, usize) -> bool,
) -> Vec<Child> {
    let columns = follower.columns().0;
    let mut found = Vec::new();
    let mut dump = Dump::default();
    for (arena, slots) in session.arenas.iter().enumerate() {
        if !slots.table().is_same_table(follower.table) {
            continue;
        }
        for slot in (0..slots.len() as u32).filter(|&slot| slots.state(slot) == SlotState::Persistent) {
            if columns.iter().any(|&column| is_written(Row { arena, slot }, column)) {
                continue;
            }
            slots.dump_stored(slot, &mut dump);
            let key: KeyValues = columns.iter().map(|&c| dump.raw(c).map(<[u8]>::to_vec)).collect();
            if let Some(new) = moves.get(&key) {
                found.push(Child { row: Row { arena, slot }, columns: columns.clone(), values: new.clone() });
            }
        }
    }
    found
}

fn move_child(session: &mut Inner, child: &Child, referencing: &mut Referencing) -> Parent {
    let Child { row, columns, values } = child;
    session.remember(*row, Change::Bulk(session.checkpoint(*row)));
    let stored = session.stored_dump(*row);
    session.arenas[row.arena].unregister(row.slot);
    match values {
        Some(values) => {
            for (&column, value) in columns.iter().zip(values) {
                // A key is of the type of the column that it points to.
                let _ = session.arenas[row.arena].store(row.slot, &[(column, value.as_deref())]);
            }
        }
        // The next query that returns the row reads it anew.
        None => session.arenas[row.arena].set_epoch(row.slot, session.epoch.wrapping_sub(1)),
    }
    let followers = referencing.followers(session, session.arenas[row.arena].table(), columns);
    (*row, stored, followers)
}
