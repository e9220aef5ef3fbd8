//! Cursors: the keys of a row as a string that may stand in a URL, and is checked when it comes back.
//!
//! The bytes are a version, a fingerprint of the order, the values, and a checksum, in base64 for URLs. A cursor is no
//! secret: who has one can read the values in it, and make another. What they say is only where a page begins: the values
//! are sent as parameters.

use crate::error::{Error, ErrorKind, Result};

/// The values of the order of one row, in PostgreSQL's binary format.
pub(crate) type RowKey = Vec<Option<Vec<u8>>>;

const VERSION: u8 = 1;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes a cursor.
pub(super) fn encode(fingerprint: u64, key: &RowKey) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(fingerprint.to_be_bytes());
    for value in key {
        match value {
            None => bytes.push(0),
            Some(value) => {
                bytes.push(1);
                // PostgreSQL's values are shorter than 2^30 bytes.
                bytes.extend((value.len() as u32).to_be_bytes());
                bytes.extend(value);
            }
        }
    }
    bytes.extend(checksum(&bytes).to_be_bytes());
    to_base64(&bytes)
}

/// Reads a cursor of an order with this fingerprint and so many values.
pub(super) fn decode(cursor: &str, fingerprint: u64, values: usize) -> Result<RowKey> {
    let bytes = from_base64(cursor).ok_or_else(damaged)?;
    let (body, check) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
    if checksum(body).to_be_bytes() != *check {
        return Err(damaged());
    }
    let (&version, rest) = body.split_first().ok_or_else(damaged)?;
    if version != VERSION {
        return Err(error("the cursor is of another version of this crate"));
    }
    let (of, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
    if u64::from_be_bytes(*of) != fingerprint {
        return Err(error("the cursor is of a query with another order"));
    }
    read_values(rest).filter(|key| key.len() == values).ok_or_else(damaged)
}

fn read_values(mut rest: &[u8]) -> Option<RowKey> {
    let mut key = Vec::new();
    while let Some((&tag, behind)) = rest.split_first() {
        rest = behind;
        match tag {
            0 => key.push(None),
            1 => {
                let (len, behind) = rest.split_first_chunk::<4>()?;
                let (value, behind) = behind.split_at_checked(u32::from_be_bytes(*len) as usize)?;
                key.push(Some(value.to_vec()));
                rest = behind;
            }
            _ => return None,
        }
    }
    Some(key)
}

fn damaged() -> Error {
    error("the cursor is damaged, or none that this crate has made")
}

pub(super) fn error(message: &'static str) -> Error {
    Error::new(ErrorKind::Cursor, message)
}

/// FNV-1a, which is the same in every build of the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn with(self, bytes: &[u8]) -> Self {
        // The length keeps two parts from being taken for two others.
        let len = (bytes.len() as u64).to_be_bytes();
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(len.iter().chain(bytes).fold(self.0, mix))
    }

    pub(super) fn get(self) -> u64 {
        self.0
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let hash = Fingerprint::new().with(bytes).get();
    (hash ^ (hash >> 32)) as u32
}

fn to_base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for place in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(group >> (18 - 6 * place)) as usize & 63]));
        }
    }
    out
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0u32;
        for (place, byte) in chunk.iter().enumerate() {
            let digit = ALPHABET.iter().position(|digit| digit == byte)?;
            group |= (digit as u32) << (18 - 6 * place);
        }
        let bytes = group.to_be_bytes();
        let len = chunk.len().checked_sub(1).filter(|len| *len > 0)?;
        // Bits that no byte has are none: one cursor has one text.
        if bytes[1 + len..].iter().any(|rest| *rest != 0) {
            return None;
        }
        out.extend(&bytes[1..=len]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<RowKey> {
        let value = |len: usize| Some((0..len).map(|i| (i * 37) as u8).collect::<Vec<u8>>());
        let mut keys = vec![vec![], vec![None], vec![None, value(0)], vec![value(4), None, value(300)]];
        keys.extend((1..12).map(|len| vec![value(len)]));
        keys
    }

    #[test]
    fn q21_a_cursor_comes_back_as_it_was() {
        for key in keys() {
            let cursor = encode(7, &key);
            assert!(cursor.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "{cursor}");
            assert_eq!(decode(&cursor, 7, key.len()).unwrap(), key);
        }
    }

    #[test]
    fn q21_a_cursor_of_another_order_is_told() {
        for key in keys() {
            let error = decode(&encode(7, &key), 8, key.len()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cursor);
            assert!(error.to_string().contains("another order"));
            assert_eq!(decode(&encode(7, &key), 7, key.len() + 1).unwrap_err().kind(), ErrorKind::Cursor);
        }
    }

    #[test]
    fn q21_a_damaged_cursor_is_refused_and_nothing_worse() {
        for key in keys() {
            let cursor = encode(7, &key);
            for place in 0..cursor.len() {
                assert!(decode(&cursor[..place], 7, key.len()).is_err());
                for other in ["A", "_", "z", "!", "ä", "'", "="] {
                    let changed = format!("{}{other}{}", &cursor[..place], &cursor[place + 1..]);
                    assert!(changed == cursor || decode(&changed, 7, key.len()).is_err(), "{changed}");
                }
            }
            assert!(decode(&format!("{cursor}A"), 7, key.len()).is_err());
        }
        for garbage in ["", "A", "AAAA", "=", "'; DROP TABLE x; --", "\u{0}", "🙂", &"A".repeat(10_000)] {
            assert_eq!(decode(garbage, 7, 1).unwrap_err().kind(), ErrorKind::Cursor, "{garbage}");
        }
        // One with a right checksum and a length that leads beyond its end.
        let mut bytes = vec![VERSION];
        bytes.extend(7_u64.to_be_bytes());
        bytes.extend([1, 255, 255, 255, 255, 0]);
        bytes.extend(checksum(&bytes).to_be_bytes());
        assert_eq!(decode(&to_base64(&bytes), 7, 1).unwrap_err().kind(), ErrorKind::Cursor);
    }
}
