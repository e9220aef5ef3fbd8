//! `INSERT … ON CONFLICT DO UPDATE` through the session.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use super::Session;
use super::arena::{Arena, SlotState};
use super::flush::{follow_keys, input};
use super::identity::IdentityKey;
use super::inner::{Inner, Row};
use super::undo::Change;
use crate::compile::{Compile, Write, begin, check_raw, refused};
use crate::engine::{Around, pipeline, placed};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::ValueSet;
use crate::schema::{Dump, Handle, IntoModel, Model, RawHandle, RelationField, RelationKind, TableDef, positions};
use crate::sql::{ArrayUpsert, ColumnList};
use crate::types::RowReader;

impl Session {
    /// Inserts rows, and updates those that are there already: whose columns `target` are those of a given value. Any
    /// number of values is one statement for each set of columns that are left to the server.
    ///
    /// Awaiting it gives the objects, with the values that their rows have now, and says which were inserted. The columns
    /// of `target` must be those of the primary key or of a unique constraint or index. Of a row that is there, all columns
    /// are updated but for those that are left to the server, those of `target` and of the primary key: one that may be NULL
    /// and was not set becomes NULL. [`update`](Upsert::update) says which are updated instead. A version is raised.
    ///
    /// A new parent that a value holds is added and flushed before it. Like a bulk operation, it is sent at once and in the
    /// session's transaction, after a flush, and a flush that fails later does not repeat it.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, #[model(unique)] name: String, note: Option<String> }
    /// # async fn demo(session: &mut Session) -> orm_core::Result<()> {
    /// let values = ["Python", "Java"].map(|name| Course::builder().name(name).note("new"));
    /// let done = session.upsert(values, Course::name).await?;
    /// for (course, inserted) in &done {
    ///     println!("{} {}", session[course].name, if inserted { "is new" } else { "was there" });
    /// }
    /// session.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// WITH "input" AS MATERIALIZED (SELECT … FROM UNNEST ($1::text[], $2::text[]) WITH ORDINALITY …),
    ///   "output" AS (INSERT INTO "course" ("name", "note") SELECT … FROM "input"
    ///     ON CONFLICT ("name") DO UPDATE SET "note" = EXCLUDED."note" RETURNING …)
    /// SELECT … FROM "input" JOIN "output" ON …
    /// ```
    ///
    /// # Which were inserted
    ///
    /// The server tells by a system column (`xmax`), which a partitioned table does not show. There, a row counts as
    /// inserted if it was not there when the statement began: one that another transaction inserted in between is counted
    /// so too, although it was updated.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`], before anything is sent, if two values have the same `target`, if one has none there, or
    /// holds new children; [`ErrorKind::Encode`] for a value that a column cannot hold; those of the flush, of the server
    /// and of the connection.
    pub fn upsert<A: IntoModel>(
        &mut self,
        values: impl IntoIterator<Item = A>,
        target: impl ColumnList<A::Model>,
    ) -> Upsert<'_, A::Model> {
        let values = values.into_iter().map(IntoModel::into_model).collect();
        Upsert { session: self, values, target: names(target), update: None }
    }
}

fn names<M: Model>(columns: impl ColumnList<M>) -> Vec<usize> {
    let mut names = Vec::new();
    columns.names(&mut names);
    positions(M::table(), &names)
}

/// An upsert; made by [`Session::upsert`]. Awaiting it runs it.
#[must_use = "an upsert does nothing until it is awaited"]
pub struct Upsert<'s, M> {
    session: &'s mut Session,
    values: Vec<M>,
    target: Vec<usize>,
    update: Option<Vec<usize>>,
}

impl<M: Model> Upsert<'_, M> {
    /// Updates these columns alone of rows that are there.
    pub fn update(mut self, columns: impl ColumnList<M>) -> Self {
        self.update = Some(names(columns));
        self
    }
}

impl<M: Model> fmt::Debug for Upsert<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upsert").field("model", &M::table().model).field("values", &self.values.len()).finish()
    }
}

impl<'s, M: Model> IntoFuture for Upsert<'s, M> {
    type Output = Result<Upserted<M>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 's>>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(placed(self.session.inner.upsert(self.values, self.target, self.update)))
    }
}

/// What an upsert did, in the order of its values.
#[derive(Debug, Clone)]
pub struct Upserted<M> {
    rows: Vec<(Handle<M>, bool)>,
}

