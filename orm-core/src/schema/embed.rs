//! [`Embed`]: a struct that is several columns of each model that has it as a field.
//!
//! The derive of a model does not see the fields of the struct. So the columns of both are joined by constant functions,
//! and the struct of columns is made in a [`Place`], which says where they stand in the table.

use super::column::{ColumnDef, Embedded};
use super::model::{Dump, Model};
use crate::error::Result;
use crate::types::{DecodeError, Field, MaybeNull, NotNull, RowReader};

/// A struct that is stored in several columns of a model. Implemented by `#[derive(Embed)]`.
///
/// ```
/// # use orm_core::prelude::*;
/// #[derive(Embed, Debug, Clone, PartialEq)]
/// struct Address {
///     city: String,
///     street: Option<String>,
/// }
///
/// #[derive(Model, Debug, Clone)]
/// struct Customer {
///     #[model(primary_key)]
///     id: Auto<i32>,
///     #[model(embed)]
///     address: Address,
/// }
///
/// assert_eq!(
///     query::<Customer>().filter(Customer::address.city.eq("Riga")).to_sql(),
///     r#"SELECT "customer"."id", "customer"."address_city", "customer"."address_street" FROM "customer" WHERE "customer"."address_city" = $1"#
/// );
/// ```
///
/// An `Option` of such a struct is one too: all its columns may be NULL, and they all are where it is `None`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be embedded in a model",
    label = "not a struct that stands in several columns",
    note = "put `#[derive(Embed)]` on the struct; an `Option` of it may be embedded too"
)]
pub trait Embed: Clone + Send + Sync + Sized + 'static {
    /// The columns, seen from `S`.
    type Columns<S>: Copy;
    /// The same where all of them may be NULL.
    type Optional<S>: Copy;
    /// The struct where all its columns may be NULL: an `Option` of it.
    type Nullable: Embed;

    /// The columns, by their names without the prefix that a model gives them.
    #[doc(hidden)]
    const COLUMNS: &'static [ColumnDef];
    /// Whether it may be missing.
    #[doc(hidden)]
    const OPTIONAL: bool;

    /// Writes the values of its columns.
    #[doc(hidden)]
    fn dump(&self, out: &mut Dump);

    /// Reads it from the next cells.
    #[doc(hidden)]
    fn read<C: Cells>(cells: &mut C) -> Result<Self, C::Error>;
}

#[diagnostic::do_not_recommend]
impl<E: Embed> Embed for Option<E> {
    type Columns<S> = E::Optional<S>;
    type Optional<S> = E::Optional<S>;
    type Nullable = Self;

    const COLUMNS: &'static [ColumnDef] = E::COLUMNS;
    const OPTIONAL: bool = true;

    fn dump(&self, out: &mut Dump) {
        match self {
            Some(value) => value.dump(out),
            None => E::COLUMNS.iter().for_each(|_| out.put_null()),
        }
    }

    fn read<C: Cells>(cells: &mut C) -> Result<Self, C::Error> {
        if cells.is_null(E::COLUMNS.len())? {
            cells.skip(E::COLUMNS.len());
            return Ok(None);
        }
        E::read(cells).map(Some)
    }
}

/// What [`Embed::read`] reads from: a row, or the values of an object.
#[doc(hidden)]
pub trait Cells {
    /// What is wrong with a cell.
    type Error;

    /// Reads the next one.
    fn read<T: Field>(&mut self) -> Result<T, Self::Error>;

    /// Whether all of the next ones are NULL.
    fn is_null(&self, count: usize) -> Result<bool, Self::Error>;

    /// Leaves the next ones out.
    fn skip(&mut self, count: usize);
}

impl Cells for RowReader<'_> {
    type Error = crate::error::Error;

    fn read<T: Field>(&mut self) -> Result<T> {
        Self::read(self)
    }

    fn is_null(&self, count: usize) -> Result<bool> {
        for index in self.position()..self.position() + count {
            if self.raw_at(index)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn skip(&mut self, count: usize) {
        Self::skip(self, count);
    }
}

/// The cells of one object's columns, the first of which has the position `next` in its table.
struct Stored<'d> {
    raw: &'d dyn Fn(usize) -> Option<&'d [u8]>,
    next: usize,
}

