//! Third phase: the statements are sent, and what the server made comes back.
//!
//! They go in waves: all statements of one are sent before its first answer is waited for, and a new wave begins where a
//! statement needs a key that the server makes in the one before. BEGIN goes with the first wave, and COMMIT with the last
//! if none of its answers is to be looked at first: its statements are written so that they fail where they would write fewer
//! rows than they should, as far as that can be. Where the keys would take three waves or more, or new rows name each
//! other, they are taken from their sequences ahead, in one. The first wave with a statement that is not prepared yet has all that follow prepared
//! too. What comes back is collected as [`Effects`] and changes no object yet.

use super::super::inner::Row;
use super::children::{self, Met};
use super::keys::{Keys, next_version};
use super::plan::{Plan, Step};
use super::statements::{self, Expect, Outgoing};
use super::work::{KeySource, Work};
use crate::compile::{COMMIT, Compile, Compiled, Write, begin};
use crate::engine::{Answer, Around, Connection, is_of_an_old_plan, pipeline};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Dump, TableDef};
use crate::types::{Bytes, RowReader, raw_elements};

/// What the flush did to columns of objects, beside writing what was in them.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) stores: Vec<(Row, usize, Option<Bytes>)>,
    /// Children that were met when their parents were deleted.
    pub(super) children: Vec<Met>,
    /// Whether any of it has to be read, which may fail.
    may_fail: bool,
}

/// What came of a flush.
pub(super) struct Emitted {
    pub(super) effects: Effects,
    /// Whether the transaction has been ended.
    pub(super) ended: bool,
}

/// The commands around the statements of a flush.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Opens the transaction, if it is not open.
    pub(super) begin: Option<&'static str>,
    /// Ends it, if it is to be ended.
    pub(super) end: Option<&'static str>,
}

/// What becomes of the transaction after a wave.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// It stays open.
    Open,
    /// It is ended by this command, which is sent with the wave.
    Ended(&'static str),
    /// There is none around the one statement.
    Alone,
}

struct Emitter<'w> {
    work: &'w Work,
    keys: Keys<'w>,
    wave: Vec<Outgoing>,
    effects: Effects,
    begin: Option<&'static str>,
    /// Whether rows that are met may be counted only.
    counts: bool,
    /// Whether fewer were met than were sent.
    is_short: bool,
    /// Whether the statements of the last wave are to fail where they would write fewer rows than they should.
    makes_whole: bool,
}

/// Sends the plan. Gives none if rows were counted, if `counts` lets them be, and were fewer than were sent: which were
/// met is told if the transaction is given up and the same is sent again without counting.
pub(super) async fn emit(
    connection: &mut Connection,
    work: &Work,
    plan: &Plan,
    bounds: Bounds,
    counts: bool,
) -> Result<Option<Emitted>> {
    let mut emitter = Emitter::new(work, plan, bounds.begin, counts);
    emitter.makes_whole = counts && bounds.end == Some(COMMIT) && connection.engine().takes_whole_writes();
    for switch in &work.switches {
        let carried = switch.carried.iter().map(|(column, raw)| (switch.new, *column, Some(Bytes::from(&**raw))));
        emitter.effects.stores.extend(carried);
        emitter.effects.may_fail = true;
    }
    if plan.takes_keys || emitter.waves(plan) > 2 {
        emitter.take_keys(plan);
        emitter.fly(connection, Last::Open, plan, 0).await?;
    }
    for (place, step) in plan.steps.iter().enumerate() {
        if emitter.waits(step) {
            emitter.fly(connection, Last::Open, plan, place).await?;
        }
        if emitter.is_short {
            return Ok(None);
        }
        emitter.queue(step)?;
    }
    let last = emitter.last(bounds, connection);
    let is_whole = emitter.is_whole();
    match emitter.fly(connection, last, plan, plan.steps.len()).await {
        // It has met fewer rows, or the server does not take it written like this.
        Err(error) if is_whole && is_refusal(&error, connection) => return Ok(None),
        flown => flown?,
    }
    if emitter.is_short {
        return Ok(None);
    }
    emitter.note_keys(plan);
    Ok(Some(Emitted { effects: emitter.effects, ended: !matches!(last, Last::Open) }))
}

/// The texts of the statements that are sent before any answer.
pub(super) fn first_wave(work: &Work, plan: &Plan, counts: bool) -> Result<Vec<String>> {
    let mut emitter = Emitter::new(work, plan, None, counts);
    for step in &plan.steps {
        if emitter.waits(step) {
            break;
        }
        emitter.queue(step)?;
    }
    emitter.wave.iter().map(|outgoing| Ok(outgoing.write.compile_unfiltered()?.sql)).collect()
}