impl<M> Upserted<M> {
    /// The objects, in the order of the values.
    #[must_use]
    pub fn handles(&self) -> Vec<Handle<M>> {
        self.rows.iter().map(|(handle, _)| *handle).collect()
    }

    /// Those whose rows are new.
    #[must_use]
    pub fn inserted(&self) -> Vec<Handle<M>> {
        self.rows.iter().filter(|(_, inserted)| *inserted).map(|(handle, _)| *handle).collect()
    }

    /// Those whose rows were there.
    #[must_use]
    pub fn updated(&self) -> Vec<Handle<M>> {
        self.rows.iter().filter(|(_, inserted)| !*inserted).map(|(handle, _)| *handle).collect()
    }
}

/// The objects, each with whether its row is new.
impl<'u, M> IntoIterator for &'u Upserted<M> {
    type Item = (Handle<M>, bool);
    type IntoIter = std::iter::Copied<std::slice::Iter<'u, (Handle<M>, bool)>>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter().copied()
    }
}

/// A value's columns, with what its relationships say of its foreign keys.
struct Cells {
    dump: Dump,
    keys: Vec<(usize, Option<Vec<u8>>)>,
}

impl Cells {
    fn raw(&self, column: usize) -> Option<&[u8]> {
        match self.keys.iter().rev().find(|(other, _)| *other == column) {
            Some((_, key)) => key.as_deref(),
            None => self.dump.raw(column),
        }
    }
}

impl Inner {
    async fn upsert<M: Model>(
        &mut self,
        mut values: Vec<M>,
        target: Vec<usize>,
        update: Option<Vec<usize>>,
    ) -> Result<Upserted<M>> {
        if self.options.read_only {
            return Err(Error::new(ErrorKind::Invalid, "the session is read-only"));
        }
        values.iter().try_for_each(refuse_children)?;
        if values.is_empty() {
            return Ok(Upserted { rows: Vec::new() });
        }
        let are_known = values.iter().all(|value| self.has_known_parents(value));
        let mut cells = None;
        if are_known {
            // What is wrong is found before anything is sent.
            cells = Some(self.checked_cells(&values, &target)?);
        } else {
            check_parents(&values, &target)?;
        }
        values.iter_mut().for_each(|value| value.adopt(self));
        if are_known {
            self.flush_for(M::table()).await?;
        } else {
            // Without autoflush too: their keys are needed.
            self.flush().await?;
        }
        // The keys of parents may be others after the flush; a value without them is as it was.
        let cells = match cells.filter(|_| M::table().relations.is_empty()) {
            Some(cells) => cells,
            None => self.checked_cells(&values, &target)?,
        };
        let mut rows: Vec<Option<(Handle<M>, bool)>> = vec![None; values.len()];
        for (columns, members) in shapes(M::table(), &cells) {
            let statement = statement(M::table(), &cells, &members, columns, &target, update.as_deref())?;
            let found = self.send_upsert::<M>(Write::Upsert(statement), members.len()).await?;
            for (member, row) in members.into_iter().zip(found) {
                rows[member] = Some(row);
            }
        }
        Ok(Upserted { rows: rows.into_iter().flatten().collect() })
    }

    /// Whether all parents that a value holds have their keys.
    fn has_known_parents<M: Model>(&self, value: &M) -> bool {
        let fields = M::table().relations.iter().enumerate();
        let parents = fields.filter(|(_, relation)| matches!(relation.kind, RelationKind::BelongsTo { .. }));
        parents.filter_map(|(field, relation)| Some((value.relation(field)?, relation))).all(|(field, relation)| {
            let parent = field.held().and_then(|held| held.first().copied());
            let state = parent.and_then(|parent| self.resolve((relation.to)(), parent).ok()).map(|row| self.state(row));
            !field.holds_any() || state == Some(SlotState::Persistent)
        })
    }

    fn checked_cells<M: Model>(&self, values: &[M], target: &[usize]) -> Result<Vec<Cells>> {
        let cells = values.iter().map(|value| self.cells(value)).collect::<Result<Vec<Cells>>>()?;
        check_target(M::table(), &cells, target)?;
        Ok(cells)
    }

