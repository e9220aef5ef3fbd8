//! [`Value`], an owned parameter in its binary form, and [`Raw`], the bytes of a result's column.

use std::cell::Cell;
use std::error::Error as StdError;

use bytes::BytesMut;
use postgres_types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::array::GrowingArray;
use super::bytes::Bytes;
use super::composite::put_with_types;
use super::field::{EncodeError, Encoded, Encoder, Field};
use super::scalar::has_nul;
use super::typedef::TypeDef;

/// A parameter of a statement: its type, and its bytes in PostgreSQL's binary format.
///
/// Two values are equal if their bytes are: a `NaN` equals itself.
#[derive(Clone)]
pub struct Value {
    ty: &'static TypeDef,
    /// Whether it is an array of `ty`.
    array: bool,
    declared: bool,
    repr: Repr,
}

#[derive(Clone, PartialEq, Eq)]
enum Repr {
    Null,
    Bytes(Bytes),
    Refused(EncodeError),
}

/// The buffer of a thread is kept up to that size.
const KEPT: usize = 1024;

thread_local! {
    /// Where values are encoded, one after the other: most end up inline and need no memory of their own.
    static BUFFER: Cell<BytesMut> = Cell::default();
}

impl Value {
    /// The value of a field.
    ///
    /// One that cannot be sent (text with a NUL byte, say) is remembered as such, and refused before a statement that
    /// uses it is sent.
    #[must_use]
    pub fn of<T: Field>(value: &T) -> Self {
        // Taken out meanwhile: a field's own encoding may make values, too.
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        let repr = match value.encode(&mut Encoder::new(&mut buffer)) {
            Ok(Encoded::Value) => Repr::Bytes(buffer[..].into()),
            Ok(Encoded::Null) => Repr::Null,
            Err(reason) => Repr::Refused(reason),
        };
        if buffer.capacity() <= KEPT {
            buffer.clear();
            let _ = BUFFER.try_with(|kept| kept.set(buffer));
        }
        Self { ty: T::TYPE, array: false, declared: true, repr }
    }

    /// The value of a text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let repr = if has_nul(text) {
            Repr::Refused(EncodeError::new("PostgreSQL text cannot hold a NUL byte"))
        } else {
            Repr::Bytes(text.as_bytes().into())
        };
        Self { ty: String::TYPE, array: false, declared: true, repr }
    }

    pub(crate) fn from_raw(ty: &'static TypeDef, raw: Option<&[u8]>) -> Self {
        Self { ty, array: false, declared: true, repr: raw.map_or(Repr::Null, |bytes| Repr::Bytes(bytes.into())) }
    }

    /// A value that cannot be sent, and why.
    pub(crate) fn refused(ty: &'static TypeDef, reason: EncodeError) -> Self {
        Self { ty, array: false, declared: true, repr: Repr::Refused(reason) }
    }

    /// One array of values of a type; refused if one of them is.
    pub(crate) fn array<'v>(ty: &'static TypeDef, elements: impl IntoIterator<Item = &'v Self>) -> Self {
        let mut array = GrowingArray::of(ty);
        let mut elements = elements.into_iter();
        let written = elements.try_for_each(|value| match value.refusal() {
            Some(reason) => Err(reason.clone()),
            None => array.push_raw(value.as_bytes()),
        });
        let array = written.and_then(|()| array.finish());
        array.unwrap_or_else(|reason| Self { ty, array: true, declared: true, repr: Repr::Refused(reason) })
    }

    /// One array, whose bytes are there already.
    pub(crate) fn array_of_bytes(ty: &'static TypeDef, bytes: Vec<u8>) -> Self {
        Self { ty, array: true, declared: true, repr: Repr::Bytes(bytes.into()) }
    }

    /// Leaves the parameter's type to the server, for a column whose SQL type is not the field's own.
    pub(crate) fn undeclared(mut self) -> Self {
        self.leave_type();
        self
    }

    pub(crate) fn leave_type(&mut self) {
        self.declared = false;
    }

    /// The value's type.
    #[must_use]
    pub fn type_def(&self) -> &'static TypeDef {
        self.ty
    }

    /// Whether it is an array of its type's values.
    pub(crate) fn is_array(&self) -> bool {
        self.array
    }

    /// Whether it is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.repr, Repr::Null)
    }

    /// The value's bytes, or `None` for NULL.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.repr {
            Repr::Bytes(bytes) => Some(bytes),
            Repr::Null | Repr::Refused(_) => None,
        }
    }

    pub(crate) fn refusal(&self) -> Option<&EncodeError> {
        match &self.repr {
            Repr::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether it is the same parameter: of the same type, with the same bytes. One whose type is left to the server never is.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let are_declared = self.declared && other.declared;
        are_declared && std::ptr::eq(self.ty, other.ty) && self.array == other.array && self.repr == other.repr
    }

    /// Whether the statement says the type, and does not leave it to the server.
    pub(crate) fn has_known_type(&self) -> bool {
        self.param_type() != Type::UNKNOWN
    }

    /// The type to prepare the statement with.
    pub(crate) fn param_type(&self) -> Type {
        match (self.declared, self.array) {
            (false, _) => Type::UNKNOWN,
            (true, false) => self.ty.param_type(),
            (true, true) => self.ty.array_param_type(),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.repr == other.repr
    }
}

/// Shows the type and not the value, which may be private.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({})", self.ty.display())
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        if let Some(reason) = self.refusal() {
            return Err(Box::new(reason.clone()));
        }
        RawParam(self.as_bytes()).to_sql(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The bytes of a value that is sent, whatever its type; `None` is NULL.
#[derive(Debug)]
pub(crate) struct RawParam<'a>(pub(crate) Option<&'a [u8]>);

impl ToSql for RawParam<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Some(bytes) = self.0 else { return Ok(IsNull::Yes) };
        // An array carries the type of its elements, which for an enum or an extension's type only the server knows.
        put_with_types(bytes, ty, out);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The bytes of one column of a row, whatever its type.
pub(crate) struct Raw<'a>(pub(crate) Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
