//! Second phase: the order of the statements. Pure: it reads the work and gives a list of steps.
//!
//! Inserts go in the order of the foreign keys between tables, and within a table in the order in which the objects were
//! added; a row that points to another new row of its own table waits for it, level by level. Updates follow, then links,
//! then deletes in reverse order; but what frees a unique value for another row goes first, where that is safe (see
//! `uniques`). Rows that point to each other in a circle are inserted with NULL where a key may be, which an update fills
//! in; otherwise by keys that are taken ahead, where the server checks one of them at the end of the transaction.

use std::ops::Range;

use super::super::identity::IdentityKey;
use super::super::inner::RowMap;
use super::uniques;
use super::work::{KeySource, Work, pointed_to};
use crate::error::{Error, Result};
use crate::hash::{Set, ValueMap, ValueSet};
use crate::schema::{Deferrable, Dump, ForeignKeyDef, RelationDef, RelationKind, TableDef, positions};

/// What is sent, in order.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Whether a row names the key of one that is inserted with it or after it: all keys are taken ahead.
    pub(super) takes_keys: bool,
}

/// One statement, or several of one shape.
#[derive(Debug)]
pub(super) enum Step {
    /// Has foreign keys that may be deferred checked at the end of the transaction.
    Defer,
    /// Inserts these of the work's inserts, which are of one table.
    Insert { rows: Vec<usize> },
    /// Fills in a key of a row that was inserted with NULL.
    Fill { insert: usize, columns: Vec<usize> },
    /// Updates these of the work's updates: one table, the same columns.
    Update { rows: Vec<usize> },
    /// Writes or removes these of the work's links: one table.
    Link { rows: Vec<usize> },
    /// Sets a key of these of the work's deletes, which are of one table, to NULL: they point to rows that go before them.
    Unlink { rows: Vec<usize>, columns: Vec<usize> },
    /// Deletes these of the work's deletes, which are of one table, or marks them all as deleted.
    Delete { rows: Vec<usize> },
}

pub(super) fn plan(work: &Work) -> Result<Plan> {
    let mut plan = Plan::default();
    let order = table_order(work);
    let early = uniques::early_deletes(work);
    let early_updates = uniques::early_updates(work);
    plan_deletes(work, &order, &mut plan, |delete| early.contains(&delete));
    plan_updates(work, &order, &mut plan, |update| early_updates.contains(&update));
    plan_inserts(work, &order, &mut plan)?;
    plan_updates(work, &order, &mut plan, |update| !early_updates.contains(&update));
    plan_links(work, &mut plan);
    plan_unlinks(work, &order, &mut plan);
    plan_deletes(work, &order, &mut plan, |delete| !early.contains(&delete));
    Ok(plan)
}

/// Tables that point to each other in a circle cannot all be deleted from after those that point to them: there, keys that
/// may be NULL become so first.
fn plan_unlinks(work: &Work, order: &[&'static TableDef], plan: &mut Plan) {
    for (place, table) in order.iter().enumerate() {
        let own: Vec<usize> = (0..work.deletes.len())
            .filter(|&i| std::ptr::eq(work.deletes[i].table, *table) && !work.deletes[i].is_mark)
            .collect();
        for key in table.foreign_keys.iter().filter(|_| !own.is_empty()) {
            let target = (key.target)();
            // Those that stand before it in the order are deleted from after it, as it should be.
            if !order[place + 1..].iter().any(|later| later.is_same_table(target)) {
                continue;
            }
            let (columns, targets) = (positions(table, key.columns), positions(target, key.target_columns));
            let values = |dump: &Dump, columns: &[usize]| -> Vec<Option<Vec<u8>>> {
                columns.iter().map(|&column| dump.raw(column).map(<[u8]>::to_vec)).collect()
            };
            let going = work.deletes.iter().filter(|op| op.table.is_same_table(target) && !op.is_mark);
            let going: ValueSet<_> = going.map(|op| values(&op.stored, &targets)).collect();
            let points = |&index: &usize| going.contains(&values(&work.deletes[index].stored, &columns));
            let rows: Vec<usize> = own.iter().copied().filter(points).collect();
            let nullable: Vec<usize> = columns.iter().copied().filter(|&c| table.columns[c].nullable).collect();
            if !rows.is_empty() && !nullable.is_empty() {
                plan.steps.push(Step::Unlink { rows, columns: nullable });
            }
        }
    }
}

/// The tables of the work, those that are pointed to first.
fn table_order(work: &Work) -> Vec<&'static TableDef> {
    let mut tables: Vec<&'static TableDef> = Vec::new();
    let inserted = work.inserts.iter().map(|op| op.table);
    for table in inserted.chain(work.updates.iter().map(|op| op.table)).chain(work.deletes.iter().map(|op| op.table)) {
        if !tables.iter().any(|other| std::ptr::eq(*other, table)) {
            tables.push(table);
        }
    }
    sorted(tables)
}

