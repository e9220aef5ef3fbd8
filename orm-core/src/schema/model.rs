//! [`Model`], the trait that the derive implements, and the traits by which values enter a session.
//!
//! A model is metadata and conversions; behaviour is in the layers above, written once and not per model.

use std::cell::Cell;

use bytes::BytesMut;

use super::embed::EmbeddedCells;
use super::handle::Handle;
use super::relationship::RelationField;
use super::table::TableDef;
use crate::error::Result;
use crate::types::{DecodeError, EncodeError, Encoded, Encoder, Field, FromRow, Key};

/// A struct that is stored as a row of a table. Implemented by `#[derive(Model)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "put `#[derive(Model)]` on the struct"
)]
pub trait Model: Source + FromRow + Clone + Send + Sync + Sized + 'static {
    /// The primary key: the type of its field, or a tuple.
    type Key: Key;
    /// The columns and relationships, as they are seen from `S`: the model itself or an alias of it.
    type Columns<S>;

    /// The table.
    fn table() -> &'static TableDef;

    /// The columns and relationships, seen from `S`.
    fn columns<S>() -> Self::Columns<S>;

    /// Writes the values of all columns, in their order.
    #[doc(hidden)]
    fn dump(&self, out: &mut Dump);

    /// Sets one column, which is none of an embedded struct.
    #[doc(hidden)]
    fn store(&mut self, column: usize, raw: Option<&[u8]>) -> Result<(), DecodeError>;

    /// Sets an embedded struct.
    #[doc(hidden)]
    fn store_embedded(&mut self, cells: EmbeddedCells<'_>) -> Result<(), (usize, DecodeError)> {
        let _ = cells;
        Ok(())
    }

    /// One of the relationship fields.
    #[doc(hidden)]
    fn relation(&self, field: usize) -> Option<&dyn RelationField>;

    /// One of the relationship fields.
    #[doc(hidden)]
    fn relation_mut(&mut self, field: usize) -> Option<&mut dyn RelationField>;

    /// Hands the new values in the relationship fields over and keeps their handles.
    #[doc(hidden)]
    fn adopt<A: Adopter>(&mut self, adopter: &mut A);
}

/// What can stand in a FROM clause and have columns: a model, an alias of one, a subquery.
pub trait Source: 'static {
    /// The name by which the compiler tells it from others in one query.
    const NAME: &'static str;

    /// How its columns are qualified.
    fn source() -> SourceRef;
}

/// How a column is qualified in a statement.
#[derive(Debug, Clone, Copy)]
pub enum SourceRef {
    /// By the table itself.
    Table(&'static TableDef),
    /// By an alias, which is told from others by its tag and gets its name when the statement is compiled.
    Alias {
        /// The tag's type.
        tag: std::any::TypeId,
        /// The name that it would like to have.
        name: &'static str,
        /// The table of the model that it stands for.
        table: &'static TableDef,
    },
}

impl SourceRef {
    /// The table of the model that it stands for.
    #[must_use]
    pub fn table(&self) -> &'static TableDef {
        match self {
            Self::Table(table) | Self::Alias { table, .. } => table,
        }
    }
}

impl PartialEq for SourceRef {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(a), Self::Table(b)) => a.is_same_table(b),
            (Self::Alias { tag: a, .. }, Self::Alias { tag: b, .. }) => a == b,
            _ => false,
        }
    }
}

impl Eq for SourceRef {}

/// Where new values go to and come back from as handles: a session.
pub trait Adopter {
    /// Takes a value in.
    fn adopt<M: Model>(&mut self, value: M) -> Handle<M>;
}

thread_local! {
    /// Where objects are encoded of which only a part is looked at: it needs its memory once.
    static SCRATCH: Cell<Dump> = Cell::default();
}

/// The encoded columns of one object, in the order of the table.
///
/// A clone takes no more memory than it needs.
#[derive(Debug, Default, Clone)]
pub struct Dump {
    buffer: BytesMut,
    ends: Ends,
    refused: Option<(usize, EncodeError)>,
    /// The columns among the first 64, as bits, that nobody looks at.
    skipped: u64,
}

/// The scratch memory of a thread is kept up to that size.
const KEPT: usize = 4096;

/// Where the columns of a dump end; that of a NULL is marked. Those of few columns need no memory of their own.
#[derive(Debug, Default, Clone)]
struct Ends {
    len: usize,
    /// Before the first is where it begins, which is 0.
    first: [u32; FEW + 1],
    more: Vec<u32>,
}

