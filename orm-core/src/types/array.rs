//! One-dimensional arrays: `Vec<T>` is `T[]`.

use bytes::{BufMut, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::types::{ArrayValues, array_from_sql};

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull};
use super::sql;
use super::typedef::TypeDef;
use super::value::Value;

/// A type that may be an array's element. `u8` is none: `Vec<u8>` is `bytea`.
#[diagnostic::on_unimplemented(
    message = "`Vec<{Self}>` is not an array that PostgreSQL has",
    label = "not an array element"
)]
pub trait ArrayElement: Field {}

impl<T: ArrayElement + Field<Null = NotNull, Read = T>> ArrayElement for Option<T> {}

#[diagnostic::do_not_recommend]
impl<T: ArrayElement> Field for Vec<T> {
    type Sql = sql::Array<T::Sql>;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &TypeDef::array(T::TYPE);

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        let mut array = ArrayWriter::begin(out.buffer(), T::TYPE, self.len())?;
        for element in self {
            array.push(|out| element.encode(out))?;
        }
        array.finish();
        Ok(Encoded::Value)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let array = array_from_sql(raw.ok_or(DecodeError::Null)?).map_err(DecodeError::Invalid)?;
        if array.dimensions().count().map_err(DecodeError::Invalid)? > 1 {
            return Err(DecodeError::new("the array has more than one dimension"));
        }
        decode_elements(array.values())
    }
}

fn decode_elements<T: Field>(mut values: ArrayValues<'_>) -> Result<Vec<T>, DecodeError> {
    let mut elements = Vec::new();
    while let Some(raw) = values.next().map_err(DecodeError::Invalid)? {
        elements.push(T::decode(raw).map_err(|reason| match reason {
            DecodeError::Null => DecodeError::NullElement,
            other => other,
        })?);
    }
    Ok(elements)
}

/// The encoded elements of an encoded array.
pub(crate) fn raw_elements<'a>(raw: &'a [u8], out: &mut Vec<Option<&'a [u8]>>) -> Result<(), EncodeError> {
    let broken = |_| EncodeError::new("it is no array");
    let mut values = array_from_sql(raw).map_err(broken)?.values();
    while let Some(element) = values.next().map_err(broken)? {
        out.push(element);
    }
    Ok(())
}

/// Writes an array of a field in the binary format, element by element.
struct ArrayWriter<'a> {
    buffer: &'a mut BytesMut,
    start: usize,
    has_null: bool,
}

impl<'a> ArrayWriter<'a> {
    fn begin(buffer: &'a mut BytesMut, element: &TypeDef, len: usize) -> Result<Self, EncodeError> {
        let len = i32::try_from(len).map_err(|_| EncodeError::new("the array is too long"))?;
        let start = buffer.len();
        buffer.put_i32(i32::from(len > 0));
        buffer.put_i32(0);
        buffer.put_u32(element.oid());
        if len > 0 {
            buffer.put_i32(len);
            buffer.put_i32(1);
        }
        Ok(Self { buffer, start, has_null: false })
    }

    fn push(
        &mut self,
        encode: impl FnOnce(&mut Encoder<'_>) -> Result<Encoded, EncodeError>,
    ) -> Result<(), EncodeError> {
        let at = self.buffer.len();
        self.buffer.put_i32(-1);
        match encode(&mut Encoder::new(self.buffer))? {
            Encoded::Null => {
                self.buffer.truncate(at + 4);
                self.has_null = true;
            }
            Encoded::Value => {
                let len = i32::try_from(self.buffer.len() - at - 4)
                    .map_err(|_| EncodeError::new("the value is longer than PostgreSQL can hold"))?;
                self.buffer[at..at + 4].copy_from_slice(&len.to_be_bytes());
            }
        }
        Ok(())
    }

    fn finish(self) {
        if self.has_null {
            self.buffer[self.start + 4..self.start + 8].copy_from_slice(&1i32.to_be_bytes());
        }
    }
}

/// An array in the binary format that grows by the encoded elements of a column; the length is told at its end.
#[derive(Debug, Clone)]
pub(crate) struct GrowingArray {
    element: &'static TypeDef,
    buffer: Vec<u8>,
    len: usize,
    has_null: bool,
    /// For so many elements memory is asked for when the first is there.
    room: usize,
}

/// Dimensions, whether there are NULLs, the element's type, the length and the lower bound.
const HEADER: usize = 20;

/// No more memory is asked for ahead: the first element may be the longest by far.
const MOST_AT_ONCE: usize = 1 << 20;

impl GrowingArray {
    pub(crate) fn of(element: &'static TypeDef) -> Self {
        Self::with_room(element, 0)
    }

    /// With room for so many elements that are about as long as the first.
    pub(crate) fn with_room(element: &'static TypeDef, room: usize) -> Self {
        Self { element, buffer: Vec::new(), len: 0, has_null: false, room }
    }

    #[cold]
    fn begin(&mut self, element: usize) {
        // Texts that are numbered grow by a digit or two.
        let expected = self.room.saturating_mul(4 + element + element / 8);
        self.buffer.reserve(HEADER + expected.min(MOST_AT_ONCE));
        self.buffer.resize(HEADER, 0);
    }

    pub(crate) fn push_raw(&mut self, raw: Option<&[u8]>) -> Result<(), EncodeError> {
        if self.len == 0 {
            self.begin(raw.map_or(0, <[u8]>::len));
        }
        self.len += 1;
        let Some(bytes) = raw else {
            self.has_null = true;
            self.buffer.extend_from_slice(&(-1i32).to_be_bytes());
            return Ok(());
        };
        let len =
            i32::try_from(bytes.len()).map_err(|_| EncodeError::new("the value is longer than PostgreSQL can hold"))?;
        self.buffer.reserve(bytes.len() + 4);
        self.buffer.extend_from_slice(&len.to_be_bytes());
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Value, EncodeError> {
        if self.len == 0 {
            self.begin(0);
        }
        let len = i32::try_from(self.len).map_err(|_| EncodeError::new("the array is too long"))?;
        let header = [i32::from(len > 0), i32::from(self.has_null), self.element.oid().cast_signed(), len, 1];
        for (bytes, number) in self.buffer.chunks_exact_mut(4).zip(header) {
            bytes.copy_from_slice(&number.to_be_bytes());
        }
        if len == 0 {
            self.buffer.truncate(HEADER - 8);
        }
        Ok(Value::array_of_bytes(self.element, self.buffer))
    }
}