/// Whether the server has refused a statement that fails where it would write fewer rows than it should: for that reason,
/// or because it does not take such statements, which is remembered.
fn is_refusal(error: &Error, connection: &Connection) -> bool {
    match error.sqlstate() {
        Some(DIVISION_BY_ZERO) => true,
        Some(FEATURE_NOT_SUPPORTED) => {
            if !is_of_an_old_plan(error) {
                connection.engine().note_no_whole_writes();
            }
            true
        }
        _ => false,
    }
}

const DIVISION_BY_ZERO: &str = "22012";
const FEATURE_NOT_SUPPORTED: &str = "0A000";

impl<'w> Emitter<'w> {
    fn new(work: &'w Work, plan: &Plan, begin: Option<&'static str>, counts: bool) -> Self {
        let (wave, effects) = (Vec::new(), Effects::default());
        Self { work, keys: Keys::new(work, plan), wave, effects, begin, counts, is_short: false, makes_whole: false }
    }

    /// How many waves the steps take if keys come back from each, without those that fill in what had to be NULL first.
    fn waves(&self, plan: &Plan) -> usize {
        let mut ahead = Self::new(self.work, plan, None, self.counts);
        let mut waves = 1;
        for step in plan.steps.iter().filter(|step| !matches!(step, Step::Fill { .. })) {
            if ahead.waits(step) {
                waves += 1;
                ahead.keys.landed();
            }
            ahead.note_queued(step);
        }
        waves
    }

    /// Takes the keys of all new objects ahead.
    fn take_keys(&mut self, plan: &Plan) {
        self.keys.want_all();
        for step in &plan.steps {
            let Step::Insert { rows } = step else { continue };
            let table = self.work.inserts[rows[0]].table;
            for &column in table.primary_key.iter().filter(|&&column| table.columns[column].auto) {
                let pending = |insert: &&usize| self.keys.insert_cell(**insert, column).is_none();
                let pending: Vec<usize> = rows.iter().filter(pending).copied().collect();
                if !pending.is_empty() {
                    self.wave.push(statements::take_keys(self.work, &pending, column));
                }
            }
        }
    }

    /// Whether a step needs a key that is only known when the wave has been answered.
    fn waits(&self, step: &Step) -> bool {
        let waits = |(_, source): &(usize, KeySource)| self.keys.waits(source);
        match step {
            Step::Insert { rows } => rows.iter().any(|&row| self.work.inserts[row].keys.iter().any(waits)),
            Step::Update { rows } => rows.iter().any(|&row| self.work.updates[row].keys.iter().any(waits)),
            Step::Fill { insert, columns } => self.keys.fill_waits(*insert, columns),
            Step::Link { rows } => rows.iter().any(|&row| {
                let op = &self.work.links[row];
                op.local.iter().chain(&op.remote).any(|source| self.keys.waits(source))
            }),
            Step::Defer | Step::Unlink { .. } | Step::Delete { .. } => false,
        }
    }

