//! Integers as the bytes of a row have them: by value, whatever their width.

use std::hash::Hasher;

use super::field::Field;
use super::typedef::TypeDef;

/// The object identifiers of `smallint`, `integer` and `bigint`.
const INTEGERS: [u32; 3] = [21, 23, 20];

/// Whether values of this type are integers.
#[inline]
pub(crate) fn is_integer(ty: &TypeDef) -> bool {
    INTEGERS.contains(&ty.oid())
}

/// The type of an array of such integers; `None` for those of another type.
pub(crate) fn integer_array(ty: &TypeDef) -> Option<&'static TypeDef> {
    let arrays = [<Vec<i16> as Field>::TYPE, <Vec<i32> as Field>::TYPE, <Vec<i64> as Field>::TYPE];
    arrays.into_iter().find(|array| array.element().is_some_and(|element| element.oid() == ty.oid()))
}

/// The integer that these bytes are; `None` for those of another type.
#[inline]
pub(crate) fn integer(bytes: &[u8]) -> Option<i64> {
    Some(match *bytes {
        [a, b, c, d, e, f, g, h] => i64::from_be_bytes([a, b, c, d, e, f, g, h]),
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
        [a, b] => i16::from_be_bytes([a, b]).into(),
        _ => return None,
    })
}

/// Spreads numbers over a table: multiplication by a constant without pattern, as keys come in rows.
#[derive(Debug, Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_its_value_in_every_width() {
        for number in [0, 1, -1, i16::MIN, i16::MAX] {
            let wide = i64::from(number);
            assert_eq!(integer(&number.to_be_bytes()), Some(wide));
            assert_eq!(integer(&i32::from(number).to_be_bytes()), Some(wide));
            assert_eq!(integer(&wide.to_be_bytes()), Some(wide));
        }
        assert_eq!(integer(&[1, 2, 3]), None);
        assert_eq!(integer(&[]), None);
    }
}