    /// The columns of a value; a parent that it holds gives its key.
    fn cells<M: Model>(&self, value: &M) -> Result<Cells> {
        let table = M::table();
        let dump = Dump::of(value);
        if let Some((column, reason)) = dump.refused() {
            return Err(refused(table, &table.columns[*column], reason));
        }
        let mut keys = Vec::new();
        for (field, relation) in table.relations.iter().enumerate() {
            let RelationKind::BelongsTo { .. } = relation.kind else { continue };
            let Some(held) = value.relation(field).and_then(RelationField::held) else { continue };
            let (columns, targets) = relation.key_pairs();
            let parent = match held.first() {
                Some(parent) => self.stored_dump(self.resolve((relation.to)(), *parent)?),
                None => Dump::default(),
            };
            for (column, target) in positions(table, columns).into_iter().zip(positions((relation.to)(), targets)) {
                keys.push((column, parent.raw(target).map(<[u8]>::to_vec)));
            }
        }
        let cells = Cells { dump, keys };
        for (place, column) in table.columns.iter().enumerate() {
            check_raw(table, column, cells.raw(place))?;
        }
        Ok(cells)
    }

    /// Sends one statement of so many values and takes its rows in.
    async fn send_upsert<M: Model>(&mut self, write: Write, count: usize) -> Result<Vec<(Handle<M>, bool)>> {
        let compiled = write.compile_unfiltered()?;
        self.recover().await?;
        if self.connection.is_none() {
            self.connection = Some(self.engine.connection().await?);
        }
        self.is_unrepeatable = true;
        let Some(connection) = &mut self.connection else { unreachable!("it was taken from the pool just now") };
        // The command that opens the transaction goes along.
        let begin = (!connection.in_transaction()).then(|| begin(self.options.isolation, self.options.read_only));
        let around = Around { begin, ..Around::default() };
        let read = |row: &mut RowReader<'_>| Ok((M::from_row(row)?, row.read::<bool>()?));
        let answers = pipeline(connection, around, &[compiled], Vec::new).await;
        let outcome = answers.and_then(|answers| match &answers[..] {
            [answer] => answer.read(read),
            _ => Ok(Vec::new()),
        });
        let outcome = outcome.and_then(|rows| if rows.len() == count { Ok(rows) } else { Err(left_out(M::table())) });
        let rows = self.or_fail(outcome).await?;
        rows.into_iter().map(|(value, inserted)| Ok((self.put_upserted(value)?, inserted))).collect()
    }

    /// The object of a row that was written: the one that has its key, or a new one.
    fn put_upserted<M: Model>(&mut self, value: M) -> Result<Handle<M>> {
        let dump = Dump::of(&value);
        let arena = self.arena_index::<M>();
        let key = IdentityKey::of(M::table(), |column| dump.raw(column));
        if let Some(slot) = key.and_then(|key| self.arenas[arena].lookup(&key).or_else(|| self.unmark(arena, &key))) {
            let row = Row { arena, slot };
            let was = self.stored_dump(row);
            self.put_fresh(value);
            follow_keys(self, row, was);
            return Ok(self.handle_of(row).typed());
        }
        let epoch = self.epoch;
        let typed = self.arenas[arena].as_any_mut().downcast_mut::<Arena<M>>();
        let Some(slot) = typed.map(|arena| arena.insert(value, SlotState::Persistent, epoch)) else {
            unreachable!("arenas are found by their model's table")
        };
        let row = Row { arena, slot };
        self.arenas[arena].register(slot);
        self.remember(row, Change::Upserted(self.checkpoint(row)));
        follow_keys(self, row, Dump::default());
        Ok(self.handle_of(row).typed())
    }
}

/// A value's children would need a key that is known after the statement alone.
fn refuse_children<M: Model>(value: &M) -> Result<()> {
    for (field, relation) in M::table().relations.iter().enumerate() {
        let is_parent = matches!(relation.kind, RelationKind::BelongsTo { .. });
        if !is_parent && value.relation(field).is_some_and(RelationField::holds_any) {
            let message = format!("an upsert writes no children: relationship `{}` is to be empty", relation.path());
            return Err(Error::invalid(message).with_model(M::table().model));
        }
    }
    Ok(())
}

fn left_out(table: &TableDef) -> Error {
    let message = format!(
        "the server gave back other rows of `{}` than it was sent: a trigger or rule left some out or changed their conflict key",
        table.model
    );
    Error::new(ErrorKind::Database, message).with_model(table.model)
}

