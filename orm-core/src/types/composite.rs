//! Composite types: several values as one, in PostgreSQL's binary format.

use bytes::{Buf, BufMut, BytesMut};
use postgres_types::{Kind, Type};

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field};
use super::typedef::TypeDef;

/// A composite type: `CREATE TYPE … AS (…)`.
#[derive(Debug, Clone, Copy)]
pub struct CompositeDef {
    /// The Rust name of the struct.
    pub rust_name: &'static str,
    /// The schema, where it is not the default one.
    pub schema: Option<&'static str>,
    /// The name of the type.
    pub name: &'static str,
    /// The members, in their order.
    pub members: &'static [MemberDef],
}

/// A member of a composite type.
#[derive(Debug, Clone, Copy)]
pub struct MemberDef {
    /// The name.
    pub name: &'static str,
    /// The type.
    pub ty: &'static TypeDef,
}

impl MemberDef {
    /// A member whose field has the type `T`.
    #[must_use]
    pub const fn of<T: Field>(name: &'static str) -> Self {
        Self { name, ty: T::TYPE }
    }
}

/// Writes how many members follow; for generated code.
///
/// # Errors
///
/// An [`EncodeError`] where there are more than PostgreSQL can hold.
#[doc(hidden)]
pub fn begin_members(out: &mut Encoder<'_>, members: usize) -> Result<(), EncodeError> {
    let members = i32::try_from(members).map_err(|_| EncodeError::new("it has too many members"))?;
    out.put(&members.to_be_bytes());
    Ok(())
}

/// Writes the next member; for generated code.
///
/// # Errors
///
/// That of the member.
#[doc(hidden)]
pub fn put_member<T: Field>(out: &mut Encoder<'_>, value: &T) -> Result<(), EncodeError> {
    let buffer = out.buffer();
    buffer.put_u32(T::TYPE.oid());
    let at = buffer.len();
    buffer.put_i32(-1);
    if value.encode(&mut Encoder::new(buffer))? == Encoded::Null {
        buffer.truncate(at + 4);
        return Ok(());
    }
    let length = i32::try_from(buffer.len() - at - 4)
        .map_err(|_| EncodeError::new("the value is longer than PostgreSQL can hold"))?;
    buffer[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// The members of a value, one by one; for generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Members<'r> {
    rest: &'r [u8],
}

impl<'r> Members<'r> {
    /// Those of a value, which must be as many.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] where it is NULL, or has another number of members.
    pub fn of(raw: Option<&'r [u8]>, members: usize) -> Result<Self, DecodeError> {
        let mut rest = raw.ok_or(DecodeError::Null)?;
        let found = rest.try_get_i32().map_err(|_| broken())?;
        if usize::try_from(found) != Ok(members) {
            return Err(DecodeError::new(format!("it has {found} members, and the struct {members}")));
        }
        Ok(Self { rest })
    }

    /// The next one.
    ///
    /// # Errors
    ///
    /// That of the member's type.
    pub fn read<T: Field>(&mut self) -> Result<T, DecodeError> {
        let (_, raw) = next_member(&mut self.rest).ok_or_else(broken)?;
        T::decode(raw)
    }
}

fn broken() -> DecodeError {
    DecodeError::new("the bytes are no composite value")
}

/// The type and bytes of the next member.
fn next_member<'r>(rest: &mut &'r [u8]) -> Option<(u32, Option<&'r [u8]>)> {
    let oid = rest.try_get_u32().ok()?;
    let length = rest.try_get_i32().ok()?;
    if length < 0 {
        return Some((oid, None));
    }
    let (raw, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = behind;
    Some((oid, Some(raw)))
}

/// Writes an encoded value with the numbers of the types in it as the server has them: of enums and the like only it knows
/// them.
pub(crate) fn put_with_types(bytes: &[u8], ty: &Type, out: &mut BytesMut) {
    match ty.kind() {
        Kind::Array(member) if bytes.len() >= 12 => {
            out.put_slice(&bytes[..8]);
            out.put_u32(member.oid());
            if !matches!(member.kind(), Kind::Composite(_)) || put_elements(&bytes[12..], member, out).is_none() {
                out.put_slice(&bytes[12..]);
            }
        }
        Kind::Composite(fields) => {
            let start = out.len();
            if put_members(bytes, fields, out).is_none() {
                // It was encoded otherwise: the server says what is wrong with it.
                out.truncate(start);
                out.put_slice(bytes);
            }
        }
        _ => out.put_slice(bytes),
    }
}

fn put_members(bytes: &[u8], fields: &[postgres_types::Field], out: &mut BytesMut) -> Option<()> {
    let mut rest = bytes;
    let count = rest.try_get_i32().ok()?;
    out.put_i32(count);
    for field in fields.iter().take(usize::try_from(count).ok()?) {
        let (_, raw) = next_member(&mut rest)?;
        out.put_u32(field.type_().oid());
        put_sized(raw, field.type_(), out);
    }
    out.put_slice(rest);
    Some(())
}

fn put_elements(bytes: &[u8], member: &Type, out: &mut BytesMut) -> Option<()> {
    if bytes.is_empty() {
        return Some(());
    }
    let start = out.len();
    let (head, mut rest) = bytes.split_at_checked(8)?;
    out.put_slice(head);
    while !rest.is_empty() {
        let Ok(length) = rest.try_get_i32() else {
            out.truncate(start);
            return None;
        };
        let raw = match usize::try_from(length) {
            Ok(length) => {
                let Some((raw, behind)) = rest.split_at_checked(length) else {
                    out.truncate(start);
                    return None;
                };
                rest = behind;
                Some(raw)
            }
            Err(_) => None,
        };
        put_sized(raw, member, out);
    }
    Some(())
}

fn put_sized(raw: Option<&[u8]>, ty: &Type, out: &mut BytesMut) {
    let at = out.len();
    out.put_i32(-1);
    if let Some(raw) = raw {
        put_with_types(raw, ty, out);
        // No longer than what was encoded, whose length was looked at then.
        let length = (out.len() - at - 4) as i32;
        out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
}