impl Cells for Stored<'_> {
    type Error = (usize, DecodeError);

    fn read<T: Field>(&mut self) -> Result<T, Self::Error> {
        let column = self.next;
        self.next += 1;
        T::decode((self.raw)(column)).map_err(|reason| (column, reason))
    }

    fn is_null(&self, count: usize) -> Result<bool, Self::Error> {
        Ok((self.next..self.next + count).all(|column| (self.raw)(column).is_none()))
    }

    fn skip(&mut self, count: usize) {
        self.next += count;
    }
}

/// Where a model gets the columns of an embedded struct from, all at once: a part of them may not make a value.
#[doc(hidden)]
pub struct EmbeddedCells<'d>(Stored<'d>);

impl EmbeddedCells<'_> {
    /// The position of the first of the columns.
    #[must_use]
    pub fn first(&self) -> usize {
        self.0.next
    }

    /// Reads the struct.
    pub fn read<E: Embed>(mut self) -> Result<E, (usize, DecodeError)> {
        E::read(&mut self.0)
    }
}

impl std::fmt::Debug for EmbeddedCells<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EmbeddedCells({})", self.first())
    }
}

/// Sets columns of a value. If one of them cannot be set, those before it are.
pub(crate) fn store_cells<'r, M: Model>(
    value: &mut M,
    cells: impl IntoIterator<Item = (usize, Option<&'r [u8]>)>,
) -> Result<(), (usize, DecodeError)> {
    let mut embedded: Vec<(usize, Option<&[u8]>)> = Vec::new();
    for (column, raw) in cells {
        if M::table().columns[column].embedded.is_some() {
            embedded.push((column, raw));
        } else {
            value.store(column, raw).map_err(|reason| (column, reason))?;
        }
    }
    while let Some((column, _)) = embedded.first() {
        let Some(Embedded { index, width }) = M::table().columns[*column].embedded else { break };
        let columns = column - index..column - index + width;
        let dump = Dump::of(value);
        let (given, rest): (Vec<_>, Vec<_>) = embedded.into_iter().partition(|(column, _)| columns.contains(column));
        let raw = |column: usize| {
            given.iter().rev().find(|(given, _)| *given == column).map_or_else(|| dump.raw(column), |(_, raw)| *raw)
        };
        value.store_embedded(EmbeddedCells(Stored { raw: &raw, next: columns.start }))?;
        embedded = rest;
    }
    Ok(())
}

/// Whether an embedded struct may be missing, as a type.
#[doc(hidden)]
pub trait Presence {
    /// The struct, or an `Option` of it.
    type Of<E: Embed>: Embed;
}

impl Presence for NotNull {
    type Of<E: Embed> = E;
}

impl Presence for MaybeNull {
    type Of<E: Embed> = E::Nullable;
}

/// Where the columns of an embedded struct stand.
#[doc(hidden)]
pub trait Place {
    /// The columns of the table from its first one on.
    const COLUMNS: &'static [ColumnDef];
}

/// The columns of an embedded struct as values, in the place `P`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be embedded in a model",
    label = "not a struct that stands in several columns"
)]
pub trait EmbedIn<S, P: Place>: Embed {
    /// The columns.
    const COLUMNS_HERE: Self::Columns<S>;
    /// The same where all of them may be NULL.
    const OPTIONAL_HERE: Self::Optional<S>;
}

#[diagnostic::do_not_recommend]
impl<S, P: Place, E: EmbedIn<S, P>> EmbedIn<S, P> for Option<E> {
    const COLUMNS_HERE: E::Optional<S> = E::OPTIONAL_HERE;
    const OPTIONAL_HERE: E::Optional<S> = E::OPTIONAL_HERE;
}

/// What a model or an embedded struct has in its place in the list of columns.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum ColumnPart {
    /// A column of its own.
    Own(ColumnDef),
    /// The columns of an embedded struct.
    Embedded { field: &'static str, prefix: &'static str, columns: &'static [ColumnDef], optional: bool },
}

impl ColumnPart {
    /// The columns of a field of type `E`.
    #[must_use]
    #[track_caller]
    pub const fn embedded<E: Embed>(field: &'static str, prefix: &'static str) -> Self {
        if E::OPTIONAL {
            assert_told_by_null(E::COLUMNS);
        }
        Self::Embedded { field, prefix, columns: E::COLUMNS, optional: E::OPTIONAL }
    }
}

const ALL_OPTIONAL: &str = "each column of this struct may be NULL, so that an `Option` of it could not be told from one \
    without values; take the type out of the `Option`, or let a field of it be required";