/// A part of a conflict key: a value, or a column of a parent that may not be written yet.
#[derive(PartialEq, Eq, Hash)]
enum KeyPart {
    Raw(Vec<u8>),
    Of(RawHandle, usize),
}

/// Like [`check_target`], while keys of parents are not known: who has the same parents has the same keys.
fn check_parents<M: Model>(values: &[M], target: &[usize]) -> Result<()> {
    let mut seen = ValueSet::with_capacity_and_hasher(values.len(), Default::default());
    match values.iter().filter_map(|value| key_by_parents(value, target)).all(|key| seen.insert(key)) {
        true => Ok(()),
        false => Err(same_target(M::table(), target)),
    }
}

/// The conflict key of a value, unless a part of it is a parent's that is new itself, or is not given.
fn key_by_parents<M: Model>(value: &M, target: &[usize]) -> Option<Vec<KeyPart>> {
    let (table, dump) = (M::table(), Dump::of(value));
    let part = |&column: &usize| {
        for (field, relation) in table.relations.iter().enumerate() {
            let RelationKind::BelongsTo { columns } = relation.kind else { continue };
            let Some(parent) = value.relation(field).filter(|parent| parent.holds_any()) else { continue };
            if positions(table, columns).contains(&column) {
                return Some(KeyPart::Of(parent.held()?.first().copied()?, column));
            }
        }
        dump.raw(column).map(|raw| KeyPart::Raw(raw.to_vec()))
    };
    target.iter().map(part).collect()
}

/// Each value must have a conflict key of its own.
fn check_target(table: &'static TableDef, cells: &[Cells], target: &[usize]) -> Result<()> {
    let (mut seen, mut seen_parts) =
        (ValueSet::with_capacity_and_hasher(cells.len(), Default::default()), ValueSet::default());
    for cell in cells {
        if let Some(&column) = target.iter().find(|&&column| cell.raw(column).is_none()) {
            let name = table.columns[column].name;
            let names = target_names(table, target);
            let message = format!("a value of `{}` to upsert by {names} has none for `{name}`", table.model);
            let error = Error::invalid(message).with_model(table.model).with_table(table.display_name());
            return Err(error.with_column(name));
        }
        let is_new = match *target {
            [column] => seen.insert(cell.raw(column)),
            _ => seen_parts.insert(target.iter().map(|&column| cell.raw(column)).collect::<Vec<_>>()),
        };
        if !is_new {
            return Err(same_target(table, target));
        }
    }
    Ok(())
}

fn same_target(table: &'static TableDef, target: &[usize]) -> Error {
    let message = format!(
        "two values of `{}` to upsert have the same conflict key ({}): one row cannot be written twice",
        table.model,
        target_names(table, target)
    );
    let error = Error::invalid(message).with_model(table.model).with_table(table.display_name());
    error.with_column(table.columns[target[0]].name)
}

fn target_names(table: &TableDef, target: &[usize]) -> String {
    target.iter().map(|&column| format!("`{}`", table.columns[column].name)).collect::<Vec<_>>().join(", ")
}

/// The values by the columns that they give: of those that the server makes, it makes what is not given.
fn shapes(table: &'static TableDef, cells: &[Cells]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut shapes: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (member, cells) in cells.iter().enumerate() {
        let is_given = |&column: &usize| {
            let def = &table.columns[column];
            def.generated.is_none() && (!def.auto || cells.raw(column).is_some())
        };
        let given = || (0..table.columns.len()).filter(is_given);
        match shapes.iter_mut().find(|(columns, _)| given().eq(columns.iter().copied())) {
            Some((_, members)) => members.push(member),
            None => shapes.push((given().collect(), vec![member])),
        }
    }
    shapes
}

fn statement(
    table: &'static TableDef,
    cells: &[Cells],
    members: &[usize],
    columns: Vec<usize>,
    target: &[usize],
    update: Option<&[usize]>,
) -> Result<ArrayUpsert> {
    let arrays = columns
        .iter()
        .map(|&column| input(table, column, members.iter().map(|&m| cells[m].raw(column).map(Into::into))))
        .collect::<Result<_>>()?;
    let is_set = |column: &usize| {
        let def = &table.columns[*column];
        !target.contains(column) && !def.primary_key && !def.version && update.is_none_or(|only| only.contains(column))
    };
    let set = columns.iter().copied().filter(is_set).collect();
    Ok(ArrayUpsert { table, columns, arrays, target: target.to_vec(), set })
}