    fn queue(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Defer => self.wave.push(statements::defer()),
            Step::Insert { rows } => {
                self.wave.extend(statements::insert(self.work, &self.keys, rows)?);
                self.note_queued(step);
            }
            Step::Fill { insert, columns } => {
                self.wave.push(statements::fill(self.work, &self.keys, *insert, columns));
            }
            Step::Update { rows } => {
                self.wave.extend(statements::update(self.work, &self.keys, rows, self.counts)?);
                self.keys.note_moves(rows);
            }
            Step::Link { rows } => self.wave.push(statements::link(self.work, &self.keys, rows)?),
            Step::Unlink { rows, columns } => self.wave.push(statements::unlink(self.work, &self.keys, rows, columns)?),
            Step::Delete { rows } => {
                self.wave.extend(children::statements(self.work, &self.keys, rows)?);
                self.wave.push(statements::delete(self.work, &self.keys, rows, self.counts)?);
            }
        }
        Ok(())
    }

    /// Notes the rows whose keys come with the wave.
    fn note_queued(&mut self, step: &Step) {
        if let Step::Insert { rows } = step {
            for &row in rows {
                self.keys.queue(self.work.inserts[row].row);
            }
        }
    }

    /// The statements of the steps from this one on, for their texts alone: the keys of this wave are not known yet.
    fn preview(&self, wave: &[Outgoing], plan: &Plan, place: usize) -> Vec<Compiled> {
        let mut ahead = Self::new(self.work, plan, None, self.counts);
        ahead.keys = self.keys.clone();
        ahead.keep_unknown(wave);
        let mut following = Vec::new();
        for step in &plan.steps[place..] {
            if ahead.waits(step) {
                let wave = std::mem::take(&mut ahead.wave);
                ahead.keep_unknown(&wave);
                following.extend(wave);
            }
            // What cannot be sent is refused when it is its turn.
            if ahead.queue(step).is_err() {
                break;
            }
        }
        if self.makes_whole {
            statements::make_whole(&mut ahead.wave);
        }
        following.extend(ahead.wave);
        following.iter().filter_map(|outgoing| outgoing.write.compile_unfiltered().ok()).collect()
    }

    /// Takes what a wave makes for known: no text depends on what a key is, but on whether it is there.
    fn keep_unknown(&mut self, wave: &[Outgoing]) {
        for (row, column) in wave.iter().flat_map(|outgoing| outgoing.expect.made()) {
            self.keys.keep(row, column, &[]);
        }
        self.keys.landed();
    }

    /// What is to become of the transaction after the wave that is to fly, which is the last. COMMIT is sent with it if
    /// the transaction is that of the flush, none of its answers is to be looked at before, and nothing that came back has
    /// to be read.
    fn last(&mut self, bounds: Bounds, connection: &Connection) -> Last {
        if self.effects.may_fail {
            return Last::Open;
        }
        let is_alone = |emitter: &Self| emitter.stands_alone(bounds) && connection.has_transactions();
        if is_alone(self) || self.makes_whole && statements::make_whole(&mut self.wave) && is_alone(self) {
            return Last::Alone;
        }
        let is_sure = !self.wave.iter().any(Outgoing::needs_check);
        bounds.end.filter(|_| is_sure).map_or(Last::Open, Last::Ended)
    }

    /// Whether a statement of the wave fails where it would write fewer rows than it should.
    fn is_whole(&self) -> bool {
        self.wave.iter().any(|outgoing| matches!(outgoing.write, Write::Whole(..)))
    }

    /// Whether the whole flush is one statement that needs no transaction around it: the server makes one of it, and
    /// nothing that comes back can be a reason to take back what it did.
    fn stands_alone(&self, bounds: Bounds) -> bool {
        // One of a certain isolation has to be opened by its own command.
        let is_usual = self.begin == Some(begin(None, false)) && bounds.end == Some(COMMIT);
        is_usual && matches!(&self.wave[..], [outgoing] if outgoing.is_whole_or_nothing())
    }

    /// Sends the wave and reads its answers; the steps of the plan from `place` on are to follow.
    async fn fly(&mut self, connection: &mut Connection, last: Last, plan: &Plan, place: usize) -> Result<()> {
        if self.wave.is_empty() && matches!(last, Last::Open) {
            return Ok(());
        }
        let wave = std::mem::take(&mut self.wave);
        let statements = wave.iter().map(|outgoing| outgoing.write.compile_unfiltered()).collect::<Result<Vec<_>>>()?;
        let begin = self.begin.take();
        let around = match last {
            Last::Open => Around { begin, ..Around::default() },
            Last::Ended(end) => Around { begin, end: Some(end), is_alone: false },
            Last::Alone => Around { is_alone: true, ..Around::default() },
        };
        let answers = pipeline(connection, around, &statements, || self.preview(&wave, plan, place))
            .await
            .map_err(|error| children::explain(self.work, error))?;
        for (outgoing, answer) in wave.iter().zip(&answers) {
            self.land(&outgoing.expect, answer)?;
            self.effects.may_fail |= outgoing.expect.may_fail(self.work);
        }
        self.keys.landed();
        Ok(())
    }

    fn land(&mut self, expect: &Expect, answer: &Answer) -> Result<()> {
        match expect {
            Expect::Made { table, rows, columns } => {
                if answer.len() != rows.len() {
                    return Err(left_out(table));
                }
                self.effects.stores.reserve(rows.len() * columns.len());
                let mut rows = rows.iter();
                answer.read_each(|found| match rows.next() {
                    Some(row) => self.read(*row, found, columns, 0),
                    None => Ok(()),
                })?;
            }
            Expect::Keys { table, rows, column, made } => {
                if !self.land_keys(rows, *column, *made, answer)? {
                    return Err(left_out(table));
                }
            }
            Expect::Inserted { table, rows } => {
                if answer.affected() != *rows {
                    return Err(left_out(table));
                }
            }
            Expect::UpdatedOne { update, columns } => {
                let op = &self.work.updates[*update];
                if answer.affected() != 1 {
                    return Err(stale(op.table, &op.stored));
                }
                answer.read_each(|found| self.read(op.row, found, columns, 0))?;
                self.note_version(*update);
            }
            Expect::CountedUpdates(updates) => {
                self.is_short |= answer.affected() != updates.len() as u64;
                updates.iter().for_each(|&update| self.note_version(update));
            }
            Expect::Counted(rows) => self.is_short |= answer.affected() != *rows,
            Expect::Updated { updates, columns } => self.land_updates(updates, columns, answer)?,
            Expect::Filled { insert, columns } => {
                let op = &self.work.inserts[*insert];
                if answer.affected() != 1 {
                    return Err(stale(op.table, &op.dump));
                }
                answer.read_each(|found| self.read(op.row, found, columns, 0))?;
            }
            Expect::Deleted { deletes, columns } => {
                let work = self.work;
                let ops = || deletes.iter().map(|&delete| &work.deletes[delete]);
                check_all_met(&ordinals(answer)?, ops().map(|op| (op.table, &op.stored)))?;
                self.read_by_ordinal(answer, columns, |index| work.deletes[deletes[index]].row)?;
            }
            Expect::Tree { table, deletes } => {
                let rows =
                    answer.read(|row| Ok((row.read::<Option<i64>>()?, read_columns(row, table.primary_key, 1)?)))?;
                let ops = deletes.iter().map(|&delete| &self.work.deletes[delete]);
                check_all_met(
                    &rows.iter().filter_map(|row| row.0).collect::<Vec<_>>(),
                    ops.map(|op| (op.table, &op.stored)),
                )?;
                let below = rows.into_iter().filter(|(ordinal, _)| ordinal.is_none());
                let keys = below.map(|(_, key)| key).collect();
                self.effects.children.push(Met { table, nullified: Vec::new(), made: Vec::new(), keys });
            }
            Expect::Children { table, nullified, made } => {
                let columns: Vec<usize> = (0..table.primary_key.len() + made.len()).collect();
                let rows = answer.read(|row| read_columns(row, &columns, 0))?;
                self.effects.children.push(Met { table, nullified: nullified.clone(), made: made.clone(), keys: rows });
            }
            Expect::NoneLeft { relation } => {
                if answer.affected() > 0 {
                    return Err(children::still_has(relation));
                }
            }
            Expect::Nothing => {}
        }
        Ok(())
    }

    /// Keeps the keys of new objects. Tells whether there is one for each, and the rows that were made have the same.
    fn land_keys(&mut self, rows: &[Row], column: usize, made: bool, answer: &Answer) -> Result<bool> {
        let mut are_right = false;
        answer.read_each(|found| {
            let raw = found.raw_at(0)?;
            let keys = elements(raw);
            are_right = keys.len() == rows.len() && (!made || are_same(raw, found.raw_at(1)?));
            self.effects.stores.reserve(rows.len());
            for (&row, key) in rows.iter().zip(keys) {
                self.store(row, column, key);
            }
            Ok(())
        })?;
        Ok(are_right)
    }

    fn land_updates(&mut self, updates: &[usize], columns: &[usize], answer: &Answer) -> Result<()> {
        let work = self.work;
        let ops = updates.iter().map(|&update| &work.updates[update]);
        check_all_met(&ordinals(answer)?, ops.map(|op| (op.table, &op.stored)))?;
        self.read_by_ordinal(answer, columns, |index| work.updates[updates[index]].row)?;
        for &update in updates {
            self.note_version(update);
        }
        Ok(())
    }

    /// Keeps the columns of an object that came back.
    fn read(&mut self, row: Row, found: &mut RowReader<'_>, columns: &[usize], first: usize) -> Result<()> {
        for (i, &column) in columns.iter().enumerate() {
            self.store(row, column, found.raw_at(first + i)?);
        }
        Ok(())
    }

    fn store(&mut self, row: Row, column: usize, raw: Option<&[u8]>) {
        if let Some(raw) = raw {
            self.keys.keep(row, column, raw);
        }
        self.effects.stores.push((row, column, raw.map(Bytes::from)));
    }

    /// Keeps the columns of objects that came back behind their ordinals, all of which are known to be good.
    fn read_by_ordinal(&mut self, answer: &Answer, columns: &[usize], row: impl Fn(usize) -> Row) -> Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        answer.read_each(|found| {
            let ordinal = found.read::<i64>()?;
            self.read(row(ordinal as usize - 1), found, columns, 1)
        })
    }

    fn note_version(&mut self, update: usize) {
        let op = &self.work.updates[update];
        if let Some((column, raw)) = statements::stored_version(op) {
            self.effects.stores.push((op.row, column, Some(Bytes::from(&next_version(raw)[..]))));
        }
    }

    /// The keys that relationships gave go into the objects' own columns. Those that a trigger may have set have come back.
    fn note_keys(&mut self, plan: &Plan) {
        let work = self.work;
        let given = work.inserts.iter().map(|op| op.keys.len()).sum();
        self.effects.stores.reserve(given);
        // Table by table, which leaves next to nothing to sort.
        let inserts = plan.steps.iter().filter_map(|step| match step {
            Step::Insert { rows } => Some(rows),
            _ => None,
        });
        let inserted = inserts.flatten().map(|&insert| &work.inserts[insert]).map(|op| (op.row, op.table, &op.keys));
        for (row, table, keys) in inserted.chain(work.updates.iter().map(|op| (op.row, op.table, &op.keys))) {
            for (column, source) in keys.iter().filter(|(column, _)| !table.columns[*column].trigger) {
                let raw = self.keys.resolve(source).map(|raw| Bytes::from(&*raw));
                self.effects.stores.push((row, *column, raw));
            }
        }
        // What there is of one object is stored at once; of one column, the last word counts.
        self.effects.stores.sort_by_key(|(row, ..)| *row);
    }
}