const SAME_NAME: &str = "two columns have one name; give the embedded ones another prefix by `embed = \"…\"`";
const LONG_NAME: &str = "the name of an embedded column has more than 63 bytes, where PostgreSQL cuts it; shorten the prefix \
    by `embed = \"…\"`";

#[track_caller]
const fn assert_told_by_null(columns: &[ColumnDef]) {
    let mut at = 0;
    while at < columns.len() {
        if !columns[at].nullable {
            return;
        }
        at += 1;
    }
    panic!("{}", ALL_OPTIONAL);
}

/// How many columns there are.
#[doc(hidden)]
#[must_use]
pub const fn width(parts: &[ColumnPart]) -> usize {
    let (mut part, mut width) = (0, 0);
    while part < parts.len() {
        width += match parts[part] {
            ColumnPart::Own(_) => 1,
            ColumnPart::Embedded { columns, .. } => columns.len(),
        };
        part += 1;
    }
    width
}

/// How many bytes the names of embedded columns need, and those of their fields.
#[doc(hidden)]
#[must_use]
pub const fn names_len(parts: &[ColumnPart]) -> usize {
    let (mut part, mut len) = (0, 0);
    while part < parts.len() {
        if let ColumnPart::Embedded { field, prefix, columns, .. } = parts[part] {
            let mut at = 0;
            while at < columns.len() {
                len += prefix.len() + columns[at].name.len() + field.len() + 1 + columns[at].field.len();
                at += 1;
            }
        }
        part += 1;
    }
    len
}

/// The names of embedded columns, each followed by that of its field: `address_city`, `address.city`.
#[doc(hidden)]
#[must_use]
pub const fn names<const N: usize>(parts: &[ColumnPart]) -> [u8; N] {
    let (mut out, mut end, mut part) = ([0; N], 0, 0);
    while part < parts.len() {
        if let ColumnPart::Embedded { field, prefix, columns, .. } = parts[part] {
            let mut at = 0;
            while at < columns.len() {
                (out, end) = append(out, end, prefix);
                (out, end) = append(out, end, columns[at].name);
                (out, end) = append(out, end, field);
                (out, end) = append(out, end, ".");
                (out, end) = append(out, end, columns[at].field);
                at += 1;
            }
        }
        part += 1;
    }
    out
}

const fn append<const N: usize>(mut out: [u8; N], mut end: usize, text: &str) -> ([u8; N], usize) {
    let mut at = 0;
    while at < text.len() {
        out[end] = text.as_bytes()[at];
        end += 1;
        at += 1;
    }
    (out, end)
}

/// The columns, embedded ones by the names in `names`. Two of one name, or a name that PostgreSQL would cut, are refused by
/// the compiler.
#[doc(hidden)]
#[must_use]
#[track_caller]
pub const fn joined<const N: usize>(parts: &'static [ColumnPart], names: &'static [u8]) -> [ColumnDef; N] {
    let (mut out, mut end, mut part, mut names) = ([ColumnDef::of::<i32>("", ""); N], 0, 0, names);
    while part < parts.len() {
        match parts[part] {
            ColumnPart::Own(column) => {
                out[end] = column;
                end += 1;
            }
            ColumnPart::Embedded { field, prefix, columns, optional } => {
                let mut at = 0;
                while at < columns.len() {
                    let mut column = columns[at];
                    let (name, rest) = names.split_at(prefix.len() + column.name.len());
                    let (path, rest) = rest.split_at(field.len() + 1 + column.field.len());
                    names = rest;
                    column.name = text(name);
                    column.field = text(path);
                    column.nullable = column.nullable || optional;
                    column.embedded = Some(Embedded { index: at, width: columns.len() });
                    out[end] = column;
                    end += 1;
                    at += 1;
                }
            }
        }
        part += 1;
    }
    assert_names(&out);
    out
}

const fn text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

#[track_caller]
const fn assert_names(columns: &[ColumnDef]) {
    let mut at = 0;
    while at < columns.len() {
        assert!(columns[at].name.len() <= 63, "{}", LONG_NAME);
        let mut other = 0;
        while other < at {
            assert!(!is_same(columns[at].name, columns[other].name), "{}", SAME_NAME);
            other += 1;
        }
        at += 1;
    }
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    a.len() == b.len() && at == a.len()
}