const FEW: usize = 12;

/// Marks the end of a NULL. A row that is as long as that is refused: a message to the server could not hold it.
const NULL: u32 = 1 << 31;

impl Ends {
    #[inline]
    fn push(&mut self, end: u32) {
        self.len += 1;
        match self.first.get_mut(self.len) {
            Some(free) => *free = end,
            None => self.more.push(end),
        }
    }

    /// Where a column begins and ends; nothing of NULL.
    #[inline]
    fn range(&self, column: usize) -> Option<std::ops::Range<usize>> {
        if column >= self.len {
            return None;
        }
        let (start, end) = match self.first.get(column..column + 2) {
            Some(&[start, end]) => (start, end),
            _ => self.range_of_many(column)?,
        };
        (end & NULL == 0).then_some((start & !NULL) as usize..end as usize)
    }

    #[inline(never)]
    fn range_of_many(&self, column: usize) -> Option<(u32, u32)> {
        let at = column.checked_sub(FEW)?;
        let start = at.checked_sub(1).map_or(self.first[FEW], |before| self.more[before]);
        Some((start, *self.more.get(at)?))
    }

    fn clear(&mut self) {
        self.len = 0;
        self.more.clear();
    }
}

impl Dump {
    /// Encodes the next column.
    pub fn put<T: Field>(&mut self, value: &T) {
        if self.is_skipped(self.ends.len) {
            return self.put_null();
        }
        self.put_as(|out| value.encode(out));
    }

    /// Encodes the next column.
    pub(crate) fn put_as(&mut self, encode: impl FnOnce(&mut Encoder<'_>) -> Result<Encoded, EncodeError>) {
        let null = match encode(&mut Encoder::new(&mut self.buffer)) {
            Ok(encoded) => encoded == Encoded::Null,
            Err(reason) => {
                self.refused.get_or_insert((self.ends.len, reason));
                true
            }
        };
        if self.buffer.len() >= NULL as usize {
            return self.refuse_the_rest();
        }
        self.ends.push(self.buffer.len() as u32 | if null { NULL } else { 0 });
    }

    /// Of a row that is too long, nothing is sent.
    #[cold]
    fn refuse_the_rest(&mut self) {
        let reason = EncodeError::new("the row is longer than PostgreSQL can hold");
        self.refused.get_or_insert((self.ends.len, reason));
        self.buffer.truncate(0);
        self.ends.push(NULL);
    }

    /// One that encodes these columns, and takes the others for NULL.
    pub(crate) fn only(columns: &[usize]) -> Self {
        Self { skipped: all_but(columns), ..Self::default() }
    }

    fn is_skipped(&self, column: usize) -> bool {
        column < 64 && self.skipped >> column & 1 == 1
    }

    /// The next column is NULL.
    pub(crate) fn put_null(&mut self) {
        self.ends.push(self.buffer.len() as u32 | NULL);
    }

    /// The bytes of a column, or `None` for NULL.
    #[must_use]
    pub fn raw(&self, column: usize) -> Option<&[u8]> {
        self.buffer.get(self.ends.range(column)?)
    }

    /// How many columns are encoded.
    pub(crate) fn len(&self) -> usize {
        self.ends.len
    }

    /// The first column whose value cannot be sent, and why.
    pub(crate) fn refused(&self) -> Option<&(usize, EncodeError)> {
        self.refused.as_ref()
    }

    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.ends.clear();
        self.refused = None;
    }

    /// Looks at the columns of an object, without memory for them.
    pub(crate) fn look<M: Model, T>(value: &M, read: impl FnOnce(&Self) -> T) -> T {
        Self::look_without(value, 0, read)
    }

    /// Looks at the primary key of an object, without memory for it.
    pub(crate) fn look_at_key<M: Model, T>(value: &M, read: impl FnOnce(&Self) -> T) -> T {
        Self::look_without(value, all_but(M::table().primary_key), read)
    }

    fn look_without<M: Model, T>(value: &M, skipped: u64, read: impl FnOnce(&Self) -> T) -> T {
        Self::lent(|dump| {
            dump.skipped = skipped;
            value.dump(dump);
            read(dump)
        })
    }