/// Sorts tables by foreign key, those that are pointed to first. In a circle, the keys that may be NULL or are checked at
/// the end give way.
fn sorted(mut tables: Vec<&'static TableDef>) -> Vec<&'static TableDef> {
    let mut order = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let waits = |table: &'static TableDef, softly: bool| {
            table.foreign_keys.iter().any(|key| {
                let target = (key.target)();
                let is_nullable = |column: &usize| table.columns[*column].nullable;
                let gives_way =
                    || key.deferrable == Deferrable::Deferred || positions(table, key.columns).iter().any(is_nullable);
                !table.is_same_table(target)
                    && tables.iter().any(|other| other.is_same_table(target))
                    && (softly || !gives_way())
            })
        };
        let free = tables.iter().position(|table| !waits(table, true));
        let next = free.or_else(|| tables.iter().position(|table| !waits(table, false))).unwrap_or(0);
        order.push(tables.remove(next));
    }
    order
}

struct Waiting<'w> {
    work: &'w Work,
    needs: Needs,
    done: Vec<bool>,
}

fn plan_inserts(work: &Work, order: &[&'static TableDef], plan: &mut Plan) -> Result<()> {
    let mut fills = own_keys(work, plan)?;
    let start = plan.steps.len();
    let mut is_deferred = false;
    let mut waiting = Waiting { work, needs: needs(work), done: vec![false; work.inserts.len()] };
    let mut by_table: Vec<Vec<usize>> = order.iter().map(|_| Vec::new()).collect();
    for (index, op) in work.inserts.iter().enumerate() {
        if let Some(place) = order.iter().position(|table| std::ptr::eq(*table, op.table)) {
            by_table[place].push(index);
        }
    }
    loop {
        let mut progress = false;
        for rows in &mut by_table {
            while let Some(level) = waiting.take_ready(rows) {
                plan.steps.push(Step::Insert { rows: level });
                progress = true;
            }
        }
        if by_table.iter().all(Vec::is_empty) {
            break;
        }
        if !progress {
            match waiting.break_cycle(&by_table)? {
                Break::Fill(insert, columns) => fills.push((insert, columns)),
                Break::Late { by_command } => {
                    plan.takes_keys = true;
                    is_deferred |= by_command;
                }
            }
        }
    }
    if is_deferred {
        plan.steps.insert(start, Step::Defer);
    }
    plan.steps.extend(fills.into_iter().map(|(insert, columns)| Step::Fill { insert, columns }));
    Ok(())
}

/// The rows that point to themselves by a key that the server makes: it is known once they are there. If it must be set
/// at once, it is taken ahead.
fn own_keys(work: &Work, plan: &mut Plan) -> Result<Vec<(usize, Vec<usize>)>> {
    let mut found = Vec::new();
    for (index, op) in work.inserts.iter().enumerate() {
        let own = |(column, source): &(usize, KeySource)| match source {
            KeySource::Of(row, key) if *row == op.row && op.dump.raw(*key).is_none() => Some((*column, *key)),
            _ => None,
        };
        let own: Vec<(usize, usize)> = op.keys.iter().filter_map(own).collect();
        let (nullable, needed): (Vec<_>, Vec<_>) =
            own.iter().partition(|(column, _)| op.table.columns[*column].nullable);
        if let Some((column, _)) = needed.iter().find(|(_, key)| !op.table.primary_key.contains(key)) {
            return Err(circle(&[(op.table, *column)]));
        }
        plan.takes_keys |= !needed.is_empty();
        let columns: Vec<usize> = nullable.into_iter().map(|(column, _)| column).collect();
        if !columns.is_empty() {
            found.push((index, columns));
        }
    }
    Ok(found)
}

/// Which inserts an insert has to wait for: those that its keys are taken from, and those whose key its own columns name.
fn needs(work: &Work) -> Needs {
    let given = given_keys(work);
    let mut needs = Needs { all: Vec::new(), places: vec![0..0; work.inserts.len()] };
    if given.is_empty() && work.inserts.iter().all(|op| op.keys.is_empty()) {
        return needs;
    }
    let arenas = pointed_to(work.inserts.iter().flat_map(|op| &op.keys).map(|(_, source)| source));
    let inserts = work.inserts.iter().enumerate().filter(|(_, op)| arenas.contains(&op.row.arena));
    let by_row: RowMap<usize> = inserts.map(|(index, op)| (op.row, index)).collect();
    needs.all.reserve(work.inserts.len());
    for (index, op) in work.inserts.iter().enumerate() {
        let start = needs.all.len();
        let taken = op.keys.iter().filter_map(|(column, source)| match source {
            KeySource::Of(row, _) => by_row.get(row).map(|&other| (other, *column)),
            KeySource::Null | KeySource::Known(_) => None,
        });
        needs.all.extend(taken.filter(|(other, _)| *other != index));
        needs.all.extend(named_by_value(work, &given, index));
        needs.places[index] = start..needs.all.len();
    }
    needs
}

/// For each insert, the inserts that must come before it; with the column, to name it and to see if it may be NULL.
struct Needs {
    /// Those of all inserts, in one list.
    all: Vec<(usize, usize)>,
    /// Where those of each insert are in it.
    places: Vec<Range<usize>>,
}

impl Needs {
    fn of(&self, insert: usize) -> &[(usize, usize)] {
        &self.all[self.places[insert].clone()]
    }

    /// Frees an insert from those of its needs that are among these.
    fn drop(&mut self, insert: usize, met: &[(usize, usize)]) {
        let Range { start, end } = self.places[insert];
        let mut kept = start;
        for place in start..end {
            if !met.contains(&self.all[place]) {
                self.all[kept] = self.all[place];
                kept += 1;
            }
        }
        self.places[insert].end = kept;
    }

    fn clear(&mut self, insert: usize) {
        self.places[insert] = 0..0;
    }
}

/// The new rows whose key was given and not made by the server, of tables that point to themselves: order between tables
/// takes care of the others.
fn given_keys(work: &Work) -> ValueMap<(usize, Vec<u8>), usize> {
    let mut given = ValueMap::default();
    for (index, op) in work.inserts.iter().enumerate() {
        if let ([key], true) = (op.table.primary_key, points_to_itself(op.table))
            && let Some(raw) = op.dump.raw(*key)
        {
            given.insert((std::ptr::from_ref(op.table).addr(), raw.to_vec()), index);
        }
    }
    given
}

fn points_to_itself(table: &'static TableDef) -> bool {
    table.foreign_keys.iter().any(|key| table.is_same_table((key.target)()))
}

fn named_by_value(work: &Work, given: &ValueMap<(usize, Vec<u8>), usize>, index: usize) -> Vec<(usize, usize)> {
    let op = &work.inserts[index];
    if given.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for key in op.table.foreign_keys.iter().filter(|key| op.table.is_same_table((key.target)())) {
        let Some(column) = key.columns.first().and_then(|name| op.table.column_index(name)) else { continue };
        let overridden = op.keys.iter().any(|(other, _)| *other == column);
        let raw = op.dump.raw(column).filter(|_| !overridden && key.columns.len() == 1);
        let address = std::ptr::from_ref(op.table).addr();
        if let Some(&other) = raw.and_then(|raw| given.get(&(address, raw.to_vec())))
            && other != index
        {
            found.push((other, column));
        }
    }
    found
}

/// How a circle is broken.
enum Break {
    /// These columns of a row are NULL until they are filled in.
    Fill(usize, Vec<usize>),
    /// A row names one that comes later: its foreign key is checked at the end, of itself or by a command.
    Late { by_command: bool },
}

impl Waiting<'_> {
    /// Takes those rows whose needs are met, in their order.
    fn take_ready(&mut self, rows: &mut Vec<usize>) -> Option<Vec<usize>> {
        let ready: Vec<usize> =
            rows.iter().copied().filter(|&row| self.needs.of(row).iter().all(|(other, _)| self.done[*other])).collect();
        if ready.is_empty() {
            return None;
        }
        for &row in &ready {
            self.done[row] = true;
        }
        rows.retain(|&row| !self.done[row]);
        Some(ready)
    }

    /// Frees one row of a circle from needs whose columns may be NULL for a while, or whose keys are checked late.
    fn break_cycle(&mut self, by_table: &[Vec<usize>]) -> Result<Break> {
        for &row in by_table.iter().flatten() {
            let table = self.work.inserts[row].table;
            let open = self.open(row);
            if open.iter().all(|(_, column)| table.columns[*column].nullable) {
                self.needs.drop(row, &open);
                return Ok(Break::Fill(row, open.into_iter().map(|(_, column)| column).collect()));
            }
        }
        let late = by_table.iter().flatten().find_map(|&row| Some((row, self.lateness(row)?)));
        let Some((row, by_command)) = late else { return Err(self.cycle_error(by_table)) };
        self.needs.clear(row);
        Ok(Break::Late { by_command })
    }

    /// What a row waits for still.
    fn open(&self, row: usize) -> Vec<(usize, usize)> {
        self.needs.of(row).iter().copied().filter(|(other, _)| !self.done[*other]).collect()
    }

    /// If the server can check all keys by which a row waits at the end of the transaction: whether it has to be told so.
    fn lateness(&self, row: usize) -> Option<bool> {
        let table = self.work.inserts[row].table;
        let mut by_command = false;
        for (other, column) in self.open(row) {
            let name = table.columns[column].name;
            let target = self.work.inserts[other].table;
            let leads = |key: &&ForeignKeyDef| key.columns.contains(&name) && target.is_same_table((key.target)());
            for key in table.foreign_keys.iter().filter(leads) {
                match key.deferrable {
                    Deferrable::No => return None,
                    Deferrable::Immediate => by_command = true,
                    Deferrable::Deferred => {}
                }
            }
        }
        Some(by_command)
    }

    fn cycle_error(&self, by_table: &[Vec<usize>]) -> Error {
        let mut edges = Vec::new();
        let mut row = by_table.iter().flatten().copied().next();
        let mut seen = Set::default();
        while let Some(current) = row.filter(|row| seen.insert(*row)) {
            let table = self.work.inserts[current].table;
            let next = self.needs.of(current).iter().find(|(other, _)| !self.done[*other]);
            if let Some((_, column)) = next {
                edges.push((table, *column));
            }
            row = next.map(|(other, _)| *other);
        }
        circle(&edges)
    }
}