/// The bytes of some columns, as they came back.
fn read_columns(row: &RowReader<'_>, columns: &[usize], first: usize) -> Result<Vec<Option<Box<[u8]>>>> {
    (first..first + columns.len()).map(|place| row.raw_at(place).map(|raw| raw.map(Into::into))).collect()
}

/// The elements of an array as it came back; none of what is none.
fn elements(raw: Option<&[u8]>) -> Vec<Option<&[u8]>> {
    let mut elements = Vec::new();
    match raw.map(|raw| raw_elements(raw, &mut elements)) {
        Some(Ok(())) => elements,
        _ => Vec::new(),
    }
}

/// Whether two arrays have the same elements, in whatever order.
fn are_same(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    let sorted = |raw| {
        let mut elements = elements(raw);
        elements.sort_unstable();
        elements
    };
    one == other || sorted(one) == sorted(other)
}

/// The ordinals of the rows that were met.
fn ordinals(answer: &Answer) -> Result<Vec<i64>> {
    answer.read(|row| row.read::<i64>())
}

/// Checks that each of the rows that were sent was met, by the ordinals that came back.
fn check_all_met<'a>(
    ordinals: &[i64],
    rows: impl ExactSizeIterator<Item = (&'static TableDef, &'a Dump)>,
) -> Result<()> {
    let mut met = vec![false; rows.len()];
    for &ordinal in ordinals {
        if let Some(met) = usize::try_from(ordinal - 1).ok().and_then(|index| met.get_mut(index)) {
            *met = true;
        }
    }
    match met.iter().zip(rows).find(|(met, _)| !**met) {
        Some((_, (table, stored))) => Err(stale(table, stored)),
        None => Ok(()),
    }
}