    /// Lends one whose memory a thread keeps.
    pub(crate) fn lent<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        // Taken out meanwhile: a field's own encoding may look at objects, too.
        let mut dump = SCRATCH.try_with(Cell::take).unwrap_or_default();
        dump.clear();
        dump.skipped = 0;
        let found = work(&mut dump);
        if dump.buffer.capacity() <= KEPT {
            let _ = SCRATCH.try_with(|kept| kept.set(dump));
        }
        found
    }

    pub(crate) fn of<M: Model>(value: &M) -> Self {
        let mut dump = Self::default();
        value.dump(&mut dump);
        dump
    }
}

/// The columns but for these, as bits; from the 64th on, none is left out.
fn all_but(columns: &[usize]) -> u64 {
    !columns.iter().filter(|&&column| column < 64).fold(0, |bits, column| bits | 1_u64 << column)
}

/// What becomes a new object of a session: a model, or a builder whose required columns are set.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added to a session",
    label = "neither a model nor a builder of one"
)]
pub trait IntoModel {
    /// The model.
    type Model: Model;

    /// The value.
    fn into_model(self) -> Self::Model;
}

/// Something at the end of a relationship that is being built: a new value or an object of the session.
#[derive(Debug, Clone)]
pub enum Link<M> {
    /// A new value.
    New(Box<M>),
    /// An object of the session.
    Held(Handle<M>),
}

impl<M> Link<M> {
    /// A link to a new value; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub fn of(value: M) -> Self {
        Self::New(Box::new(value))
    }

    pub(crate) fn hold<A: Adopter>(self, adopter: &mut A) -> Handle<M>
    where
        M: Model,
    {
        match self {
            Self::New(value) => adopter.adopt(*value),
            Self::Held(handle) => handle,
        }
    }
}

/// What can stand at the end of a relationship: a handle, a value, or a builder whose required columns are set.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a handle, a value nor a complete builder of `{M}`",
    label = "cannot be related as `{M}`"
)]
pub trait IntoLink<M> {
    /// The link.
    fn into_link(self) -> Link<M>;
}

#[diagnostic::do_not_recommend]
impl<M> IntoLink<M> for Handle<M> {
    fn into_link(self) -> Link<M> {
        Link::Held(self)
    }
}

#[diagnostic::do_not_recommend]
impl<M> IntoLink<M> for Link<M> {
    fn into_link(self) -> Self {
        self
    }
}

/// Like [`IntoLink`], for the children under a parent's builder, who need not name their parent. `VIA` tells the
/// relationship by which they belong to it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a handle, a value nor a complete builder of `{M}`",
    label = "cannot be a child as `{M}`"
)]
pub trait IntoChild<M, const VIA: u64> {
    /// The link.
    fn into_child(self) -> Link<M>;
}

#[diagnostic::do_not_recommend]
impl<M, const VIA: u64> IntoChild<M, VIA> for Handle<M> {
    fn into_child(self) -> Link<M> {
        Link::Held(self)
    }
}

/// Marks a required column of a builder that is set.
#[diagnostic::on_unimplemented(
    message = "column `{Self}` is not set",
    label = "this builder is not complete",
    note = "columns that are neither nullable nor made by the server must be set before the builder can be used"
)]
pub trait IsSet {}

/// The column has its value.
#[derive(Debug)]
pub struct Set;

#[diagnostic::do_not_recommend]
impl IsSet for Set {}

/// The column gets its value from a relationship, at the flush.
#[derive(Debug)]
pub struct Linked;

#[diagnostic::do_not_recommend]
impl IsSet for Linked {}

/// Like [`IsSet`], under a parent that gives the column its value by the relationship `VIA`.
#[diagnostic::on_unimplemented(
    message = "column `{Self}` is not set",
    label = "this builder is not complete",
    note = "columns that are neither nullable nor made by the server must be set before the builder can be used"
)]
pub trait SetUnder<const VIA: u64> {}

#[diagnostic::do_not_recommend]
impl<const VIA: u64> SetUnder<VIA> for Set {}
#[diagnostic::do_not_recommend]
impl<const VIA: u64> SetUnder<VIA> for Linked {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_has_each_column_whatever_their_number() {
        let mut dump = Dump::default();
        for _ in 0..2 {
            dump.clear();
            for number in 0..30_i32 {
                dump.put(&(number % 3 != 0).then_some(number));
            }
            for number in 0..30_i32 {
                let expected = (number % 3 != 0).then(|| number.to_be_bytes());
                assert_eq!(dump.raw(number as usize), expected.as_ref().map(|bytes| &bytes[..]), "{number}");
            }
            assert_eq!(dump.raw(30), None);
        }
    }
}
