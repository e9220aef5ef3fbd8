//! [`Bytes`], the encoded form of one value.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The bytes of a value. Those of numbers, dates and UUIDs need no memory of their own, and those of a clone never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bytes {
    Inline(u8, [u8; INLINE]),
    Heap(Arc<[u8]>),
}

const INLINE: usize = 16;

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        if bytes.len() > INLINE {
            return Self::Heap(bytes.into());
        }
        let mut inline = [0; INLINE];
        inline[..bytes.len()].copy_from_slice(bytes);
        Self::Inline(bytes.len() as u8, inline)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        if bytes.len() > INLINE { Self::Heap(bytes.into()) } else { bytes.as_slice().into() }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Inline(len, bytes) => &bytes[..usize::from(*len)],
            Self::Heap(bytes) => bytes,
        }
    }
}

/// Found in a map by bytes that are elsewhere.
impl Borrow<[u8]> for Bytes {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        <[u8]>::hash(self, state);
    }
}