fn stale(table: &TableDef, stored: &Dump) -> Error {
    let message = format!(
        "the row of `{}` with primary key ({}) has gone or has changed since it was read",
        table.model,
        statements::shown_key(table, stored)
    );
    Error::new(ErrorKind::StaleData, message).with_model(table.model).with_table(table.display_name())
}

fn left_out(table: &TableDef) -> Error {
    Error::new(
        ErrorKind::Database,
        format!(
            "the server inserted fewer rows of `{}` than it was sent: a trigger or rule left them out",
            table.model
        ),
    )
    .with_model(table.model)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::types::{Encoder, Field};

    /// An array as the server sends it.
    fn array(keys: &[i64]) -> BytesMut {
        let mut buffer = BytesMut::new();
        keys.to_vec().encode(&mut Encoder::new(&mut buffer)).expect("an array of numbers");
        buffer
    }

    #[test]
    fn keys_are_the_same_in_whatever_order() {
        let same = |one: &[i64], other: &[i64]| are_same(Some(&array(one)), Some(&array(other)));
        assert!(same(&[], &[]) && same(&[1, 2, 3], &[1, 2, 3]) && same(&[3, 1, -2], &[-2, 3, 1]));
        assert!(!same(&[1, 2], &[1, 2, 3]) && !same(&[1, 1, 2], &[1, 2, 2]) && !same(&[1], &[]));
        assert!(!are_same(Some(&array(&[1])), None));
    }
}
