//! The rows of an insert, as they are given: encoded one by one.

use std::borrow::Borrow;

use smallvec::SmallVec;

use crate::compile::{Inputs, check_raw, refused, single};
use crate::error::{Error, Result};
use crate::schema::{Dump, Model, RelationField, TableDef};
use crate::sql::{Input, InsertRows, RowsFor};

/// The rows of an insert, encoded, and why they are not to be sent.
pub(super) struct Given {
    pub(super) columns: Vec<usize>,
    pub(super) rows: InsertRows,
    pub(super) refused: Option<Error>,
}

/// So many rows are sent one by one, and more as an array a column: then that is faster.
const FEW: usize = 8;

impl Given {
    /// Encodes values one by one, so that no more than a few are kept.
    pub(super) fn of<M: Model>(values: impl Iterator<Item = M>) -> Self {
        let mut values = values.fuse();
        let first: SmallVec<[M; 1]> = values.by_ref().take(FEW + 1).collect();
        if (1..=FEW).contains(&first.len())
            && let Some(given) = Self::few(&first)
        {
            return given;
        }
        let mut count = 0;
        let (columns, arrays, refused) = arrays(first.into_iter().chain(values).inspect(|_| count += 1));
        Self { columns, rows: InsertRows::Arrays { arrays, count }, refused }
    }

    /// Encodes rows of these columns one by one.
    pub(super) fn of_rows<F, R: RowsFor<F>>(
        table: &'static TableDef,
        columns: Vec<usize>,
        rows: impl Iterator<Item = R>,
    ) -> Self {
        Dump::lent(|dump| Self::encoded(table, columns, rows, dump))
    }

    fn encoded<F, R: RowsFor<F>>(
        table: &'static TableDef,
        columns: Vec<usize>,
        rows: impl Iterator<Item = R>,
        dump: &mut Dump,
    ) -> Self {
        let mut rows = rows.fuse();
        // The cells of the first rows, one row behind the other.
        let number = rows.by_ref().take(FEW + 1).map(|row| row.dump(dump)).count();
        let mut refused = check_cells(table, &columns, dump).err();
        let cells = || columns.iter().cycle().take(number * columns.len()).copied().enumerate();
        let is_left = |(cell, column): (usize, usize)| table.columns[column].auto && dump.raw(cell).is_none();
        if (1..=FEW).contains(&number) && !cells().any(is_left) {
            let cells = cells().map(|(cell, column)| single(table, column, dump.raw(cell))).collect();
            return Self { columns, rows: InsertRows::Rows(cells), refused };
        }
        let mut inputs = Inputs::of(table, &columns, rows.size_hint().0.saturating_add(number));
        let mut count = number;
        for row in 0..number {
            note(&mut refused, inputs.push_from(dump, row * columns.len()));
        }
        for row in rows {
            dump.clear();
            row.dump(dump);
            note(&mut refused, check_cells(table, &columns, dump).and_then(|()| inputs.push(dump)));
            count += 1;
        }
        let (columns, arrays) = finished(inputs, &mut refused);
        Self { columns, rows: InsertRows::Arrays { arrays, count }, refused }
    }

    /// The values one by one, if the same columns are given of all; several have to give one at least.
    fn few<M: Model>(values: &[M]) -> Option<Self> {
        let table = M::table();
        let mut given = Self { columns: Vec::new(), rows: InsertRows::Rows(Vec::new()), refused: None };
        let mut cells = Vec::new();
        for (number, value) in values.iter().enumerate() {
            let is_same = Dump::look(value, |dump| {
                let is_given = |column: &usize| {
                    let def = &table.columns[*column];
                    def.generated.is_none() && (!def.auto || dump.raw(*column).is_some())
                };
                let columns = (0..table.columns.len()).filter(is_given);
                if number == 0 {
                    given.columns.extend(columns);
                } else if !columns.eq(given.columns.iter().copied()) {
                    return false;
                }
                cells.extend(given.columns.iter().map(|&column| single(table, column, dump.raw(column))));
                note(&mut given.refused, check(value, dump));
                true
            });
            if !is_same || values.len() > 1 && given.columns.is_empty() {
                return None;
            }
        }
        given.rows = InsertRows::Rows(cells);
        Some(given)
    }
}

/// The columns that are given, and an array for each; with what is wrong with the first value that cannot be sent.
pub(super) fn arrays<M: Model>(values: impl Iterator<Item: Borrow<M>>) -> (Vec<usize>, Vec<Input>, Option<Error>) {
    let mut refused = None;
    let mut inputs = Inputs::new(M::table(), values.size_hint().0);
    Dump::lent(|dump| {
        for value in values {
            let value = value.borrow();
            dump.clear();
            value.dump(dump);
            note(&mut refused, check(value, dump).and_then(|()| inputs.push(dump)));
        }
    });
    let (columns, arrays) = finished(inputs, &mut refused);
    (columns, arrays, refused)
}

fn finished(inputs: Inputs, refused: &mut Option<Error>) -> (Vec<usize>, Vec<Input>) {
    inputs.finish().unwrap_or_else(|error| {
        refused.get_or_insert(error);
        (Vec::new(), Vec::new())
    })
}

/// The first error is the one to tell.
fn note(refused: &mut Option<Error>, outcome: Result<()>) {
    if let Err(error) = outcome {
        refused.get_or_insert(error);
    }
}

/// What is wrong with rows of these columns, one behind the other, is found before they are sent.
pub(super) fn check_cells(table: &'static TableDef, columns: &[usize], dump: &Dump) -> Result<()> {
    if let Some((cell, reason)) = dump.refused() {
        return Err(refused(table, &table.columns[columns[cell % columns.len()]], reason));
    }
    for (cell, column) in columns.iter().map(|&column| &table.columns[column]).enumerate() {
        if column.length.is_some() {
            let mut cells = (cell..dump.len()).step_by(columns.len());
            cells.try_for_each(|cell| check_raw(table, column, dump.raw(cell)))?;
        }
    }
    Ok(())
}

/// What is wrong with a value is found before anything is sent.
pub(super) fn check<M: Model>(value: &M, dump: &Dump) -> Result<()> {
    let table = M::table();
    if let Some((column, reason)) = dump.refused() {
        return Err(refused(table, &table.columns[*column], reason));
    }
    for (index, column) in table.columns.iter().enumerate() {
        check_raw(table, column, dump.raw(index))?;
    }
    for (field, relation) in table.relations.iter().enumerate() {
        if value.relation(field).is_some_and(RelationField::holds_any) {
            let message = format!(
                "an insert writes rows alone: relationship `{}` is to be empty; give its key, or add the value to a session",
                relation.path()
            );
            return Err(Error::invalid(message).with_model(table.model));
        }
    }
    Ok(())
}