fn circle(edges: &[(&'static TableDef, usize)]) -> Error {
    let name = |(table, column): &(&'static TableDef, usize)| {
        let column = table.columns[*column].name;
        let key = format!("`{}.{column}`", table.display_name());
        let leads = |relation: &&&RelationDef| {
            matches!(relation.kind, RelationKind::BelongsTo { .. }) && relation.key_pairs().0.contains(&column)
        };
        match table.relations.iter().find(leads) {
            Some(relation) => format!("`{}` by {key}", relation.path()),
            None => key,
        }
    };
    let error = Error::invalid(format!(
        "new objects point to each other in a circle of keys that cannot be NULL: {}",
        edges.iter().map(name).collect::<Vec<_>>().join(" → ")
    ));
    match edges.first() {
        Some((table, column)) => {
            error.with_model(table.model).with_table(table.display_name()).with_column(table.columns[*column].name)
        }
        None => error,
    }
}

fn plan_updates(work: &Work, order: &[&'static TableDef], plan: &mut Plan, chosen: impl Fn(usize) -> bool) {
    for table in order {
        let is_of = |index: &usize| std::ptr::eq(work.updates[*index].table, *table) && chosen(*index);
        let rows = (0..work.updates.len()).filter(is_of).collect();
        for level in uniques::update_levels(work, rows) {
            plan_level(work, level, plan);
        }
    }
}

/// One statement for each set of changed columns.
fn plan_level(work: &Work, level: Vec<usize>, plan: &mut Plan) {
    let mut shapes: Vec<(&[usize], Vec<usize>)> = Vec::new();
    for index in level {
        let op = &work.updates[index];
        if op.stands_alone() {
            plan.steps.push(Step::Update { rows: vec![index] });
            continue;
        }
        match shapes.iter_mut().find(|(columns, _)| **columns == *op.changed) {
            Some((_, rows)) => rows.push(index),
            None => shapes.push((&op.changed, vec![index])),
        }
    }
    for (_, mut rows) in shapes {
        // Two flushes that change the same rows take their locks in the same order.
        sort_by_key(work.updates[rows[0]].table, &mut rows, |row| &work.updates[row].stored);
        plan.steps.push(Step::Update { rows });
    }
}

/// Puts rows of a table in the order of their keys.
fn sort_by_key<'w>(table: &TableDef, rows: &mut Vec<usize>, stored: impl Fn(usize) -> &'w Dump) {
    let number = |row: usize| match IdentityKey::of(table, |column| stored(row).raw(column)) {
        Some(IdentityKey::Number(number)) => Some((number, row)),
        Some(IdentityKey::Bytes(_)) | None => None,
    };
    if let Some(mut numbered) = rows.iter().map(|&row| number(row)).collect::<Option<Vec<(i64, usize)>>>() {
        numbered.sort_by_key(|(number, _)| *number);
        rows.clear();
        rows.extend(numbered.into_iter().map(|(_, row)| row));
        return;
    }
    rows.sort_by(|&a, &b| {
        let mut parts = table.primary_key.iter().map(|&column| stored(a).raw(column).cmp(&stored(b).raw(column)));
        parts.find(|part| part.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
}

fn plan_links(work: &Work, plan: &mut Plan) {
    for insert in [false, true] {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, op) in work.links.iter().enumerate().filter(|(_, op)| op.insert == insert) {
            let same = |rows: &&mut Vec<usize>| work.links[rows[0]].link.is_same_or_reversed(&op.link);
            match groups.iter_mut().find(same) {
                Some(rows) => rows.push(index),
                None => groups.push(vec![index]),
            }
        }
        plan.steps.extend(groups.into_iter().map(|rows| Step::Link { rows }));
    }
}

fn plan_deletes(work: &Work, order: &[&'static TableDef], plan: &mut Plan, chosen: impl Fn(usize) -> bool) {
    for table in order.iter().rev() {
        let is_of = |index: &usize| std::ptr::eq(work.deletes[*index].table, *table) && chosen(*index);
        let mut rows: Vec<usize> = (0..work.deletes.len()).filter(is_of).collect();
        sort_by_key(table, &mut rows, |row| &work.deletes[row].stored);
        let (marks, rows): (Vec<usize>, Vec<usize>) = rows.into_iter().partition(|&index| work.deletes[index].is_mark);
        for rows in [marks, rows] {
            if !rows.is_empty() {
                plan.steps.push(Step::Delete { rows });
            }
        }
    }
}
